//! From the close of the bids to the last post: clearing, reserving, intents, posts and their outcomes.

use exchange_auction::{Pick, Scratch, Standing, clear, judge_price, settle, unsold_reason};
use exchange_catalog::snapshot::OnLowerPrice;
use exchange_protocol::{CandidateIndex, Effect, Outcome, Record, SaleChange, SaleStep, SlotKey, Taken};
use exchange_types::{
    Amount, Nanos, PostOutcome, PostReply, Reason, SmallText, UnsoldReason, UtcMicros, Uuid7,
};

use super::{Auction, Phase};
use crate::candidate::{Post, PostStage};
use crate::outbox::Outbox;

impl Auction {
    /// Starts the next round of posts, or settles the step where nothing can be started any more.
    ///
    /// A round is cleared, then reserved as a whole; a refusal by a counter takes its campaign out and the
    /// rest is cleared again. Only a round whose every pick has its room is intended.
    pub(crate) fn sell(&mut self, scratch: &mut Scratch, outbox: &mut Outbox) {
        if self.phase != Phase::Selling || self.posts_are_out() || self.cursor < self.round.len() {
            return;
        }
        let Some(rules) = &self.rules else { return };
        let post_min = self.vertical().map_or(Nanos::ZERO, |vertical| vertical.post_min);
        let in_time = outbox.now().mono.saturating_add(post_min) <= self.answer_by;
        let picks = clear(rules, &self.contenders, scratch);
        if picks.is_empty() {
            return self.settle(unsold_reason(&self.contenders), scratch, outbox);
        }
        if !in_time {
            return self.run_out_of_time(scratch, outbox);
        }
        self.round.clear();
        self.round.extend_from_slice(picks);
        self.cursor = 0;
        self.round_refused = false;
        for pick in &self.round {
            outbox.push(Effect::Reserve(self.key, CandidateIndex(pick.contender)));
        }
    }

    /// Takes the counters' verdict on a pick of the round.
    pub(crate) fn take_verdict(
        &mut self,
        index: CandidateIndex,
        room: Result<Taken, Reason>,
        outbox: &mut Outbox,
    ) {
        let two_step = self.rules.as_ref().is_some_and(|rules| rules.two_step.is_some());
        let Some(candidate) = self.candidates.get_mut(index.at()) else { return };
        candidate.note_room(room);
        if let Err(reason) = room {
            self.take_out(index, reason);
            self.round_refused = true;
        }
        self.cursor = self.cursor.saturating_add(1);
        if self.cursor < self.round.len() {
            return;
        }
        if self.round_refused {
            // An offer keeps its hold until it is posted or expires; a pick of one call gives it back.
            for position in 0..self.round.len() {
                if !two_step && let Some(pick) = self.round.get(position).copied() {
                    self.release(CandidateIndex(pick.contender), outbox);
                }
            }
            self.end_round();
            return;
        }
        for position in 0..self.round.len() {
            if let Some(pick) = self.round.get(position).copied() {
                self.intend(pick, outbox);
            }
        }
        self.end_round();
    }

    fn end_round(&mut self) {
        self.round.clear();
        self.cursor = 0;
        self.round_refused = false;
    }

