//! [`Rows`]: what a batch adds to the tables.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_protocol::{Acknowledgement, CandidateIndex, Erasure, ResolvedBy, SaleState};
use exchange_types::{Amount, Currency, EventKind, SaleId, UtcMicros, Uuid7};

use super::auctions::Post;
use super::insert::{Row, Table, Values};
use super::suppressions::Suppressions;
use crate::posting::PostState;
use crate::values::{number_in, signed};
use crate::view::{LeadState, ViolationKind};

/// What a batch adds to the tables; posts and accounts stand where they are folded.
#[derive(Debug, Default)]
pub(super) struct Rows {
    pub(super) catalogs: BTreeMap<u64, CatalogRow>,
    pub(super) leads: Vec<LeadRow>,
    pub(super) completions: Vec<CompletionRow>,
    pub(super) claims: BTreeMap<u128, ClaimRow>,
    pub(super) persons: BTreeSet<(u128, u128)>,
    pub(super) auctions: BTreeMap<u128, AuctionRow>,
    pub(super) sale_records: Vec<SaleRecordRow>,
    pub(super) violations: Vec<ViolationRow>,
    pub(super) balance_changes: BTreeMap<u128, BalanceRow>,
    pub(super) events: Vec<EventRow>,
    pub(super) closings: Vec<ClosingRow>,
    pub(super) erasures: Vec<ErasureRow>,
    pub(super) acknowledgements: Vec<Acknowledgement>,
    pub(super) suppressions: Suppressions,
    /// Leads whose personal data has to go, once everything else is written.
    pub(super) to_erase: BTreeSet<u128>,
}

#[derive(Debug)]
pub(super) struct CatalogRow {
    pub(super) version: u64,
    pub(super) at: UtcMicros,
    pub(super) names: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct LeadRow {
    pub(super) id: Uuid7,
    pub(super) seller: Box<str>,
    pub(super) vertical: Box<str>,
    pub(super) currency: Currency,
    pub(super) record: Vec<u8>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) consent: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct CompletionRow {
    pub(super) lead: Uuid7,
    pub(super) record: Vec<u8>,
    pub(super) sealed: Option<Vec<u8>>,
    pub(super) consent: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct ClaimRow {
    pub(super) claim: u128,
    pub(super) lead: Uuid7,
    pub(super) digest: u128,
    /// What the post was told, where it changed nothing.
    pub(super) told: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct AuctionRow {
    pub(super) id: Uuid7,
    pub(super) state: LeadState,
    pub(super) payout: Amount,
    pub(super) story: Option<Vec<u8>>,
}

#[derive(Debug)]
pub(super) struct SaleRecordRow {
    pub(super) sequence: u64,
    pub(super) auction: Uuid7,
    pub(super) candidate: CandidateIndex,
    pub(super) record: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct ViolationRow {
    pub(super) sequence: u64,
    pub(super) kind: ViolationKind,
    pub(super) auction: Uuid7,
    pub(super) candidate: CandidateIndex,
    pub(super) at: UtcMicros,
}

#[derive(Debug)]
pub(super) struct BalanceRow {
    pub(super) id: u128,
    pub(super) sequence: u64,
    pub(super) record: Vec<u8>,
}

#[derive(Debug)]
pub(super) struct EventRow {
    pub(super) id: u128,
    pub(super) sequence: u64,
    pub(super) kind: EventKind,
    pub(super) seller: Box<str>,
    pub(super) lead: Uuid7,
    pub(super) sale_id: Option<SaleId>,
    pub(super) payout: Amount,
    pub(super) currency: Currency,
    pub(super) at: UtcMicros,
}

#[derive(Debug)]
pub(super) struct ClosingRow {
    pub(super) sequence: u64,
    pub(super) vertical: Arc<str>,
    pub(super) auction: Uuid7,
    /// The post that was resolved; nothing where the auction itself ended.
    pub(super) candidate: Option<CandidateIndex>,
    pub(super) at: UtcMicros,
}

#[derive(Debug)]
pub(super) struct ErasureRow {
    pub(super) sequence: u64,
    pub(super) erasure: Erasure,
    pub(super) record: Vec<u8>,
}

impl Rows {
    pub(super) fn violation_count(&self) -> u64 {
        u64::try_from(self.violations.len()).unwrap_or(u64::MAX)
    }

    /// Sets how an auction stands; a story that is there stays.
    pub(super) fn auction(&mut self, id: Uuid7, state: LeadState, payout: Amount, story: Option<Vec<u8>>) {
        let row = AuctionRow { id, state, payout, story: None };
        let row = self.auctions.entry(id.as_u128()).or_insert(row);
        row.state = state;
        row.payout = payout;
        if story.is_some() {
            row.story = story;
        }
    }
}

impl Row for CatalogRow {
    const TABLE: Table = Table {
        name: "catalog_versions",
        columns: &["version", "taken_at", "names"],
        conflict: "(version) DO UPDATE SET taken_at = excluded.taken_at, names = excluded.names",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.version));
        to.number(self.at.0);
        to.bytes(&self.names);
    }
}

impl Row for LeadRow {
    const TABLE: Table = Table {
        name: "leads",
        columns: &["id", "seller", "vertical", "currency", "record", "sealed", "consent"],
        conflict: "(id) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.id(self.id);
        to.text(&self.seller);
        to.text(&self.vertical);
        to.text(self.currency.code());
        to.bytes(&self.record);
        to.optional_bytes(self.sealed.as_deref());
        to.optional_bytes(self.consent.as_deref());
    }
}

impl Row for CompletionRow {
    const TABLE: Table = Table {
        name: "completions",
        columns: &["lead", "record", "sealed", "consent"],
        conflict: "(lead) DO UPDATE SET record = excluded.record, sealed = excluded.sealed, \
             consent = excluded.consent",
    };

