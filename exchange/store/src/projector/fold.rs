//! The fold: one record after another, into what is known of their auctions and into rows.

use std::sync::Arc;

use exchange_protocol::{
    AnswerStatus, AnsweredRecord, BalanceChange, CatalogNames, ClaimRecord, CompletedRecord, Erasure,
    LeadRecord, Outcome, Record, SaleKind, Sealed, Story, encode_closed, encode_record,
};
use exchange_types::{Amount, EventKind, Prints, UtcMicros, Uuid7};

use super::auctions::Lead;
use super::rows::{BalanceRow, CatalogRow, ClaimRow, CompletionRow, ErasureRow, LeadRow};
use super::{Projected, State, sales};
use crate::ledger::{Account, Booking, EntryKind};
use crate::store::present_status;
use crate::view::LeadState;
use crate::{ProjectError, ProjectorConfig};

/// Folds a record.
pub(super) fn record(
    state: &mut State,
    config: &ProjectorConfig,
    Projected { sequence, record, sealed }: Projected,
) -> Result<(), ProjectError> {
    if let Some(at) = time_of(&record) {
        state.ledger.at(at, &config.signer);
    }
    match &record {
        Record::Lead(lead) => take_lead(state, sequence, lead, (&record, sealed)),
        Record::Completed(post) => {
            take_completed(state, post, (&record, sealed));
            Ok(())
        }
        Record::Catalog(names) => {
            take_catalog(state, names, &record);
            Ok(())
        }
        Record::Offered(offered) => {
            take_story(state, sequence, &offered.story, None);
            Ok(())
        }
        Record::Closed(story) => {
            let mut bytes = Vec::with_capacity(512);
            encode_record(&record, &mut bytes);
            take_story(state, sequence, story, Some(bytes));
            Ok(())
        }
        Record::Intent { .. } => sales::intent(state, config, sequence, &record),
        Record::Outcome { .. } => {
            sales::outcome(state, config, sequence, &record);
            Ok(())
        }
        Record::Resolved(resolution) => {
            sales::resolved(state, config, sequence, resolution);
            Ok(())
        }
        Record::Disputed(dispute) => {
            sales::disputed(state, sequence, dispute, &record);
            Ok(())
        }
        Record::SaleChanged(change) => {
            sales::changed(state, config, (sequence, &record), change);
            Ok(())
        }
        Record::Balance(change) => {
            deposit(state, config, (sequence, &record), change);
            Ok(())
        }
        Record::Erased(erasure) => {
            take_erasure(state, sequence, erasure, &record);
            Ok(())
        }
        Record::Answered(post) => {
            take_answered(state, post);
            Ok(())
        }
        // What is stopped is the exchange's own affair; it is in no table.
        Record::Stopped(_) => Ok(()),
        Record::Suppressed(change) => {
            state.rows.suppressions.take(change);
            Ok(())
        }
        Record::Acknowledged(told) => {
            state.rows.acknowledgements.push(told.clone());
            Ok(())
        }
    }
}

/// Returns when a record was written, where it says so.
fn time_of(record: &Record) -> Option<UtcMicros> {
    match record {
        // Where the clock was set back it counts as of a later moment than it was written.
        Record::Intent { at, give_up_at, .. } => Some(*at.min(give_up_at)),
        Record::Outcome { at, .. } => Some(*at),
        Record::Lead(lead) => Some(lead.admitted),
        Record::Completed(post) => Some(post.at),
        Record::Resolved(resolution) => Some(resolution.at),
        Record::Disputed(dispute) => Some(dispute.at),
        Record::SaleChanged(change) => Some(change.at),
        Record::Balance(change) => Some(change.at),
        Record::Catalog(names) => Some(names.at),
        Record::Erased(erasure) => Some(erasure.at),
        Record::Acknowledged(told) => Some(told.at),
        Record::Stopped(stop) => Some(stop.at),
        Record::Suppressed(change) => Some(change.at),
        Record::Answered(post) => Some(post.at),
        Record::Closed(_) | Record::Offered(_) => None,
    }
}

