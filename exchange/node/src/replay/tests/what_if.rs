//! What would have been: changed bids, floors and campaigns, and records from which something is missing.

use exchange_protocol::{CandidateIndex, StoryCandidate, StoryPost};
use exchange_types::UnsoldReason;

use super::*;

/// Returns who bought, at what price, and for what.
fn sold(stage: &Stage, story: &Story) -> Vec<(String, Amount, Amount)> {
    let sold = story.posts.iter().filter(|post| post.outcome == Some(Outcome::Accepted));
    let sale = |post: &StoryPost| {
        let candidate = story.candidates.get(post.candidate.at()).expect("a candidate");
        (stage.name(candidate.campaign), post.price, post.payout)
    };
    sold.map(sale).collect()
}

fn one(name: &str, price: u32, payout: u32) -> Vec<(String, Amount, Amount)> {
    vec![(name.to_owned(), cents(price), cents(payout))]
}

/// Changes an auction and expects who buys then.
fn check(
    script: &Script,
    change: impl Fn(&Stage) -> Change,
    expected: &[(String, Amount, Amount)],
) -> Replayed {
    let stage = Stage::record(script);
    let replayed = stage.replay(&[change(&stage)]).expect("a change that can be");
    assert_eq!(sold(&stage, &replayed.story), expected);
    replayed
}

fn bids(name: &'static str, bid: u32) -> impl Fn(&Stage) -> Change {
    move |stage| Change::Bids(stage.campaign(name), entries(&[(bid, 0)]))
}

const BIDS: [u32; 5] = [1_500, 2_000, 1_800, 1_000, 0];

#[test]
fn changing_one_bid_changes_who_buys_as_the_rules_say() {
    let script = Script::plain(BIDS);
    let stage = Stage::record(&script);
    assert_eq!(sold(&stage, &stage.story), one("north", 2_000, 1_600));
    let replayed = check(&script, bids("south", 2_500), &one("south", 2_500, 2_000));
    assert_eq!(replayed.assumptions, [Assumption::Accepts(stage.campaign("south"))]);
    let (north, south) = (stage.campaign("north"), stage.campaign("south"));
    let payout = Difference::Payout { recorded: cents(1_600), replayed: cents(2_000) };
    assert_eq!(replayed.differences.first(), Some(&payout));
    let of = |campaign| {
        replayed
            .differences
            .iter()
            .any(|found| matches!(found, Difference::Post { campaign: other, .. } if *other == campaign))
    };
    assert!(of(north) && of(south));
    let lost = replayed.differences.iter().find_map(|found| {
        let Difference::Campaign { campaign, replayed, .. } = found else { return None };
        replayed.filter(|_| *campaign == north)
    });
    let lost = lost.expect("north does not buy any more");
    assert_eq!((lost.reason, lost.minimum_to_win), (Some(Reason::Outbid), Some(cents(2_500))));

    // A cent less than the winner changes nothing for anybody but the bidder.
    let replayed = check(&script, bids("south", 1_999), &one("north", 2_000, 1_600));
    assert!(!replayed.differences.iter().any(|found| matches!(found, Difference::Post { .. })));
    assert_eq!(replayed.assumptions, []);
}

