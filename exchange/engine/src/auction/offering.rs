//! The offers of a two-step sale: made, posted to, given back, expired.

use exchange_auction::{Offer, Pick, Scratch, Standing, TwoStep, offers, unsold_reason};
use exchange_catalog::snapshot::{ConsentModel, Stage};
use exchange_protocol::{
    AnswerOffer, CandidateIndex, Effect, OfferKey, Refusal, SellerPost, StoryStep, Taken,
};
use exchange_types::{FieldIndex, Nanos, Now, Reason, Submission, UnsoldReason, limits};

use super::{Auction, Kind, Phase, micros};
use crate::outbox::Outbox;

impl Auction {
    /// Ranks the offers and asks for the room of as many as the vertical holds.
    pub(crate) fn make_offers(&mut self, scratch: &mut Scratch, now: Now, outbox: &mut Outbox) {
        let Some(rules) = &self.rules else { return };
        let all =
            u16::try_from(self.contenders.len().saturating_mul(limits::BID_ENTRIES_MAX)).unwrap_or(u16::MAX);
        let ranking = offers(rules, &self.contenders, all, scratch);
        self.round.clear();
        self.round.extend_from_slice(ranking);
        self.cursor = 0;
        self.ask_for_next_hold(now, outbox);
    }

    /// Makes offers down the ranking until there are enough, or the room of another campaign is needed.
    fn ask_for_next_hold(&mut self, now: Now, outbox: &mut Outbox) {
        let wanted = self.vertical().map_or(0, |vertical| usize::from(vertical.offers_held));
        while self.offers.len() < wanted
            && let Some(pick) = self.round.get(self.cursor).copied()
        {
            let index = CandidateIndex(pick.contender);
            let running =
                self.contender(index).is_some_and(|contender| contender.standing == Standing::Running);
            let held = self.candidate(index).is_some_and(|candidate| candidate.held);
            if running && !held {
                outbox.push(Effect::Reserve(self.key, index));
                return;
            }
            if running {
                self.offer(&pick);
            }
            self.cursor = self.cursor.saturating_add(1);
        }
        if self.offers.is_empty() {
            self.settled = Some(unsold_reason(&self.contenders));
            self.phase = Phase::Settled;
            return;
        }
        let hold = self.vertical().map_or(Nanos::ZERO, |vertical| vertical.hold_time);
        self.expires = now.mono.saturating_add(hold);
        self.phase = Phase::Offering;
    }

    /// Takes the counters' verdict on a campaign's room, which covers the largest of its bids.
    pub(crate) fn take_hold(
        &mut self,
        index: CandidateIndex,
        room: Result<Taken, Reason>,
        now: Now,
        outbox: &mut Outbox,
    ) {
        if let Some(candidate) = self.candidates.get_mut(index.at()) {
            candidate.note_room(room);
        }
        if let Err(reason) = room {
            self.take_out(index, reason);
        }
        self.ask_for_next_hold(now, outbox);
    }

    fn offer(&mut self, pick: &Pick) {
        let index = CandidateIndex(pick.contender);
        let entry = usize::from(pick.entry);
        let (Some(candidate), Some(contender)) =
            (self.candidates.get(index.at()), self.contenders.get_mut(index.at()))
        else {
            return;
        };
        if let Some(place) = contender.offers.get_mut(entry) {
            *place = Some(Offer { price: pick.price, payout: pick.payout, named: false });
        }
        let limit = contender.entries.as_slice().get(entry).map_or(0, |entry| entry.max_buyers);
        // A bid for any number of companies holds for as many as the lead allows.
        let max_buyers =
            if limit == 0 { self.rules.as_ref().map_or(1, |rules| rules.max_buyers) } else { limit };
        self.offers.push(AnswerOffer {
            key: OfferKey { candidate: index, entry: pick.entry },
            buyer: candidate.buyer,
            payout: pick.payout,
            max_buyers,
        });
    }

