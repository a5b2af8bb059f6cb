//! Posts and what comes of them: sales, charges, and what happens to both afterwards.

use std::sync::Arc;

use aws_lc_rs::digest::{Context, SHA256};
use exchange_protocol::{
    CandidateIndex, Dispute, Outcome, Record, Resolution, SaleChange, SaleState, SaleStep,
};
use exchange_types::{Amount, EventKind, UtcMicros, Uuid7};

use super::State;
use super::auctions::Post;
use super::fold::{bytes_of, named, names};
use super::rows::{ClosingRow, EventRow, SaleRecordRow, ViolationRow};
use crate::ledger::{Account, Booking, EntryKind};
use crate::posting::PostState;
use crate::store::present_status;
use crate::view::{LeadState, ViolationKind};
use crate::{ProjectError, ProjectorConfig};

/// Of which post a record speaks.
#[derive(Clone, Copy)]
struct Place {
    sequence: u64,
    auction: Uuid7,
    candidate: CandidateIndex,
    at: UtcMicros,
}

/// How a post ended, in the words of an outcome and of a resolution alike.
struct End<'a> {
    outcome: Outcome,
    price: Amount,
    payout: Amount,
    digest: [u8; 16],
    settles_at: UtcMicros,
    resolution: Option<&'a Resolution>,
}

pub(super) fn intent(
    state: &mut State,
    config: &ProjectorConfig,
    sequence: u64,
    record: &Record,
) -> Result<(), ProjectError> {
    let Record::Intent {
        auction,
        seller,
        vertical,
        catalog_version,
        campaign,
        buyer,
        candidate,
        price,
        payout,
        exclusive,
        at,
        give_up_at,
        ..
    } = record
    else {
        return Ok(());
    };
    let place = Place { sequence, auction: *auction, candidate: *candidate, at: *at };
    if state.auctions.post(*auction, *candidate).is_some() {
        violation(state, place, ViolationKind::SecondIntent);
        return Ok(());
    }
    let names = names(state, sequence, *catalog_version)?;
    let (vertical, currency) = named(&names.verticals, vertical.at(), (sequence, "vertical"))?;
    let (campaign, ..) = named(&names.campaigns, campaign.at(), (sequence, "campaign"))?;
    state.auctions.get(*auction).posts.push(Post {
        auction: *auction,
        candidate: *candidate,
        post_id: config.keys.post(*auction, *candidate),
        sale_id: config.keys.sale(*auction, *candidate),
        campaign: campaign.clone(),
        buyer: named(&names.buyers, buyer.at(), (sequence, "buyer"))?.clone(),
        seller: named(&names.sellers, seller.at(), (sequence, "seller"))?.clone(),
        vertical: vertical.clone(),
        currency: *currency,
        price: *price,
        payout: *payout,
        exclusive: *exclusive,
        intent_sequence: sequence,
        // Where the clock was set back it counts as of a later moment than it was written.
        intent_at: *at.min(give_up_at),
        give_up_at: *give_up_at,
        state: PostState::Sending,
        sale: None,
        price_now: *price,
        payout_now: *payout,
        prepaid: false,
        outcome_at: None,
        settles_at: None,
        settled: false,
        digest: [0; 16],
        resolved_by: None,
        note: Box::default(),
        disputed: false,
        changed: true,
    });
    Ok(())
}

pub(super) fn outcome(state: &mut State, config: &ProjectorConfig, sequence: u64, record: &Record) {
    let Record::Outcome { auction, candidate, outcome, price, payout, digest, at, settles_at, .. } = record
    else {
        return;
    };
    let place = Place { sequence, auction: *auction, candidate: *candidate, at: *at };
    let end = End {
        outcome: *outcome,
        price: *price,
        payout: *payout,
        digest: *digest,
        settles_at: *settles_at,
        resolution: None,
    };
    // An outcome ends a post that is out; what follows an unknown one is a resolution.
    if end_post(state, config, place, &end, &[PostState::Sending]) && *outcome == Outcome::Accepted {
        settle_lead(state, *auction);
    }
}

pub(super) fn resolved(state: &mut State, config: &ProjectorConfig, sequence: u64, resolution: &Resolution) {
    let place =
        Place { sequence, auction: resolution.auction, candidate: resolution.candidate, at: resolution.at };
    let end = End {
        outcome: resolution.outcome,
        price: resolution.price,
        payout: resolution.payout,
        digest: resolution.digest,
        settles_at: resolution.settles_at,
        resolution: Some(resolution),
    };
    if !end_post(state, config, place, &end, &[PostState::Sending, PostState::Unknown]) {
        return;
    }
    let before = state.auctions.get(place.auction).state;
    let standing = settle_lead(state, place.auction);
    if before.is_some_and(|before| !before.is_open()) {
        closing(state, (sequence, place.auction), Some(place.candidate), resolution.at);
    }
    if resolution.outcome == Outcome::Accepted {
        sale_event(state, place, EventKind::LeadSold);
    } else if before != Some(standing) && standing == LeadState::Unsold {
        lead_event(state, (sequence, place.auction), EventKind::LeadUnsold, resolution.at);
    }
}

