//! Posts whose outcome nobody knows: resolved once, and counted when that is on disk.

use exchange_catalog::snapshot::CapKind;
use exchange_counters::Owner;
use exchange_node::{Alert, ResolveRequest, ResolverReply, UnknownKey};
use exchange_protocol::{
    AnswerStatus, Outcome, Record, Refusal, Reply, Resolved, ResolvedBy, SaleKind, Waiter,
};
use exchange_types::{Nanos, PostOutcome, Reason, ShardIndex, UnknownCause};

use crate::node::{Node, config};

/// Runs a lead of one buyer until its post is unknown and the sale is closed; returns the post and the request.
fn unknown(node: &mut Node) -> (UnknownKey, u64) {
    let token = node.sell_until_post(1, Some(1));
    assert!(node.answer_post(PostOutcome::Unknown(UnknownCause::Broken)));
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Rejected) {}
    }
    node.pass(Nanos::from_secs(2));
    node.sync();
    let Some(Reply::Answer { answer, .. }) = node.world.reply(token) else { panic!("no answer") };
    assert!(matches!(answer.status, AnswerStatus::Pending(_)), "{answer:?}");
    let open: Vec<_> = node.shards[0].unknowns().list().map(|open| open.unknown.key).collect();
    assert_eq!(open.len(), 1, "the other buyer has rejected it");
    (open[0], token)
}

/// Sends the post again and tells what came of it, but writes nothing to the disk.
fn repost(node: &mut Node, outcome: PostOutcome) {
    node.pass(Nanos::from_secs(7));
    assert_eq!(node.world.reposts.len(), 1);
    assert!(node.answer_repost(outcome));
}

pub(crate) fn say(node: &mut Node, key: UnknownKey, says: Outcome, token: u64) {
    let request = ResolveRequest {
        key,
        says,
        price: None,
        by: ResolvedBy::Person,
        digest: [4; 16],
        note: "operator:ada by phone".into(),
        waiter: Waiter { place: ShardIndex(0), token },
    };
    let now = node.now;
    node.at(ShardIndex(0), |shard, world| shard.resolve(world, now, request));
}

fn told(node: &Node, token: u64) -> Option<Resolved> {
    match node.world.reply(token) {
        Some(Reply::Resolved(resolved)) => Some(*resolved),
        _ => None,
    }
}

fn status(node: &mut Node) -> AnswerStatus {
    let token = node.lead(0, SaleKind::OneCall, 1, Some(1));
    match node.world.reply(token) {
        Some(Reply::Answer { answer, .. }) => answer.status,
        other => panic!("{other:?}"),
    }
}

/// Returns what the caps of the campaign that was posted to count: posted and pending.
fn counted(node: &Node, kind: CapKind) -> (i64, i64) {
    let current = node.shared.current();
    let mut rows = current.caps.rows().iter().filter(|row| {
        let own = matches!(&row.owner, Owner::Campaign(name) if &**name == "solar" || &**name == "roof");
        own && row.kind == kind && row.window.opens <= node.now.utc && node.now.utc < row.window.closes
    });
    let sums = rows.try_fold((0, 0), |(posted, pending), row| {
        let cell = current.caps.cells().get(row.cell)?;
        Some((posted + cell.posted(), pending + cell.pending()))
    });
    sums.expect("cells")
}

fn open_of(node: &Node) -> u32 {
    let current = node.shared.current();
    let indices = current.snapshot.campaigns.iter();
    indices
        .map(|campaign| {
            let index = current.snapshot.campaign_named(&campaign.name).expect("it is there");
            current.unknown_open(index)
        })
        .sum()
}

#[test]
fn an_acceptance_counts_when_its_resolution_is_on_disk() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    assert!(
        matches!(node.shards[0].poll_alert(), Some(Alert::FirstUnknown { key: first, .. }) if first == key)
    );
    let sold_caps = counted(&node, CapKind::Sold);
    assert_eq!((sold_caps.0, open_of(&node)), (0, 1));
    assert!(sold_caps.1 >= 1, "its room is held");
    // Something else is on its way to the disk before it.
    node.lead(0, SaleKind::TwoStep, 9, None);
    repost(&mut node, PostOutcome::Accepted { price: None });
    let last = &node.world.journal.last().expect("a record").record;
    assert!(matches!(last, Record::Resolved(found) if found.by == ResolvedBy::Repost
        && found.outcome == Outcome::Accepted && found.auction == key.auction));
    node.sync_up_to(node.world.journal.len() - 1);
    assert_eq!(counted(&node, CapKind::Sold), sold_caps, "not before it is on disk");
    assert!(matches!(status(&mut node), AnswerStatus::Pending(_)));
    node.sync();
    assert_eq!(counted(&node, CapKind::Sold), (sold_caps.1, 0));
    assert_eq!(counted(&node, CapKind::Budget), (50_000_000, 0));
    assert_eq!(status(&mut node), AnswerStatus::Sold);
    assert_eq!(open_of(&node), 0);
    assert!(node.shards[0].unknowns().is_empty());
}