    fn intend(&mut self, pick: Pick, outbox: &mut Outbox) {
        let now = outbox.now();
        let index = CandidateIndex(pick.contender);
        let Some(campaign) = self.campaign(index) else { return };
        let (campaign_index, buyer, taken) = match self.candidate(index) {
            Some(candidate) => (candidate.campaign, candidate.buyer, candidate.taken),
            None => return,
        };
        let timeout = campaign.post_timeout;
        let entries = self.contender(index).map(|contender| contender.entries);
        let entry = entries.and_then(|entries| entries.as_slice().get(usize::from(pick.entry)).copied());
        let bid_id = entry.map_or(SmallText::EMPTY, |entry| entry.bid_id);
        let record = self.write(
            &Record::Intent {
                auction: self.id,
                seller: self.submission.seller,
                vertical: self.submission.vertical,
                catalog_version: self.snapshot.as_ref().map_or(0, |snapshot| snapshot.version),
                campaign: campaign_index,
                buyer,
                candidate: index,
                entry: pick.entry,
                bid_id,
                price: pick.price,
                payout: pick.payout,
                reserved: taken.money,
                exclusive: pick.exclusive,
                at: taken.at,
                give_up_at: now.utc.saturating_add(timeout),
            },
            outbox,
        );
        outbox.push(Effect::CountSent(self.key, index));
        let intent_us = self.since_admission(now);
        if let Some(candidate) = self.candidates.get_mut(index.at()) {
            candidate.post = Some(Post {
                pick,
                give_up_at: now.mono.saturating_add(timeout),
                intent_us,
                sent_us: 0,
                replied_us: 0,
                record,
                stage: PostStage::Intended,
                agreed: pick.payout,
                stated: None,
                digest: [0; 16],
                redirect_url: Box::default(),
            });
        }
        self.set_standing(index, Standing::Posted(pick));
        self.posts.push(index);
    }

    /// Sends the posts whose intents have reached the disk.
    pub(crate) fn send_durable(&mut self, outbox: &mut Outbox) {
        let now = outbox.now();
        for position in 0..self.posts.len() {
            let Some(index) = self.posts.get(position).copied() else { continue };
            let since = self.since_admission(now);
            let key = self.key;
            let Some(post) = self.post_mut(index) else { continue };
            if post.stage != PostStage::Intended || !outbox.is_durable(post.record) {
                continue;
            }
            let waited = Nanos(u64::from(since.saturating_sub(post.intent_us)).saturating_mul(1_000));
            if waited >= post.give_up_at.saturating_sub(now.mono) {
                // The disk took half of the post's time or more. What leaves so late is likely to end as unknown,
                // and what does not leave is known to have failed.
                self.fail(index, Reason::Deadline, [0; 16], outbox);
                continue;
            }
            post.stage = PostStage::Sending;
            post.sent_us = since;
            outbox.push(Effect::SendPost(key, index));
        }
    }

    /// Takes what came of a post.
    pub(crate) fn take_outcome(&mut self, index: CandidateIndex, reply: &PostReply<'_>, outbox: &mut Outbox) {
        let Some(post) = self.post(index) else { return };
        if post.stage != PostStage::Sending {
            return;
        }
        let pick = post.pick;
        if let PostOutcome::Accepted { price: Some(price) } = reply.outcome
            && price != pick.price
            && let Some(post) = self.post_mut(index)
        {
            post.stated = Some(price);
        }
        match reply.outcome {
            PostOutcome::Accepted { price } => match self.charged(index, pick, price) {
                Some(charged) => self.accept(index, charged, reply, outbox),
                None => self.fail(index, Reason::PriceChanged, reply.digest, outbox),
            },
            PostOutcome::Rejected => self.fail(index, Reason::PostRejected, reply.digest, outbox),
            PostOutcome::Duplicate => self.fail(index, Reason::PostDuplicate, reply.digest, outbox),
            PostOutcome::Refused { .. } => self.fail(index, Reason::PostRefused, reply.digest, outbox),
            PostOutcome::NotSent(_) => self.fail(index, Reason::PostFailed, reply.digest, outbox),
            PostOutcome::Unknown(_) => {
                self.end_post(index, PostStage::Unknown, reply.digest, outbox);
                self.set_standing(index, Standing::Unknown(pick));
            }
        }
    }

    /// Gives up the posts whose time is over: their outcome is unknown.
    pub(crate) fn give_up(&mut self, outbox: &mut Outbox) {
        let now = outbox.now();
        for position in 0..self.posts.len() {
            let Some(index) = self.posts.get(position).copied() else { continue };
            let due = self
                .post(index)
                .filter(|post| post.stage == PostStage::Sending && now.mono >= post.give_up_at);
            if let Some(pick) = due.map(|post| post.pick) {
                self.end_post(index, PostStage::Unknown, [0; 16], outbox);
                self.set_standing(index, Standing::Unknown(pick));
            }
        }
    }

