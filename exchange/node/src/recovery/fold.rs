//! One record more.

use exchange_counters::Posted;
use exchange_protocol::{
    AnswerStatus, CandidateIndex, ClaimRecord, LeadRecord, Outcome, Record, Resolution, SaleChange, Story,
    encode_closed,
};
use exchange_types::{Amount, Nanos, Reason, UnsoldReason, UtcMicros, Uuid7};

use super::closed_sales::{ClosedSale, KnownPerson};
use super::money::Sold;
use super::open_sale::{OpenPost, OpenSale};
use super::tallies::Owner;
use super::{HadByBuyer, KeptClaim, Recovery};
use crate::had::has_person;

/// After how long a lead of which nothing more was written is dropped: far longer than an auction may take.
const LEAD_LAPSES: Nanos = Nanos::from_secs(3_600);

impl Recovery {
    pub(super) fn fold(&mut self, record: &Record, sealed: &[u8]) {
        match record {
            Record::Lead(lead) => self.take_lead(lead, sealed),
            Record::Completed(post) => {
                self.pass(post.at);
                if !self.open.contains_key(&post.id) {
                    // The post of a test, or of a lead that has lapsed: the store knows what it was told.
                    self.seen_claims_of(post.claim);
                }
                if let Some(sale) = self.open.get_mut(&post.id)
                    && let Some(given_up) = sale.complete(post.clone(), sealed.into())
                {
                    self.seen_claims.insert(given_up.key, self.latest);
                }
            }
            Record::Answered(post) => {
                self.pass(post.at);
                if !self.open.contains_key(&post.told.id) {
                    // The same holds for what changed nothing.
                    self.seen_claims_of(Some(post.claim));
                }
                if let Some(sale) = self.open.get_mut(&post.told.id)
                    && let Some(given_up) = sale.answer(post)
                {
                    self.seen_claims.insert(given_up.key, self.latest);
                }
            }
            Record::Offered(offered) => {
                if let Some(sale) = self.open.get_mut(&offered.story.id) {
                    sale.offered = Some(Box::new(offered.clone()));
                }
            }
            Record::Intent { auction, catalog_version, campaign, buyer, at, .. } => {
                let owner = self.names.campaign(*catalog_version, *campaign, *buyer);
                self.take_intent(record, *auction, owner, *at);
            }
            Record::Outcome { auction, candidate, outcome, price, at, .. } => {
                self.take_outcome(record, (*auction, *candidate), (*outcome, *price), *at);
            }
            Record::Closed(story) => self.close(story),
            Record::Resolved(resolution) => self.resolve(resolution),
            Record::SaleChanged(change) => self.change_sale(change),
            Record::Balance(change) => {
                self.pass(change.at);
                let buyer = self.names.intern(&change.buyer);
                self.money.deposit(change.id, buyer, change.amount.micros());
            }
            Record::Catalog(names) => self.names.take(names),
            Record::Stopped(stop) => {
                self.pass(stop.at);
                self.stops.take(stop);
            }
            Record::Suppressed(change) => {
                self.pass(change.at);
                self.suppressed.take(change, &mut self.names);
            }
            Record::Erased(erasure) => {
                // What comes again under its keys is the store's to refuse.
                for KeptClaim { claim, .. } in self.closed.take_claims(erasure.lead) {
                    self.seen_claims.insert(claim.key, self.latest);
                }
            }
            // A dispute changes nothing before a person decides.
            Record::Disputed(_) | Record::Acknowledged(_) => {}
        }
    }

    fn pass(&mut self, at: UtcMicros) {
        self.latest = self.latest.max(at);
    }

    /// Notes a key of which the store has to be asked.
    fn seen_claims_of(&mut self, claim: Option<ClaimRecord>) {
        if let Some(claim) = claim {
            self.seen_claims.insert(claim.key, self.latest);
        }
    }

