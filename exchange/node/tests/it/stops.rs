//! What is stopped while leads are on their way.

use exchange_protocol::{AnswerStatus, Record, Reply, SaleKind, Stop, StopKind};
use exchange_types::{Nanos, UnsoldReason, UtcMicros, Uuid7};

use crate::node::{Node, config};

fn stop(kind: StopKind, name: &str, on: bool) -> Stop {
    Stop {
        id: Uuid7::new(UtcMicros(0), 1),
        kind,
        name: name.into(),
        on,
        by: "operator:ada".into(),
        reason: "wrong prices".into(),
        at: UtcMicros(0),
    }
}

fn intents(node: &Node) -> usize {
    let is_intent = |record: &Record| matches!(record, Record::Intent { .. });
    node.world.journal.iter().filter(|entry| is_intent(&entry.record)).count()
}

fn status(node: &Node, token: u64) -> Option<AnswerStatus> {
    match node.world.reply(token) {
        Some(Reply::Answer { answer, .. }) => Some(answer.status),
        _ => None,
    }
}

/// Stops everything at which the lead could end, before it comes, while its bids are out, or between ping and post.
#[track_caller]
fn check(act: impl Fn(&mut Node, &dyn Fn(&Node)) -> u64, expected: AnswerStatus) {
    for (kind, name) in [(StopKind::Vertical, "solar"), (StopKind::Seller, "web")] {
        let mut node = Node::new(config(1));
        let token = act(&mut node, &|node| node.shared.take_stop(&stop(kind, name, true)));
        node.sync();
        assert_eq!((intents(&node), status(&node, token)), (0, Some(expected)), "{kind:?}");
        // Started again, the next lead is sold.
        node.shared.take_stop(&stop(kind, name, false));
        node.sell_until_post(9, None);
        assert!(intents(&node) > 0, "{kind:?}");
    }
}

#[test]
fn nobody_is_asked_for_a_lead_that_comes_after_a_stop() {
    check(
        |node, stop| {
            stop(node);
            let token = node.lead(0, SaleKind::OneCall, 1, None);
            assert!(node.world.pings.is_empty(), "nobody is pinged");
            token
        },
        AnswerStatus::Unsold(UnsoldReason::NoEligibleBuyer),
    );
}

#[test]
fn no_intent_is_written_after_a_stop_that_comes_while_bids_are_out() {
    check(
        |node, stop| {
            let token = node.lead(0, SaleKind::OneCall, 1, None);
            stop(node);
            node.bid(5_000);
            node.pass(Nanos::from_millis(100));
            token
        },
        AnswerStatus::Unsold(UnsoldReason::BelowFloor),
    );
}

#[test]
fn no_intent_is_written_for_an_offer_that_was_stopped_meanwhile() {
    check(
        |node, stop| {
            node.lead(0, SaleKind::TwoStep, 1, None);
            node.bid(5_000);
            node.pass(Nanos::from_millis(100));
            let Record::Lead(lead) = &node.world.journal[1].record else { panic!("a lead") };
            let ping = lead.id;
            stop(node);
            node.post(0, ping, 1, None)
        },
        AnswerStatus::Unsold(UnsoldReason::BelowFloor),
    );
}

#[test]
fn a_stop_is_still_in_force_after_a_restart() {
    let mut node = Node::new(config(1));
    let stop = stop(StopKind::Vertical, "solar", true);
    node.shared.take_stop(&stop);
    let entry = crate::world::Entry { record: stop.into(), ..node.world.journal[0].clone() };
    node.world.journal.push(entry);
    node.sync();
    let journal = node.world.journal.len();
    let mut node = node.restart(journal, config(1));
    assert!(node.shared.stops().get(StopKind::Vertical, "solar").is_some());
    let token = node.lead(0, SaleKind::OneCall, 1, None);
    let expected = AnswerStatus::Unsold(UnsoldReason::NoEligibleBuyer);
    assert_eq!((intents(&node), status(&node, token)), (0, Some(expected)));
}
