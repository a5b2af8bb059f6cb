//! The last record of an auction, and its account at any time.

use exchange_auction::{Loss, Scratch, reasons};
use exchange_protocol::{
    Asks, Effect, HeldOffer, OfferKey, OfferedRecord, Story, StoryCandidate, StoryPost, encode_closed,
    encode_offered,
};
use exchange_types::{Amount, SmallText};

use super::{Auction, Phase, micros};
use crate::candidate::PostStage;
use crate::outbox::Outbox;

impl Auction {
    /// Returns whether nothing can happen to the auction any more.
    pub(crate) fn is_finished(&self, outbox: &Outbox) -> bool {
        let on_disk = |post: &crate::candidate::Post| outbox.is_durable(post.record);
        self.phase == Phase::Settled
            && self.answered
            && !self.posts_are_out()
            && self.posts.iter().filter_map(|index| self.post(*index)).all(on_disk)
    }

    /// Writes the last record; the slot is free once its effect has been carried out.
    ///
    /// `story` is overwritten; its lists are kept from one auction to the next.
    pub(crate) fn close(
        &mut self,
        scratch: &mut Scratch,
        losses: &mut Vec<Loss>,
        story: &mut Story,
        outbox: &mut Outbox,
    ) {
        self.release_offers(outbox);
        self.tell(scratch, losses, story, outbox);
        self.record.clear();
        encode_closed(story, &mut self.record);
        outbox.append_encoded(&self.record);
        outbox.push(Effect::Ended(self.key));
        self.phase = Phase::Over;
    }

    /// Writes the account of the auction as it stands into `story`.
    pub(crate) fn tell(
        &self,
        scratch: &mut Scratch,
        losses: &mut Vec<Loss>,
        story: &mut Story,
        outbox: &Outbox,
    ) {
        losses.clear();
        if let Some(rules) = &self.rules {
            reasons(rules, &self.contenders, scratch, losses);
        }
        story.id = self.id;
        story.kind = self.kind();
        story.seller = self.submission.seller;
        story.vertical = self.submission.vertical;
        story.catalog_version = self.catalog_version();
        story.admitted = self.admitted.utc;
        story.bids_closed_us = self.bids_closed_us;
        story.answered_us = self.answered_us;
        story.ended_us = self.since_admission(outbox.now());
        story.expires_at = self.expires_at();
        story.asks = self.asks();
        story.interrupted = false;
        story.status = self.told(outbox).status;
        story.faults.clear();
        story.test = self.is_test();
        story.payout = self.payout(outbox);
        self.tell_candidates(losses, &mut story.candidates);
        self.tell_posts(&mut story.posts);
        story.offers.clear();
        story.offers.extend_from_slice(&self.offers);
        story.steps.clear();
        story.steps.extend_from_slice(&self.steps);
    }

    /// Returns what the seller asked for, without anything about the person.
    fn asks(&self) -> Asks {
        let lead = &self.submission;
        let source = self.snapshot.as_deref().and_then(|snapshot| {
            let agreement = snapshot.seller(lead.seller)?.agreement(lead.vertical)?;
            agreement.override_for(&snapshot.sources.origin(lead))
        });
        Asks {
            floor: lead.floor,
            max_buyers: lead.max_buyers,
            prior_sales: lead.prior_sales,
            wait_us: lead.wait.map(micros),
            source,
        }
    }

    /// Writes the record of the offers, once; nothing waits for it.
    ///
    /// `offered` is overwritten; its lists are kept from one auction to the next.
    pub(crate) fn record_offers(
        &mut self,
        scratch: &mut Scratch,
        losses: &mut Vec<Loss>,
        offered: &mut OfferedRecord,
        outbox: &mut Outbox,
    ) {
        if self.phase != Phase::Offering || self.offers_recorded || self.is_test() {
            return;
        }
        self.offers_recorded = true;
        self.tell(scratch, losses, &mut offered.story, outbox);
        offered.held.clear();
        for offer in &self.offers {
            let OfferKey { candidate, entry } = offer.key;
            let contender = self.contender(candidate);
            let taken = self.candidate(candidate).map(|candidate| candidate.taken).unwrap_or_default();
            let entry = usize::from(entry);
            let terms = contender.and_then(|contender| contender.offers.get(entry).copied().flatten());
            let bid = contender.and_then(|contender| contender.entries.as_slice().get(entry));
            offered.held.push(HeldOffer {
                price: terms.map_or(Amount::ZERO, |terms| terms.price),
                reserved: taken.money,
                at: taken.at,
                bid_id: bid.map_or(SmallText::EMPTY, |bid| bid.bid_id),
            });
        }
        outbox.append_with(|bytes| encode_offered(offered, bytes));
    }

    fn tell_candidates(&self, losses: &[Loss], candidates: &mut Vec<StoryCandidate>) {
        let mut losses = losses.iter().peekable();
        candidates.clear();
        for (position, (candidate, contender)) in (0_u16..).zip(self.candidates.iter().zip(&self.contenders))
        {
            // The losses stand in the order of the contenders, without those that bought.
            let loss = losses.next_if(|loss| loss.contender == position);
            candidates.push(StoryCandidate {
                campaign: candidate.campaign,
                asked: candidate.asked,
                out: candidate.out,
                no_room: candidate.no_room,
                reason: loss.map(|loss| loss.reason),
                entries: contender.entries,
                replied_us: candidate.replied_us,
                minimum_to_win: loss.and_then(|loss| loss.minimum_to_win),
            });
        }
    }

    fn tell_posts(&self, posts: &mut Vec<StoryPost>) {
        posts.clear();
        for index in &self.posts {
            let Some(candidate) = self.candidate(*index) else { continue };
            let Some(post) = &candidate.post else { continue };
            posts.push(StoryPost {
                candidate: *index,
                buyer: candidate.buyer,
                entry: post.pick.entry,
                price: post.pick.price,
                payout: if post.stage == PostStage::Accepted { post.pick.payout } else { Amount::ZERO },
                agreed: post.agreed,
                stated: post.stated,
                exclusive: post.pick.exclusive,
                outcome: post.outcome(),
                resolved: false,
                intent_us: post.intent_us,
                sent_us: post.sent_us,
                replied_us: post.replied_us,
                digest: post.digest,
                redirect_url: post.redirect_url.clone(),
            });
        }
    }
}
