//! Tests of sellers: the same auction among buyers that are built in, or with one real campaign, of which nothing
//! counts: no person, no cap, no hold, no money, no health.
//!
//! Built-in buyers live here. They answer at once, or when a test asks for a late answer, at an instant that waits in
//! [`LateReplies`].

use std::collections::BTreeMap;

use exchange_catalog::snapshot::{Pricing, TestMarket};
use exchange_engine::{Auction, least_bid};
use exchange_protocol::{AnswerStatus, CandidateIndex, Considered, Input, Refusal, SlotKey, Verdict};
use exchange_types::{
    Amount, BidEntries, BidEntry, DuplicateScope, Nanos, Now, PingReply, PostOutcome, PostReply,
    QualityFault, Reason, SmallText, Submission, Test, Uuid7,
};

use crate::{Current, PostArrival, Shard, World};

/// What the built-in buyers bid where less would do, in units of the currency.
const BIDS: [i64; 2] = [20, 10];
/// How long after its answer a lead is sold that is to be pending: long enough to be seen, short enough to wait for.
const SOLD_AFTER_ANSWER: Nanos = Nanos::from_secs(2);

/// Answers of built-in buyers that have not come yet. Each belongs to an auction in flight, and an auction has two
/// such buyers, so there are few.
#[derive(Debug, Default)]
pub(crate) struct LateReplies {
    by_time: BTreeMap<(Nanos, u64), (SlotKey, CandidateIndex, To)>,
    count: u64,
}

/// What a built-in buyer answers.
#[derive(Clone, Copy, Debug)]
enum To {
    Ping,
    Post,
}

impl LateReplies {
    pub(crate) fn next_timeout(&self) -> Option<Nanos> {
        self.by_time.first_key_value().map(|(&(at, _), _)| at)
    }

    fn push(&mut self, at: Nanos, reply: (SlotKey, CandidateIndex, To)) {
        self.count = self.count.wrapping_add(1);
        self.by_time.insert((at, self.count), reply);
    }

    fn pop_due(&mut self, now: Nanos) -> Option<(SlotKey, CandidateIndex, To)> {
        let first = self.by_time.first_entry()?;
        (first.key().0 <= now).then(|| first.remove())
    }
}

/// Returns what a test is told without an auction, if that is what it asks for.
pub(crate) fn told_at_once(test: Test, id: Uuid7) -> Option<(AnswerStatus, Vec<QualityFault>)> {
    match test {
        Test::Duplicate => Some((AnswerStatus::Duplicate(DuplicateScope::Own, Some(id)), Vec::new())),
        Test::Invalid => Some((AnswerStatus::Invalid, vec![fault()])),
        Test::Yes
        | Test::Sold
        | Test::Unsold
        | Test::Pending
        | Test::Cascade
        | Test::Slow
        | Test::Campaign(_) => None,
    }
}

fn fault() -> QualityFault {
    QualityFault {
        field: "test".into(),
        code: "rule".into(),
        message: "is a test that is to be invalid".into(),
    }
}

/// Writes who is asked in a test: the built-in buyers, or the one campaign that it names.
pub(crate) fn consider(current: &Current, lead: &Submission, test: Test, considered: &mut Vec<Considered>) {
    considered.clear();
    let Test::Campaign(tested) = test else {
        let timeout = current.snapshot.vertical(lead.vertical).map_or(Nanos::ZERO, |own| own.bid_window);
        considered.extend((0..).zip(TestMarket::CAMPAIGNS).map(|(rotation_id, campaign)| Considered {
            campaign,
            verdict: Verdict::Ping { timeout },
            rotation_id,
        }));
        return;
    };
    let Some(index) = tested else { return };
    let Some(campaign) = current.snapshot.campaign(index) else { return };
    let verdict = match &campaign.pricing {
        Pricing::Ping { timeout, .. } => Verdict::Ping { timeout: *timeout },
        Pricing::Standing(standing) => {
            standing.price(lead).map_or(Verdict::Out(Reason::Filtered), Verdict::Standing)
        }
    };
    considered.push(Considered { campaign: index, verdict, rotation_id: 0 });
}

impl Shard {
    /// Returns whether an auction is a test.
    pub(crate) fn is_test(&self, auction: SlotKey) -> bool {
        self.engine.auction(auction).is_some_and(Auction::is_test)
    }

    /// Has a built-in buyer take a ping, where the candidate is one. Returns whether it is.
    pub(crate) fn ping_test_buyer(&mut self, now: Now, auction: SlotKey, candidate: CandidateIndex) -> bool {
        let Some((found, test)) = self.test_buyer(auction, candidate) else { return false };
        if test == Test::Slow {
            let deadline = found.candidate(candidate).map_or(now.mono, |found| found.ping_deadline);
            let at = late(now.mono, deadline);
            self.late_replies.push(at, (auction, candidate, To::Ping));
        } else {
            self.answer_test(now, auction, candidate, To::Ping);
        }
        true
    }

