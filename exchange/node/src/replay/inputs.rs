//! [`Inputs`]: what goes into a replay, read from the record and changed as asked.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Pricing;
use exchange_protocol::{
    AnswerStatus, Asked, CandidateIndex, Considered, OfferKey, Outcome, Story, StoryCandidate, StoryPost,
    Verdict,
};
use exchange_types::{
    Amount, BidEntries, CampaignIndex, Nanos, NotSent, PingReply, PostOutcome, PostReply, Reason, Submission,
    UnknownCause,
};

use super::{Change, Recorded, ReplayError};

/// What goes into a replay.
#[derive(Debug)]
pub(super) struct Inputs<'a> {
    pub(super) story: &'a Story,
    pub(super) floor: Option<Amount>,
    /// The campaigns of the replay, in the order of the record and then of the changes.
    pub(super) campaigns: Vec<Entrant<'a>>,
}

/// A campaign of the replay.
#[derive(Clone, Copy, Debug)]
pub(super) struct Entrant<'a> {
    pub(super) campaign: CampaignIndex,
    /// What the record says of it; nothing where it was not in the auction.
    recorded: Option<&'a StoryCandidate>,
    /// What is known of the post to it.
    pub(super) post: Option<&'a StoryPost>,
    /// What it bids instead.
    bids: Option<BidEntries>,
}

impl<'a> Inputs<'a> {
    /// Reads the inputs of a record and applies the changes, the later over the earlier ones.
    pub(super) fn of(recorded: &Recorded<'a>, changes: &[Change]) -> Result<Self, ReplayError> {
        let story = recorded.story;
        if matches!(story.status, AnswerStatus::Duplicate(..) | AnswerStatus::Invalid) {
            return Err(ReplayError::NoAuction);
        }
        if story.interrupted {
            return Err(ReplayError::Interrupted);
        }
        let given = recorded.snapshot.version;
        if story.catalog_version != given {
            return Err(ReplayError::Catalog { recorded: story.catalog_version, given });
        }
        let mut inputs = Self { story, floor: story.asks.floor, campaigns: Vec::new() };
        for (position, candidate) in (0..).map(CandidateIndex).zip(&story.candidates) {
            inputs.known(candidate.campaign, &recorded.snapshot)?;
            inputs.campaigns.push(Entrant {
                campaign: candidate.campaign,
                recorded: Some(candidate),
                post: story.posts.iter().find(|post| post.candidate == position),
                bids: None,
            });
        }
        for change in changes {
            inputs.apply(change, &recorded.snapshot)?;
        }
        Ok(inputs)
    }

    fn apply(&mut self, change: &Change, snapshot: &Snapshot) -> Result<(), ReplayError> {
        match *change {
            Change::Floor(floor) => self.floor = floor,
            Change::LeftOut(campaign) => {
                self.known(campaign, snapshot)?;
                self.campaigns.retain(|entrant| entrant.campaign != campaign);
            }
            Change::Bids(campaign, bids) => {
                self.known(campaign, snapshot)?;
                match self.campaigns.iter_mut().find(|entrant| entrant.campaign == campaign) {
                    Some(entrant) => entrant.bids = Some(bids),
                    None => self.campaigns.push(Entrant {
                        campaign,
                        recorded: None,
                        post: None,
                        bids: Some(bids),
                    }),
                }
            }
        }
        Ok(())
    }

    fn known(&self, campaign: CampaignIndex, snapshot: &Snapshot) -> Result<(), ReplayError> {
        let vertical = self.story.vertical;
        let known = snapshot.vertical(vertical).is_some_and(|known| known.campaigns.contains(&campaign));
        if known { Ok(()) } else { Err(ReplayError::UnknownCampaign { campaign, vertical }) }
    }

    /// Returns the lead: the given one, or what the record says of an erased one.
    pub(super) fn submission(&self, recorded: &Recorded<'_>) -> Submission {
        let (story, asks) = (self.story, &self.story.asks);
        let mut submission = recorded.submission.cloned().unwrap_or_else(|| {
            let mut erased = Submission::default();
            let fields = recorded.snapshot.vertical(story.vertical).map_or(0, |known| known.fields.len());
            erased.reset(story.vertical, story.seller, fields);
            let seller = recorded.snapshot.seller(story.seller);
            let agreement = seller.and_then(|seller| seller.agreement(story.vertical));
            if let Some((agreement, place)) = agreement.zip(asks.source) {
                agreement.retrace(place, &recorded.snapshot.sources, &mut erased);
            }
            erased
        });
        submission.floor = self.floor;
        submission.max_buyers = asks.max_buyers;
        submission.prior_sales = asks.prior_sales;
        submission.wait = asks.wait_us.map(micros);
        submission
    }