#[test]
fn a_changed_bid_changes_the_second_price() {
    let rules = ("rule = \"second_price\"\nreserve = \"1.00\"", r#"payout = { margin = "20%" }"#, "reject");
    let script = Script { rules, ..Script::plain(BIDS) };
    let stage = Stage::record(&script);
    assert_eq!(sold(&stage, &stage.story), one("north", 1_800, 1_440));
    check(&script, bids("south", 1_900), &one("north", 1_900, 1_520));
    check(&script, bids("south", 1_200), &one("north", 1_500, 1_200));
}

#[test]
fn another_floor_leaves_bids_out_or_lets_them_in() {
    let script = Script::plain(BIDS);
    let replayed = check(&script, |_| Change::Floor(Some(cents(1_601))), &[]);
    assert_eq!(replayed.story.status, AnswerStatus::Unsold(UnsoldReason::BelowFloor));
    check(&script, |_| Change::Floor(Some(cents(1_600))), &one("north", 2_000, 1_600));
    let script = Script { floor: Some(cents(1_601)), ..Script::plain(BIDS) };
    check(&script, |_| Change::Floor(None), &one("north", 2_000, 1_600));
}

#[test]
fn a_campaign_is_left_out_and_another_joins() {
    let script = Script::plain(BIDS);
    check(&script, |stage| Change::LeftOut(stage.campaign("north")), &one("south", 1_800, 1_440));
    check(&script, bids("zenith", 3_000), &one("zenith", 3_000, 2_400));
    check(&script, bids("zenith", 1_999), &one("north", 2_000, 1_600));
    // One that was out, or without room, is in by its changed bid.
    let mut script = Script::plain(BIDS);
    script.out[0] = Some(Reason::CircuitOpen);
    check(&script, bids("east", 2_100), &one("east", 2_100, 1_680));
    let mut script = Script::plain(BIDS);
    script.room[1] = Some(1);
    let stage = Stage::record(&script);
    assert_eq!(sold(&stage, &stage.story), one("south", 1_800, 1_440));
    check(&script, bids("north", 2_000), &one("north", 2_000, 1_600));
}

#[test]
fn a_cascade_goes_on_with_the_recorded_replies() {
    let mut script = Script::plain(BIDS);
    script.posts[1].1 = PostOutcome::Rejected;
    let stage = Stage::record(&script);
    assert_eq!(sold(&stage, &stage.story), one("south", 1_800, 1_440));
    // South bids too little now; north rejects as it did, and east, of which nothing is known, is next.
    let replayed = check(&script, bids("south", 100), &one("east", 1_500, 1_200));
    assert_eq!(replayed.assumptions, [Assumption::Accepts(stage.campaign("east"))]);
}

#[test]
fn a_named_offer_that_is_not_made_any_more_is_noted() {
    let script =
        Script { kind: SaleKind::TwoStep, steps: vec![(2_000_000, vec![1], false)], ..Script::plain(BIDS) };
    let stage = Stage::record(&script);
    assert_eq!(sold(&stage, &stage.story), one("south", 1_800, 1_440));
    check(&script, bids("east", 1_000), &one("south", 1_800, 1_440));
    let replayed = check(&script, bids("east", 5_000), &one("east", 5_000, 4_000));
    assert_eq!(replayed.assumptions, [Assumption::PostsToAll, Assumption::Accepts(stage.campaign("east"))]);
    let offers = replayed.differences.iter().filter(|found| matches!(found, Difference::Offer { .. }));
    assert_eq!(offers.count(), 2, "one is new, and one is gone");
}

/// Returns a story as its inputs leave it: nothing that the auction decided.
fn without_outcome(story: &Story) -> Story {
    let inputs =
        |candidate: &StoryCandidate| StoryCandidate { reason: None, minimum_to_win: None, ..*candidate };
    Story {
        status: AnswerStatus::Running,
        payout: Amount::ZERO,
        candidates: story.candidates.iter().map(inputs).collect(),
        posts: Vec::new(),
        offers: Vec::new(),
        ..story.clone()
    }
}

#[test]
fn a_lost_outcome_is_produced_again() {
    for (kind, max_buyers) in
        [(SaleKind::OneCall, 1), (SaleKind::OneCall, 3), (SaleKind::TwoStep, 1), (SaleKind::TwoStep, 3)]
    {
        let script = Script {
            kind,
            max_buyers,
            steps: vec![(2_000_000, Vec::new(), true)],
            disk_us: 0,
            ..Script::plain(BIDS)
        };
        let mut stage = Stage::record(&script);
        let whole = stage.story.clone();
        stage.story = without_outcome(&whole);
        let replayed = stage.replay(&[]).expect("inputs that are enough");
        let facts = |story: &Story| {
            let posts: Vec<_> =
                story.posts.iter().map(|post| (post.candidate, post.price, post.payout)).collect();
            let reasons: Vec<_> = story.candidates.iter().map(|it| (it.reason, it.minimum_to_win)).collect();
            (story.status, story.payout, posts, reasons, story.offers.clone())
        };
        assert_eq!(facts(&replayed.story), facts(&whole), "{kind:?} for {max_buyers}");
        let accepts = whole.posts.iter().filter_map(|post| whole.candidates.get(post.candidate.at()));
        let accepts: Vec<_> = accepts.map(|candidate| Assumption::Accepts(candidate.campaign)).collect();
        assert_eq!(replayed.assumptions, accepts, "the replay says what it does not know");
        assert!(!replayed.differences.is_empty(), "and in what the damaged record differs");
    }
}

#[test]
fn a_damaged_outcome_shows() {
    let stage = Stage::record(&Script::plain(BIDS));
    let damage = |change: fn(&mut Story)| {
        let mut story = stage.story.clone();
        change(&mut story);
        let recorded = Recorded { story: &story, ..stage.recorded(Some(&stage.submission)) };
        replay(&recorded, &[]).expect("inputs that are enough").differences
    };
    assert_eq!(damage(|_| ()), []);
    let unsold = AnswerStatus::Unsold(UnsoldReason::NoBid);
    let found = damage(|story| story.status = AnswerStatus::Unsold(UnsoldReason::NoBid));
    assert_eq!(found, [Difference::Status { recorded: unsold, replayed: AnswerStatus::Sold }]);
    let found = damage(|story| story.payout = cents(1));
    assert_eq!(found, [Difference::Payout { recorded: cents(1), replayed: cents(1_600) }]);
    let found = damage(|story| story.posts.iter_mut().for_each(|post| post.price = cents(2_001)));
    assert!(matches!(found.as_slice(), [Difference::Post { .. }]), "{found:?}");
    let found = damage(|story| story.candidates.iter_mut().for_each(|it| it.minimum_to_win = None));
    assert!(found.iter().all(|found| matches!(found, Difference::Campaign { .. })), "{found:?}");
    assert!(!found.is_empty());
}

#[test]
fn what_was_found_out_later_is_found_out_again() {
    for outcome in [Outcome::Accepted, Outcome::Failed(Reason::PostRejected)] {
        let mut script = Script::plain(BIDS);
        script.posts[1].1 = PostOutcome::Unknown(UnknownCause::Broken);
        let mut stage = Stage::record(&script);
        assert!(stage.story.resolve(CandidateIndex(1), outcome, cents(2_000), cents(1_600)));
        let replayed = stage.replay(&[]).expect("a record that is enough");
        assert_eq!(replayed.differences, []);
        assert_eq!(replayed.story.posts.len(), 1, "an unknown post is never followed by another");
    }
}

#[test]
fn what_cannot_be_replayed_is_refused_by_name() {
    let stage = Stage::record(&Script::plain(BIDS));
    let with = |change: fn(&mut Story)| {
        let mut story = stage.story.clone();
        change(&mut story);
        replay(&Recorded { story: &story, ..stage.recorded(None) }, &[])
            .expect_err("a record that is not enough")
    };
    let duplicate = AnswerStatus::Duplicate(exchange_types::DuplicateScope::Exchange, None);
    assert_eq!(with(|story| story.interrupted = true), ReplayError::Interrupted);
    assert_eq!(with(|story| story.catalog_version = 8), ReplayError::Catalog { recorded: 8, given: 7 });
    let mut story = stage.story.clone();
    story.status = duplicate;
    let recorded = Recorded { story: &story, ..stage.recorded(None) };
    assert_eq!(replay(&recorded, &[]).map(|_| ()), Err(ReplayError::NoAuction));
    let campaign = CampaignIndex(99);
    let vertical = VerticalIndex(0);
    for change in [Change::LeftOut(campaign), Change::Bids(campaign, BidEntries::new())] {
        let refused = stage.replay(&[change]).map(|_| ());
        assert_eq!(refused, Err(ReplayError::UnknownCampaign { campaign, vertical }));
    }
}
