//! One-call sales: who is posted to, what waits for the disk, and what the seller is told.

use exchange_protocol::{AnswerStatus, Effect, SaleKind};
use exchange_types::{NotSent, PendingReason, PostOutcome, Reason, UnknownCause, UnsoldReason};

use crate::market::{ACCEPTED, Market};

const UNKNOWN: PostOutcome = PostOutcome::Unknown(UnknownCause::Broken);

/// Sells to three campaigns of one vertical: bids, then outcomes of the posts in the order in which they are
/// made; expects to whom was posted, what the seller was told, and why the others did not buy.
fn check(posts: &[(&str, PostOutcome)], told: AnswerStatus, reasons: [(&str, Option<Reason>); 3]) {
    let mut market = Market::new(1, &["north", "south", "west"]);
    market.lead(SaleKind::OneCall);
    for (campaign, amount) in [("south", "35.00"), ("west", "30.00"), ("north", "40.00")] {
        market.bid(campaign, amount);
    }
    for (campaign, outcome) in posts {
        assert_eq!(market.posted().last().map(String::as_str), Some(*campaign));
        market.post(campaign, *outcome);
    }
    assert_eq!(market.posted(), posts.iter().map(|(campaign, _)| (*campaign).to_owned()).collect::<Vec<_>>());
    assert_eq!(market.statuses(), [told]);
    let expected = reasons.into_iter().map(|(name, reason)| (name.to_owned(), reason)).collect();
    assert_eq!(market.reasons(), expected);
    let unknown = posts.iter().filter(|(_, outcome)| *outcome == UNKNOWN).count();
    assert_eq!(market.held(), unknown, "only what nobody knows stays reserved");
}

#[test]
fn the_best_bid_buys() {
    let lost = Some(Reason::Outbid);
    check(&[("north", ACCEPTED)], AnswerStatus::Sold, [("north", None), ("south", lost), ("west", lost)]);
}

#[test]
fn a_rejection_cascades_to_the_next_bid() {
    let refused = PostOutcome::Refused { status: 422 };
    check(
        &[("north", PostOutcome::Rejected), ("south", refused), ("west", ACCEPTED)],
        AnswerStatus::Sold,
        [("north", Some(Reason::PostRejected)), ("south", Some(Reason::PostRefused)), ("west", None)],
    );
}

#[test]
fn a_post_that_never_left_cascades() {
    check(
        &[("north", PostOutcome::NotSent(NotSent::Connect)), ("south", ACCEPTED)],
        AnswerStatus::Sold,
        [("north", Some(Reason::PostFailed)), ("south", None), ("west", Some(Reason::Outbid))],
    );
}

#[test]
fn all_refuse() {
    check(
        &[
            ("north", PostOutcome::Rejected),
            ("south", PostOutcome::Duplicate),
            ("west", PostOutcome::Rejected),
        ],
        AnswerStatus::Unsold(UnsoldReason::PostsRejected),
        [
            ("north", Some(Reason::PostRejected)),
            ("south", Some(Reason::PostDuplicate)),
            ("west", Some(Reason::PostRejected)),
        ],
    );
}

#[test]
fn an_unknown_stops_everything() {
    let lost = Some(Reason::Outbid);
    check(
        &[("north", UNKNOWN)],
        AnswerStatus::Pending(PendingReason::PostUnknown),
        [("north", Some(Reason::PostUnknown)), ("south", lost), ("west", lost)],
    );
}

