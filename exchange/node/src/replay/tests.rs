//! Replays of auctions that were recorded by a driver of their own, with a disk and latencies.

mod cases;
mod play;
mod stage;
mod what_if;

use exchange_protocol::{AnswerStatus, Outcome, SaleKind, Story};
use exchange_types::{Amount, BidEntries, CampaignIndex, PingReply, PostOutcome, Reason, UnknownCause};
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;

use super::*;
use stage::{Script, Stage, cents, entries};

/// Vertical, agreement, and whether the campaigns take a lower price.
const RULES: [(&str, &str, &str); 6] = [
    ("", r#"payout = { margin = "20%" }"#, "reject"),
    ("rule = \"second_price\"\nreserve = \"1.00\"", r#"payout = { share = "70%" }"#, "accept"),
    ("rank_by = \"none\"", r#"payout = { fixed = "4.00", per = "sale" }"#, "reject"),
    ("rank_by = \"bid\"", "payout = { fixed = \"4.00\", per = \"lead\" }\nallow_loss = true", "accept"),
    ("rank_by = \"margin\"\ncascade_into_margin = true", r#"payout = { margin = "3.00" }"#, "accept"),
    ("consent_model = \"named\"", r#"payout = { margin = "10%" }"#, "reject"),
];

fn reply() -> impl Strategy<Value = PingReply> {
    let bids = (900_u32..1_010, prop::option::of(600_u32..1_000)).prop_map(|(alone, shared)| {
        let mut bids = entries(&[(alone, u16::from(shared.is_some()))]);
        if let Some(shared) = shared {
            bids.push(exchange_types::BidEntry { amount: cents(shared), ..Default::default() });
        }
        PingReply::Bids(bids)
    });
    prop_oneof![
        12 => bids,
        1 => Just(PingReply::NoBid),
        1 => Just(PingReply::Timeout),
        1 => Just(PingReply::ConnectFailed),
        1 => Just(PingReply::BadReply),
        1 => Just(PingReply::BadPrice),
    ]
}

fn outcome() -> impl Strategy<Value = PostOutcome> {
    prop_oneof![
        5 => Just(PostOutcome::Accepted { price: None }),
        1 => Just(PostOutcome::Accepted { price: Some(cents(890)) }),
        1 => Just(PostOutcome::Accepted { price: Some(cents(2_000)) }),
        5 => Just(PostOutcome::Rejected),
        1 => Just(PostOutcome::Duplicate),
        1 => Just(PostOutcome::Refused { status: 404 }),
        1 => Just(PostOutcome::NotSent(exchange_types::NotSent::Tls)),
        1 => Just(PostOutcome::Unknown(UnknownCause::Broken)),
    ]
}

prop_compose! {
    fn script()(
        rules in 0..RULES.len(),
        two_step in any::<bool>(),
        (max_buyers, asks_max, prior_sales) in (1_u16..5, prop::option::of(1_u16..4), 0_u16..2),
        floor in prop::option::of(200_u32..800),
        wait_ms in prop::option::weighted(0.2, 100_u64..3_000),
        // When each answers its ping, in microseconds; beyond the window it does not.
        bids in prop::array::uniform5((0_u64..320_000, reply())),
        out in prop::array::uniform5(prop::option::weighted(0.1, Just(Reason::SoldCapReached))),
        room in prop::array::uniform5(prop::option::weighted(0.2, 1_u8..4)),
        posts in prop::array::uniform5((0_u64..6_000_000, outcome())),
        steps in prop::collection::vec(
            (400_000_u64..29_990_000, prop::collection::vec(0_usize..3, 0..2), any::<bool>()), 0..3),
        gives_back in prop::option::weighted(0.2, 20_000_000_u64..29_000_000),
        disk_us in prop_oneof![Just(0_u64), 0_u64..9_000, Just(700_000_u64)],
    ) -> Script {
        Script {
            rules: RULES.get(rules).copied().expect("one of the rules"),
            kind: if two_step { SaleKind::TwoStep } else { SaleKind::OneCall },
            max_buyers, asks_max, prior_sales,
            floor: floor.map(cents),
            wait: wait_ms.map(exchange_types::Nanos::from_millis),
            bids: bids.to_vec(), out: out.to_vec(), room: room.to_vec(), posts: posts.to_vec(),
            steps, names_campaigns: false, gives_back, disk_us,
        }
    }
}

/// Returns a story without the moments at which the disk let the seller be answered and the auction end.
fn without_waits(story: &Story) -> Story {
    Story { answered_us: 0, ended_us: 0, ..story.clone() }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 300, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_recorded_auction_comes_out_as_it_did(script in script()) {
        let stage = Stage::record(&script);
        let replayed = stage.replay(&[]).expect("a record that is enough");
        prop_assert_eq!(&replayed.differences, &[]);
        prop_assert_eq!(&replayed.assumptions, &[]);
        prop_assert_eq!(without_waits(&replayed.story), without_waits(&stage.story));
    }

    #[test]
    fn an_erased_lead_is_replayed_from_what_the_record_keeps(mut script in script()) {
        if script.rules.0.contains("named") {
            // Whether a consent names a company is erased with it.
            script.rules.0 = "";
        }
        let stage = Stage::record(&script);
        let replayed = replay(&stage.recorded(None), &[]).expect("a record that is enough");
        prop_assert_eq!(&replayed.differences, &[]);
        prop_assert_eq!(&replayed.assumptions, &[Assumption::LeadErased]);
    }
}

/// The driver above must meet every way in which an auction can go, or the properties prove little.
#[test]
fn the_recorded_auctions_are_of_every_kind() {
    let mut runner = proptest::test_runner::TestRunner::deterministic();
    let mut missing = std::collections::BTreeSet::new();
    for turn in 0..3_000 {
        let script = script().new_tree(&mut runner).expect("a script").current();
        let story = Stage::record(&script).story;
        let facts = facts(&script, &story);
        if turn == 0 {
            missing.extend(facts.iter().map(|(name, _)| *name));
        }
        for (name, _) in facts.iter().filter(|(_, holds)| *holds) {
            missing.remove(name);
        }
        if missing.is_empty() {
            return;
        }
    }
    panic!("never met: {missing:?}");
}

fn facts(script: &Script, story: &Story) -> [(&'static str, bool); 18] {
    let rounds: std::collections::BTreeSet<_> = story.posts.iter().map(|post| post.intent_us).collect();
    let outcome = |wanted| story.posts.iter().filter(move |post| post.outcome == Some(wanted));
    let accepted = outcome(Outcome::Accepted).count();
    let unknown = || outcome(Outcome::Unknown);
    let reason = |wanted| story.candidates.iter().any(|candidate| candidate.reason == Some(wanted));
    let late = || story.candidates.iter().filter(|candidate| candidate.out == Some(Reason::Timeout));
    let no_room = || story.candidates.iter().filter_map(|candidate| candidate.no_room);
    let bid_of = |post: &exchange_protocol::StoryPost| {
        let candidate = story.candidates.get(post.candidate.at()).expect("a candidate");
        candidate.entries.as_slice().get(usize::from(post.entry)).expect("an entry").amount
    };
    let second = script.rules.0.contains("second");
    [
        ("two steps", story.kind == SaleKind::TwoStep && accepted > 0),
        ("two posts of the seller", story.steps.len() > 1),
        ("a named offer", story.steps.iter().any(|step| !step.named.is_empty())),
        ("a cascade", rounds.len() > 1),
        ("a shared sale", accepted > 1),
        ("an unknown", unknown().next().is_some()),
        ("one that was given up", unknown().any(|post| post.replied_us == post.intent_us + 5_000_000)),
        ("a lower price", outcome(Outcome::Accepted).any(|post| post.stated == Some(post.price))),
        ("a changed price", reason(Reason::PriceChanged)),
        ("no room", no_room().next().is_some()),
        ("no room the second time", no_room().any(|no_room| no_room.time > 1)),
        ("a late bid", late().any(|candidate| !candidate.entries.as_slice().is_empty())),
        ("a silent one", late().any(|candidate| candidate.replied_us == 0)),
        ("a second price", second && story.posts.iter().any(|post| post.price < bid_of(post))),
        ("no time left", reason(Reason::Deadline)),
        ("offers given back", script.gives_back == Some(story.ended_us.into())),
        ("an expired offer", reason(Reason::OfferExpired)),
        ("unsold", matches!(story.status, AnswerStatus::Unsold(_))),
    ]
}
