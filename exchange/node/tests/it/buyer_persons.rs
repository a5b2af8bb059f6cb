//! Buyers that had a person are not offered it again, for as long as their windows say.

use exchange_protocol::{Outcome, Record, SaleKind};
use exchange_types::{Nanos, PostOutcome, Reason, UnknownCause};

use crate::market::Plan;
use crate::node::{Node, config};
use crate::resolving::say;

const MINUTE: Nanos = Nanos::from_secs(60);
const UNKNOWN: PostOutcome = PostOutcome::Unknown(UnknownCause::Broken);

/// Posts a person to `solar`, whose post comes to `outcome`, in a market whose vertical knows persons for a minute, and
/// the buyer of `solar` for an hour.
fn posted(person: u64, outcome: PostOutcome) -> Node {
    let mut node = Node::new(config(1));
    node.install(2, Plan::Windows);
    node.sell_until_post(person, None);
    assert!(node.answer_post(outcome), "a post is out");
    for _ in 0..4 {
        node.sync();
        while node.answer_post(PostOutcome::Rejected) {}
    }
    node.pass(Nanos::from_secs(2));
    node.sync();
    node
}

/// Offers a person again, and returns why `solar` was not asked.
fn offered_again(node: &mut Node, person: u64) -> Option<Reason> {
    node.lead(0, SaleKind::OneCall, person, None);
    node.world.pings.clear();
    node.pass(Nanos::from_secs(2));
    node.sync();
    let mut stories = node.world.journal.iter().filter_map(|entry| match &entry.record {
        Record::Closed(story) => Some(story),
        _ => None,
    });
    let story = stories.next_back().expect("it is over");
    let current = node.shared.current();
    let out = |name: &str| {
        let campaign = current.snapshot.campaign_named(name).expect("a campaign");
        let found = story.candidates.iter().find(|one| one.campaign == campaign).expect("considered");
        found.out
    };
    // The other campaign of the buyer does not mind whom it had.
    assert_eq!(out("roof"), Some(Reason::Timeout));
    out("solar").filter(|reason| *reason != Reason::Timeout)
}

#[test]
fn a_buyer_that_has_a_person_is_not_asked_again_within_its_window() {
    let barred = Some(Reason::DuplicateForBuyer);
    for (outcome, expected) in [
        (PostOutcome::Accepted { price: None }, barred),
        (PostOutcome::Duplicate, barred),
        (UNKNOWN, barred),
        (PostOutcome::Rejected, None),
        (PostOutcome::Refused { status: 404 }, None),
    ] {
        for restarts in [false, true] {
            let mut node = posted(1, outcome);
            if restarts {
                let journal = node.world.journal.len();
                node = node.restart(journal, config(1));
            }
            node.pass(MINUTE);
            assert_eq!(offered_again(&mut node, 1), expected, "{outcome:?}, restarted: {restarts}");
            assert_eq!(offered_again(&mut node, 2), None, "another person");
            node.pass(Nanos::from_secs(3_600));
            assert_eq!(offered_again(&mut node, 1), None, "{outcome:?}: the window is over");
        }
    }
}

#[test]
fn a_buyer_that_turns_out_not_to_have_a_person_is_asked_again() {
    for restarts in [false, true] {
        let mut node = posted(1, UNKNOWN);
        let open: Vec<_> = node.shards[0].unknowns().list().map(|open| open.unknown.key).collect();
        say(&mut node, open[0], Outcome::Failed(Reason::PostRejected), 99);
        node.sync();
        if restarts {
            let journal = node.world.journal.len();
            node = node.restart(journal, config(1));
        }
        node.pass(MINUTE);
        assert_eq!(offered_again(&mut node, 1), None, "restarted: {restarts}");
    }
}