#[test]
fn no_byte_leaves_before_its_intent_is_on_disk_and_sold_waits_for_the_acceptance() {
    let mut market = Market::new(1, &["north"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    assert_eq!(market.written, 1, "the intent");
    assert!(market.posted().is_empty(), "the post waits for its intent");
    market.sync();
    assert_eq!(market.posted(), ["north"]);
    market.post("north", ACCEPTED);
    assert!(market.told.is_empty(), "sold waits for the acceptance");
    market.sync();
    assert_eq!(market.statuses(), [AnswerStatus::Sold]);
}

#[test]
fn unsold_waits_for_the_rejection_but_the_next_intent_does_not() {
    let mut market = Market::new(1, &["north", "south"]);
    market.fast_disk = false;
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    market.sync();
    market.post("north", PostOutcome::Rejected);
    assert_eq!(market.written, 3, "intent, rejection, next intent");
    market.sync();
    market.post("south", PostOutcome::Rejected);
    assert!(market.told.is_empty(), "unsold waits for the last rejection");
    market.sync();
    assert_eq!(market.statuses(), [AnswerStatus::Unsold(UnsoldReason::PostsRejected)]);
}

#[test]
fn a_campaign_without_room_is_passed_over() {
    let mut market = Market::new(1, &["north", "south"]);
    market.refused.insert("north".into(), Reason::SoldCapReached);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    market.bid("south", "30.00");
    assert_eq!(market.posted(), ["south"]);
    market.post("south", ACCEPTED);
    assert_eq!(market.reasons().get("north"), Some(&Some(Reason::SoldCapReached)));
}

#[test]
fn a_round_with_a_refusal_gives_the_rest_of_its_room_back_and_is_cleared_again() {
    for (refused, granted) in [("north", "south"), ("south", "north")] {
        let mut market = Market::new(2, &["north", "south", "west"]);
        market.refused.insert(refused.into(), Reason::SoldCapReached);
        market.lead(SaleKind::OneCall);
        for (campaign, amount) in [("north", "40.00"), ("south", "35.00"), ("west", "30.00")] {
            market.bid(campaign, amount);
        }
        assert_eq!(market.posted(), [granted, "west"], "{refused} has no room");
        let given_back = |effect: &&Effect| matches!(effect, Effect::Release(_, candidate) if market.name(*candidate) == granted);
        assert_eq!(
            market.effects.iter().filter(given_back).count(),
            1,
            "{granted} was reserved in the first round"
        );
        assert_eq!(market.held(), 2);
    }
}

#[test]
fn a_set_is_posted_to_in_parallel_and_refilled_after_a_failure() {
    let mut market = Market::new(2, &["north", "south", "west"]);
    market.lead(SaleKind::OneCall);
    for (campaign, amount) in [("north", "40.00"), ("south", "35.00"), ("west", "30.00")] {
        market.bid(campaign, amount);
    }
    assert_eq!(market.posted(), ["north", "south"]);
    market.post("south", PostOutcome::Rejected);
    assert_eq!(market.posted().len(), 2, "a round is cleared again when all its posts are answered");
    market.post("north", ACCEPTED);
    assert_eq!(market.posted(), ["north", "south", "west"]);
    market.post("west", ACCEPTED);
    let answer = market.told.first().expect("an answer");
    assert_eq!(answer.status, AnswerStatus::Sold);
    assert_eq!(answer.payout.micros(), 56_000_000);
    assert_eq!(answer.sales.len(), 2);
}

#[test]
fn room_is_asked_before_the_intent_and_counted_with_it() {
    let mut market = Market::new(1, &["north"]);
    market.lead(SaleKind::OneCall);
    market.bid("north", "40.00");
    let kinds: Vec<&str> = market
        .effects
        .iter()
        .map(|effect| match effect {
            Effect::SendPing(..) => "ping",
            Effect::Reserve(..) => "reserve",
            Effect::Append(_) => "append",
            Effect::CountSent(..) => "count",
            Effect::SendPost(..) => "post",
            Effect::Release(..) | Effect::ReleaseUnsent(..) | Effect::Commit(..) | Effect::PostEnded(..) => {
                "end"
            }
            Effect::Answer(_) | Effect::Ended(_) => "answer",
        })
        .collect();
    assert_eq!(kinds, ["ping", "reserve", "append", "count", "post"]);
}