    /// Returns what is charged for an acceptance, or nothing where its price is no longer agreed.
    fn charged(&self, index: CandidateIndex, pick: Pick, price: Option<Amount>) -> Option<Pick> {
        let on_lower = self.campaign(index).map_or(OnLowerPrice::Reject, |campaign| campaign.on_lower_price);
        judge_price(self.rules.as_ref()?, &self.contenders, &pick, price, on_lower).ok()
    }

    fn accept(&mut self, index: CandidateIndex, pick: Pick, reply: &PostReply<'_>, outbox: &mut Outbox) {
        if let Some(post) = self.post_mut(index) {
            post.pick = pick;
            post.redirect_url = reply.redirect_url.into();
        }
        self.end_post(index, PostStage::Accepted, reply.digest, outbox);
        self.set_standing(index, Standing::Accepted(pick));
        if let Some(candidate) = self.candidates.get_mut(index.at()) {
            candidate.held = false;
        }
        outbox.push(Effect::Commit(self.key, index));
    }

    fn fail(&mut self, index: CandidateIndex, reason: Reason, digest: [u8; 16], outbox: &mut Outbox) {
        self.end_post(index, PostStage::Failed(reason), digest, outbox);
        if let Some(contender) = self.contenders.get_mut(index.at()) {
            contender.fail(reason);
        }
        if let Some(candidate) = self.candidates.get_mut(index.at()) {
            candidate.held = false;
        }
        let unsent = matches!(reason, Reason::PostFailed | Reason::Deadline);
        outbox.push(if unsent {
            Effect::ReleaseUnsent(self.key, index)
        } else {
            Effect::Release(self.key, index)
        });
        // A company that has read the lead and declined it is not asked again through another campaign.
        let companions = if reason == Reason::PostRejected {
            Reason::NotNeeded
        } else if reason == Reason::PostDuplicate {
            Reason::DuplicateForBuyer
        } else {
            return;
        };
        let buyer = self.candidate(index).map(|candidate| candidate.buyer);
        for other in 0..self.contenders.len() {
            let other = CandidateIndex(u16::try_from(other).unwrap_or(u16::MAX));
            let same = self.candidate(other).map(|candidate| candidate.buyer) == buyer;
            let running =
                self.contender(other).is_some_and(|contender| contender.standing == Standing::Running);
            if same && running && other != index {
                self.take_out(other, companions);
                self.release(other, outbox);
            }
        }
    }

    fn end_post(&mut self, index: CandidateIndex, stage: PostStage, digest: [u8; 16], outbox: &mut Outbox) {
        let now = outbox.now();
        let since = self.since_admission(now);
        let (id, key, test) = (self.id, self.key, self.is_test());
        let settles_after = self.campaign(index).map_or(Nanos::ZERO, |campaign| campaign.return_window);
        let Some(post) = self.post_mut(index) else { return };
        post.stage = stage;
        post.replied_us = since;
        post.digest = digest;
        let outcome = post.outcome().unwrap_or(Outcome::Unknown);
        let accepted = outcome == Outcome::Accepted;
        let record = Record::Outcome {
            auction: id,
            candidate: index,
            outcome,
            price: if accepted { post.pick.price } else { Amount::ZERO },
            payout: if accepted { post.pick.payout } else { Amount::ZERO },
            digest,
            at: now.utc,
            settles_at: if accepted { now.utc.saturating_add(settles_after) } else { now.utc },
            redirect_url: if accepted { post.redirect_url.clone() } else { Box::default() },
        };
        post.record = write(&record, (key, test), outbox);
        outbox.push(Effect::PostEnded(key, index));
    }