    /// Returns who is considered, and how.
    pub(super) fn considered(&self, recorded: &Recorded<'_>) -> Vec<Considered> {
        let number = |entrant: &Entrant<'_>| {
            let campaign = recorded.snapshot.campaign(entrant.campaign);
            campaign.map_or(0, |campaign| recorded.ties.number(&campaign.name))
        };
        let considered = self.campaigns.iter().map(|entrant| Considered {
            campaign: entrant.campaign,
            verdict: entrant.verdict(&recorded.snapshot),
            rotation_id: number(entrant),
        });
        considered.collect()
    }

    /// Returns the place of an offer in the replay.
    pub(super) fn offer(&self, key: OfferKey) -> Option<OfferKey> {
        let campaign = self.story.candidates.get(key.candidate.at())?.campaign;
        Some(OfferKey { candidate: self.place(campaign)?, entry: key.entry })
    }

    fn place(&self, campaign: CampaignIndex) -> Option<CandidateIndex> {
        let position = self.campaigns.iter().position(|entrant| entrant.campaign == campaign)?;
        u16::try_from(position).ok().map(CandidateIndex)
    }

    /// Notes in a replayed account what was found out later about posts that ended as unknown.
    pub(super) fn resolve(&self, story: &mut Story) {
        for (place, entrant) in (0..).map(CandidateIndex).zip(&self.campaigns) {
            let Some(found) = entrant.post.filter(|post| post.resolved) else { continue };
            let Some(outcome) = found.outcome else { continue };
            let Some(post) = story.posts.iter().find(|post| post.candidate == place) else { continue };
            // A post on other terms is resolved on those.
            let same = post.agreed == found.agreed;
            let (price, payout) = if same { (found.price, found.payout) } else { (post.price, post.agreed) };
            story.resolve(place, outcome, price, payout);
        }
    }
}

impl Entrant<'_> {
    fn verdict(&self, snapshot: &Snapshot) -> Verdict {
        let Some(candidate) = self.recorded.filter(|_| self.bids.is_none()) else {
            return Verdict::Ping { timeout: Nanos::NEVER };
        };
        match candidate.asked {
            Asked::No => Verdict::Out(candidate.out.unwrap_or(Reason::Filtered)),
            Asked::Standing => {
                Verdict::Standing(candidate.entries.as_slice().first().map_or(Amount::ZERO, |bid| bid.amount))
            }
            Asked::Pinged => {
                let campaign = snapshot.campaign(self.campaign);
                Verdict::Ping {
                    timeout: match campaign.map(|campaign| &campaign.pricing) {
                        Some(Pricing::Ping { timeout, .. }) => *timeout,
                        Some(Pricing::Standing(_)) | None => Nanos::NEVER,
                    },
                }
            }
        }
    }

    /// Returns the answer to its ping and when it came, in microseconds; nothing where none came in time to be
    /// recorded, or it was not pinged.
    pub(super) fn reply(&self) -> Option<(u32, PingReply)> {
        if let Some(bids) = self.bids {
            let in_time = self.recorded.filter(|candidate| candidate.out.is_none());
            return Some((in_time.map_or(0, |candidate| candidate.replied_us), PingReply::Bids(bids)));
        }
        let candidate = self.recorded.filter(|candidate| candidate.asked == Asked::Pinged)?;
        let answered = candidate.replied_us != 0 || candidate.out != Some(Reason::Timeout);
        let reply = match candidate.out {
            // A bid that came too late is recorded and not used.
            Some(Reason::Timeout) if candidate.entries.as_slice().is_empty() => PingReply::Timeout,
            None | Some(Reason::Timeout) => PingReply::Bids(candidate.entries),
            Some(Reason::ConnectFailed) => PingReply::ConnectFailed,
            Some(Reason::BadReply) => PingReply::BadReply,
            Some(Reason::BadPrice) => PingReply::BadPrice,
            Some(_) => PingReply::NoBid,
        };
        answered.then_some((candidate.replied_us, reply))
    }

    /// Returns what the counters said when they were asked for room the given time, counted from one.
    pub(super) fn room(&self, time: u8) -> Option<Reason> {
        let no_room = self.recorded.filter(|_| self.bids.is_none())?.no_room?;
        (no_room.time == time).then_some(no_room.reason)
    }

    /// Returns what came of its post; nothing where that is not known.
    pub(super) fn post_reply(&self) -> Option<PostReply<'_>> {
        let post = self.post?;
        let outcome = if post.resolved { Outcome::Unknown } else { post.outcome? };
        let outcome = match outcome {
            Outcome::Accepted | Outcome::Failed(Reason::PriceChanged) => {
                PostOutcome::Accepted { price: post.stated }
            }
            Outcome::Unknown => PostOutcome::Unknown(UnknownCause::Broken),
            Outcome::Failed(Reason::PostRejected) => PostOutcome::Rejected,
            Outcome::Failed(Reason::PostDuplicate) => PostOutcome::Duplicate,
            // The record has the reason and not the status; every status of a refusal is decided alike.
            Outcome::Failed(Reason::PostRefused) => PostOutcome::Refused { status: 422 },
            Outcome::Failed(Reason::PostFailed) => PostOutcome::NotSent(NotSent::Connect),
            Outcome::Failed(_) => return None,
        };
        Some(PostReply { redirect_url: &post.redirect_url, digest: post.digest, ..PostReply::bare(outcome) })
    }
}

/// Returns a length of time of a story.
pub(super) const fn micros(micros: u32) -> Nanos {
    #[expect(clippy::as_conversions, reason = "u32 into u64 is lossless, and From is not const")]
    Nanos((micros as u64).saturating_mul(1_000))
}