    fn take_lead(&mut self, lead: &LeadRecord, sealed: &[u8]) {
        self.pass(lead.admitted);
        if lead.test {
            // Nothing of it counts, and one that is under way is not taken up again.
            return self.seen_claims_of(lead.claim);
        }
        self.lapses.push_back((lead.admitted.saturating_add(LEAD_LAPSES), lead.id));
        self.open.insert(lead.id, OpenSale::new(lead.clone(), sealed.into()));
        while self.lapses.len() > self.limits.leads_min {
            let Some((_, id)) = self.lapses.pop_front_if(|(at, _)| *at < self.latest) else { return };
            let Some(sale) = self.open.get(&id) else { continue };
            let offers_end = sale.open_offers().map(|offered| offered.story.expires_at);
            match offers_end.map(|end| end.saturating_add(LEAD_LAPSES)) {
                Some(end) if end >= self.latest => self.lapses.push_back((end, id)),
                _ if sale.posts.is_empty() => {
                    self.open.remove(&id);
                }
                // A restart closes it.
                _ => {}
            }
        }
    }

    fn take_intent(&mut self, record: &Record, auction: Uuid7, owner: Owner, at: UtcMicros) {
        self.pass(at);
        let Some(sale) = self.open.get_mut(&auction) else { return };
        sale.posts.push(OpenPost { intent: record.clone(), outcome: None, resolution: None, owner });
        // From here on a buyer may have the person, whatever an earlier sale of the same person came to.
        self.note_person(auction, Fate::Taken);
    }

    fn take_outcome(
        &mut self,
        record: &Record,
        (auction, candidate): (Uuid7, CandidateIndex),
        (outcome, price): (Outcome, Amount),
        at: UtcMicros,
    ) {
        self.pass(at);
        let post = self.open.get_mut(&auction).and_then(|sale| sale.post_mut(candidate));
        // A post has one definite outcome, whatever else is written of it.
        let Some(post) = post.filter(|post| post.is_unknown()) else { return };
        post.outcome = Some(record.clone());
        let Some(intended) = post.intended() else { return };
        let (owner, at) = (post.owner, intended.at);
        self.note_buyer((auction, candidate), owner, outcome);
        self.count((auction, candidate), owner, at, (outcome, price));
    }

    /// Notes for every fingerprint of a sale's person what one of its posts says of the buyer. A post of which nobody
    /// knows speaks for itself, as long as it is open.
    fn note_buyer(&mut self, (id, candidate): (Uuid7, CandidateIndex), owner: Owner, outcome: Outcome) {
        let has_it = outcome != Outcome::Unknown && has_person(outcome);
        let Some(sale) = self.open.get(&id).filter(|_| has_it) else { return };
        let had = HadByBuyer { buyer: owner.1, sale: id, candidate, since: sale.lead.admitted };
        for print in sale.prints().into_iter().flatten().flatten() {
            self.had.note(print, had);
        }
    }

    /// Counts a post whose outcome is definite.
    fn count(
        &mut self,
        key: (Uuid7, CandidateIndex),
        owner: Owner,
        at: UtcMicros,
        (outcome, price): (Outcome, Amount),
    ) {
        let posted = match outcome {
            // Nobody knows, or nothing of it left and what counts posts was given back too.
            Outcome::Unknown | Outcome::Failed(Reason::PostFailed | Reason::Deadline) => return,
            Outcome::Failed(_) => Posted { sent: 1, sold: 0, money: Amount::ZERO },
            Outcome::Accepted => Posted { sent: 1, sold: 1, money: price },
        };
        self.tallies.add(owner, at, posted, self.latest);
        if outcome == Outcome::Accepted {
            let sold = Sold { owner, at, counted: price.micros(), price: price.micros() };
            self.money.sell(key, sold, self.limits.sales_max);
        }
    }