pub(super) fn bytes_of(record: &Record) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(256);
    encode_record(record, &mut bytes);
    bytes
}

/// Returns the names of a catalog's version.
pub(super) fn names(state: &State, sequence: u64, version: u64) -> Result<Arc<CatalogNames>, ProjectError> {
    let names = state.catalogs.get(&version).map(Arc::clone);
    names.ok_or(ProjectError::UnknownCatalog { sequence, version })
}

/// Returns what a record calls by an index.
pub(super) fn named<'a, T>(
    list: &'a [T],
    at: usize,
    (sequence, what): (u64, &'static str),
) -> Result<&'a T, ProjectError> {
    list.get(at).ok_or(ProjectError::UnknownName { sequence, what })
}

fn take_catalog(state: &mut State, names: &CatalogNames, record: &Record) {
    let row = CatalogRow { version: names.version, at: names.at, names: bytes_of(record) };
    state.rows.catalogs.insert(names.version, row);
    state.catalogs.insert(names.version, Arc::new(names.clone()));
}

fn take_lead(
    state: &mut State,
    sequence: u64,
    lead: &LeadRecord,
    (record, sealed): (&Record, Option<Vec<u8>>),
) -> Result<(), ProjectError> {
    let names = names(state, sequence, lead.catalog_version)?;
    let seller: Box<str> =
        names.seller(lead.seller).ok_or(ProjectError::UnknownName { sequence, what: "seller" })?.into();
    let (vertical, currency) = named(&names.verticals, lead.vertical.at(), (sequence, "vertical"))?;
    if let Some(claim) = lead.claim {
        let row = ClaimRow { claim: claim.key, lead: lead.id, digest: claim.digest, told: None };
        state.rows.claims.insert(claim.key, row);
    }
    take_prints(state, lead.id, &lead.prints);
    let (sealed, consent) = split(sealed, &lead.sealed, lead.consent.as_ref());
    state.rows.leads.push(LeadRow {
        id: lead.id,
        seller: seller.clone(),
        vertical: vertical.clone(),
        currency: *currency,
        record: bytes_of(record),
        sealed,
        consent,
    });
    if state.premature.contains(&lead.id.as_u128()) {
        state.rows.to_erase.insert(lead.id.as_u128());
    }
    let (seller, vertical) = ((&*seller).into(), vertical.as_ref().into());
    state.auctions.get(lead.id).lead = Some(Lead { seller, vertical, currency: *currency });
    Ok(())
}

fn take_completed(state: &mut State, post: &CompletedRecord, (record, sealed): (&Record, Option<Vec<u8>>)) {
    if let Some(claim) = post.claim {
        let row = ClaimRow { claim: claim.key, lead: post.id, digest: claim.digest, told: None };
        state.rows.claims.insert(claim.key, row);
    }
    take_prints(state, post.id, &post.prints);
    let (sealed, consent) = split(sealed, &post.sealed, post.consent.as_ref());
    let id = post.id;
    state.rows.completions.retain(|row| row.lead != id);
    state.rows.completions.push(CompletionRow { lead: id, record: bytes_of(record), sealed, consent });
    if state.auctions.get(id).erased {
        state.rows.to_erase.insert(id.as_u128());
    }
}

fn take_answered(state: &mut State, post: &AnsweredRecord) {
    let mut told = Vec::with_capacity(256);
    encode_closed(&post.told, &mut told);
    let ClaimRecord { key: claim, digest } = post.claim;
    let row = ClaimRow { claim, lead: post.told.id, digest, told: Some(told) };
    state.rows.claims.insert(claim, row);
}

fn take_prints(state: &mut State, lead: Uuid7, prints: &Prints) {
    let prints = prints.iter().flatten();
    state.rows.persons.extend(prints.map(|print| (*print, lead.as_u128())));
}

