//! [`judge`]: what must hold when all is over.

use std::collections::{BTreeMap, BTreeSet};

use exchange_node::Shard;
use exchange_protocol::{Answer, AnswerStatus, Outcome, Record, Reply, Story};
use exchange_types::{Amount, Uuid7};

use crate::best_bid;
use crate::seller::What;
use crate::violation::Promise;
use crate::world::World;

/// Judges a run that is over, and returns what came of each auction.
pub(crate) fn judge(world: &mut World, shards: &[Shard]) -> BTreeMap<Uuid7, String> {
    if world.verdicts.broken().is_some() {
        return BTreeMap::new();
    }
    check_rest(world, shards);
    check_repeats(world);
    let stories = stories(world);
    for (story, resolved) in &stories {
        check_account(world, resolved);
        check_answers(world, resolved);
        best_bid::check(world, story);
    }
    let stories = stories.into_iter().map(|(_, resolved)| resolved);
    let show = |story: &Story| format!("{:?} {:?} {:?}", story.status, story.payout, story.posts);
    stories.map(|story| (story.id, show(&story))).collect()
}

/// Returns the story of each sale as it was written down, and with what was found out since.
#[expect(clippy::wildcard_enum_match_arm, reason = "few kinds are of interest here")]
fn stories(world: &mut World) -> Vec<(Story, Story)> {
    let mut stories: BTreeMap<Uuid7, (Story, Story)> = BTreeMap::new();
    let mut twice = None;
    for record in world.disk.records() {
        match record {
            Record::Closed(story) => {
                let before = stories.insert(story.id, (story.clone(), story.clone()));
                twice = twice.or(before.map(|(story, _)| story.id));
            }
            Record::Resolved(found) => {
                if let Some((_, story)) = stories.get_mut(&found.auction) {
                    story.resolve(found.candidate, found.outcome, found.price, found.payout);
                }
            }
            _ => {}
        }
    }
    world.verdicts.check(Promise::Account, twice.is_none(), || format!("{twice:?} is closed twice"));
    stories.into_values().collect()
}

fn check_rest(world: &mut World, shards: &[Shard]) {
    let open: usize = shards.iter().map(Shard::auctions).sum();
    world.verdicts.check(Promise::Rest, open == 0, || format!("{open} auctions are left open"));
    for (number, request) in world.requests.iter().enumerate() {
        let count = request.replies.len();
        world.verdicts.check(Promise::OneAnswer, count == usize::from(!request.lost), || {
            format!("request {number} has {count} answers in the end")
        });
    }
    for (number, report) in world.reports.iter().enumerate().filter(|(_, report)| report.life == world.life) {
        let count = report.replies;
        world.verdicts.check(Promise::OneAnswer, count == 1, || {
            format!("report {number} has {count} answers in the end")
        });
    }
    for open in shards.iter().flat_map(|shard| shard.unknowns().list()) {
        let campaign = open.unknown.campaign();
        let can_ask = campaign.is_some_and(|campaign| {
            campaign.status.is_some() || (campaign.idempotent && open.unknown.submission.is_some())
        });
        world.verdicts.check(Promise::Rest, open.with_person && !can_ask, || {
            format!("nobody knows of {:?}, and no person was asked", open.unknown.key)
        });
    }
    for ((id, candidate), post) in &world.ledger.posts {
        let ended = post.outcome.is_some();
        world.verdicts.check(Promise::Rest, ended, || format!("{id:?} {candidate:?} has no outcome"));
    }
}

