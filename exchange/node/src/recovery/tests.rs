//! Folding, record by record. What a whole node makes of it is tested in `tests/it`.

use exchange_protocol::{
    AnswerStatus, BalanceChange, CandidateIndex, CatalogNames, CompletedRecord, LeadRecord, ReturnReason,
    SaleChange, SaleKind, SaleStep, SealClass, Sealed, SlotRef, Stop, StopKind, Story, Suppression,
    SuppressionList,
};
use exchange_types::{
    Amount, BuyerIndex, CampaignIndex, Currency, Person, SellerIndex, SmallText, UnsoldReason, UtcMicros,
    Uuid7, VerticalIndex,
};

use super::*;

const BEGIN: i64 = 1_795_255_200_000_000;
const SECOND: i64 = 1_000_000;

/// A recovery that is fed in the order of its calls.
struct Fed(Recovery);

impl Fed {
    fn new() -> Self {
        let limits = RecoveryLimits {
            history_max: 4,
            fingerprints_max: 4,
            sales_max: 2,
            leads_min: 0,
            filter_bytes: 1 << 12,
        };
        let mut fed = Self(Recovery::new(limits));
        fed.take(&Record::Catalog(CatalogNames {
            version: 1,
            at: UtcMicros(BEGIN),
            verticals: vec![("solar".into(), Currency::parse("EUR").expect("a currency"))],
            sellers: vec!["web".into()],
            buyers: vec!["north".into()],
            campaigns: vec![("north-solar".into(), BuyerIndex(0), VerticalIndex(0))],
        }));
        fed
    }

    fn take(&mut self, record: &Record) {
        let next = self.0.applied() + 1;
        self.0.apply(next, record, None);
    }

    fn lead(&mut self, number: u128, at: i64) {
        self.take(&Record::Lead(LeadRecord {
            id: id(number),
            kind: SaleKind::OneCall,
            seller: SellerIndex(0),
            vertical: VerticalIndex(0),
            test: false,
            catalog_version: 1,
            admitted: UtcMicros(at),
            claim: None,
            prints: [Some(number), None, None, None],
            person: Person::default(),
            seller_ref: None,
            taken_until: UtcMicros(at + 1_000 * SECOND),
            again_from: UtcMicros(at + 60 * SECOND),
            sealed: no_bytes(),
            consent: None,
        }));
    }

    /// Takes the record of a seller's post to a ping, with the fingerprint that its full data has.
    fn complete(&mut self, number: u128, print: u128) {
        self.take(&Record::Completed(CompletedRecord {
            id: id(number),
            at: UtcMicros(BEGIN),
            claim: None,
            prints: [Some(print), None, None, None],
            person: Person::default(),
            sealed: no_bytes(),
            consent: None,
        }));
    }

    /// Takes the record of a post to the only buyer.
    fn intend(&mut self, number: u128, micros: i64) {
        self.take(&Record::Intent {
            auction: id(number),
            seller: SellerIndex(0),
            vertical: VerticalIndex(0),
            catalog_version: 1,
            campaign: CampaignIndex(0),
            buyer: BuyerIndex(0),
            candidate: CandidateIndex(0),
            entry: 0,
            price: Amount::from_micros(micros),
            payout: Amount::from_micros(micros),
            reserved: Amount::from_micros(micros),
            exclusive: true,
            bid_id: SmallText::EMPTY,
            at: UtcMicros(BEGIN),
            give_up_at: UtcMicros(BEGIN + SECOND),
        });
    }

    /// Takes the records of a lead that is sold for an amount.
    fn sell(&mut self, number: u128, micros: i64) {
        self.lead(number, BEGIN);
        self.intend(number, micros);
        self.take(&Record::Outcome {
            auction: id(number),
            candidate: CandidateIndex(0),
            outcome: exchange_protocol::Outcome::Accepted,
            price: Amount::from_micros(micros),
            payout: Amount::from_micros(micros),
            digest: [0; 16],
            at: UtcMicros(BEGIN),
            settles_at: UtcMicros(BEGIN),
            redirect_url: Box::default(),
        });
    }

    fn change(&mut self, number: u128, step: SaleStep) {
        self.take(&Record::SaleChanged(SaleChange {
            auction: id(number),
            candidate: CandidateIndex(0),
            step,
            at: UtcMicros(BEGIN + 5 * SECOND),
            by: "buyer:north".into(),
            digest: [0; 16],
        }));
    }

    fn deposit(&mut self, number: u128, micros: i64) {
        self.take(&Record::Balance(BalanceChange {
            id: number,
            buyer: "north".into(),
            currency: Currency::parse("EUR").expect("a currency"),
            amount: Amount::from_micros(micros),
            reference: "invoice".into(),
            by: "operator:ada".into(),
            at: UtcMicros(BEGIN),
        }));
    }

    /// Returns what is counted: posts, sales, money.
    fn counted(&self) -> (i64, i64, i64) {
        self.0.tallies().fold((0, 0, 0), |(sent, sold, money), (_, _, _, posted)| {
            (sent + posted.sent, sold + posted.sold, money + posted.money.micros())
        })
    }