/// Splits what a record owns into the lead's ciphertext and that of the consent.
fn split(
    both: Option<Vec<u8>>,
    lead: &Sealed,
    consent: Option<&Sealed>,
) -> (Option<Vec<u8>>, Option<Vec<u8>>) {
    let Some(mut both) = both else { return (None, None) };
    let length = usize::try_from(lead.length).unwrap_or(usize::MAX).min(both.len());
    let rest = both.split_off(length);
    (Some(both), consent.map(|_| rest))
}

/// Takes the account of an auction in: what it says of itself, corrected by what was found out of its posts.
fn take_story(state: &mut State, sequence: u64, story: &Story, bytes: Option<Vec<u8>>) {
    let auction = state.auctions.get(story.id);
    // Of a test no posts are on record.
    let status = if story.test {
        story.status
    } else {
        present_status(story.status, auction.posts.iter().map(|post| post.state))
    };
    auction.state = Some(LeadState::of(status));
    auction.payout = story.payout.max(auction.earned());
    let (standing, payout) = (LeadState::of(status), auction.payout);
    let closed = bytes.is_some();
    state.rows.auction(story.id, standing, payout, bytes);
    let at =
        story.admitted.saturating_add(exchange_types::Nanos(u64::from(story.ended_us).saturating_mul(1_000)));
    if closed
        && !story.test
        && story.candidates.iter().any(|candidate| !candidate.entries.as_slice().is_empty())
    {
        sales::closing(state, (sequence, story.id), None, at);
    }
    // A ping to which its seller never posted is no lead: it is told by nothing.
    let posted = story.kind == SaleKind::OneCall || !story.steps.is_empty();
    // Of a sale that was found out by a resolution the seller is told by that.
    let told = status == AnswerStatus::Sold
        && !story.posts.iter().any(|post| post.outcome == Some(Outcome::Accepted) && !post.resolved);
    let kind = match status {
        AnswerStatus::Sold => EventKind::LeadSold,
        AnswerStatus::Unsold(_) => EventKind::LeadUnsold,
        AnswerStatus::Running
        | AnswerStatus::Pending(_)
        | AnswerStatus::Duplicate(..)
        | AnswerStatus::Offers
        | AnswerStatus::NoOffer(_)
        | AnswerStatus::Invalid => return,
    };
    if closed && posted && !told && !story.test {
        sales::lead_event(state, (sequence, story.id), kind, at);
    }
}

/// Books a deposit or a withdrawal, once for each id.
fn deposit(
    state: &mut State,
    config: &ProjectorConfig,
    (sequence, record): (u64, &Record),
    change: &BalanceChange,
) {
    if state.rows.balance_changes.contains_key(&change.id) || state.deposits_known.contains(&change.id) {
        return;
    }
    // Nothing is the other side of the least number, and no bank statement says it.
    let Some(taken) = change.amount.micros().checked_neg().map(Amount::from_micros) else { return };
    let row = BalanceRow { id: change.id, sequence, record: bytes_of(record) };
    state.rows.balance_changes.insert(change.id, row);
    let booking = Booking {
        kind: EntryKind::Deposit,
        currency: change.currency,
        sequence,
        intent_sequence: 0,
        auction: change.id,
        candidate: exchange_protocol::CandidateIndex(0),
        evidence: change.id.to_be_bytes(),
        at: change.at,
    };
    let lines = [(Account::Cash, change.amount), (Account::Prepaid(change.buyer.clone()), taken)];
    state.ledger.book(&booking, &lines, (&config.signer, config.checkpoint_entries));
}

fn take_erasure(state: &mut State, sequence: u64, erasure: &Erasure, record: &Record) {
    let auction = state.auctions.get(erasure.lead);
    auction.erased = true;
    if auction.lead.is_none() {
        state.premature.insert(erasure.lead.as_u128());
    }
    state.rows.to_erase.insert(erasure.lead.as_u128());
    state.rows.erasures.push(ErasureRow { sequence, erasure: erasure.clone(), record: bytes_of(record) });
}
