//! What waits for the disk, row by row: the power is taken away, so nothing reaches the disk any more.

use exchange_protocol::{AnswerStatus, Effect, Outcome, Record, SaleKind};
use exchange_types::{PendingReason, PostOutcome, Reason, UnknownCause, UnsoldReason};

use crate::market::{ACCEPTED, Market};

const JOURNAL_WAIT: AnswerStatus = AnswerStatus::Pending(PendingReason::JournalWait);
const UNSOLD: AnswerStatus = AnswerStatus::Unsold(UnsoldReason::PostsRejected);

/// Returns a lead with two bids whose records reach the disk only when the test says so.
fn without_disk() -> Market {
    let mut market = Market::new(1, &["north", "south"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("south", "30.00");
    market.bid("north", "40.00");
    market
}

/// Returns the same with the intent of its best bid on disk, and the bid posted to.
fn posted() -> Market {
    let mut market = without_disk();
    market.sync();
    assert_eq!(market.posted(), ["north"]);
    market
}

/// Returns the kinds of the records, in the order in which they were written.
fn written(market: &Market) -> Vec<&'static str> {
    let kind = |record: &Record| match record {
        Record::Intent { .. } => "intent",
        Record::Outcome { outcome: Outcome::Accepted, .. } => "accepted",
        Record::Outcome { outcome: Outcome::Failed(_), .. } => "rejected",
        Record::Outcome { outcome: Outcome::Unknown, .. } => "unknown",
        Record::Closed(_) => "closed",
        Record::Offered(_) => "offered",
        Record::Lead(_)
        | Record::Completed(_)
        | Record::Resolved(_)
        | Record::Disputed(_)
        | Record::SaleChanged(_)
        | Record::Balance(_)
        | Record::Catalog(_)
        | Record::Erased(_)
        | Record::Acknowledged(_)
        | Record::Stopped(_)
        | Record::Suppressed(_)
        | Record::Answered(_) => "none of the engine's",
    };
    market.records.iter().map(kind).collect()
}

#[test]
fn offers_wait_for_nothing() {
    let mut market = Market::new(1, &["north"]);
    market.fast_disk = false;
    market.lead(SaleKind::TwoStep);
    market.bid("north", "40.00");
    assert_eq!(market.statuses(), [AnswerStatus::Offers]);
    assert_eq!(written(&market), ["offered"]);
    market.pass(30_000);
    assert_eq!(written(&market), ["offered", "closed"], "their expiry does not wait either");
    assert_eq!(market.engine.auctions(), 0);
}

#[test]
fn an_unsold_lead_without_a_post_waits_for_nothing() {
    for kind in [SaleKind::OneCall, SaleKind::TwoStep] {
        let mut market = Market::new(1, &["north"]);
        market.fast_disk = false;
        market.lead(kind);
        market.reply("north", &exchange_types::PingReply::NoBid);
        assert_eq!(market.told.len(), 1, "{kind:?}");
        assert_eq!(written(&market), ["closed"]);
        assert_eq!(market.engine.auctions(), 0);
    }
}

#[test]
fn the_first_byte_of_a_post_waits_for_its_intent() {
    let mut market = without_disk();
    assert_eq!(written(&market), ["intent"]);
    for _ in 0..40 {
        market.pass(100);
        assert_eq!(market.posted(), Vec::<String>::new());
    }
    let mut in_time = without_disk();
    in_time.pass(2_499);
    in_time.sync();
    assert_eq!(in_time.posted(), ["north"]);
    // A disk that comes back after half of the post's own time sends nothing any more.
    market.sync();
    assert_eq!(market.posted(), Vec::<String>::new());
    market.sync();
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::Deadline)));
}

#[test]
fn sold_waits_for_the_acceptance() {
    let mut market = posted();
    market.post("north", ACCEPTED);
    assert_eq!(written(&market), ["intent", "accepted"]);
    assert_eq!(market.statuses(), []);
    let unsaid = market.engine.answer(market.auction, market.now).expect("an auction in flight");
    assert_eq!((unsaid.status, unsaid.sales.len()), (JOURNAL_WAIT, 0), "a repeat is not told either");
    market.pass(4_000);
    assert_eq!(market.statuses(), [JOURNAL_WAIT], "the answer is due and says no more than is safe");
    assert_eq!(written(&market), ["intent", "accepted"], "the last record waits as well");
    market.sync();
    assert_eq!(written(&market), ["intent", "accepted", "closed"]);
    assert_eq!(market.story.as_ref().map(|story| story.status), Some(AnswerStatus::Sold));
}

#[test]
fn unsold_waits_for_the_rejections_and_the_next_intent_does_not() {
    let mut market = posted();
    market.post("north", PostOutcome::Rejected);
    assert_eq!(written(&market), ["intent", "rejected", "intent"], "the next intent is under way at once");
    assert_eq!(market.posted(), ["north"]);
    // The rejection alone on disk: the next post still waits for its own intent.
    market.sync_to(2);
    assert_eq!(market.posted(), ["north"]);
    market.sync_to(3);
    assert_eq!(market.posted(), ["north", "south"]);
    market.post("south", PostOutcome::Rejected);
    assert_eq!(market.statuses(), [], "the last rejection is not on disk");
    market.sync();
    assert_eq!(market.statuses(), [UNSOLD]);
}

#[test]
fn without_the_disk_a_rejection_is_told_as_pending() {
    let mut market = posted();
    market.post("north", PostOutcome::Rejected);
    market.sync_to(3);
    market.post("south", PostOutcome::Rejected);
    market.pass(4_000);
    assert_eq!(market.statuses(), [JOURNAL_WAIT]);
    assert!(!written(&market).contains(&"closed"));
}

#[test]
fn an_unknown_is_told_at_once_and_only_the_last_record_waits_for_it() {
    let mut market = posted();
    market.post("north", PostOutcome::Unknown(UnknownCause::Broken));
    assert_eq!(written(&market), ["intent", "unknown"]);
    assert_eq!(market.statuses(), [AnswerStatus::Pending(PendingReason::PostUnknown)]);
    market.pass(10_000);
    assert_eq!(written(&market), ["intent", "unknown"]);
    market.sync();
    assert_eq!(written(&market), ["intent", "unknown", "closed"]);
}

#[test]
fn room_goes_back_after_the_record_is_written_but_before_it_is_on_disk() {
    let mut market = posted();
    market.effects.clear();
    market.post("north", PostOutcome::Rejected);
    let at = |wanted: fn(&Effect) -> bool| market.effects.iter().position(wanted);
    let written = at(|effect| matches!(effect, Effect::Append(2))).expect("the rejection is written");
    let released = at(|effect| matches!(effect, Effect::Release(..))).expect("the room goes back");
    assert!(written < released);
}