#[test]
fn a_rejection_gives_the_room_back_and_the_post_stays_counted() {
    let mut node = Node::new(config(1));
    unknown(&mut node);
    repost(&mut node, PostOutcome::Rejected);
    node.sync();
    assert_eq!(counted(&node, CapKind::Sold), (0, 0));
    assert_eq!(counted(&node, CapKind::Budget), (0, 0));
    assert_eq!(counted(&node, CapKind::Sent), (1, 0));
    assert!(matches!(status(&mut node), AnswerStatus::Unsold(_)));
    let other = node.lead(0, SaleKind::OneCall, 1, Some(2));
    assert!(matches!(node.world.reply(other), Some(Reply::Refusal(Refusal::TooSoon { .. })) | None));
}

#[test]
fn a_resolution_that_is_lost_was_never_made() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    repost(&mut node, PostOutcome::Accepted { price: None });
    let durable = node.durable;
    let mut node = node.restart(durable, config(1));
    assert!(matches!(status(&mut node), AnswerStatus::Pending(_)));
    assert!(node.shards[0].unknowns().get(key).is_some());
    assert_eq!(open_of(&node), 1);
    repost(&mut node, PostOutcome::Rejected);
    node.sync();
    assert_eq!(counted(&node, CapKind::Sold), (0, 0));
    assert!(matches!(status(&mut node), AnswerStatus::Unsold(_)));
}

#[test]
fn a_person_is_answered_when_the_word_is_on_disk_and_once_is_enough() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    say(&mut node, key, Outcome::Accepted, 900);
    say(&mut node, key, Outcome::Accepted, 901);
    assert!(told(&node, 900).is_none() && told(&node, 901).is_none(), "nothing is on disk yet");
    node.sync();
    assert_eq!(told(&node, 900), Some(Resolved::Now(Outcome::Accepted)));
    assert_eq!(told(&node, 901), Some(Resolved::Before(Outcome::Accepted)));
    say(&mut node, key, Outcome::Accepted, 902);
    assert_eq!(told(&node, 902), Some(Resolved::Before(Outcome::Accepted)));
    let resolved = node.world.journal.iter().filter(|entry| matches!(entry.record, Record::Resolved(_)));
    assert_eq!(resolved.count(), 1);
}

#[test]
fn a_late_contradiction_is_written_down_and_changes_nothing() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    say(&mut node, key, Outcome::Failed(Reason::PostRejected), 900);
    node.sync();
    say(&mut node, key, Outcome::Accepted, 901);
    assert!(told(&node, 901).is_none());
    node.sync();
    assert_eq!(told(&node, 901), Some(Resolved::Disputed));
    assert!(matches!(&node.world.journal.last().expect("a record").record, Record::Disputed(_)));
    assert_eq!(counted(&node, CapKind::Sold), (0, 0));
    assert!(matches!(status(&mut node), AnswerStatus::Unsold(_)));
}

#[test]
fn a_word_against_a_sale_that_was_never_unknown_is_a_dispute() {
    let mut node = Node::new(config(1));
    node.sell_until_post(1, Some(1));
    while node.answer_post(PostOutcome::Accepted { price: None }) {}
    node.sync();
    let key = node.world.journal.iter().find_map(|entry| match &entry.record {
        Record::Outcome { auction, candidate, outcome: Outcome::Accepted, .. } => {
            Some(UnknownKey { auction: *auction, candidate: *candidate })
        }
        _ => None,
    });
    let key = key.expect("a sale");
    say(&mut node, key, Outcome::Failed(Reason::PostRejected), 900);
    node.sync();
    assert_eq!(told(&node, 900), Some(Resolved::Disputed));
    assert_eq!(status(&mut node), AnswerStatus::Sold);
    let strange = UnknownKey { candidate: exchange_protocol::CandidateIndex(77), ..key };
    say(&mut node, strange, Outcome::Accepted, 901);
    assert!(matches!(node.world.reply(901), Some(Reply::Refusal(Refusal::NotFound))));
}

#[test]
fn an_erased_lead_is_not_posted_again() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    let now = node.now;
    node.at(ShardIndex(0), |shard, world| shard.erase(world, now, key.auction));
    node.pass(Nanos::from_secs(100));
    assert!(node.world.reposts.is_empty());
    let unknown = node.shards[0].unknowns().get(key).expect("it stays open");
    assert!(unknown.submission.is_none());
}

