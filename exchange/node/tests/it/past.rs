//! What has left the memory is asked of the store, inside the deadline, and only where a filter has seen it.

use std::sync::Arc;

use exchange_node::{NodeConfig, Question, Remembered, RememberedClaim, RememberedPerson, RememberedSale};
use exchange_protocol::{Answer, AnswerStatus, Record, Refusal, Reply, SaleKind};
use exchange_types::{Nanos, PostOutcome, ShardIndex};

use crate::node::{Node, claim, config, known_person};

/// A node that remembers two finished sales and as many persons.
fn forgetful() -> NodeConfig {
    NodeConfig { history_max: 2, fingerprints_max: 2, parked_max: 8, ..config(1) }
}

/// Sells leads of the persons and keys 1 to `count`, and returns their answers.
fn sell(node: &mut Node, count: u64) -> Vec<Answer> {
    let mut answers = Vec::new();
    for number in 1..=count {
        let token = node.sell_until_post(number, Some(number));
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
        node.sync();
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
        node.sync();
        node.pass(Nanos::from_secs(2));
        node.sync();
        let Some(Reply::Answer { answer, .. }) = node.world.reply(token) else { panic!("no answer") };
        assert_eq!(answer.status, AnswerStatus::Sold);
        answers.push((**answer).clone());
    }
    answers
}

fn remember(node: &mut Node, remembered: Option<Remembered>) {
    let (token, _) = node.world.questions.remove(0);
    let now = node.now;
    node.at(ShardIndex(0), |shard, world| shard.remembered(world, now, token, remembered));
    node.deliver();
}

fn remembered_claim(node: &Node, answer: &Answer, key: u64) -> Remembered {
    Remembered {
        claim: Some(RememberedClaim {
            id: answer.id,
            digest: claim(key).digest,
            erased: false,
            answer: Box::new(answer.clone()),
            snapshot: Arc::clone(&node.shared.current().snapshot),
        }),
        ..Remembered::default()
    }
}

fn is_refused(node: &Node, token: u64, expected: &Refusal) -> bool {
    matches!(node.world.reply(token), Some(Reply::Refusal(refusal)) if refusal == expected)
}

#[test]
fn a_key_that_left_the_memory_gets_the_same_answer() {
    let mut node = Node::new(forgetful());
    let answers = sell(&mut node, 4);
    assert!(node.world.questions.is_empty(), "new keys are asked of nobody");
    let token = node.lead(0, SaleKind::OneCall, 1, Some(1));
    assert!(node.world.reply(token).is_none(), "it waits for the store");
    let Some((_, Question::Admission { claim: Some(asked), .. })) = node.world.questions.first() else {
        panic!("the key is asked for: {:?}", node.world.questions);
    };
    assert_eq!((asked.key, asked.digest), (claim(1).key, claim(1).digest));
    let known = remembered_claim(&node, &answers[0], 1);
    remember(&mut node, Some(known));
    let Some(Reply::Answer { answer, replayed, .. }) = node.world.reply(token) else { panic!("no answer") };
    assert!(*replayed);
    assert_eq!(**answer, answers[0]);
}

#[test]
fn a_key_that_left_the_memory_with_another_body_is_a_conflict() {
    let mut node = Node::new(forgetful());
    let answers = sell(&mut node, 4);
    let token = node.lead(0, SaleKind::OneCall, 1, Some(1));
    let known = remembered_claim(&node, &answers[0], 99);
    remember(&mut node, Some(known));
    assert!(is_refused(&node, token, &Refusal::KeyReused));
}

fn erase(node: &mut Node) {
    let lead = node.world.journal.iter().find_map(|entry| match &entry.record {
        Record::Lead(lead) => Some(lead.id),
        _ => None,
    });
    let (now, id) = (node.now, lead.expect("a lead"));
    node.at(ShardIndex(0), |shard, world| shard.erase(world, now, id));
}

#[test]
fn the_key_of_an_erased_lead_is_the_stores_to_refuse() {
    for runs in [false, true] {
        let mut node = Node::new(forgetful());
        let first = node.sell_until_post(1, Some(1));
        if runs {
            erase(&mut node);
        }
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
        node.sync();
        node.pass(Nanos::from_secs(2));
        node.sync();
        if !runs {
            erase(&mut node);
        }
        let Some(Reply::Answer { answer, .. }) = node.world.reply(first) else { panic!("no answer") };
        let answer = (**answer).clone();
        assert_eq!(answer.status, AnswerStatus::Sold);
        let again = node.lead(0, SaleKind::OneCall, 1, Some(1));
        assert!(node.world.reply(again).is_none(), "it waits for the store");
        let mut known = remembered_claim(&node, &answer, 1);
        known.claim.as_mut().expect("a claim").erased = true;
        remember(&mut node, Some(known));
        assert!(is_refused(&node, again, &Refusal::LeadErased));
        // The next auction in the same place is another lead's.
        let next = node.sell_until_post(2, Some(2));
        while node.answer_post(PostOutcome::Accepted { price: None }) {}
        node.sync();
        node.pass(Nanos::from_secs(2));
        node.sync();
        assert!(matches!(node.world.reply(next), Some(Reply::Answer { .. })));
        let again = node.lead(0, SaleKind::OneCall, 2, Some(2));
        assert!(matches!(node.world.reply(again), Some(Reply::Answer { .. })), "it is remembered");
    }
}