    /// Takes the record of the end of a sale that nobody bought.
    fn close_unsold(&mut self, number: u128) {
        self.take(&Record::Closed(Story {
            id: id(number),
            status: AnswerStatus::Unsold(UnsoldReason::PostsRejected),
            ..Story::default()
        }));
    }

    /// Returns whom the sales were about: fingerprint, sale, whether it took the person.
    fn persons(&self) -> Vec<(u128, Uuid7, bool)> {
        self.0.persons().map(|(print, person)| (print, person.id, person.taken)).collect()
    }

    /// Returns the same, made again from its checkpoint.
    fn again(mut self) -> Self {
        let mut bytes = Vec::new();
        self.0.checkpoint(&mut bytes);
        Self(Recovery::from_checkpoint(self.0.limits, &bytes).expect("a checkpoint"))
    }

    fn balance(&self) -> Vec<(String, i64)> {
        self.0.balances().map(|(buyer, left)| (buyer.to_owned(), left)).collect()
    }
}

fn no_bytes() -> Sealed {
    Sealed { slot: SlotRef { class: SealClass::Lead, file: 1, index: 1 }, length: 0, digest: [0; 32] }
}

fn id(number: u128) -> Uuid7 {
    Uuid7::new(UtcMicros(BEGIN), number)
}

fn returned(restores: bool) -> SaleStep {
    SaleStep::Returned { reason: ReturnReason::BadContact, restores }
}

#[test]
fn a_return_gives_room_back_only_where_it_says_so() {
    let mut fed = Fed::new();
    fed.sell(1, 30);
    fed.sell(2, 40);
    fed.change(1, returned(true));
    fed.change(2, returned(false));
    assert_eq!(fed.counted(), (2, 1, 40), "posts stay counted");
    // Each is given back once.
    fed.change(1, returned(true));
    assert_eq!(fed.counted(), (2, 1, 40));
}

#[test]
fn a_return_of_a_sale_that_is_not_remembered_gives_nothing_back() {
    let mut fed = Fed::new();
    for number in 1..=3 {
        fed.sell(number, 10);
    }
    fed.change(1, returned(true));
    assert_eq!(fed.counted(), (3, 3, 30), "two are remembered, and this was the first of three");
    fed.change(2, returned(true));
    assert_eq!(fed.counted(), (3, 2, 20));
}

#[test]
fn a_balance_is_what_was_paid_in_less_what_was_bought() {
    let mut fed = Fed::new();
    fed.sell(1, 5);
    assert_eq!(fed.balance(), [], "who has paid nothing ahead has no balance");
    fed.deposit(1, 100);
    fed.deposit(1, 100);
    fed.sell(2, 30);
    assert_eq!(fed.balance(), [("north".to_owned(), 70)], "a repeated deposit counts once");
    let price = |micros| Amount::from_micros(micros);
    fed.change(2, SaleStep::Adjusted { price: price(20), payout: price(20) });
    assert_eq!(fed.balance(), [("north".to_owned(), 80)]);
    assert_eq!(fed.counted(), (2, 2, 35), "a correction changes no counter");
    fed.change(2, SaleStep::Settled);
    fed.change(2, returned(true));
    assert_eq!(fed.balance(), [("north".to_owned(), 100)]);
    assert_eq!(fed.counted(), (2, 1, 5), "what was counted is given back");
    fed.deposit(2, -60);
    assert_eq!(fed.balance(), [("north".to_owned(), 40)]);
}

#[test]
fn a_record_that_is_seen_twice_counts_once() {
    let mut fed = Fed::new();
    fed.sell(1, 30);
    let (before, applied) = (fed.counted(), fed.0.applied());
    let outcome = Record::Balance(BalanceChange {
        id: 7,
        buyer: "north".into(),
        currency: Currency::parse("EUR").expect("a currency"),
        amount: Amount::from_micros(1),
        reference: "".into(),
        by: "".into(),
        at: UtcMicros(BEGIN),
    });
    for sequence in 1..=applied {
        fed.0.apply(sequence, &outcome, None);
    }
    assert_eq!((fed.counted(), fed.0.applied()), (before, applied));
    assert_eq!(fed.balance(), []);
}

#[test]
fn leads_of_which_nothing_came_are_dropped_after_an_hour() {
    let mut fed = Fed::new();
    for number in 0..100 {
        fed.lead(number, BEGIN + i64::try_from(number).expect("small") * 60 * SECOND);
    }
    let open = fed.0.open_sales().count();
    assert_eq!(open, 61, "those of the last hour");
    fed.sell(500, 30);
    fed.lead(501, BEGIN + 7 * 86_400 * SECOND);
    let kept: Vec<Uuid7> = fed.0.open_sales().map(|sale| sale.lead.id).collect();
    assert_eq!(kept, [id(500), id(501)], "a sale without an end is kept until a restart ends it");
}