/// Checks that requests under one key were told of one sale, and where it is final, the same.
///
/// A post that sold nothing reopens its ping. A repeat of it is told the state of the sale, which another post, under
/// another key or none, may have changed since.
fn check_repeats(world: &mut World) {
    let mut posts: BTreeMap<Uuid7, BTreeSet<Option<(u128, u128)>>> = BTreeMap::new();
    for request in &world.requests {
        if let What::Post { ping, .. } = &request.what {
            let key = request.key.map(|key| (key.key, key.digest));
            posts.entry(*ping).or_default().insert(key);
        }
    }
    let mut first: BTreeMap<(u128, u128), (usize, &Reply)> = BTreeMap::new();
    for (number, request) in world.requests.iter().enumerate() {
        let (Some(key), Some(reply)) = (request.key, request.replies.first().filter(|_| !request.void))
        else {
            continue;
        };
        let Reply::Answer { answer, .. } = reply else { continue };
        let (earlier_number, earlier) = *first.entry((key.key, key.digest)).or_insert((number, reply));
        let Reply::Answer { answer: earlier, .. } = earlier else { continue };
        let is_ping = matches!(request.what, What::Ping(_));
        let has_others = matches!(&request.what, What::Post { ping, .. }
            if posts.get(ping).is_some_and(|keys| keys.len() > 1));
        let sold_nothing = |answer: &Answer| matches!(answer.status, AnswerStatus::Unsold(_));
        let reopened = has_others && (sold_nothing(answer) || sold_nothing(earlier));
        let is_final = |status| {
            matches!(status, AnswerStatus::Sold | AnswerStatus::Unsold(_) | AnswerStatus::Duplicate(..))
        };
        let both = is_final(answer.status) && is_final(earlier.status) && !is_ping;
        let same = answer.id == earlier.id
            && (!both
                || reopened
                || (answer.status == earlier.status && one_holds_the_other(answer, earlier)));
        world.verdicts.check(Promise::StableAnswer, same, || {
            format!("requests {earlier_number} and {number}: {earlier:?} and {answer:?}")
        });
    }
}

/// Returns whether the sales of one answer are among those of the other: a lead may be sold once more while it
/// is told as sold already, and what was told stays.
fn one_holds_the_other(here: &Answer, there: &Answer) -> bool {
    let holds = |all: &Answer, some: &Answer| some.sales.iter().all(|sale| all.sales.contains(sale));
    holds(here, there) || holds(there, here)
}

/// Checks that the story has a reason for every loser, and the world's own posts.
fn check_account(world: &mut World, story: &Story) {
    // Of a sale that was interrupted only the posts are known.
    let candidates = if story.interrupted { &[] } else { story.candidates.as_slice() };
    for (position, candidate) in (0_u16..).zip(candidates) {
        let accepted = story
            .posts
            .iter()
            .any(|post| post.candidate.0 == position && post.outcome == Some(Outcome::Accepted));
        world.verdicts.check(Promise::Account, accepted == candidate.reason.is_none(), || {
            format!(
                "{:?} {:?}: bought {accepted}, reason {:?}",
                story.id, candidate.campaign, candidate.reason
            )
        });
    }
    for post in &story.posts {
        let known = world.ledger.posts.get(&(story.id, post.candidate));
        let outcome = known.and_then(crate::ledger::PostLog::came_to);
        let same = outcome.is_some_and(|found| {
            Some(found.outcome) == post.outcome
                && (found.outcome != Outcome::Accepted || found.price == post.price)
        });
        world.verdicts.check(Promise::Account, same, || {
            format!("{:?} says {post:?}, the records say {outcome:?}", story.id)
        });
    }
    let known = world.ledger.posts.range((story.id, exchange_protocol::CandidateIndex(0))..);
    let count = known.take_while(|((id, _), _)| *id == story.id).count();
    let total = story.posts.iter().filter(|post| post.outcome == Some(Outcome::Accepted));
    let total = total.fold(Amount::ZERO, |sum, post| sum.checked_add(post.payout).unwrap_or(Amount::MAX));
    let complete = count == story.posts.len() && total == story.payout;
    world.verdicts.check(Promise::Account, complete, || {
        format!("{:?}: {count} posts by the records, payout {total:?}: {story:?}", story.id)
    });
}

/// Checks that what sellers were told in the end is what the story says.
fn check_answers(world: &mut World, story: &Story) {
    for (number, request) in world.requests.iter().enumerate() {
        let Some(Reply::Answer { answer, .. }) = request.replies.first() else { continue };
        if answer.id != story.id || request.void {
            continue;
        }
        let sold = answer.sales.iter().all(|sale| {
            let post = story.posts.iter().find(|post| post.candidate == sale.candidate);
            post.is_some_and(|post| post.outcome == Some(Outcome::Accepted))
        });
        let final_lead = matches!(request.what, What::Lead(_));
        let agrees = match answer.status {
            AnswerStatus::Sold => story.status == AnswerStatus::Sold,
            AnswerStatus::Unsold(_) if final_lead => story.status == answer.status,
            AnswerStatus::Running
            | AnswerStatus::Unsold(_)
            | AnswerStatus::Pending(_)
            | AnswerStatus::Duplicate(..)
            | AnswerStatus::Offers
            | AnswerStatus::NoOffer(_)
            | AnswerStatus::Invalid => true,
        };
        world.verdicts.check(Promise::Account, sold && agrees, || {
            format!("request {number} was told {answer:?}, the story says {:?}", story.status)
        });
    }
}
