//! What the world notes of the node's records, posts and answers, and what it checks on the way.

use std::collections::BTreeSet;

use exchange_engine::Auction;
use exchange_node::UnknownKey;
use exchange_protocol::{Answer, AnswerStatus, CandidateIndex, OfferedRecord, Outcome, Record, Story};
use exchange_types::{Amount, Nanos, Reason, Uuid7};

use crate::ledger::{HoldLog, OutcomeLog, PostLog};
use crate::seller;
use crate::violation::Promise;
use crate::world::{World, cents_below};

impl World {
    pub(crate) fn take_story(&mut self, story: &Story) {
        self.trace.write(format_args!("closed {:?} {:?}", story.id, story.status));
        let throttled = story.candidates.iter().any(|found| found.reason == Some(Reason::Throttled));
        if throttled && matches!(story.status, AnswerStatus::NoOffer(_)) {
            let seller = self.request_of(story.id).map(|request| request.seller.clone());
            self.ledger.throttled.extend(seller);
        }
    }

    pub(crate) fn take_offered(&mut self, offered: &OfferedRecord) {
        let OfferedRecord { story, held } = offered;
        let snapshot = self.snapshots.get(&story.catalog_version);
        for (offer, held) in story.offers.iter().zip(held) {
            let candidate = story.candidates.get(offer.key.candidate.at());
            let campaign =
                snapshot.zip(candidate).and_then(|(snapshot, entry)| snapshot.campaign(entry.campaign));
            let campaign = campaign.map(|campaign| campaign.name.to_string()).unwrap_or_default();
            self.ledger.held.insert((story.id, offer.key.candidate), HoldLog { campaign, at: held.at });
        }
    }

    pub(crate) fn take_intent(&mut self, entry: usize, record: &Record) {
        let Record::Intent {
            auction, catalog_version, campaign, buyer, candidate, price, reserved, at, ..
        } = record
        else {
            return;
        };
        let snapshot = self.snapshots.get(catalog_version);
        let campaign = snapshot.and_then(|snapshot| snapshot.campaign(*campaign));
        let buyer = snapshot.and_then(|snapshot| snapshot.buyer(*buyer));
        let log = PostLog {
            intent: entry,
            at: *at,
            campaign: campaign.map(|campaign| campaign.name.to_string()).unwrap_or_default(),
            buyer: buyer.map(|buyer| buyer.name.to_string()).unwrap_or_default(),
            catalog: *catalog_version,
            price: *price,
            reserved: self.reserved(*auction, *candidate, *price),
            sent: 0,
            sent_at: Nanos::ZERO,
            truth: None,
            again: None,
            asked: 0,
            lower: None,
            outcome: None,
            resolution: None,
        };
        let market = self.markets.values().next_back();
        let there = market.is_some_and(|market| market.campaign(&log.campaign).is_some());
        self.verdicts.check(Promise::Eligible, there, || {
            format!("{} of {auction:?} is posted to, and has left the catalog", log.campaign)
        });
        self.trace.write(format_args!("intent {auction:?} {candidate:?} {} {price:?}", log.campaign));
        let held = log.reserved;
        self.verdicts.check(Promise::Cap, held == *reserved, || {
            format!("the intent of {auction:?} {candidate:?} says {reserved:?} of {held:?}")
        });
        let before = self.ledger.posts.insert((*auction, *candidate), log);
        self.verdicts.check(Promise::OneCharge, before.is_none(), || {
            format!("a second intent of {auction:?} {candidate:?}")
        });
    }

    /// Returns what the counters must hold for a post: the bid, or of an offer the largest bid of its campaign.
    fn reserved(&self, auction: Uuid7, candidate: CandidateIndex, price: Amount) -> Amount {
        let Some(log) = self.ledger.auctions.get(&auction) else { return price };
        let Some(bids) = log.told.get(&candidate) else { return price };
        let two_step =
            self.request_of(auction).is_some_and(|request| matches!(request.what, seller::What::Ping(_)));
        let amounts = bids.as_slice().iter().map(|entry| entry.amount);
        if two_step {
            return amounts.max().unwrap_or(price);
        }
        amounts.filter(|amount| cents_below(*amount) == price).max().unwrap_or(price)
    }