    /// Says whether a post may go on, before anything is changed by it.
    ///
    /// # Errors
    ///
    /// Names the first thing that stands against it; every changed field at once.
    pub(crate) fn check_post(&self, post: &SellerPost, now: Now) -> Result<(), Refusal> {
        match self.phase {
            Phase::Offering if now.mono < self.expires => {}
            Phase::Offering => return Err(Refusal::PingExpired),
            Phase::Over if !self.seller_has_posted() => return Err(Refusal::PingExpired),
            Phase::Pinging | Phase::Holding | Phase::Selling | Phase::Settled | Phase::Over => {
                return Err(Refusal::PingClosed);
            }
        }
        let changed: Vec<FieldIndex> = self.changed_fields(post).collect();
        if !changed.is_empty() {
            return Err(Refusal::FieldsChanged(changed));
        }
        let missing: Vec<FieldIndex> = self.missing_fields(post).collect();
        if !missing.is_empty() {
            return Err(Refusal::FieldsMissing(missing));
        }
        for (position, key) in post.named.iter().enumerate() {
            if !self.offers.iter().any(|offer| offer.key == *key) {
                return Err(Refusal::UnknownOffer(position));
            }
        }
        self.check_consent(post)?;
        let count = u16::try_from(post.named.len()).unwrap_or(u16::MAX);
        let fits = |offer: &AnswerOffer| offer.max_buyers >= count;
        let chosen = || self.offers.iter().filter(|offer| post.named.contains(&offer.key));
        let allowed = self.rules.as_ref().map_or(1, |rules| rules.max_buyers);
        if count > allowed || !chosen().all(fits) {
            return Err(Refusal::OffersConflict);
        }
        Ok(())
    }

