//! [`Market`]: an engine with a catalog, a clock to turn, and counters that grant what they are told to.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_engine::Engine;
use exchange_protocol::{
    Answer, AnswerStatus, CandidateIndex, Considered, Effect, Input, OfferKey, Record, Refusal, SaleKind,
    SellerPost, SlotKey, Story, Submit, Taken, Verdict, decode_record,
};
use exchange_types::{
    Amount, BidEntries, BidEntry, HashKey, Nanos, Now, PingReply, PostOutcome, PostReply, Reason,
    SellerIndex, SmallText, Submission, UtcMicros, Uuid7, VerticalIndex,
};

use crate::catalog::catalog;

/// An engine with a catalog of so many campaigns in one vertical.
pub(crate) struct Market {
    pub(crate) engine: Engine,
    pub(crate) snapshot: Arc<Snapshot>,
    pub(crate) now: Now,
    pub(crate) effects: Vec<Effect>,
    /// Campaigns without room, each with the reason.
    pub(crate) refused: BTreeMap<String, Reason>,
    /// As of when the counters count what they grant; now, if nothing is said.
    pub(crate) counted_at: Option<UtcMicros>,
    granted: BTreeMap<CandidateIndex, Amount>,
    /// Whether records reach the disk at once.
    pub(crate) fast_disk: bool,
    pub(crate) written: u64,
    pub(crate) auction: SlotKey,
    /// What the seller was told, in order.
    pub(crate) told: Vec<Answer>,
    pub(crate) story: Option<Story>,
    /// What was written, in order.
    pub(crate) records: Vec<Record>,
}

pub(crate) fn euros(amount: i64) -> Amount {
    Amount::from_micros(amount * 1_000_000)
}

pub(crate) fn bid(amount: &str) -> PingReply {
    let mut entries = BidEntries::new();
    let amount = Amount::parse(amount, 4).expect("a decimal");
    entries.push(BidEntry { amount, max_buyers: 0, bid_id: SmallText::EMPTY });
    PingReply::Bids(entries)
}

/// Reads records back from the bytes of a batch.
fn read(mut bytes: &[u8]) -> Vec<Record> {
    let mut records = Vec::new();
    while !bytes.is_empty() {
        let (record, rest) = decode_record(bytes).expect("records that were just written");
        records.push(record);
        bytes = rest;
    }
    records
}

pub(crate) const ACCEPTED: PostOutcome = PostOutcome::Accepted { price: None };

impl Market {
    pub(crate) fn new(max_buyers: u16, campaigns: &[&str]) -> Self {
        Self::of(catalog(max_buyers, "", campaigns))
    }

