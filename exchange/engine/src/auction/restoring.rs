//! A ping whose offers were open when the process stopped.

use std::sync::Arc;

use exchange_auction::{Offer, Pick, Standing};
use exchange_catalog::Snapshot;
use exchange_protocol::{CandidateIndex, HeldOffer, OfferedRecord, SaleKind, SlotKey, StoryCandidate, Taken};
use exchange_types::{Amount, BidEntries, BidEntry, HashKey, Nanos, Now, Submission, UtcMicros};

use super::bidding::{candidate, contender, rules};
use super::{Auction, Kind, Phase};
use crate::outbox::Outbox;

/// A ping whose offers were open when the process stopped: its records, read back.
#[derive(Debug)]
pub struct Restored<'a> {
    /// The record of its offers.
    pub offered: &'a OfferedRecord,
    /// Its lead, as it was admitted.
    pub submission: Box<Submission>,
    /// The catalog of its record.
    pub snapshot: Arc<Snapshot>,
    /// The vertical's key for breaking ties.
    pub rotation: HashKey,
    /// The stable number for rotation of each campaign in the record's story, in that order.
    pub rotation_ids: &'a [u64],
}

impl Restored<'_> {
    /// Returns whether the parts belong together: a ping, its own lead, its own catalog.
    pub(crate) fn fits(&self) -> bool {
        let story = &self.offered.story;
        let lead = &self.submission;
        let seller = self.snapshot.seller(story.seller);
        story.kind == SaleKind::TwoStep
            && story.catalog_version == self.snapshot.version
            && (lead.seller, lead.vertical) == (story.seller, story.vertical)
            && self.snapshot.vertical(story.vertical).is_some()
            && seller.is_some_and(|seller| seller.agreement(story.vertical).is_some())
            && self.rotation_ids.len() == story.candidates.len()
            && self.offered.held.len() == story.offers.len()
            && story.candidates.iter().all(|entry| self.snapshot.campaign(entry.campaign).is_some())
            && story.offers.iter().all(|offer| offer.key.candidate.at() < story.candidates.len())
    }
}

impl Auction {
    /// Takes up the offers of a ping in an emptied slot.
    pub(crate) fn restore(&mut self, key: SlotKey, restored: Restored<'_>, now: Now, outbox: &mut Outbox) {
        let Restored { offered, submission, snapshot, rotation, rotation_ids } = restored;
        let story = &offered.story;
        self.clear();
        self.key = key;
        self.id = story.id;
        self.kind = Kind::TwoStep;
        let spare = core::mem::replace(&mut self.submission, submission);
        outbox.keep_spare(spare);
        self.admitted = Now { mono: now.mono, utc: story.admitted };
        self.before = between(story.admitted, now.utc);
        self.expires = now.mono.saturating_add(between(now.utc, story.expires_at));
        self.step_began = now.mono;
        self.bids_close = now.mono;
        self.answer_by = now.mono;
        self.bids_closed_us = story.bids_closed_us;
        self.answered_us = story.answered_us;
        self.answered = true;
        self.offers_recorded = true;
        self.phase = Phase::Offering;
        if let Some(vertical) = snapshot.vertical(story.vertical) {
            self.rules = Some(rules(vertical, &self.submission, story.id, rotation));
        }
        for (entry, rotation_id) in story.candidates.iter().zip(rotation_ids) {
            self.restore_candidate(entry, *rotation_id, &snapshot, now.mono);
        }
        self.snapshot = Some(snapshot);
        for (offer, held) in story.offers.iter().zip(&offered.held) {
            self.restore_offer(offer.key.candidate, offer.key.entry, offer.payout, held);
        }
        self.offers.extend_from_slice(&story.offers);
    }

    fn restore_candidate(
        &mut self,
        entry: &StoryCandidate,
        rotation_id: u64,
        snapshot: &Snapshot,
        now: Nanos,
    ) {
        let Some(campaign) = snapshot.campaign(entry.campaign) else { return };
        let agreement = snapshot.seller(self.submission.seller);
        let agreement = agreement.and_then(|seller| seller.agreement(self.submission.vertical));
        let Some(agreement) = agreement else { return };
        let terms = agreement.terms_for(campaign.buyer, &snapshot.sources.origin(&self.submission));
        let mut contender = contender(entry.campaign, campaign, terms, rotation_id);
        let mut candidate = candidate(entry.campaign, campaign, now);
        contender.entries = entry.entries;
        let out = entry.out.or(entry.no_room.map(|no_room| no_room.reason));
        contender.standing = out.map_or(Standing::Running, Standing::Out);
        candidate.asked = entry.asked;
        candidate.out = entry.out;
        candidate.no_room = entry.no_room;
        candidate.asks = entry.no_room.map_or(0, |no_room| no_room.time);
        candidate.replied_us = entry.replied_us;
        self.candidates.push(candidate);
        self.contenders.push(contender);
    }

    fn restore_offer(&mut self, index: CandidateIndex, entry: u8, payout: Amount, held: &HeldOffer) {
        let (Some(candidate), Some(contender)) =
            (self.candidates.get_mut(index.at()), self.contenders.get_mut(index.at()))
        else {
            return;
        };
        if !core::mem::replace(&mut candidate.held, true) {
            candidate.asks = candidate.asks.saturating_add(1);
            candidate.taken = Taken { at: held.at, money: held.reserved };
        }
        let position = usize::from(entry);
        if let Some(place) = contender.offers.get_mut(position) {
            *place = Some(Offer { price: held.price, payout, named: false });
        }
        // The record keeps the names of the bids apart from the bids.
        let mut entries = BidEntries::new();
        for (at, bid) in contender.entries.as_slice().iter().enumerate() {
            let bid_id = if at == position { held.bid_id } else { bid.bid_id };
            entries.push(BidEntry { bid_id, ..*bid });
        }
        contender.entries = entries;
        self.round.push(Pick {
            contender: index.0,
            entry,
            round: 0,
            bid: held.reserved,
            price: held.price,
            payout,
            margin: held.price.checked_sub(payout).unwrap_or(Amount::ZERO),
            exclusive: false,
        });
        self.cursor = self.round.len();
    }
}

/// Returns the time from one moment to another, at least zero.
fn between(from: UtcMicros, to: UtcMicros) -> Nanos {
    let micros = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    Nanos(micros.saturating_mul(1_000))
}
