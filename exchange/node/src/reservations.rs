//! What the counters hold for the auctions of a shard.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::Campaign;
use exchange_counters::{Reservation, SellerKey};
use exchange_engine::Auction;
use exchange_protocol::{CandidateIndex, SaleKind, SlotKey, Taken};
use exchange_types::{Now, Reason};

use crate::Shard;
use crate::bars::Bars;

impl Shard {
    /// Takes room for a candidate: all counters or none.
    ///
    /// A hold of a two-step sale that still lies in the present windows is kept at the post; one that crossed
    /// a boundary is reserved again, since a sale belongs to the window in which its intent is written.
    pub(crate) fn reserve(
        &mut self,
        key: SlotKey,
        candidate: CandidateIndex,
        now: Now,
    ) -> Result<Taken, Reason> {
        let current = self.shared.current();
        let auction = self.engine.auction(key).ok_or(Reason::Paused)?;
        let money = auction.reserve_amount(candidate);
        let offers = auction.kind() == SaleKind::TwoStep;
        // The catalog may have changed since the auction began: the counters are found by the campaign's name.
        let name = auction.campaign(candidate).map(|campaign| &*campaign.name).unwrap_or_default();
        let campaign = current.snapshot.campaign_named(name);
        // So is the seller.
        let seller = auction.snapshot().and_then(|own| own.seller(auction.submission().seller));
        let seller = seller.and_then(|own| current.snapshot.seller_named(&own.name));
        let seller = seller.and_then(|index| current.snapshot.seller(index));
        let holds_max = seller.map_or(0, |seller| seller.holds_max);
        let stops = self.shared.stops();
        let barred = auction.campaign(candidate).zip(auction.snapshot()).and_then(|(campaign, snapshot)| {
            let stopped = stops.bar(snapshot, campaign, auction.submission());
            stopped.or_else(|| self.bar_person(key, (snapshot, campaign), now))
        });
        if let Some(reason) = barred {
            // Nothing is intended any more; what an offer of it holds goes back.
            self.release(key, candidate);
            return Err(reason);
        }
        if auction.is_test() {
            // Nothing is set aside for a test: nothing will be taken.
            return Ok(Taken { at: now.utc, money });
        }
        let Some(campaign) = campaign else {
            // It has left the catalog; what an offer of it holds goes back.
            self.release(key, candidate);
            return Err(Reason::Paused);
        };
        let tenant = self.tenants.get_mut(key).ok_or(Reason::Paused)?;
        if let Some(mut held) = tenant.take_reservation(candidate) {
            if current.caps.still_current(campaign, now.utc, &mut held) {
                let taken = taken(&held);
                tenant.set_reservation(candidate, held);
                return Ok(taken);
            }
            self.end_share(key, &held);
            let moved = current.caps.reserve_again(campaign, now.utc, held)?;
            return self.keep(key, candidate, moved, holds_max);
        }
        let reservation = current.caps.reserve(campaign, now.utc, money)?;
        if offers {
            return self.keep(key, candidate, reservation, holds_max);
        }
        let taken = taken(&reservation);
        tenant.set_reservation(candidate, reservation);
        Ok(taken)
    }

    /// Returns why a campaign may not have the person of an auction: what was said of it since its lead came counts.
    fn bar_person(&self, key: SlotKey, campaign: (&Snapshot, &Campaign), now: Now) -> Option<Reason> {
        let tenant = self.tenants.get(key)?;
        if self.shared.suppressions.bar_sale(&tenant.persons) {
            return Some(Reason::Suppressed);
        }
        let bars = Bars::of(&self.shared, &tenant.persons, &tenant.fingerprints);
        bars.bar(&self.shared, campaign, now.utc)
    }

    /// Keeps a hold from before a restart, however much its seller may hold by now: a catalog that lowers a limit
    /// takes nothing back from offers that are out, and neither does a restart after it.
    pub(crate) fn keep_restored(
        &mut self,
        key: SlotKey,
        candidate: CandidateIndex,
        reservation: Reservation,
    ) {
        let Some(tenant) = self.tenants.get_mut(key) else {
            return self.shared.counters.cells().release(reservation);
        };
        tenant.seller.reopen_hold();
        self.shared.holds.hold_regardless(SellerKey(tenant.seller.key), &reservation);
        tenant.set_reservation(candidate, reservation);
    }

    /// Keeps a hold as one of its seller's, unless the seller holds too much already.
    fn keep(
        &mut self,
        key: SlotKey,
        candidate: CandidateIndex,
        reservation: Reservation,
        holds_max: u32,
    ) -> Result<Taken, Reason> {
        let cells = self.shared.counters.cells();
        let Some(tenant) = self.tenants.get_mut(key) else {
            cells.release(reservation);
            return Err(Reason::Throttled);
        };
        if !tenant.seller.open_hold(holds_max) {
            cells.release(reservation);
            return Err(Reason::Throttled);
        }
        if !self.shared.holds.try_hold(SellerKey(tenant.seller.key), &reservation, cells) {
            tenant.seller.end_hold();
            cells.release(reservation);
            return Err(Reason::Throttled);
        }
        let taken = taken(&reservation);
        tenant.set_reservation(candidate, reservation);
        Ok(taken)
    }

    /// Takes a hold out of its seller's share.
    fn end_share(&mut self, key: SlotKey, reservation: &Reservation) {
        if let Some(tenant) = self.tenants.get_mut(key) {
            tenant.seller.end_hold();
            self.shared.holds.end_hold(SellerKey(tenant.seller.key), reservation);
        }
    }

    /// Counts a post: its intent is written.
    pub(crate) fn count_sent(&mut self, key: SlotKey, candidate: CandidateIndex) {
        // What is posted is no open hold of the seller any more.
        let Some(mut reservation) = self.end_hold(key, candidate) else { return };
        self.shared.counters.cells().sent(&mut reservation);
        if let Some(tenant) = self.tenants.get_mut(key) {
            tenant.set_reservation(candidate, reservation);
        }
    }

    /// Gives back what is held; a post that was counted stays counted.
    pub(crate) fn release(&mut self, key: SlotKey, candidate: CandidateIndex) {
        if let Some(reservation) = self.end_hold(key, candidate) {
            self.shared.counters.cells().release(reservation);
        }
    }

    /// Gives everything back: not a byte of the post left.
    pub(crate) fn release_unsent(&mut self, key: SlotKey, candidate: CandidateIndex) {
        if let Some(mut reservation) = self.end_hold(key, candidate) {
            self.shared.counters.cells().unsend(&mut reservation);
            self.shared.counters.cells().release(reservation);
        }
    }

    /// Charges a sale and gives back what the price leaves of the bid.
    pub(crate) fn commit(&mut self, key: SlotKey, candidate: CandidateIndex) {
        let price = self
            .engine
            .auction(key)
            .and_then(|auction: &Auction| auction.post(candidate))
            .map(|post| post.pick.price);
        if let (Some(price), Some(reservation)) = (price, self.end_hold(key, candidate)) {
            self.shared.counters.cells().commit(reservation, price);
            self.tally().sold();
        }
    }

    fn end_hold(&mut self, key: SlotKey, candidate: CandidateIndex) -> Option<Reservation> {
        let two_step = self.engine.auction(key).is_some_and(|auction| auction.kind() == SaleKind::TwoStep);
        let reservation = self.tenants.get_mut(key)?.take_reservation(candidate)?;
        if two_step && !reservation.is_sent() {
            self.end_share(key, &reservation);
        }
        Some(reservation)
    }
}

fn taken(reservation: &Reservation) -> Taken {
    Taken { at: reservation.at(), money: reservation.money() }
}