    fn bind(self, to: &mut Values) {
        to.id(self.lead);
        to.bytes(&self.record);
        to.optional_bytes(self.sealed.as_deref());
        to.optional_bytes(self.consent.as_deref());
    }
}

impl Row for ClaimRow {
    const TABLE: Table = Table {
        name: "claims",
        columns: &["claim", "lead", "digest", "told"],
        conflict: "(claim) DO UPDATE SET lead = excluded.lead, digest = excluded.digest, told = excluded.told",
    };

    fn bind(self, to: &mut Values) {
        to.wide(self.claim);
        to.id(self.lead);
        to.wide(self.digest);
        to.optional_bytes(self.told.as_deref());
    }
}

/// A fingerprint and a lead of the person.
impl Row for (u128, u128) {
    const TABLE: Table =
        Table { name: "persons", columns: &["print", "lead"], conflict: "(print, lead) DO NOTHING" };

    fn bind(self, to: &mut Values) {
        to.wide(self.0);
        to.wide(self.1);
    }
}

impl Row for AuctionRow {
    const TABLE: Table = Table {
        name: "auctions",
        columns: &["id", "state", "payout", "story"],
        conflict: "(id) DO UPDATE SET state = excluded.state, payout = excluded.payout, \
             story = COALESCE(excluded.story, auctions.story)",
    };

    fn bind(self, to: &mut Values) {
        to.id(self.id);
        to.number(number_in(&LeadState::ALL, &self.state));
        to.number(self.payout.micros());
        to.optional_bytes(self.story.as_deref());
    }
}

impl Row for &Post {
    const TABLE: Table = Table {
        name: "posts",
        columns: &[
            "auction",
            "candidate",
            "post_id",
            "sale_id",
            "campaign",
            "buyer",
            "seller",
            "vertical",
            "currency",
            "price",
            "payout",
            "exclusive",
            "intent_sequence",
            "intent_at",
            "give_up_at",
            "state",
            "reason",
            "sale",
            "price_now",
            "payout_now",
            "prepaid",
            "outcome_at",
            "settles_at",
            "settled",
            "digest",
            "resolved_by",
            "note",
            "disputed",
        ],
        conflict: "(auction, candidate) DO UPDATE SET price = excluded.price, payout = excluded.payout, \
             state = excluded.state, reason = excluded.reason, sale = excluded.sale, \
             price_now = excluded.price_now, payout_now = excluded.payout_now, prepaid = excluded.prepaid, \
             outcome_at = excluded.outcome_at, settles_at = excluded.settles_at, settled = excluded.settled, \
             digest = excluded.digest, resolved_by = excluded.resolved_by, note = excluded.note, \
             disputed = excluded.disputed",
    };

