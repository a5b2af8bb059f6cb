//! How requests of sellers reach the node, as the shell would hand them in.

use std::sync::Arc;

use exchange_node::{Arrival, Current, PostArrival, Requester};
use exchange_protocol::{OfferKey, SaleKind, SellerPost, Waiter};
use exchange_types::{
    Amount, FieldIndex, Nanos, OfferId, Person, SellerIndex, ShardIndex, Submission, Uuid7, Value,
    VerticalIndex,
};

use crate::fault::Fault;
use crate::resolver::{STORE_WAIT, phone_of};
use crate::run::Sim;
use crate::seller::{Request, Terms, What};

/// What a request may take that goes over the mesh: two wakes of at most 50 microseconds each.
const MESH_SLACK: Nanos = Nanos::from_millis(1);

impl Sim {
    /// Hands a request in at its shard.
    pub(crate) fn hand_in(&mut self, number: usize) {
        let Some(mut request) = self.world.requests.get(number).cloned() else { return };
        // A start may have made them fewer.
        request.place = ShardIndex(request.place.0 % self.world.shards.max(1));
        let request = request;
        let now = self.world.clock.now();
        self.world.trace.write(format_args!(
            "at {} request {number} {:?} {} person {} {:?} {}",
            now.mono.0,
            request.place,
            request.seller,
            request.person,
            request.what,
            request.key.is_some()
        ));
        self.world.request = number;
        let token = u64::try_from(number).unwrap_or(u64::MAX);
        let waiter = Waiter { place: request.place, token };
        match &request.what {
            What::Lead(terms) => self.lead(number, &request, *terms, SaleKind::OneCall),
            What::Ping(terms) => self.lead(number, &request, *terms, SaleKind::TwoStep),
            What::Post { ping, offers, fallback } => {
                let key = self.shared.derived_key("offers");
                let id = |offer: &OfferKey| OfferId(ping.derive(&key, offer.number()));
                let offer_ids = offers.iter().map(id).collect();
                self.post(number, &request, (*ping, offer_ids, *fallback), waiter);
            }
            What::Read { id, by_operator } => {
                self.wait(number, if *by_operator { Nanos::ZERO } else { STORE_WAIT });
                let requester = if *by_operator {
                    Requester::Operator
                } else {
                    Requester::Seller(request.seller.as_str().into())
                };
                self.at(request.place, |shard, world| shard.read(world, now, *id, requester, waiter));
            }
            What::GiveBack { id } => {
                self.wait(number, Nanos::ZERO);
                let requester = Requester::Seller(request.seller.as_str().into());
                self.at(request.place, |shard, world| shard.give_back(world, now, *id, requester, waiter));
            }
        }
    }

    /// Notes when a request is due that may take this long at its shard.
    fn wait(&mut self, number: usize, length: Nanos) {
        let slack = if self.shards.len() == 1 { Nanos::ZERO } else { MESH_SLACK };
        let due = self.world.clock.now().mono.saturating_add(length).saturating_add(slack);
        if let Some(request) = self.world.requests.get_mut(number) {
            request.due = Some(due);
            request.life = self.world.life;
            self.world.waiting.insert((due, number));
        }
    }

    fn lead(&mut self, number: usize, request: &Request, terms: Terms, kind: SaleKind) {
        let now = self.world.clock.now();
        let current = self.parsed_with(request);
        let snapshot = Arc::clone(&current.snapshot);
        let vertical = snapshot.vertical_named("solar").unwrap_or(VerticalIndex(0));
        let seller = snapshot.seller_named(&request.seller).unwrap_or(SellerIndex(0));
        let wait = terms.wait_ms.map(Nanos::from_millis);
        let limit = snapshot.vertical(vertical).map_or(Nanos::ZERO, |vertical| match kind {
            SaleKind::OneCall => vertical.answer_by,
            SaleKind::TwoStep => vertical.bid_window,
        });
        self.wait(number, wait.map_or(limit, |wait| wait.min(limit)));
        let person = self.person(request);
        let token = u64::try_from(number).unwrap_or(u64::MAX);
        self.at(request.place, |shard, world| {
            let mut submission = shard.take_submission();
            let called = (kind == SaleKind::OneCall).then_some(request.person);
            fill(&mut submission, (vertical, seller), terms, called);
            submission.wait = wait;
            let claim = request.key;
            shard.lead(
                world,
                now,
                Arrival { kind, submission, current, claim, person, faults: Vec::new(), quota: None, token },
            );
        });
    }

    /// Returns the catalog with which a body was parsed: another may have come in force before it is handed in.
    fn parsed_with(&self, request: &Request) -> Arc<Current> {
        let current = self.shared.current();
        let raced = self.world.draws.of("raced", &[u128::from(request.name)]).percent(10);
        let before =
            current.snapshot.version.checked_sub(1).and_then(|version| self.world.currents.get(&version));
        before.filter(|_| raced).map_or(current, Arc::clone)
    }

    fn post(
        &mut self,
        number: usize,
        request: &Request,
        (ping, offer_ids, fallback): (Uuid7, Vec<OfferId>, bool),
        waiter: Waiter,
    ) {
        let now = self.world.clock.now();
        let mut submission = Box::<Submission>::default();
        let mut seller = SellerIndex(u32::MAX);
        // A ping that is not open any more has no schema; its shard says what became of it, or asks the store.
        let mut limit = STORE_WAIT;
        if let Some((snapshot, vertical)) = self.shared.ping_schema(ping) {
            seller = snapshot.seller_named(&request.seller).unwrap_or(seller);
            limit = snapshot.vertical(vertical).map_or(limit, |vertical| vertical.answer_by);
            fill(&mut submission, (vertical, seller), Terms::default(), Some(request.person));
        }
        self.wait(number, limit);
        let person = self.person(request);
        let post = SellerPost { submission, named: Vec::new(), fallback, wait: None };
        let arrival = PostArrival {
            ping,
            seller,
            seller_name: request.seller.as_str().into(),
            post,
            offer_ids,
            keep_on_changed: false,
            claim: request.key,
            by_test_key: false,
            person,
            faults: Vec::new(),
            waiter,
        };
        self.at(request.place, |shard, world| shard.post(world, now, arrival));
    }

    fn person(&self, request: &Request) -> Person {
        let known = request.names_person && self.world.fault != Fault::NoFingerprints;
        let print = |purpose| known.then(|| self.world.draws.bits(purpose, &[u128::from(request.person)]));
        let has_email = request.person.is_multiple_of(3);
        Person::new([print("phone"), print("email").filter(|_| has_email), None, None])
    }
}

/// Fills a submission; a ping has no phone number yet.
fn fill(
    submission: &mut Submission,
    (vertical, seller): (VerticalIndex, SellerIndex),
    terms: Terms,
    person: Option<u64>,
) {
    submission.reset(vertical, seller, 2);
    let zip = submission.push_text("80331");
    submission.set_value(FieldIndex(0), Some(Value::Text(zip)));
    if let Some(person) = person {
        let phone = submission.push_text(&phone_of(person));
        submission.set_value(FieldIndex(1), Some(Value::Text(phone)));
    }
    submission.floor = terms.floor_cents.map(|cents| Amount::from_micros(cents.saturating_mul(10_000)));
    submission.max_buyers = terms.max_buyers;
}
