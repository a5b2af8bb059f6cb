//! Journals for tests: records as a node writes them, numbered from one.

use exchange_protocol::{
    Acknowledgement, AnswerStatus, AnsweredRecord, Asked, BalanceChange, CandidateIndex, CatalogNames,
    ClaimRecord, CompletedRecord, Erasure, LeadRecord, Outcome, Record, Resolution, ResolvedBy, ReturnReason,
    SaleChange, SaleKind, SaleStep, SealClass, Sealed, SlotRef, Story, StoryCandidate, StoryPost,
    Suppression, SuppressionList,
};
use exchange_store::Projected;
use exchange_types::{
    Amount, BidEntries, BidEntry, BuyerIndex, CampaignIndex, Currency, DuplicateScope, PendingReason, Person,
    Reason, SellerIndex, SmallText, UnsoldReason, UtcMicros, Uuid7, VerticalIndex,
};

pub(crate) const PRICE: Amount = Amount::from_micros(30_000_000);
pub(crate) const PAYOUT: Amount = Amount::from_micros(24_000_000);
pub(crate) const MARGIN: i128 = 6_000_000;
/// 2026-11-20T10:00:00Z.
pub(crate) const START: i64 = 1_795_168_800_000_000;
pub(crate) const DAY: i64 = 86_400_000_000;
pub(crate) const WINDOW: i64 = 7 * DAY;
pub(crate) const SECOND: i64 = 1_000_000;

/// Names of the catalog, in the order of their indices.
pub(crate) const SELLERS: [&str; 2] = ["acme", "globe"];
pub(crate) const BUYERS: [&str; 3] = ["north", "south", "west"];

/// A journal in the making.
pub(crate) struct Journal {
    pub(crate) records: Vec<Projected>,
    pub(crate) now: i64,
    /// Of whom every lead is; nobody comes twice where there is none.
    pub(crate) person: Option<u128>,
}

pub(crate) fn id(number: u128) -> Uuid7 {
    let at = START.saturating_add(i64::try_from(number).expect("small").saturating_mul(1_000));
    Uuid7::new(UtcMicros(at), number)
}

pub(crate) fn slot(class: SealClass, lead: u128) -> SlotRef {
    SlotRef { class, file: 1, index: u32::try_from(lead).expect("small") }
}

pub(crate) fn print(lead: u128) -> u128 {
    lead.wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835)
}

impl Journal {
    pub(crate) fn new() -> Self {
        let mut journal = Self { records: Vec::new(), now: START, person: None };
        journal.add(Record::Catalog(names()));
        journal
    }

    pub(crate) fn add(&mut self, record: Record) {
        self.add_sealed(record, None);
    }

    fn add_sealed(&mut self, record: Record, sealed: Option<Vec<u8>>) {
        let sequence = u64::try_from(self.records.len()).expect("few").saturating_add(1);
        self.now = self.now.saturating_add(1_000);
        self.records.push(Projected { sequence, record, sealed });
    }

    pub(crate) fn lead(&mut self, lead: u128) {
        let person = print(self.person.unwrap_or(lead));
        let record = LeadRecord {
            id: id(lead),
            kind: SaleKind::OneCall,
            seller: SellerIndex(u32::try_from(lead % 2).expect("small")),
            vertical: VerticalIndex(0),
            test: false,
            catalog_version: 1,
            admitted: UtcMicros(self.now),
            claim: Some(ClaimRecord { key: print(lead) ^ 1, digest: lead }),
            prints: [Some(person), Some(person ^ 2), None, None],
            person: Person::default(),
            seller_ref: None,
            taken_until: UtcMicros(self.now.saturating_add(30 * DAY)),
            again_from: UtcMicros(self.now.saturating_add(900 * SECOND)),
            sealed: Sealed { slot: slot(SealClass::Lead, lead), length: 5, digest: [1; 32] },
            consent: Some(Sealed { slot: slot(SealClass::Consent, lead), length: 7, digest: [2; 32] }),
        };
        self.add_sealed(Record::Lead(record), Some(b"lead.consent".to_vec()));
    }

    pub(crate) fn suppress(&mut self, buyer: &str, list: SuppressionList, on: bool, digests: &[u128]) {
        self.add(Record::Suppressed(Suppression {
            list,
            buyer: buyer.into(),
            on,
            digests: digests.to_vec(),
            by: format!("operator:{}", self.records.len()).into(),
            at: UtcMicros(self.now),
        }));
    }