    /// Ends the step for want of time: no intent is written after this.
    pub(crate) fn run_out_of_time(&mut self, scratch: &mut Scratch, outbox: &mut Outbox) {
        let posted = !self.posts.is_empty();
        for position in 0..self.contenders.len() {
            let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
            if self.contender(index).is_some_and(|contender| contender.standing == Standing::Running) {
                let bid =
                    self.contender(index).is_some_and(|contender| !contender.entries.as_slice().is_empty());
                if bid && self.rules.as_ref().is_some_and(|rules| rules.two_step.is_none()) {
                    self.take_out(index, Reason::Deadline);
                }
            }
        }
        self.end_round();
        let reason = if posted { UnsoldReason::PostsRejected } else { UnsoldReason::Deadline };
        self.settle(reason, scratch, outbox);
    }

    /// Ends the step: nothing more is started. Holds of offers go back unless they stay open to the seller.
    fn settle(&mut self, reason: UnsoldReason, scratch: &mut Scratch, outbox: &mut Outbox) {
        self.phase = Phase::Settled;
        self.settled = Some(reason);
        let test = self.is_test();
        if let Some(rules) = &self.rules {
            for pick in settle(rules, &self.contenders, scratch) {
                let position = usize::from(pick.contender);
                if let Some(contender) = self.contenders.get_mut(position) {
                    contender.standing = Standing::Settled(*pick);
                }
                let candidate = self.candidates.get_mut(position);
                let Some(post) = candidate.and_then(|candidate| candidate.post.as_mut()) else { continue };
                if post.pick.payout != pick.payout {
                    // The acceptance was written with the whole payout, before it was known who bears it.
                    let record = adjusted(self.id, pick, outbox.now().utc);
                    post.record = write(&record, (self.key, test), outbox);
                }
                post.pick = *pick;
            }
        }
        let gone = self.any_post(|stage| matches!(stage, PostStage::Accepted | PostStage::Unknown));
        if gone {
            self.release_offers(outbox);
        }
    }

    /// Gives back what is held for candidates that have not been posted to.
    pub(crate) fn release_offers(&mut self, outbox: &mut Outbox) {
        for position in 0..self.candidates.len() {
            let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
            if self.offer_is_live(index) {
                self.release(index, outbox);
            }
        }
    }

    pub(super) fn release(&mut self, index: CandidateIndex, outbox: &mut Outbox) {
        let Some(candidate) = self.candidates.get_mut(index.at()) else { return };
        if core::mem::take(&mut candidate.held) {
            outbox.push(Effect::Release(self.key, index));
        }
    }

    pub(super) fn take_out(&mut self, index: CandidateIndex, reason: Reason) {
        self.set_standing(index, Standing::Out(reason));
    }

    fn write(&self, record: &Record, outbox: &mut Outbox) -> u64 {
        write(record, (self.key, self.is_test()), outbox)
    }

    fn post_mut(&mut self, index: CandidateIndex) -> Option<&mut Post> {
        self.candidates.get_mut(index.at())?.post.as_mut()
    }

    fn set_standing(&mut self, index: CandidateIndex, standing: Standing) {
        if let Some(contender) = self.contenders.get_mut(index.at()) {
            contender.standing = standing;
        }
    }
}

/// Writes a record, has its auction looked at when it is on disk, and returns its number. Of a test nothing is written,
/// and there is nothing to wait for: zero is on disk.
fn write(record: &Record, (auction, test): (SlotKey, bool), outbox: &mut Outbox) -> u64 {
    if test {
        return 0;
    }
    let number = outbox.append(record);
    outbox.wait_for(number, auction);
    number
}

/// Returns the record by which a sale gets the payout that the whole auction came to.
fn adjusted(auction: Uuid7, pick: &Pick, at: UtcMicros) -> Record {
    Record::SaleChanged(SaleChange {
        auction,
        candidate: CandidateIndex(pick.contender),
        step: SaleStep::Adjusted { price: pick.price, payout: pick.payout },
        at,
        by: "rule:payout_per_lead".into(),
        digest: [0; 16],
    })
}