/// Ends a post, and charges it where the buyer took the lead. Returns whether the post could end.
fn end_post(
    state: &mut State,
    config: &ProjectorConfig,
    place: Place,
    end: &End<'_>,
    from: &[PostState],
) -> bool {
    let accepted = end.outcome == Outcome::Accepted;
    let Some(post) = state.auctions.post(place.auction, place.candidate) else {
        let kind = if accepted { ViolationKind::ChargeWithoutIntent } else { ViolationKind::UnknownPost };
        violation(state, place, kind);
        return false;
    };
    if !from.contains(&post.state) {
        violation(state, place, ViolationKind::SecondOutcome);
        return false;
    }
    post.state = end.outcome.into();
    post.outcome_at = Some(place.at);
    post.digest = end.digest;
    post.changed = true;
    if let Some(resolution) = end.resolution {
        post.resolved_by = Some(resolution.by);
        post.note = resolution.note.clone();
    }
    if accepted {
        charge(state, config, place, end);
    }
    true
}

fn charge(state: &mut State, config: &ProjectorConfig, place: Place, end: &End<'_>) {
    if end.digest == [0; 16] && end.resolution.is_none() {
        return violation(state, place, ViolationKind::ChargeWithoutEvidence);
    }
    let Some(post) = state.auctions.post(place.auction, place.candidate) else { return };
    let (buyer, currency) = (post.buyer.clone(), post.currency);
    let posts = &state.auctions.get(place.auction).posts;
    if posts.iter().any(|other| other.sale.is_some() && other.buyer == buyer) {
        return violation(state, place, ViolationKind::SecondCharge);
    }
    // A buyer that has paid in advance in this currency goes on paying from there.
    let prepaid = state.ledger.accounts.is_open(&Account::Prepaid(buyer), currency);
    let Some(post) = state.auctions.post(place.auction, place.candidate) else { return };
    post.prepaid = prepaid;
    post.sale = Some(SaleState::Accepted);
    (post.price, post.payout) = (end.price, end.payout);
    (post.price_now, post.payout_now) = (end.price, end.payout);
    post.settles_at = Some(end.settles_at);
    let post = post.clone();
    let lines = difference(&post, (Amount::ZERO, Amount::ZERO), (end.price, end.payout));
    book(state, config, (place, end.digest), (&post, EntryKind::Charge), &lines);
}

pub(super) fn disputed(state: &mut State, sequence: u64, dispute: &Dispute, record: &Record) {
    let place = Place { sequence, auction: dispute.auction, candidate: dispute.candidate, at: dispute.at };
    let Some(post) = state.auctions.post(place.auction, place.candidate) else {
        return violation(state, place, ViolationKind::UnknownPost);
    };
    post.disputed = true;
    post.changed = true;
    sale_record(state, place, record);
}

pub(super) fn changed(
    state: &mut State,
    config: &ProjectorConfig,
    (sequence, record): (u64, &Record),
    change: &SaleChange,
) {
    let place = Place { sequence, auction: change.auction, candidate: change.candidate, at: change.at };
    let post = state.auctions.post(place.auction, place.candidate);
    let Some((post, facts)) = post.and_then(|post| post.facts().map(|facts| (post, facts))) else {
        return violation(state, place, ViolationKind::UnknownPost);
    };
    let Ok(after) = facts.after(change.step) else {
        return violation(state, place, ViolationKind::StepRefused);
    };
    let before = post.clone();
    post.sale = Some(after.state);
    (post.price_now, post.payout_now) = (after.price, after.payout);
    post.settled |= change.step == SaleStep::Settled;
    post.changed = true;
    let (kind, event) = match change.step {
        SaleStep::Returned { .. } => (EntryKind::Return, EventKind::SaleReturned),
        SaleStep::Adjusted { .. } => (EntryKind::Adjustment, EventKind::SaleAdjusted),
        SaleStep::Reversed => (EntryKind::Reversal, EventKind::SaleAdjusted),
        SaleStep::Settled => (EntryKind::Settlement, EventKind::LeadSettled),
    };
    let lines = if kind == EntryKind::Settlement {
        let seller = &before.seller;
        vec![
            (Account::Pending(seller.clone()), facts.payout),
            (Account::Payable(seller.clone()), negative(facts.payout)),
        ]
    } else {
        difference(&before, (facts.price, facts.payout), (after.price, after.payout)).to_vec()
    };
    book(state, config, (place, change.digest), (&before, kind), &lines);
    sale_record(state, place, record);
    sale_event(state, place, event);
}

