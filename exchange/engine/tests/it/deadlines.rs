//! The three instants: the close of the bids, the answer, and the end of each post.

use exchange_protocol::{Answer, AnswerStatus, SaleKind};
use exchange_types::{
    Nanos, PendingReason, PostOutcome, Reason, SellerIndex, Submission, UnknownCause, UnsoldReason,
    VerticalIndex,
};

use crate::market::{ACCEPTED, Market};

#[test]
fn bids_close_when_the_window_is_over() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("south", "30.00");
    market.pass(299);
    assert!(market.posted().is_empty(), "one millisecond before the close");
    market.pass(1);
    assert_eq!(market.posted(), ["south"]);
    market.bid("north", "90.00");
    market.post("south", ACCEPTED);
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::Timeout)), "a late bid is not used");
}

#[test]
fn a_hanging_post_leaves_the_lead_pending_at_answer_by() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.pass(3_999);
    assert!(market.told.is_empty(), "one millisecond before");
    market.pass(1);
    assert_eq!(market.statuses(), [AnswerStatus::Pending(PendingReason::PostInFlight)]);
    market.pass(1_000);
    let story = market.story.as_ref().expect("given up five seconds after the intent");
    assert_eq!(story.status, AnswerStatus::Pending(PendingReason::PostUnknown));
    assert_eq!(market.posted(), ["north"], "nothing follows an unknown");
}

#[test]
fn an_acceptance_after_the_answer_is_still_a_sale() {
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.pass(4_500);
    market.post("north", ACCEPTED);
    assert_eq!(market.statuses(), [AnswerStatus::Pending(PendingReason::PostInFlight)]);
    assert_eq!(market.story.as_ref().map(|story| story.status), Some(AnswerStatus::Sold));
}

#[test]
fn no_post_starts_without_time_for_it() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.pass(3_501);
    market.post("north", PostOutcome::Rejected);
    assert_eq!(market.posted(), ["north"]);
    assert_eq!(market.statuses(), [AnswerStatus::Unsold(UnsoldReason::PostsRejected)]);
    assert_eq!(market.reasons().get("south"), Some(&Some(Reason::Deadline)));
}

#[test]
fn a_post_that_failed_in_time_is_followed_by_the_next() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.pass(3_500);
    market.post("north", PostOutcome::Rejected);
    assert_eq!(market.posted(), ["north", "south"], "exactly post_min is left");
}

#[test]
fn an_impatient_seller_is_answered_in_its_time_and_no_intent_follows() {
    let mut market = Market::new(1, &["north", "south"]);
    let mut submission = Box::<Submission>::default();
    submission.reset(VerticalIndex(0), SellerIndex(0), 2);
    submission.wait = Some(Nanos::from_millis(100));
    market.submit(SaleKind::OneCall, submission);
    market.bid("north", "40.00");
    market.pass(100);
    assert_eq!(market.statuses(), [AnswerStatus::Unsold(UnsoldReason::Deadline)]);
    market.bid("south", "40.00");
    market.pass(1_000);
    assert!(market.posted().is_empty());
    assert_eq!(market.written, 1, "the last record alone, and no intent");
}

#[test]
fn a_stalled_disk_never_delays_an_answer() {
    let mut market = Market::new(1, &["north"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.pass(4_000);
    assert_eq!(market.statuses(), [AnswerStatus::Pending(PendingReason::PostInFlight)]);
    market.sync();
    assert!(market.posted().is_empty(), "an intent that took half of its post's time is not sent");
    market.sync();
    market.sync();
    assert_eq!(
        market.story.as_ref().map(|story| story.status),
        Some(AnswerStatus::Unsold(UnsoldReason::PostsRejected))
    );
    assert_eq!(market.held(), 0);
}

#[test]
fn an_acceptance_that_is_not_on_disk_is_pending_at_answer_by() {
    let mut market = Market::new(1, &["north"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.sync();
    market.post("north", ACCEPTED);
    market.pass(4_000);
    assert_eq!(market.statuses(), [AnswerStatus::Pending(PendingReason::JournalWait)]);
}

#[test]
fn a_sold_lead_is_open_until_every_post_has_an_outcome_on_disk() {
    let mut market = Market::new(2, &["north", "south"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.sync();
    market.post("north", ACCEPTED);
    market.sync();
    market.post("south", ACCEPTED);
    market.pass(4_000);
    let told = |answer: &Answer| (answer.status, answer.sales.len(), answer.open);
    assert_eq!(market.told.iter().map(told).collect::<Vec<_>>(), [(AnswerStatus::Sold, 1, true)]);
    market.sync();
    let story = market.story.as_ref().expect("all is on disk");
    assert_eq!(told(&story.answer()), (AnswerStatus::Sold, 2, false));
    let mut market = Market::new(2, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.post("north", ACCEPTED);
    market.post("south", PostOutcome::Unknown(UnknownCause::Broken));
    let unknown = [(AnswerStatus::Sold, 1, true)];
    assert_eq!(
        market.told.iter().map(told).collect::<Vec<_>>(),
        unknown,
        "an unknown may still become a sale"
    );
    assert!(market.story.as_ref().expect("settled").answer().open);
}

#[test]
fn nobody_to_ask_is_answered_at_once() {
    let mut market = Market::new(1, &[]);
    market.lead(SaleKind::OneCall);
    assert_eq!(market.statuses(), [AnswerStatus::Unsold(UnsoldReason::NoEligibleBuyer)]);
}

#[test]
fn a_deadline_is_judged_by_the_microseconds_that_the_record_keeps() {
    let mut market = Market::new(1, &["north", "south"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.pass(3_500);
    // Half a microsecond past the last moment for another post, which no record could tell from that moment.
    market.now.mono = market.now.mono.saturating_add(Nanos(500));
    market.post("north", PostOutcome::Rejected);
    assert_eq!(market.posted(), ["north", "south"]);
}