#[test]
fn an_operator_is_told_when_a_person_has_to_decide() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    while node.shards[0].poll_alert().is_some() {}
    for _ in 0..25 {
        node.pass(Nanos::from_secs(3_600));
        while node.answer_repost(PostOutcome::Unknown(UnknownCause::Timeout)) {}
    }
    assert!(matches!(node.shards[0].poll_alert(), Some(Alert::HandedOver { key: left, .. }) if left == key));
    assert!(node.shards[0].poll_alert().is_none());
}

/// The answer to a post comes after the post was given up.
fn late(node: &mut Node, key: UnknownKey, outcome: PostOutcome) {
    let now = node.now;
    let reply = ResolverReply { outcome, digest: [6; 16] };
    node.at(ShardIndex(0), |shard, world| shard.late_answer(world, now, key, reply));
    node.sync();
}

/// Returns how posts were resolved, and how many facts contradict it.
fn written(node: &Node) -> (Vec<(Outcome, ResolvedBy)>, usize) {
    let resolved = node.world.journal.iter().filter_map(|entry| match &entry.record {
        Record::Resolved(found) => Some((found.outcome, found.by)),
        _ => None,
    });
    let disputed = node.world.journal.iter().filter(|entry| matches!(entry.record, Record::Disputed(_)));
    (resolved.collect(), disputed.count())
}

#[test]
fn a_late_answer_resolves_what_nobody_knows() {
    for (outcome, came) in [
        (PostOutcome::Accepted { price: None }, Some(Outcome::Accepted)),
        (PostOutcome::Rejected, Some(Outcome::Failed(Reason::PostRejected))),
        (PostOutcome::Duplicate, Some(Outcome::Failed(Reason::PostDuplicate))),
        (PostOutcome::Refused { status: 400 }, Some(Outcome::Failed(Reason::PostRefused))),
        (PostOutcome::Unknown(UnknownCause::Unreadable { status: 500 }), None),
    ] {
        let mut node = Node::new(config(1));
        let (key, _) = unknown(&mut node);
        late(&mut node, key, outcome);
        let expected: Vec<_> = came.map(|came| (came, ResolvedBy::LateAnswer)).into_iter().collect();
        assert_eq!(written(&node), (expected, 0), "{outcome:?}");
        match came {
            Some(Outcome::Accepted) => {
                assert_eq!(status(&mut node), AnswerStatus::Sold);
                assert_eq!(counted(&node, CapKind::Budget), (50_000_000, 0));
            }
            Some(_) => {
                assert!(matches!(status(&mut node), AnswerStatus::Unsold(_)), "{outcome:?}");
                assert_eq!(counted(&node, CapKind::Budget), (0, 0), "{outcome:?}");
            }
            None => assert!(matches!(status(&mut node), AnswerStatus::Pending(_))),
        }
    }
}

#[test]
fn a_late_acceptance_against_a_decision_is_a_dispute_and_no_charge() {
    let mut node = Node::new(config(1));
    let (key, _) = unknown(&mut node);
    say(&mut node, key, Outcome::Failed(Reason::PostRejected), 900);
    node.sync();
    late(&mut node, key, PostOutcome::Accepted { price: None });
    let decided = vec![(Outcome::Failed(Reason::PostRejected), ResolvedBy::Person)];
    assert_eq!(written(&node), (decided.clone(), 1));
    assert_eq!(counted(&node, CapKind::Budget), (0, 0));
    assert!(matches!(status(&mut node), AnswerStatus::Unsold(_)));
    late(&mut node, key, PostOutcome::Rejected);
    assert_eq!(written(&node), (decided, 1), "what agrees is passed over");
}

#[test]
fn a_late_answer_waits_for_an_auction_that_still_runs() {
    let mut node = Node::new(config(1));
    node.sell_until_post(1, Some(1));
    assert!(node.answer_post(PostOutcome::Unknown(UnknownCause::Timeout)));
    node.sync();
    assert!(!node.world.posts.is_empty(), "another buyer has it too");
    let key = node.world.journal.iter().find_map(|entry| match &entry.record {
        Record::Outcome { auction, candidate, outcome: Outcome::Unknown, .. } => {
            Some(UnknownKey { auction: *auction, candidate: *candidate })
        }
        _ => None,
    });
    late(&mut node, key.expect("a post without an answer"), PostOutcome::Accepted { price: None });
    assert_eq!(written(&node), (Vec::new(), 0));
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Rejected) {}
    }
    node.pass(Nanos::from_secs(2));
    node.sync();
    assert_eq!(written(&node), (vec![(Outcome::Accepted, ResolvedBy::LateAnswer)], 0));
    assert_eq!(status(&mut node), AnswerStatus::Sold);
}