    pub(crate) fn take_outcome(&mut self, entry: usize, record: &Record) {
        let Record::Outcome { auction, candidate, outcome, price, .. } = record else { return };
        self.trace.write(format_args!("outcome {auction:?} {candidate:?} {outcome:?} {price:?}"));
        let found = OutcomeLog { outcome: *outcome, price: *price, record: entry };
        let post = self.ledger.posts.get_mut(&(*auction, *candidate));
        let fresh = post.is_some_and(|post| post.outcome.replace(found).is_none());
        self.verdicts.check(Promise::OneCharge, fresh, || {
            format!("an outcome of {auction:?} {candidate:?} that is not the first, or of no intent")
        });
        let known = self.ledger.posts.get(&(*auction, *candidate)).filter(|_| !self.restoring);
        if let Some(post) = known {
            let unknown = self.ledger.unknown.entry(post.campaign.clone()).or_default();
            match outcome {
                Outcome::Unknown => {
                    unknown.open = unknown.open.saturating_add(1);
                    unknown.in_a_row = unknown.in_a_row.saturating_add(1);
                    unknown.stopped |= unknown.in_a_row >= 3;
                }
                // What never left says nothing about the buyer.
                Outcome::Failed(Reason::Deadline) => {}
                Outcome::Accepted | Outcome::Failed(_) => {
                    unknown.in_a_row = 0;
                    unknown.stopped = false;
                }
            }
        }
        if *outcome == Outcome::Unknown {
            self.plan_reports(UnknownKey { auction: *auction, candidate: *candidate });
        }
        self.check_charges(*auction, *candidate);
    }

    /// Checks that a campaign is one that its auction's catalog pings, and gets leads still.
    pub(crate) fn check_eligible(&mut self, auction: &Auction, name: &str) {
        let version = auction.snapshot().map_or(0, |snapshot| snapshot.version);
        let plan = self.markets.get(&version).and_then(|market| market.campaign(name));
        let unknown = self.ledger.unknown.get(name).copied().unwrap_or_default();
        let closed = plan.is_none_or(|plan| unknown.open >= plan.unknown_max || unknown.stopped);
        let pinged = plan.is_some_and(|plan| plan.standing_cents.is_none() && !plan.paused);
        self.verdicts.check(Promise::Eligible, pinged && !closed, || {
            format!("{name} is pinged by {:?} with {unknown:?}: {plan:?}", auction.id())
        });
    }

    /// Checks that no other candidate of the same company has been charged for the lead.
    pub(crate) fn check_charges(&mut self, auction: Uuid7, candidate: CandidateIndex) {
        let Some(post) = self.ledger.posts.get(&(auction, candidate)) else { return };
        let charged = self.ledger.posts.iter().filter(|((id, _), other)| {
            let accepted = other.came_to().is_some_and(|found| found.outcome == Outcome::Accepted);
            *id == auction && accepted && other.buyer == post.buyer
        });
        let count = charged.count();
        let buyer = post.buyer.clone();
        self.verdicts.check(Promise::OneCharge, count <= 1, || {
            format!("{buyer} is charged {count} times for {auction:?}")
        });
    }

    /// Checks how many have, or may have, the person of a sale.
    pub(crate) fn check_exclusivity(&mut self, auction: &Auction) {
        let id = auction.id();
        let person = self.person(id);
        let allowed = auction.rules().map_or(0, |rules| usize::from(rules.max_buyers));
        let mut own = 0_usize;
        let mut other = None;
        let mut buyers = BTreeSet::new();
        for ((holder, _), post) in &self.ledger.posts {
            if !post.holds_lead() {
                continue;
            }
            if *holder == id {
                own = own.saturating_add(1);
                buyers.insert(post.buyer.clone());
            } else if self.person(*holder) == person {
                other = Some(*holder);
            }
        }
        let fits = own <= allowed && buyers.len() == own && other.is_none();
        self.verdicts.check(Promise::Exclusivity, fits, || {
            format!("person {person:?}: {own} of {allowed} buyers hold {id:?}; besides {other:?}")
        });
    }

    /// Checks that an answer is about a sale of the seller who asked, and names no other seller's.
    pub(crate) fn check_isolation(&mut self, number: usize, answer: &Answer) {
        let seller = |id| self.request_of(id).map(|request| &request.seller);
        let asked = self.requests.get(number).map(|request| &request.seller);
        let named = match answer.status {
            AnswerStatus::Duplicate(_, earlier) => earlier,
            AnswerStatus::Running
            | AnswerStatus::Sold
            | AnswerStatus::Unsold(_)
            | AnswerStatus::Pending(_)
            | AnswerStatus::Offers
            | AnswerStatus::NoOffer(_)
            | AnswerStatus::Invalid => None,
        };
        let own = seller(answer.id) == asked && named.is_none_or(|earlier| seller(earlier) == asked);
        self.verdicts.check(Promise::Isolation, own, || format!("request {number} is told {answer:?}"));
    }

    pub(crate) fn check_answer(&mut self, answer: &Answer) {
        if answer.status == AnswerStatus::Sold {
            let on_disk = |candidate| {
                let post = self.ledger.posts.get(&(answer.id, candidate))?;
                let found = post.came_to().filter(|found| found.outcome == Outcome::Accepted)?;
                self.disk.is_on_disk(found.record).then_some(())
            };
            let all =
                !answer.sales.is_empty() && answer.sales.iter().all(|sale| on_disk(sale.candidate).is_some());
            self.verdicts
                .check(Promise::DurableYes, all, || format!("{:?} is sold before it is on disk", answer.id));
        }
    }
}
