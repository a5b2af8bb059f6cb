//! Posts that were told something that changes nothing about their ping are told the same again, over restarts too.

use exchange_protocol::{AnswerStatus, Record, Refusal, Reply, SaleKind};
use exchange_types::{DuplicateScope, Nanos, PostOutcome, Uuid7};

use crate::node::{Node, config};

/// What became of the ping between its post and the stop.
#[derive(Clone, Copy, Debug)]
enum Ping {
    Open,
    Expired,
    Sold,
}

/// Sells a lead of person 1 and has a ping of person 2 posted with the person of the first; returns both.
fn post_of_a_known_person(node: &mut Node) -> (Uuid7, Uuid7) {
    let first = node.lead(0, SaleKind::OneCall, 1, Some(1));
    node.bid(4_000);
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
    }
    let ping = node.lead(0, SaleKind::TwoStep, 2, Some(2));
    node.bid(4_000);
    node.pass(Nanos::from_millis(100));
    node.sync();
    let [first, ping] = [first, ping].map(|token| id_of(node, token));
    let post = node.post(0, ping, 1, Some(3));
    let known = Refusal::Duplicate(DuplicateScope::Own, Some(first));
    assert!(matches!(node.world.reply(post), Some(Reply::Refusal(told)) if *told == known));
    (first, ping)
}

fn id_of(node: &Node, token: u64) -> Uuid7 {
    let Some(Reply::Answer { answer, .. }) = node.world.reply(token) else { panic!("no answer") };
    answer.id
}

/// Returns how a post under a key is answered, if it is.
fn repeated(node: &mut Node, ping: Uuid7, person: u64, key: u64) -> Option<AnswerStatus> {
    let token = node.post(0, ping, person, Some(key));
    match node.world.reply(token)? {
        Reply::Answer { answer, replayed: true, .. } => Some(answer.status),
        _ => None,
    }
}

#[track_caller]
fn check(ping_is: Ping) {
    let mut node = Node::new(config(1));
    let (first, ping) = post_of_a_known_person(&mut node);
    match ping_is {
        Ping::Open => {}
        Ping::Expired => node.pass(Nanos::from_secs(600)),
        Ping::Sold => {
            node.post(0, ping, 2, Some(4));
            for _ in 0..4 {
                node.sync();
                while node.answer_post(PostOutcome::Accepted { price: None }) {}
            }
        }
    }
    node.sync();
    let written =
        node.world.journal.iter().filter(|entry| matches!(entry.record, Record::Answered(_))).count();
    assert_eq!(written, 1, "{ping_is:?}");
    let known = AnswerStatus::Duplicate(DuplicateScope::Own, Some(first));
    assert_eq!(repeated(&mut node, ping, 1, 3), Some(known), "{ping_is:?}");
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    assert_eq!(repeated(&mut node, ping, 1, 3), Some(known), "{ping_is:?} after a restart");
}

#[test]
fn a_post_of_a_known_person_is_told_the_same_after_a_restart() {
    for ping_is in [Ping::Open, Ping::Expired, Ping::Sold] {
        check(ping_is);
    }
}
