//! What is written down when leads and posts come in, and what is not.

use exchange_node::Admission;
use exchange_protocol::{AnswerStatus, Record, Refusal, Reply, SaleKind, encode_record};
use exchange_types::{Nanos, PostOutcome};

use crate::node::{Node, config};

fn kinds(node: &Node) -> Vec<&'static str> {
    let name = |record: &Record| match record {
        Record::Lead(_) => "lead",
        Record::Completed(_) => "completed",
        Record::Offered(_) => "offered",
        Record::Intent { .. } => "intent",
        Record::Outcome { .. } => "outcome",
        Record::Closed(_) => "closed",
        Record::Catalog(_) => "catalog",
        _ => "other",
    };
    node.world.journal.iter().map(|entry| name(&entry.record)).collect()
}

fn refusal(node: &Node, token: u64) -> Option<&Refusal> {
    match node.world.reply(token) {
        Some(Reply::Refusal(refusal)) => Some(refusal),
        _ => None,
    }
}

#[test]
fn a_lead_is_written_down_before_anything_else_of_it() {
    let mut node = Node::new(config(1));
    node.sell_until_post(1, Some(1));
    assert_eq!(kinds(&node)[..3], ["catalog", "lead", "intent"]);
    let Record::Lead(lead) = &node.world.journal[1].record else { panic!("a lead") };
    assert_eq!(lead.again_from, lead.admitted.saturating_add(Nanos::from_secs(60)), "`resubmit_after`");
    assert!(lead.consent.is_some(), "it names companies");
    assert!(lead.claim.is_some() && lead.prints[0].is_some());
}

#[test]
fn a_sellers_post_is_written_down_before_its_intents() {
    let mut node = Node::new(config(1));
    node.lead(0, SaleKind::TwoStep, 1, Some(1));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    let Record::Lead(lead) = &node.world.journal[1].record else { panic!("a lead") };
    let ping = lead.id;
    node.post(0, ping, 1, Some(2));
    let kinds = kinds(&node);
    assert_eq!(kinds[..5], ["catalog", "lead", "offered", "completed", "intent"]);
}

#[test]
fn a_duplicate_is_written_down_with_its_end() {
    let mut node = Node::new(config(1));
    node.sell_until_post(1, Some(1));
    node.answer_post(PostOutcome::Accepted { price: None });
    let again = node.lead(0, SaleKind::OneCall, 1, Some(2));
    assert!(matches!(node.world.reply(again), Some(Reply::Answer { answer, .. })
            if matches!(answer.status, AnswerStatus::Duplicate(..))));
    assert_eq!(kinds(&node)[kinds(&node).len() - 2..], ["lead", "closed"]);
}

#[test]
fn nothing_personal_stands_in_a_record_in_clear() {
    let mut node = Node::new(config(1));
    node.sell_until_post(1, Some(1));
    node.answer_post(PostOutcome::Accepted { price: None });
    node.sync();
    let mut bytes = Vec::new();
    for entry in &node.world.journal {
        encode_record(&entry.record, &mut bytes);
        bytes.extend_from_slice(&entry.sealed);
    }
    for canary in [&b"80331"[..], b"498912345"] {
        assert!(!bytes.windows(canary.len()).any(|window| window == canary), "{canary:?}");
    }
}

#[test]
fn without_a_key_nothing_is_stored_and_the_same_submission_may_come_again() {
    let mut node = Node::new(config(1));
    node.world.slots_left = Some(1);
    let token = node.lead(0, SaleKind::OneCall, 1, Some(1));
    assert_eq!(refusal(&node, token), Some(&Refusal::Overloaded));
    assert_eq!(kinds(&node), ["catalog"]);
    assert_eq!(node.shards[0].auctions(), 0);
    node.world.slots_left = None;
    let again = node.lead(0, SaleKind::OneCall, 1, Some(1));
    assert!(node.world.reply(again).is_none(), "its auction is on the way");
    assert_eq!(node.shards[0].auctions(), 1);
}

#[test]
fn a_closed_admission_refuses_new_leads_and_lets_posts_and_outcomes_go_on() {
    let mut node = Node::new(config(1));
    let first = node.sell_until_post(1, Some(1));
    node.lead(0, SaleKind::TwoStep, 2, Some(2));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    let ping = node.world.journal.iter().rev().find_map(|entry| match &entry.record {
        Record::Offered(offered) => Some(offered.story.id),
        _ => None,
    });
    for closed in [Admission::DiskFull, Admission::ProjectorLag, Admission::Draining] {
        node.shared.set_admission(closed);
        let token = node.lead(0, SaleKind::OneCall, 3, Some(3));
        assert_eq!(refusal(&node, token), Some(&Refusal::Overloaded), "{closed:?}");
    }
    while node.answer_post(PostOutcome::Accepted { price: None }) {}
    let post = node.post(0, ping.expect("offers"), 2, Some(4));
    node.sync();
    while node.answer_post(PostOutcome::Accepted { price: None }) {}
    node.sync();
    for token in [first, post] {
        let sold = matches!(node.world.reply(token), Some(Reply::Answer { answer, .. })
            if answer.status == AnswerStatus::Sold);
        assert!(sold, "{:?}", node.world.reply(token));
    }
    node.shared.set_admission(Admission::Open);
    let token = node.lead(0, SaleKind::OneCall, 3, Some(3));
    assert!(node.world.reply(token).is_none());
}
