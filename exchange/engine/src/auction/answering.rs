//! What the seller is told, and when.

use exchange_auction::Scratch;
use exchange_protocol::{Answer, AnswerSale, AnswerStatus, Effect, UNKNOWN_SETTLED_AFTER};
use exchange_types::{Amount, Nanos, Now, PendingReason, UnsoldReason, UtcMicros};

use super::{Auction, Kind, Phase, Told, micros};
use crate::candidate::{Post, PostStage};
use crate::outbox::Outbox;

impl Auction {
    /// Answers where the outcome is final and on disk, or where the time of the answer has come.
    pub(crate) fn answer_if_due(&mut self, scratch: &mut Scratch, now: Now, outbox: &mut Outbox) {
        if self.answered {
            return;
        }
        let due = now.mono >= self.answer_by && self.awaits_answer_by();
        if due && self.phase == Phase::Pinging {
            self.close_bids(now);
        }
        if due && self.phase == Phase::Selling && !self.posts_are_out() {
            self.run_out_of_time(scratch, outbox);
        }
        if due || self.told(outbox).ready {
            self.answered = true;
            self.answered_us = micros(now.mono.saturating_sub(self.step_began));
            outbox.push(Effect::Answer(self.key));
        }
    }

    /// Returns whether the present step has to be answered by `answer_by`: the ping of a two-step sale is
    /// answered when its bids close instead.
    fn awaits_answer_by(&self) -> bool {
        self.kind == Kind::OneCall || self.seller_has_posted()
    }

    /// Returns what the seller may be told now.
    pub(crate) fn told(&self, outbox: &Outbox) -> Told {
        match self.phase {
            Phase::Pinging | Phase::Holding => Told { status: AnswerStatus::Running, ready: false },
            Phase::Offering if self.settled.is_none() => Told { status: AnswerStatus::Offers, ready: true },
            Phase::Offering | Phase::Selling | Phase::Settled | Phase::Over => self.told_of_posts(outbox),
        }
    }

    fn told_of_posts(&self, outbox: &Outbox) -> Told {
        let posts = || self.posts.iter().filter_map(|index| self.post(*index));
        let accepted = |post: &&Post| post.stage == PostStage::Accepted;
        let on_disk = |post: &Post| outbox.is_durable(post.record);
        let over = self.phase != Phase::Selling && !self.posts_are_out();
        let pending = |reason, ready| Told { status: AnswerStatus::Pending(reason), ready };
        if posts().filter(accepted).any(on_disk) {
            return Told { status: AnswerStatus::Sold, ready: over && posts().filter(accepted).all(on_disk) };
        }
        if posts().any(|post| accepted(&post)) {
            return pending(PendingReason::JournalWait, false);
        }
        if self.posts_are_out() {
            return pending(PendingReason::PostInFlight, false);
        }
        if self.any_post(|stage| stage == PostStage::Unknown) {
            return pending(PendingReason::PostUnknown, over);
        }
        if !posts().all(on_disk) {
            return pending(PendingReason::JournalWait, false);
        }
        match self.settled {
            Some(reason) if self.kind == Kind::TwoStep && self.offers.is_empty() => {
                Told { status: AnswerStatus::NoOffer(reason), ready: true }
            }
            Some(reason) => Told { status: AnswerStatus::Unsold(reason), ready: true },
            None => Told { status: AnswerStatus::Running, ready: false },
        }
    }

    /// Returns the answer as it stands.
    pub(crate) fn answer(&self, outbox: &Outbox, now: Now) -> Answer {
        let told = self.told(outbox);
        let unknown = self.any_post(|stage| stage == PostStage::Unknown);
        let mut sales = Vec::new();
        for index in &self.posts {
            let Some(candidate) = self.candidate(*index) else { continue };
            let Some(post) = &candidate.post else { continue };
            if post.stage != PostStage::Accepted || !outbox.is_durable(post.record) {
                continue;
            }
            sales.push(AnswerSale {
                candidate: *index,
                buyer: candidate.buyer,
                payout: post.pick.payout,
                exclusive: post.pick.exclusive,
                redirect_url: post.redirect_url.clone(),
            });
        }
        let elapsed = if self.answered {
            u64::from(self.answered_us)
        } else {
            now.mono.saturating_sub(self.step_began).as_micros()
        };
        Answer {
            id: self.id,
            kind: self.kind(),
            seller: self.submission.seller,
            vertical: self.submission.vertical,
            catalog_version: self.catalog_version(),
            status: told.status,
            faults: Vec::new(),
            test: self.is_test(),
            payout: self.payout(outbox),
            sales,
            offers: self.offers.clone(),
            expires_at: self.expires_at(),
            elapsed_us: elapsed,
            settles_by: self.settles_by(),
            open: told.status == AnswerStatus::Sold && (unknown || !told.ready),
        }
    }

    /// Returns what the seller earns by the sales that are on disk.
    pub(super) fn payout(&self, outbox: &Outbox) -> Amount {
        let posts = self.posts.iter().filter_map(|index| self.post(*index));
        let sold = posts.filter(|post| post.stage == PostStage::Accepted && outbox.is_durable(post.record));
        sold.fold(Amount::ZERO, |sum, post| sum.checked_add(post.pick.payout).unwrap_or(Amount::MAX))
    }

    pub(super) fn catalog_version(&self) -> u64 {
        self.snapshot.as_ref().map_or(0, |snapshot| snapshot.version)
    }

    /// Returns when the offers expire, in UTC.
    pub fn expires_at(&self) -> UtcMicros {
        if self.expires == Nanos::ZERO {
            return UtcMicros(0);
        }
        self.admitted.utc.saturating_add(self.age(self.expires))
    }

    /// Returns by when the sale will have an outcome: when the last post that is out is given up, or where one
    /// is unknown, when it goes to a person.
    fn settles_by(&self) -> UtcMicros {
        if self.any_post(|stage| stage == PostStage::Unknown) {
            return self.admitted.utc.saturating_add(UNKNOWN_SETTLED_AFTER);
        }
        let out = self.posts.iter().filter_map(|index| self.post(*index)).filter(|post| post.is_out());
        let last = out.map(|post| post.give_up_at).max().unwrap_or(self.answer_by);
        self.admitted.utc.saturating_add(self.age(last))
    }

    /// Returns what a post that sold nothing left: the reason, where the step was answered as unsold.
    pub(crate) fn unsold(&self, outbox: &Outbox) -> Option<UnsoldReason> {
        match self.told(outbox).status {
            AnswerStatus::Unsold(reason) | AnswerStatus::NoOffer(reason) => Some(reason),
            AnswerStatus::Running
            | AnswerStatus::Sold
            | AnswerStatus::Pending(_)
            | AnswerStatus::Duplicate(..)
            | AnswerStatus::Offers
            | AnswerStatus::Invalid => None,
        }
    }
}
