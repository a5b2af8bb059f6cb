//! [`OpenSale`]: a sale that is not over, or has a post whose outcome nobody knows.

use exchange_protocol::{
    AnsweredRecord, CandidateIndex, ClaimRecord, CompletedRecord, LeadRecord, OfferedRecord, Outcome, Record,
    Resolution, SaleKind, Story, decode_record, encode_closed, encode_record,
};
use exchange_types::person::or;
use exchange_types::{Amount, BuyerIndex, CampaignIndex, Person, Prints, UtcMicros};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use super::tallies::Owner;

/// Posts of a seller to one ping that are kept: a ping holds fewer offers than this.
const COMPLETED_MAX: usize = 16;

/// A sale that is not over, or has a post whose outcome nobody knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenSale {
    pub(crate) lead: LeadRecord,
    /// The ciphertexts of the lead's record; empty where an archive has dropped them.
    pub(crate) sealed: Box<[u8]>,
    /// What the seller's posts added, with their ciphertexts.
    pub(crate) completed: Vec<(CompletedRecord, Box<[u8]>)>,
    pub(crate) offered: Option<Box<OfferedRecord>>,
    pub(crate) posts: Vec<OpenPost>,
    pub(crate) claims: Vec<KeptClaim>,
    /// Whether its last record is written.
    pub(crate) closed: bool,
}

/// A post of an open sale.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct OpenPost {
    /// A [`Record::Intent`].
    pub(crate) intent: Record,
    /// A [`Record::Outcome`], once there is one.
    pub(crate) outcome: Option<Record>,
    pub(crate) resolution: Option<Resolution>,
    /// Whose counters count it.
    pub(super) owner: Owner,
}

/// An idempotency key, with what its step was told once the next step of its sale has begun.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct KeptClaim {
    pub(crate) claim: ClaimRecord,
    /// The bytes of a [`Record::Closed`].
    pub(crate) told: Option<Box<[u8]>>,
}

/// What the record of an intent says, by name.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Intended<'a> {
    pub(crate) candidate: CandidateIndex,
    pub(crate) campaign: CampaignIndex,
    pub(crate) buyer: BuyerIndex,
    pub(crate) price: Amount,
    pub(crate) payout: Amount,
    pub(crate) reserved: Amount,
    pub(crate) exclusive: bool,
    pub(crate) bid_id: &'a str,
    pub(crate) at: UtcMicros,
    pub(crate) give_up_at: UtcMicros,
}

impl OpenPost {
    /// Returns what the intent says.
    pub(crate) fn intended(&self) -> Option<Intended<'_>> {
        let Record::Intent {
            candidate,
            campaign,
            buyer,
            price,
            payout,
            reserved,
            exclusive,
            bid_id,
            at,
            give_up_at,
            ..
        } = &self.intent
        else {
            return None;
        };
        Some(Intended {
            candidate: *candidate,
            campaign: *campaign,
            buyer: *buyer,
            price: *price,
            payout: *payout,
            reserved: *reserved,
            exclusive: *exclusive,
            bid_id: bid_id.as_str(),
            at: *at,
            give_up_at: *give_up_at,
        })
    }

    /// Returns what came of the post; unknown where nobody knows, or nothing was written down.
    pub(crate) fn came_to(&self) -> Outcome {
        match (&self.resolution, &self.outcome) {
            (Some(resolution), _) => resolution.outcome,
            (None, Some(Record::Outcome { outcome, .. })) => *outcome,
            (None, _) => Outcome::Unknown,
        }
    }

    pub(crate) fn is_unknown(&self) -> bool {
        self.came_to() == Outcome::Unknown
    }
}

impl OpenSale {
    pub(super) fn new(lead: LeadRecord, sealed: Box<[u8]>) -> Self {
        let claims = lead.claim.map(|claim| KeptClaim { claim, told: None }).into_iter().collect();
        Self { lead, sealed, completed: Vec::new(), offered: None, posts: Vec::new(), claims, closed: false }
    }