    /// What the seller's post brings of a lead that was a ping.
    pub(crate) fn completed(&mut self, lead: u128) {
        let record = CompletedRecord {
            id: id(lead),
            at: UtcMicros(self.now),
            claim: Some(ClaimRecord { key: print(lead) ^ 4, digest: lead }),
            prints: [Some(print(lead) ^ 8), None, None, None],
            person: Person::default(),
            sealed: Sealed { slot: slot(SealClass::Lead, lead), length: 5, digest: [3; 32] },
            consent: Some(Sealed { slot: slot(SealClass::Consent, lead), length: 7, digest: [4; 32] }),
        };
        self.add_sealed(Record::Completed(record), Some(b"post.consent".to_vec()));
    }

    /// Another post of a ping, whose person was known.
    pub(crate) fn answered(&mut self, lead: u128) {
        let claim = ClaimRecord { key: print(lead) ^ 16, digest: lead ^ 16 };
        let status = AnswerStatus::Duplicate(DuplicateScope::Exchange, None);
        let told = Story { status, ..self.story(lead) };
        self.add(Record::Answered(AnsweredRecord { claim, at: UtcMicros(self.now), told }));
    }

    pub(crate) fn intent(&mut self, lead: u128, candidate: u16) {
        self.intent_to(lead, candidate, u32::from(candidate));
    }

    pub(crate) fn intent_to(&mut self, lead: u128, candidate: u16, buyer: u32) {
        self.add(Record::Intent {
            auction: id(lead),
            seller: SellerIndex(u32::try_from(lead % 2).expect("small")),
            vertical: VerticalIndex(0),
            catalog_version: 1,
            campaign: CampaignIndex(buyer),
            buyer: BuyerIndex(buyer),
            candidate: CandidateIndex(candidate),
            entry: 0,
            bid_id: SmallText::EMPTY,
            price: PRICE,
            payout: PAYOUT,
            reserved: PRICE,
            exclusive: true,
            at: UtcMicros(self.now),
            give_up_at: UtcMicros(self.now.saturating_add(5 * SECOND)),
        });
    }

    pub(crate) fn outcome(&mut self, lead: u128, candidate: u16, outcome: Outcome) {
        self.outcome_with(lead, candidate, outcome, [9; 16]);
    }

    pub(crate) fn outcome_with(&mut self, lead: u128, candidate: u16, outcome: Outcome, digest: [u8; 16]) {
        let accepted = outcome == Outcome::Accepted;
        self.add(Record::Outcome {
            auction: id(lead),
            candidate: CandidateIndex(candidate),
            outcome,
            price: if accepted { PRICE } else { Amount::ZERO },
            payout: if accepted { PAYOUT } else { Amount::ZERO },
            digest,
            at: UtcMicros(self.now),
            settles_at: UtcMicros(self.now.saturating_add(if accepted { WINDOW } else { 0 })),
            redirect_url: Box::default(),
        });
    }

    /// A lead that its one buyer takes, rejects, or never answers for.
    pub(crate) fn auction(&mut self, lead: u128, outcome: Outcome) {
        self.lead(lead);
        self.intent(lead, 0);
        self.outcome(lead, 0, outcome);
        self.closed(lead, outcome);
    }

    pub(crate) fn unsold(&mut self, lead: u128) {
        self.lead(lead);
        let status = AnswerStatus::Unsold(UnsoldReason::NoBid);
        self.add(Record::Closed(Story { status, ..self.story(lead) }));
    }

    pub(crate) fn closed(&mut self, lead: u128, outcome: Outcome) {
        let (status, payout) = match outcome {
            Outcome::Accepted => (AnswerStatus::Sold, PAYOUT),
            Outcome::Failed(_) => (AnswerStatus::Unsold(UnsoldReason::PostsRejected), Amount::ZERO),
            Outcome::Unknown => (AnswerStatus::Pending(PendingReason::PostUnknown), Amount::ZERO),
        };
        let post = StoryPost {
            candidate: CandidateIndex(0),
            buyer: BuyerIndex(0),
            entry: 0,
            price: PRICE,
            payout: PAYOUT,
            exclusive: true,
            outcome: Some(outcome),
            intent_us: 80_000,
            sent_us: 81_000,
            replied_us: 90_000,
            digest: [9; 16],
            ..StoryPost::default()
        };
        let mut entries = BidEntries::new();
        assert!(entries.push(BidEntry { amount: PRICE, ..BidEntry::default() }), "one entry finds room");
        let bidder = StoryCandidate { asked: Asked::Pinged, entries, ..StoryCandidate::default() };
        let (posts, candidates) = (vec![post], vec![bidder]);
        self.add(Record::Closed(Story { status, payout, posts, candidates, ..self.story(lead) }));
    }