    fn bind(self, to: &mut Values) {
        let (state, reason) = PostState::numbers(self.state);
        to.id(self.auction);
        to.number(i64::from(self.candidate.0));
        to.id(self.post_id.0);
        to.id(self.sale_id.0);
        for name in [&self.campaign, &self.buyer, &self.seller, &self.vertical] {
            to.text(name);
        }
        to.text(self.currency.code());
        to.number(self.price.micros());
        to.number(self.payout.micros());
        to.number(i64::from(self.exclusive));
        to.number(signed(self.intent_sequence));
        to.number(self.intent_at.0);
        to.number(self.give_up_at.0);
        to.number(state);
        to.number(reason);
        to.optional_number(self.sale.map(|sale| number_in(&SaleState::ALL, &sale)));
        to.number(self.price_now.micros());
        to.number(self.payout_now.micros());
        to.number(i64::from(self.prepaid));
        to.optional_number(self.outcome_at.map(|at| at.0));
        to.optional_number(self.settles_at.map(|at| at.0));
        to.number(i64::from(self.settled));
        to.bytes(&self.digest);
        to.optional_number(self.resolved_by.map(|way| number_in(&ResolvedBy::ALL, &way)));
        to.text(&self.note);
        to.number(i64::from(self.disputed));
    }
}

impl Row for SaleRecordRow {
    const TABLE: Table = Table {
        name: "sale_records",
        columns: &["sequence", "auction", "candidate", "record"],
        conflict: "(sequence) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.sequence));
        to.id(self.auction);
        to.number(i64::from(self.candidate.0));
        to.bytes(&self.record);
    }
}

impl Row for ViolationRow {
    const TABLE: Table = Table {
        name: "violations",
        columns: &["sequence", "kind", "auction", "candidate", "at"],
        conflict: "(sequence) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.sequence));
        to.number(number_in(&ViolationKind::ALL, &self.kind));
        to.id(self.auction);
        to.number(i64::from(self.candidate.0));
        to.number(self.at.0);
    }
}

impl Row for EventRow {
    const TABLE: Table = Table {
        name: "events",
        columns: &["id", "sequence", "kind", "seller", "lead", "sale_id", "payout", "currency", "at"],
        conflict: "(id) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.wide(self.id);
        to.number(signed(self.sequence));
        to.number(number_in(&EventKind::ALL, &self.kind));
        to.text(&self.seller);
        to.id(self.lead);
        to.optional_id(self.sale_id.map(|id| id.0));
        to.number(self.payout.micros());
        to.text(self.currency.code());
        to.number(self.at.0);
    }
}

impl Row for ClosingRow {
    const TABLE: Table = Table {
        name: "closings",
        columns: &["sequence", "vertical", "auction", "candidate", "at"],
        conflict: "(sequence) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.sequence));
        to.text(&self.vertical);
        to.id(self.auction);
        to.optional_number(self.candidate.map(|candidate| i64::from(candidate.0)));
        to.number(self.at.0);
    }
}

impl Row for ErasureRow {
    const TABLE: Table = Table {
        name: "erasures",
        columns: &["sequence", "lead", "request", "by_whom", "at", "record"],
        conflict: "(sequence) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.number(signed(self.sequence));
        to.id(self.erasure.lead);
        to.id(self.erasure.request);
        to.text(&self.erasure.by);
        to.number(self.erasure.at.0);
        to.bytes(&self.record);
    }
}

impl Row for Acknowledgement {
    const TABLE: Table = Table {
        name: "acknowledgements",
        columns: &["lead", "buyer", "at"],
        conflict: "(lead, buyer) DO NOTHING",
    };

    fn bind(self, to: &mut Values) {
        to.id(self.lead);
        to.text(&self.buyer);
        to.number(self.at.0);
    }
}