    /// Has a built-in buyer take a post, where the candidate is one. Returns whether it is.
    pub(crate) fn post_test_buyer(&mut self, now: Now, auction: SlotKey, candidate: CandidateIndex) -> bool {
        let Some((found, test)) = self.test_buyer(auction, candidate) else { return false };
        let at = match test {
            Test::Slow => Some(late(now.mono, found.answer_by())),
            Test::Pending => Some(found.answer_by().max(now.mono).saturating_add(SOLD_AFTER_ANSWER)),
            Test::Yes
            | Test::Sold
            | Test::Unsold
            | Test::Duplicate
            | Test::Invalid
            | Test::Cascade
            | Test::Campaign(_) => None,
        };
        match at {
            Some(at) => self.late_replies.push(at, (auction, candidate, To::Post)),
            None => self.answer_test(now, auction, candidate, To::Post),
        }
        true
    }

    /// Lets the built-in buyers answer whose time has come.
    pub(crate) fn answer_late_tests(&mut self, world: &mut impl World, now: Now) {
        while let Some((auction, candidate, to)) = self.late_replies.pop_due(now.mono) {
            self.answer_test(now, auction, candidate, to);
            self.carry_out(world, now);
        }
    }

    /// Returns an auction with its test, where a candidate is a built-in buyer.
    fn test_buyer(&self, auction: SlotKey, candidate: CandidateIndex) -> Option<(&Auction, Test)> {
        let found = self.engine.auction(auction)?;
        let campaign = found.candidate(candidate)?.campaign;
        TestMarket::CAMPAIGNS.contains(&campaign).then_some((found, found.submission().test?))
    }

    fn answer_test(&mut self, now: Now, auction: SlotKey, candidate: CandidateIndex, to: To) {
        let Some((found, test)) = self.test_buyer(auction, candidate) else { return };
        match to {
            To::Ping => {
                let reply = bid(found, candidate, test);
                self.engine.handle(now, Input::PingReply { auction, candidate, reply: &reply });
            }
            To::Post => {
                let first = found.first_post() == Some(candidate);
                let outcome = match test {
                    Test::Unsold => PostOutcome::Rejected,
                    Test::Cascade if first => PostOutcome::Rejected,
                    Test::Yes
                    | Test::Sold
                    | Test::Duplicate
                    | Test::Invalid
                    | Test::Pending
                    | Test::Cascade
                    | Test::Slow
                    | Test::Campaign(_) => PostOutcome::Accepted { price: None },
                };
                let reply = PostReply::bare(outcome);
                self.engine.handle(now, Input::PostReply { auction, candidate, reply });
            }
        }
    }

    /// Settles what is to come of the post of a test: what it says itself, else what its ping says.
    ///
    /// # Errors
    ///
    /// Says that one is a test and the other is not, or what the post is to be told.
    pub(crate) fn check_test(
        &self,
        auction: SlotKey,
        arrival: &mut PostArrival,
    ) -> Result<Option<(AnswerStatus, Vec<QualityFault>)>, Refusal> {
        let of_ping = self.engine.auction(auction).and_then(|found| found.submission().test);
        let of_post = &mut arrival.post.submission.test;
        if arrival.by_test_key && of_post.is_none() {
            *of_post = Some(Test::Yes);
        }
        match (of_ping, *of_post) {
            (None, None) => Ok(None),
            (Some(_), None) | (None, Some(_)) => Err(Refusal::TestChanged),
            (Some(ping), Some(Test::Yes)) => Ok(told_at_once(ping, arrival.ping)),
            (Some(_), Some(of_post)) => Ok(told_at_once(of_post, arrival.ping)),
        }
    }
}

/// Returns an instant as late as there is no doubt that it is in time.
fn late(now: Nanos, by: Nanos) -> Nanos {
    let left = by.saturating_sub(now);
    now.saturating_add(Nanos(left.0.saturating_sub(left.0.div_euclid(8))))
}

/// Returns what a built-in buyer bids: enough to win whatever the agreement, the reserve and the floor ask for.
fn bid(auction: &Auction, candidate: CandidateIndex, test: Test) -> PingReply {
    if test == Test::Unsold {
        return PingReply::NoBid;
    }
    let contender = auction.contender(candidate);
    let least = auction
        .rules()
        .zip(contender)
        .and_then(|(rules, contender)| least_bid(rules, &contender.terms, contender.reserve));
    let own = BIDS.get(candidate.at()).copied().unwrap_or(1);
    let own = Amount::from_micros(own.saturating_mul(Amount::MICROS_PER_UNIT));
    let most = auction.vertical().map_or(own, |vertical| vertical.bid_max);
    let amount = own.max(least.unwrap_or(most)).min(most);
    let mut entries = BidEntries::new();
    entries.push(BidEntry { amount, max_buyers: 0, bid_id: SmallText::EMPTY });
    PingReply::Bids(entries)
}