    fn story(&self, lead: u128) -> Story {
        Story {
            id: id(lead),
            seller: SellerIndex(u32::try_from(lead % 2).expect("small")),
            catalog_version: 1,
            admitted: UtcMicros(self.now.saturating_sub(100_000)),
            bids_closed_us: 80_000,
            answered_us: 100_000,
            ended_us: 100_000,
            ..Story::default()
        }
    }

    pub(crate) fn resolved(&mut self, lead: u128, outcome: Outcome, digest: [u8; 16]) {
        let accepted = outcome == Outcome::Accepted;
        self.add(Record::Resolved(Resolution {
            auction: id(lead),
            candidate: CandidateIndex(0),
            outcome,
            price: if accepted { PRICE } else { Amount::ZERO },
            payout: if accepted { PAYOUT } else { Amount::ZERO },
            by: ResolvedBy::Person,
            digest,
            at: UtcMicros(self.now),
            settles_at: UtcMicros(self.now.saturating_add(WINDOW)),
            note: "called them".into(),
        }));
    }

    pub(crate) fn step(&mut self, lead: u128, step: SaleStep) {
        self.add(Record::SaleChanged(SaleChange {
            auction: id(lead),
            candidate: CandidateIndex(0),
            step,
            at: UtcMicros(self.now),
            by: "operator:ada".into(),
            digest: [3; 16],
        }));
    }

    pub(crate) fn deposit(&mut self, change: u128, buyer: &str, micros: i64) {
        self.add(Record::Balance(BalanceChange {
            id: change,
            buyer: buyer.into(),
            currency: euro(),
            amount: Amount::from_micros(micros),
            reference: "invoice 7".into(),
            by: "operator:ada".into(),
            at: UtcMicros(self.now),
        }));
    }

    /// A journal with everything in it, over three days.
    pub(crate) fn of_everything() -> Self {
        let mut journal = Self::new();
        journal.deposit(1, "south", 100_000_000);
        journal.auction(1, Outcome::Accepted);
        journal.unsold(2);
        journal.auction(3, Outcome::Failed(Reason::PostRejected));
        journal.auction(4, Outcome::Unknown);
        journal.auction(5, Outcome::Unknown);
        journal.resolved(4, Outcome::Accepted, [0; 16]);
        journal.now = journal.now.saturating_add(DAY);
        journal.resolved(5, Outcome::Failed(Reason::PostRejected), [4; 16]);
        journal.lead(6);
        journal.intent_to(6, 0, 1);
        journal.outcome(6, 0, Outcome::Accepted);
        journal.closed(6, Outcome::Accepted);
        journal.step(1, RETURNED);
        journal.step(4, SaleStep::Adjusted { price: Amount::from_micros(20_000_000), payout: PAYOUT });
        journal.now = journal.now.saturating_add(DAY);
        journal.step(4, SaleStep::Settled);
        journal.step(1, RETURNED);
        journal.step(4, SaleStep::Reversed);
        journal.auction(7, Outcome::Accepted);
        for lead in [3, 7] {
            journal.completed(lead);
            journal.answered(lead);
        }
        journal.add(Record::Erased(Erasure {
            request: id(900),
            lead: id(3),
            slots: vec![slot(SealClass::Lead, 3), slot(SealClass::Consent, 3)],
            by: "operator:ada".into(),
            at: UtcMicros(journal.now),
        }));
        for (buyer, list) in [("", SuppressionList::Erased), ("north", SuppressionList::Own)] {
            journal.suppress(buyer, list, true, &[print(3), print(4)]);
            journal.suppress(buyer, list, false, &[print(4)]);
        }
        journal.add(Record::Acknowledged(Acknowledgement {
            lead: id(3),
            buyer: "north".into(),
            at: UtcMicros(journal.now),
        }));
        journal
    }
}

pub(crate) const RETURNED: SaleStep =
    SaleStep::Returned { reason: ReturnReason::BadContact, restores: false };

pub(crate) fn euro() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn names() -> CatalogNames {
    CatalogNames {
        version: 1,
        at: UtcMicros(START),
        verticals: vec![("solar".into(), euro())],
        sellers: SELLERS.map(Box::from).to_vec(),
        buyers: BUYERS.map(Box::from).to_vec(),
        campaigns: (0_u32..)
            .zip(BUYERS)
            .map(|(at, name)| (name.into(), BuyerIndex(at), VerticalIndex(0)))
            .collect(),
    }
}