#[test]
fn a_person_is_taken_from_the_intent_on_whatever_came_of_it_before() {
    let print = 77;
    let mut fed = Fed::new();
    // One call brought the person and sold nothing.
    fed.lead(print, BEGIN);
    fed.close_unsold(print);
    assert_eq!(fed.persons(), [(print, id(print), false)]);
    // A ping that names nobody is posted with the same person.
    fed.lead(500, BEGIN);
    fed.complete(500, print);
    assert_eq!(fed.persons(), [(print, id(print), false)], "nothing of it has left");
    fed.intend(500, 30);
    let taken = [(500, id(500), true), (print, id(500), true)];
    assert_eq!(fed.persons(), taken);
    let mut fed = fed.again();
    assert_eq!(fed.persons(), taken, "a checkpoint keeps it");
    fed.close_unsold(500);
    assert_eq!(fed.persons(), [(500, id(500), false), (print, id(500), false)]);
}

#[test]
fn a_checkpoint_of_the_layout_before_names_the_persons_that_were_posted() {
    let mut fed = Fed::new();
    fed.lead(77, BEGIN);
    fed.close_unsold(77);
    fed.lead(500, BEGIN);
    fed.complete(500, 77);
    let before = fed.0.persons.clone();
    fed.intend(500, 30);
    let expected = fed.persons();
    // Version 2 has the same fields, and nothing in them of a person before its sale is over.
    fed.0.persons = before;
    let mut written = Vec::new();
    fed.0.checkpoint(&mut written);
    // Nor of suppressions and of what buyers had, whose counts stand before the checksum.
    let mut written = written[..written.len() - 4 * 2 - 16].to_vec();
    written[8..12].copy_from_slice(&2_u32.to_le_bytes());
    written.extend_from_slice(&checkpoint::sum_of(&written));
    let read = Fed(Recovery::from_checkpoint(fed.0.limits, &written).expect("a checkpoint"));
    assert_eq!(read.persons(), expected);
}

#[test]
fn a_stop_outlives_checkpoints_and_ends_with_its_start() {
    let stop = |number: u128, name: &str, on: bool| {
        Record::Stopped(Stop {
            id: id(number),
            kind: StopKind::Campaign,
            name: name.into(),
            on,
            by: "operator:ada".into(),
            reason: "wrong prices".into(),
            at: UtcMicros(BEGIN),
        })
    };
    let mut fed = Fed::new();
    fed.take(&stop(1, "north-solar", true));
    fed.take(&stop(2, "gone-solar", true));
    let mut fed = fed.again();
    let names = |fed: &Fed| -> Vec<Box<str>> { fed.0.stops().iter().map(|stop| stop.name.clone()).collect() };
    assert_eq!(names(&fed), ["gone-solar".into(), "north-solar".into()]);
    assert_eq!(fed.0.stops().get(StopKind::Campaign, "north-solar").map(|stop| stop.id), Some(id(1)));
    fed.take(&stop(1, "north-solar", false));
    assert_eq!(names(&fed), ["gone-solar".into()]);
}

#[test]
fn a_checkpoint_of_every_earlier_layout_is_read() {
    let mut fed = Fed::new();
    fed.lead(500, BEGIN);
    let mut written = Vec::new();
    fed.0.checkpoint(&mut written);
    // Before the checksum stand three counts: of stops, which version 1 has not, and of suppressions and of what buyers
    // had, which begin with version 4.
    for (version, counts) in [(1_u32, 3), (2, 2), (3, 2)] {
        let mut before = written[..written.len() - 4 * counts - 16].to_vec();
        before[8..12].copy_from_slice(&version.to_le_bytes());
        before.extend_from_slice(&checkpoint::sum_of(&before));
        let mut read = Recovery::from_checkpoint(fed.0.limits, &before).expect("a checkpoint");
        assert_eq!((read.applied(), read.stops().len(), read.suppressed().count()), (2, 0, 0), "{version}");
        let mut again = Vec::new();
        read.checkpoint(&mut again);
        assert_eq!(again, written, "what was read is written in the layout of this release");
    }
}

#[test]
fn suppression_lists_outlive_checkpoints() {
    let change = |list, buyer: &str, on, digests: &[u128]| {
        Record::Suppressed(Suppression {
            list,
            buyer: buyer.into(),
            on,
            digests: digests.to_vec(),
            by: "operator:ada".into(),
            at: UtcMicros(BEGIN),
        })
    };
    let mut fed = Fed::new();
    fed.take(&change(SuppressionList::Revoked, "", true, &[1, 2, 3]));
    fed.take(&change(SuppressionList::Own, "north", true, &[2]));
    fed.take(&change(SuppressionList::Revoked, "", false, &[3, 9]));
    let mut bytes = Vec::new();
    fed.0.checkpoint(&mut bytes);
    let mut fed = Fed(Recovery::from_checkpoint(fed.0.limits, &bytes).expect("a checkpoint"));
    fed.take(&change(SuppressionList::Own, "south", true, &[2]));
    fed.take(&change(SuppressionList::Revoked, "", false, &[1]));
    let found: Vec<_> = fed.0.suppressed().collect();
    let own = SuppressionList::Own;
    assert_eq!(found, [(SuppressionList::Revoked, "", 2), (own, "north", 2), (own, "south", 2)]);
}