fn negative(amount: Amount) -> Amount {
    Amount::from_micros(amount.micros().saturating_neg())
}

/// Returns the lines that bring a sale from one price and payout to others.
fn difference(post: &Post, from: (Amount, Amount), to: (Amount, Amount)) -> [(Account, Amount); 3] {
    let minus = |to: Amount, from: Amount| to.micros().saturating_sub(from.micros());
    let (price, payout) = (minus(to.0, from.0), minus(to.1, from.1));
    let buyer = if post.prepaid { Account::Prepaid } else { Account::Receivable };
    let seller = if post.settled { Account::Payable } else { Account::Pending };
    [
        (buyer(post.buyer.clone()), Amount::from_micros(price)),
        (seller(post.seller.clone()), Amount::from_micros(payout.saturating_neg())),
        (Account::Margin, Amount::from_micros(payout.saturating_sub(price))),
    ]
}

fn book(
    state: &mut State,
    config: &ProjectorConfig,
    (place, evidence): (Place, [u8; 16]),
    (post, kind): (&Post, EntryKind),
    lines: &[(Account, Amount)],
) {
    let booking = Booking {
        kind,
        currency: post.currency,
        sequence: place.sequence,
        intent_sequence: post.intent_sequence,
        auction: place.auction.as_u128(),
        candidate: place.candidate,
        evidence,
        at: place.at,
    };
    state.ledger.book(&booking, lines, (&config.signer, config.checkpoint_entries));
}

fn violation(state: &mut State, place: Place, kind: ViolationKind) {
    let Place { sequence, auction, candidate, at } = place;
    state.rows.violations.push(ViolationRow { sequence, kind, auction, candidate, at });
}

fn sale_record(state: &mut State, place: Place, record: &Record) {
    let Place { sequence, auction, candidate, .. } = place;
    state.rows.sale_records.push(SaleRecordRow { sequence, auction, candidate, record: bytes_of(record) });
}

/// Works out anew how a lead stands and what its seller earns, after one of its posts has ended.
fn settle_lead(state: &mut State, id: Uuid7) -> LeadState {
    let auction = state.auctions.get(id);
    let closed_as = auction.state.unwrap_or(LeadState::Running).status();
    let status = present_status(closed_as, auction.posts.iter().map(|post| post.state));
    let standing = LeadState::of(status);
    auction.payout = auction.earned();
    let payout = auction.payout;
    // A live auction has no state of its own before it closes, and no row but for what is certain: that it sold.
    // One that is running is told by the lack of a row.
    let closed = auction.state.is_some();
    if closed {
        auction.state = Some(standing);
    }
    if closed || standing == LeadState::Sold {
        state.rows.auction(id, standing, payout, None);
    }
    standing
}

/// Adds the event of a lead as a whole.
pub(super) fn lead_event(state: &mut State, (sequence, lead): (u64, Uuid7), kind: EventKind, at: UtcMicros) {
    let auction = state.auctions.get(lead);
    let payout = auction.payout;
    let Some(whose) = auction.lead.clone() else { return };
    state.rows.events.push(EventRow {
        id: event_id(sequence, lead),
        sequence,
        kind,
        seller: whose.seller.as_ref().into(),
        lead,
        sale_id: None,
        payout,
        currency: whose.currency,
        at,
    });
}

/// Notes that an auction has ended, or that a post of one that had was resolved.
pub(super) fn closing(
    state: &mut State,
    (sequence, auction): (u64, Uuid7),
    candidate: Option<CandidateIndex>,
    at: UtcMicros,
) {
    let Some(whose) = &state.auctions.get(auction).lead else { return };
    let vertical = Arc::clone(&whose.vertical);
    state.rows.closings.push(ClosingRow { sequence, vertical, auction, candidate, at });
}

fn sale_event(state: &mut State, place: Place, kind: EventKind) {
    let Some(post) = state.auctions.post(place.auction, place.candidate) else { return };
    let event = EventRow {
        id: event_id(place.sequence, place.auction),
        sequence: place.sequence,
        kind,
        seller: post.seller.clone(),
        lead: place.auction,
        sale_id: Some(post.sale_id),
        payout: post.payout_now,
        currency: post.currency,
        at: place.at,
    };
    state.rows.events.push(event);
}

/// Returns the id of a record's event: the same after every rebuild, and nothing that could be counted.
fn event_id(sequence: u64, lead: Uuid7) -> u128 {
    let mut context = Context::new(&SHA256);
    context.update(b"exchange event\0");
    context.update(&sequence.to_le_bytes());
    context.update(&lead.as_u128().to_le_bytes());
    let digest = context.finish();
    let mut bytes = [0; 16];
    for (to, from) in bytes.iter_mut().zip(digest.as_ref()) {
        *to = *from;
    }
    u128::from_be_bytes(bytes)
}