    /// Takes a seller's post. What its earlier steps were told is kept: this one changes how the sale stands.
    ///
    /// Returns the key that is given up where there are too many.
    pub(super) fn complete(&mut self, post: CompletedRecord, sealed: Box<[u8]>) -> Option<ClaimRecord> {
        let told = self.story_bytes();
        for kept in self.claims.iter_mut().filter(|kept| kept.told.is_none()) {
            kept.told = Some(told.clone());
        }
        self.claims.extend(post.claim.map(|claim| KeptClaim { claim, told: None }));
        self.completed.push((post, sealed));
        if self.completed.len() > COMPLETED_MAX {
            self.completed.remove(0);
        }
        self.give_up_a_claim()
    }

    /// Keeps what a post was told that changed nothing.
    ///
    /// Returns the key that is given up where there are too many.
    pub(super) fn answer(&mut self, post: &AnsweredRecord) -> Option<ClaimRecord> {
        let mut told = Vec::new();
        encode_closed(&post.told, &mut told);
        self.claims.push(KeptClaim { claim: post.claim, told: Some(told.into()) });
        self.give_up_a_claim()
    }

    fn give_up_a_claim(&mut self) -> Option<ClaimRecord> {
        (self.claims.len() > COMPLETED_MAX).then(|| self.claims.remove(0).claim)
    }

    /// Returns whether a key came with one of the seller's posts.
    pub(crate) fn is_of_post(&self, kept: &KeptClaim) -> bool {
        self.completed.iter().any(|(post, _)| post.claim == Some(kept.claim))
    }

    pub(super) fn post_mut(&mut self, candidate: CandidateIndex) -> Option<&mut OpenPost> {
        let is_it = |post: &&mut OpenPost| matches!(&post.intent, Record::Intent { candidate: known, .. } if *known == candidate);
        self.posts.iter_mut().find(is_it)
    }

    /// Returns the fingerprints of the person: the ping's, and what the latest post said.
    pub(crate) fn prints(&self) -> [Prints; 2] {
        let posted =
            self.completed.iter().fold(Prints::default(), |posted, (post, _)| or(post.prints, posted));
        [self.lead.prints, posted]
    }

    /// Returns the same, as it is in every vertical.
    pub(crate) fn persons(&self) -> [Person; 2] {
        let posted =
            self.completed.iter().fold(Person::default(), |posted, (post, _)| post.person.or(posted));
        [self.lead.person, posted]
    }

    /// Returns whether the person's full data came in: by one call, or by the seller's post.
    pub(crate) fn was_posted_or_called(&self) -> bool {
        self.lead.kind == SaleKind::OneCall || !self.completed.is_empty()
    }

    /// Returns whether the process stopped in the middle of its posts.
    pub(crate) fn is_interrupted(&self) -> bool {
        !self.closed && !self.posts.is_empty()
    }

    /// Returns the offers, where they are still open to the seller.
    pub(crate) fn open_offers(&self) -> Option<&OfferedRecord> {
        let open = !self.closed && self.posts.is_empty();
        self.offered.as_deref().filter(|_| open)
    }

    /// Returns the account of the sale as far as its records tell it: what its seller is told after a restart.
    pub(crate) fn story(&self) -> Story {
        let lead = Record::Lead(self.lead.clone());
        let offered = self.offered.as_ref().map(|offered| Record::Offered((**offered).clone()));
        let completed: Vec<_> =
            self.completed.iter().map(|(post, _)| Record::Completed(post.clone())).collect();
        let resolved: Vec<_> = self.posts.iter().filter_map(|post| post.resolution.clone()).collect();
        let resolved: Vec<_> = resolved.into_iter().map(Record::Resolved).collect();
        let records = core::iter::once(&lead)
            .chain(&offered)
            .chain(&completed)
            .chain(self.posts.iter().map(|post| &post.intent))
            .chain(self.posts.iter().filter_map(|post| post.outcome.as_ref()))
            .chain(&resolved);
        // Nothing was posted: the offers stand, or nothing was told.
        Story::of_records(records)
            .or_else(|| self.offered.as_ref().map(|offered| offered.story.clone()))
            .unwrap_or_default()
    }