    /// Returns the fields of the ping to which the post gives another value.
    pub(crate) fn changed_fields<'a>(
        &'a self,
        post: &'a SellerPost,
    ) -> impl Iterator<Item = FieldIndex> + 'a {
        let fields = u16::try_from(self.submission.fields_count()).unwrap_or(u16::MAX);
        (0..fields).map(FieldIndex).filter(move |field| {
            let given = self.submission.value(*field).is_some() && post.submission.value(*field).is_some();
            given && !self.submission.same_value(&post.submission, *field)
        })
    }

    /// Returns the required fields that neither the ping nor the post gives.
    fn missing_fields<'a>(&'a self, post: &'a SellerPost) -> impl Iterator<Item = FieldIndex> + 'a {
        let fields = self.vertical().map_or(&[][..], |vertical| &vertical.fields);
        (0..).map(FieldIndex).zip(fields).filter_map(move |(index, field)| {
            let given = self.submission.value(index).is_some() || post.submission.value(index).is_some();
            (field.required.is_some() && !given).then_some(index)
        })
    }

    fn check_consent(&self, post: &SellerPost) -> Result<(), Refusal> {
        if !self.consent_names_companies() {
            return Ok(());
        }
        // The post's consent replaces the ping's as soon as it names anybody.
        let of_post = post.submission.named_sellers().next().is_some();
        let consent = if of_post { &*post.submission } else { &*self.submission };
        let unnamed = post.named.iter().position(|key| !self.is_named(key.candidate, consent));
        unnamed.map_or(Ok(()), |position| Err(Refusal::SellerNotNamed(position)))
    }

    fn consent_names_companies(&self) -> bool {
        self.vertical().is_some_and(|vertical| vertical.consent_model == ConsentModel::Named)
    }

    fn is_named(&self, index: CandidateIndex, consent: &Submission) -> bool {
        let buyer = self.candidate(index).map(|candidate| candidate.buyer);
        let company = self.snapshot.as_deref().zip(buyer).and_then(|(snapshot, buyer)| snapshot.buyer(buyer));
        company.is_some_and(|company| consent.named_sellers().any(|given| *given == *company.legal_name))
    }

    /// Goes on to selling among the live offers.
    pub(crate) fn take_post(&mut self, post: &SellerPost, now: Now, outbox: &mut Outbox) {
        self.submission.complete_with(&post.submission);
        self.steps.push(StoryStep {
            at_us: self.since_admission(now),
            named: post.named.clone(),
            fallback: post.fallback,
            wait_us: post.wait.map(micros),
        });
        self.answered = false;
        self.settled = None;
        self.step_began = now.mono;
        let limit = self.vertical().map_or(Nanos::ZERO, |vertical| vertical.answer_by);
        self.answer_by = now.mono.saturating_add(post.wait.map_or(limit, |wait| wait.min(limit)));
        self.round.clear();
        self.cursor = 0;
        let named = !post.named.is_empty();
        // In a vertical whose consent names companies nothing may follow that the seller did not choose.
        let named_only =
            self.vertical().is_some_and(|vertical| vertical.consent_model == ConsentModel::Named);
        let fallback = post.fallback && !named_only;
        if let Some(rules) = &mut self.rules {
            rules.two_step = Some(TwoStep { named, fallback });
        }
        for position in 0..self.contenders.len() {
            let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
            let offers = self.contenders.get_mut(position).map(|contender| &mut contender.offers);
            for (entry, offer) in (0_u8..).zip(offers.into_iter().flatten()) {
                if let Some(offer) = offer {
                    offer.named = post.named.contains(&OfferKey { candidate: index, entry });
                }
            }
            self.check_added(index, now, outbox);
        }
        self.phase = Phase::Selling;
    }

    /// Takes a candidate out that what the post added leaves out: by a filter on an added field, or by a consent
    /// that does not name the company, is not proved or is too old by now.
    fn check_added(&mut self, index: CandidateIndex, now: Now, outbox: &mut Outbox) {
        let running = self.contender(index).is_some_and(|contender| contender.standing == Standing::Running);
        if !running || !self.offer_is_live(index) {
            return;
        }
        if self.campaign(index).is_some_and(|campaign| !campaign.filter.matches(&self.submission)) {
            self.take_out(index, Reason::Filtered);
        } else if self.consent_names_companies() && !self.is_named(index, &self.submission) {
            self.take_out(index, Reason::NotNamedInConsent);
        } else if self
            .campaign(index)
            .is_some_and(|campaign| !campaign.consent.is_met(&self.submission, Stage::Post, now.utc))
        {
            self.take_out(index, Reason::ProofMissing);
        } else {
            return;
        }
        self.release(index, outbox);
    }

    /// Opens the offers that are left to the seller again, after a post that sold nothing, or ends them where
    /// they have expired meanwhile.
    ///
    /// Returns whether any is open.
    pub(crate) fn reopen(&mut self, now: Now, outbox: &mut Outbox) -> bool {
        let left = (0..self.candidates.len()).any(|position| {
            let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
            let running =
                self.contender(index).is_some_and(|contender| contender.standing == Standing::Running);
            running && self.offer_is_live(index)
        });
        if self.kind != Kind::TwoStep || !left {
            return false;
        }
        let open = now.mono < self.expires;
        if open {
            self.phase = Phase::Offering;
        } else {
            self.end_offers(true, outbox);
        }
        open
    }

    /// Gives every offer back: they expired, or the seller does not want them.
    pub(crate) fn end_offers(&mut self, expired: bool, outbox: &mut Outbox) {
        let reason =
            if expired && self.seller_has_posted() { Reason::OfferExpired } else { Reason::NotPosted };
        for position in 0..self.candidates.len() {
            let index = CandidateIndex(u16::try_from(position).unwrap_or(u16::MAX));
            if self.offer_is_live(index) {
                self.take_out(index, reason);
                self.release(index, outbox);
            }
        }
        if let Some(rules) = &mut self.rules {
            // Acceptable bids that became no offer lost to those that did.
            rules.two_step.get_or_insert_default();
        }
        self.phase = Phase::Settled;
        // What a post in vain was told stays told.
        self.settled.get_or_insert(UnsoldReason::OffersExpired);
        self.answered = true;
    }
}