    /// Returns a market whose persons name the companies that may get their data.
    pub(crate) fn named(campaigns: &[&str]) -> Self {
        Self::of(catalog(1, r#"consent_model = "named""#, campaigns))
    }

    pub(crate) fn of(snapshot: Arc<Snapshot>) -> Self {
        Self {
            engine: Engine::new(16),
            snapshot,
            now: Now { mono: Nanos::from_secs(100), utc: UtcMicros(1_764_000_000_000_000) },
            effects: Vec::new(),
            refused: BTreeMap::new(),
            counted_at: None,
            granted: BTreeMap::new(),
            fast_disk: true,
            written: 0,
            auction: SlotKey::default(),
            told: Vec::new(),
            story: None,
            records: Vec::new(),
        }
    }

    /// Admits a lead for which every campaign is asked.
    pub(crate) fn lead(&mut self, kind: SaleKind) {
        let mut submission = Box::<Submission>::default();
        submission.reset(VerticalIndex(0), SellerIndex(0), 2);
        self.submit(kind, submission);
    }

    pub(crate) fn submit(&mut self, kind: SaleKind, submission: Box<Submission>) {
        let verdict = Verdict::Ping { timeout: Nanos::from_millis(250) };
        let vertical = self.snapshot.vertical(VerticalIndex(0)).expect("the only vertical");
        let considered: Vec<_> = vertical
            .campaigns
            .iter()
            .map(|campaign| Considered { campaign: *campaign, verdict, rotation_id: u64::from(campaign.0) })
            .collect();
        let submit = Submit {
            id: Uuid7::new(self.now.utc, 7),
            kind,
            submission,
            snapshot: Arc::clone(&self.snapshot),
            considered: &considered,
            rotation: HashKey::new([3; 16]),
        };
        self.auction = self.engine.handle(self.now, Input::Submit(submit)).expect("a free slot");
        self.carry_out();
    }

    pub(crate) fn pass(&mut self, millis: u64) {
        self.now.mono = self.now.mono.saturating_add(Nanos::from_millis(millis));
        self.now.utc = self.now.utc.saturating_add(Nanos::from_millis(millis));
        self.engine.handle(self.now, Input::Tick);
        self.carry_out();
    }

    pub(crate) fn reply(&mut self, campaign: &str, reply: &PingReply) {
        let candidate = self.candidate(campaign);
        self.engine.handle(self.now, Input::PingReply { auction: self.auction, candidate, reply });
        self.carry_out();
    }

    pub(crate) fn bid(&mut self, campaign: &str, amount: &str) {
        self.reply(campaign, &bid(amount));
    }

    pub(crate) fn post(&mut self, campaign: &str, outcome: PostOutcome) {
        let candidate = self.candidate(campaign);
        let reply = PostReply::bare(outcome);
        self.engine.handle(self.now, Input::PostReply { auction: self.auction, candidate, reply });
        self.carry_out();
    }

    pub(crate) fn seller_posts(&mut self, named: &[&str], fallback: bool) {
        self.seller_posts_with(named, fallback, &[]).expect("a post that may go on");
    }

    /// Posts with a consent that names companies.
    pub(crate) fn seller_posts_with(
        &mut self,
        named: &[&str],
        fallback: bool,
        consent: &[&str],
    ) -> Result<(), Refusal> {
        let mut submission = Box::<Submission>::default();
        submission.reset(VerticalIndex(0), SellerIndex(0), 2);
        for company in consent {
            submission.push_named_seller(company);
        }
        let named = named.iter().map(|name| OfferKey { candidate: self.candidate(name), entry: 0 }).collect();
        let post = SellerPost { submission, named, fallback, wait: None };
        self.engine.check_post(self.auction, &post, self.now)?;
        self.engine.handle(self.now, Input::SellerPost { auction: self.auction, post: &post });
        self.carry_out();
        Ok(())
    }

    pub(crate) fn sync(&mut self) {
        self.sync_to(self.written);
    }

    /// Has the records up to this number reach the disk.
    pub(crate) fn sync_to(&mut self, up_to: u64) {
        self.engine.handle(self.now, Input::Durable { up_to });
        self.carry_out();
    }

    /// Carries out effects until there are none, as the node does.
    pub(crate) fn carry_out(&mut self) {
        loop {
            while let Some(effect) = self.engine.poll_effect() {
                self.effects.push(effect);
                match effect {
                    Effect::Reserve(auction, candidate) => {
                        let refused = self.refused.get(&self.name(candidate)).copied();
                        let found = self.engine.auction(auction);
                        let money = found.map(|found| found.reserve_amount(candidate)).unwrap_or_default();
                        // What is held already goes on.
                        let money = *self.granted.entry(candidate).or_insert(money);
                        let taken = Taken { at: self.counted_at.unwrap_or(self.now.utc), money };
                        let room = refused.map_or(Ok(taken), Err);
                        self.engine.handle(self.now, Input::Reserved { auction, candidate, room });
                    }
                    Effect::Append(number) => self.written = number,
                    Effect::Answer(auction) => self.told.extend(self.engine.answer(auction, self.now)),
                    Effect::Ended(auction) => {
                        self.story = self.engine.story(auction, self.now);
                        assert!(self.engine.free(auction, &mut exchange_engine::Content::default()));
                    }
                    Effect::SendPing(..)
                    | Effect::SendPost(..)
                    | Effect::Release(..)
                    | Effect::CountSent(..)
                    | Effect::PostEnded(..)
                    | Effect::ReleaseUnsent(..)
                    | Effect::Commit(..) => {}
                }
            }
            let mut count = 0;
            let records = &mut self.records;
            self.engine.take_batch(|batch| {
                count = batch.count;
                records.extend(read(batch.bytes));
            });
            if !self.fast_disk || count == 0 {
                return;
            }
            self.engine.handle(self.now, Input::Durable { up_to: self.written });
        }
    }

    pub(crate) fn candidate(&self, campaign: &str) -> CandidateIndex {
        let index = self.snapshot.campaign_named(campaign).expect("a campaign of the catalog");
        CandidateIndex(u16::try_from(index.0).expect("a small catalog"))
    }

    pub(crate) fn name(&self, candidate: CandidateIndex) -> String {
        self.snapshot.campaigns.get(candidate.at()).expect("a campaign of the catalog").name.to_string()
    }

    /// Returns to whom posts were sent, in order.
    pub(crate) fn posted(&self) -> Vec<String> {
        let posts = self.effects.iter().filter_map(|effect| match effect {
            Effect::SendPost(_, candidate) => Some(self.name(*candidate)),
            Effect::SendPing(..)
            | Effect::Reserve(..)
            | Effect::Release(..)
            | Effect::CountSent(..)
            | Effect::PostEnded(..)
            | Effect::ReleaseUnsent(..)
            | Effect::Commit(..)
            | Effect::Append(_)
            | Effect::Answer(_)
            | Effect::Ended(_) => None,
        });
        posts.collect()
    }

    pub(crate) fn statuses(&self) -> Vec<AnswerStatus> {
        self.told.iter().map(|answer| answer.status).collect()
    }

    /// Returns why each campaign did not buy, in the final story.
    pub(crate) fn reasons(&self) -> BTreeMap<String, Option<Reason>> {
        let story = self.story.as_ref().expect("the auction has ended");
        let named = story.candidates.iter().map(|candidate| {
            let campaign = self.snapshot.campaign(candidate.campaign).expect("a campaign of the catalog");
            (campaign.name.to_string(), candidate.reason)
        });
        named.collect()
    }

    /// Returns for how many candidates something is reserved and neither given back nor charged.
    pub(crate) fn held(&self) -> usize {
        let mut held = BTreeSet::new();
        for effect in &self.effects {
            match effect {
                Effect::Reserve(_, candidate) if !self.refused.contains_key(&self.name(*candidate)) => {
                    held.insert(*candidate);
                }
                Effect::Release(_, candidate)
                | Effect::ReleaseUnsent(_, candidate)
                | Effect::Commit(_, candidate) => {
                    assert!(held.remove(candidate), "what is not held cannot be ended");
                }
                Effect::SendPing(..)
                | Effect::Reserve(..)
                | Effect::CountSent(..)
                | Effect::PostEnded(..)
                | Effect::SendPost(..)
                | Effect::Append(_)
                | Effect::Answer(_)
                | Effect::Ended(_) => {}
            }
        }
        held.len()
    }
}