    fn close(&mut self, story: &Story) {
        self.pass(story.admitted);
        let mut claims = Vec::new();
        let mut done = false;
        if let Some(sale) = self.open.get_mut(&story.id) {
            sale.closed = true;
            claims = core::mem::take(&mut sale.claims);
            done = !sale.posts.iter().any(OpenPost::is_unknown);
            let fate = match story.status {
                AnswerStatus::Sold | AnswerStatus::Pending(_) => Some(Fate::Taken),
                // Who is not to be sold was never on the way.
                AnswerStatus::Unsold(UnsoldReason::Suppressed) => None,
                AnswerStatus::Unsold(_) if sale.was_posted_or_called() => Some(Fate::Unsold),
                AnswerStatus::Unsold(_)
                | AnswerStatus::NoOffer(_)
                | AnswerStatus::Running
                | AnswerStatus::Duplicate(..)
                | AnswerStatus::Offers
                | AnswerStatus::Invalid => None,
            };
            if let Some(fate) = fate {
                self.note_person(story.id, fate);
            }
        }
        if done {
            self.open.remove(&story.id);
        }
        if self.closed.has(story.id) {
            return;
        }
        let mut record = Vec::new();
        encode_closed(story, &mut record);
        let sale = ClosedSale { id: story.id, record: record.into(), claims };
        if let Some(oldest) = self.closed.push(sale, self.limits.history_max) {
            for KeptClaim { claim, .. } in oldest.claims {
                self.seen_claims.insert(claim.key, self.latest);
            }
        }
    }

    fn resolve(&mut self, resolution: &Resolution) {
        self.pass(resolution.at);
        let key = (resolution.auction, resolution.candidate);
        let Some(sale) = self.open.get_mut(&resolution.auction) else { return };
        let Some(post) = sale.post_mut(resolution.candidate).filter(|post| post.is_unknown()) else { return };
        post.resolution = Some(resolution.clone());
        let Some(at) = post.intended().map(|intended| intended.at) else { return };
        let owner = post.owner;
        let closed = sale.closed;
        let fate = if sale.posts.iter().any(|post| !matches!(post.came_to(), Outcome::Failed(_))) {
            Fate::Taken
        } else {
            Fate::Unsold
        };
        let done = closed && !sale.posts.iter().any(OpenPost::is_unknown);
        self.note_buyer(key, owner, resolution.outcome);
        self.note_person(resolution.auction, fate);
        // Whatever came of it, an unknown post was sent.
        let outcome = match resolution.outcome {
            Outcome::Failed(_) => Outcome::Failed(Reason::PostRejected),
            Outcome::Accepted | Outcome::Unknown => resolution.outcome,
        };
        self.count(key, owner, at, (outcome, resolution.price));
        self.closed.resolve(resolution);
        if done {
            self.open.remove(&resolution.auction);
        }
    }

    /// Notes whom the sales are about that were posted and are not over: checkpoints of a layout before did not.
    pub(super) fn note_persons_posted(&mut self) {
        let posted: Vec<Uuid7> =
            self.open.values().filter(|sale| sale.is_interrupted()).map(|sale| sale.lead.id).collect();
        for id in posted {
            self.note_person(id, Fate::Taken);
        }
    }

    /// Notes for every fingerprint of a sale's person what became of it.
    fn note_person(&mut self, id: Uuid7, fate: Fate) {
        let Some(sale) = self.open.get(&id) else { return };
        let (taken, until) = match fate {
            Fate::Taken => (true, sale.lead.taken_until),
            Fate::Unsold => (false, sale.lead.again_from),
        };
        let seller = self.names.seller(sale.lead.catalog_version, sale.lead.seller);
        for print in sale.prints().into_iter().flatten().flatten() {
            let person = KnownPerson { id, seller, taken, until };
            if let Some(left) = self.persons.note(print, person, (self.latest, self.limits.fingerprints_max))
            {
                self.seen_persons.insert(left, self.latest);
                self.had.forget(left);
            }
        }
    }

    fn change_sale(&mut self, change: &SaleChange) {
        self.pass(change.at);
        let Some(sold) = self.money.change(change) else { return };
        let back = Posted { sent: 0, sold: -1, money: Amount::from_micros(sold.counted.saturating_neg()) };
        self.tallies.add(sold.owner, sold.at, back, self.latest);
    }
}

/// What became of a person.
#[derive(Clone, Copy, Debug)]
enum Fate {
    /// It was sold, or may have been.
    Taken,
    /// Nobody took it.
    Unsold,
}