    fn story_bytes(&self) -> Box<[u8]> {
        let mut bytes = Vec::new();
        encode_closed(&self.story(), &mut bytes);
        bytes.into()
    }

    /// Writes the records of which the sale is made.
    pub(super) fn write(&self, to: &mut Writer<'_>) {
        write_record(&Record::Lead(self.lead.clone()), to);
        to.block(&self.sealed);
        to.count(self.completed.len());
        for (post, sealed) in &self.completed {
            write_record(&Record::Completed(post.clone()), to);
            to.block(sealed);
        }
        to.flag(self.offered.is_some());
        if let Some(offered) = &self.offered {
            write_record(&Record::Offered((**offered).clone()), to);
        }
        to.count(self.posts.len());
        for post in &self.posts {
            write_record(&post.intent, to);
            to.flag(post.outcome.is_some());
            post.outcome.iter().for_each(|outcome| write_record(outcome, to));
            to.flag(post.resolution.is_some());
            post.resolution.iter().for_each(|found| write_record(&Record::Resolved(found.clone()), to));
            to.u32(post.owner.0.0);
            to.u32(post.owner.1.0);
        }
        write_claims(&self.claims, to);
        to.flag(self.closed);
    }

    pub(super) fn read(from: &mut Reader<'_>) -> Result<Self, CheckpointError> {
        let Record::Lead(lead) = read_record(from)? else { return Err(from.damaged()) };
        let mut sale = Self::new(lead, from.block()?.into());
        for _ in 0..from.count()? {
            let Record::Completed(post) = read_record(from)? else { return Err(from.damaged()) };
            sale.completed.push((post, from.block()?.into()));
        }
        if from.flag()? {
            let Record::Offered(offered) = read_record(from)? else { return Err(from.damaged()) };
            sale.offered = Some(Box::new(offered));
        }
        for _ in 0..from.count()? {
            let intent = read_record(from)?;
            let outcome = if from.flag()? { Some(read_record(from)?) } else { None };
            let resolution = match if from.flag()? { Some(read_record(from)?) } else { None } {
                None => None,
                Some(Record::Resolved(found)) => Some(found),
                Some(_) => return Err(from.damaged()),
            };
            let owner = (super::names::NameId(from.u32()?), super::names::NameId(from.u32()?));
            sale.posts.push(OpenPost { intent, outcome, resolution, owner });
        }
        sale.claims = read_claims(from)?;
        sale.closed = from.flag()?;
        Ok(sale)
    }
}

pub(super) fn write_claims(claims: &[KeptClaim], to: &mut Writer<'_>) {
    to.count(claims.len());
    for kept in claims {
        to.u128(kept.claim.key);
        to.u128(kept.claim.digest);
        to.flag(kept.told.is_some());
        kept.told.iter().for_each(|told| to.block(told));
    }
}

pub(super) fn read_claims(from: &mut Reader<'_>) -> Result<Vec<KeptClaim>, CheckpointError> {
    let count = from.count()?;
    let one = |_| {
        let claim = ClaimRecord { key: from.u128()?, digest: from.u128()? };
        let told = if from.flag()? { Some(from.block()?.into()) } else { None };
        Ok(KeptClaim { claim, told })
    };
    (0..count).map(one).collect()
}

fn write_record(record: &Record, to: &mut Writer<'_>) {
    encode_record(record, to.0);
}

fn read_record(from: &mut Reader<'_>) -> Result<Record, CheckpointError> {
    let damaged = from.damaged();
    let rest = from.rest();
    let (record, after) = decode_record(rest).map_err(|_| damaged)?;
    from.take(rest.len().saturating_sub(after.len()))?;
    Ok(record)
}