#[test]
fn without_an_answer_in_time_nothing_is_stored() {
    let mut node = Node::new(forgetful());
    sell(&mut node, 4);
    let records = node.world.journal.len();
    let token = node.lead(0, SaleKind::OneCall, 77, Some(1));
    node.pass(Nanos::from_millis(249));
    assert!(node.world.reply(token).is_none());
    node.pass(Nanos::from_millis(1));
    assert!(is_refused(&node, token, &Refusal::Overloaded));
    assert_eq!(node.world.journal.len(), records);
    // A late answer changes nothing, and the same key may come again.
    remember(&mut node, Some(Remembered::default()));
    assert_eq!(node.shards[0].auctions(), 0);
    let again = node.lead(0, SaleKind::OneCall, 77, Some(1));
    remember(&mut node, None);
    assert!(is_refused(&node, again, &Refusal::Overloaded), "the store says that it cannot answer");
    let third = node.lead(0, SaleKind::OneCall, 77, Some(1));
    remember(&mut node, Some(Remembered::default()));
    assert!(node.world.reply(third).is_none(), "it is new, and its auction is on the way");
    assert_eq!(node.shards[0].auctions(), 1);
}

#[test]
fn what_a_lead_has_waited_is_taken_off_its_deadline() {
    let mut node = Node::new(forgetful());
    sell(&mut node, 4);
    let token = node.lead(0, SaleKind::OneCall, 77, Some(1));
    node.pass(Nanos::from_millis(200));
    remember(&mut node, Some(Remembered::default()));
    // Nobody bids and no post is answered: the answer is due 1,500 ms after the lead came in.
    node.pass(Nanos::from_millis(200));
    node.pass(Nanos::from_millis(1_099));
    assert!(node.world.reply(token).is_none());
    node.pass(Nanos::from_millis(1));
    assert!(node.world.reply(token).is_some());
}

#[test]
fn copies_that_come_while_the_store_is_asked_make_one_auction() {
    let mut node = Node::new(forgetful());
    sell(&mut node, 4);
    let tokens: Vec<u64> = (0..64).map(|_| node.lead(0, SaleKind::OneCall, 77, Some(1))).collect();
    assert_eq!(node.world.questions.len(), 1, "it is asked once");
    remember(&mut node, Some(Remembered::default()));
    assert_eq!(node.shards[0].auctions(), 1);
    node.pass(Nanos::from_secs(2));
    assert!(tokens.iter().all(|token| node.world.reply(*token).is_some()));
}

#[test]
fn few_wait_for_the_store_and_the_others_are_refused_at_once() {
    let mut node = Node::new(NodeConfig { parked_max: 2, ..forgetful() });
    sell(&mut node, 6);
    let tokens: Vec<u64> = (1..=3).map(|key| node.lead(0, SaleKind::OneCall, 77 + key, Some(key))).collect();
    assert!(node.world.reply(tokens[0]).is_none() && node.world.reply(tokens[1]).is_none());
    assert!(is_refused(&node, tokens[2], &Refusal::Overloaded));
}

#[test]
fn a_person_that_left_the_memory_is_still_a_duplicate() {
    let mut node = Node::new(forgetful());
    let answers = sell(&mut node, 4);
    let token = node.lead(0, SaleKind::OneCall, 1, Some(50));
    let Some((_, Question::Admission { claim: None, prints, .. })) = node.world.questions.first() else {
        panic!("the person is asked for: {:?}", node.world.questions);
    };
    let [print, ..] = node.shared.person_prints(&known_person(1), "solar");
    let print = print.expect("a phone");
    assert_eq!(*prints, [print]);
    let person = RememberedPerson {
        print,
        id: answers[0].id,
        seller: "web".into(),
        taken: true,
        until: node.now.utc.saturating_add(Nanos::from_secs(1)),
    };
    remember(&mut node, Some(Remembered { persons: vec![person], ..Remembered::default() }));
    let Some(Reply::Answer { answer, .. }) = node.world.reply(token) else { panic!("no answer") };
    assert!(matches!(answer.status, AnswerStatus::Duplicate(_, Some(earlier)) if earlier == answers[0].id));
}

#[test]
fn a_sale_that_left_the_memory_is_read_from_the_store_by_its_seller_alone() {
    let mut node = Node::new(forgetful());
    let answers = sell(&mut node, 4);
    let token = node.read(0, answers[0].id);
    assert_eq!(node.world.questions[0].1, Question::Sale(answers[0].id));
    let sale = RememberedSale {
        answer: Box::new(answers[0].clone()),
        snapshot: Arc::clone(&node.shared.current().snapshot),
    };
    remember(&mut node, Some(Remembered { sale: Some(sale), ..Remembered::default() }));
    assert!(matches!(node.world.reply(token), Some(Reply::Answer { answer, .. }) if **answer == answers[0]));
    let unknown = node.read(0, answers[0].id);
    remember(&mut node, Some(Remembered::default()));
    assert!(is_refused(&node, unknown, &Refusal::NotFound));
}

#[test]
fn after_a_restart_older_keys_and_persons_are_still_asked_for() {
    let mut node = Node::new(config(1));
    sell(&mut node, 6);
    let durable = node.durable;
    let mut node = node.restart(durable, forgetful());
    node.lead(0, SaleKind::OneCall, 77, Some(1));
    node.lead(0, SaleKind::OneCall, 2, Some(77));
    assert_eq!(node.world.questions.len(), 2, "{:?}", node.world.questions);
    let strange = node.lead(0, SaleKind::OneCall, 99, Some(99));
    assert_eq!(node.world.questions.len(), 2);
    assert!(node.world.reply(strange).is_none() && node.shards[0].auctions() == 1);
}
