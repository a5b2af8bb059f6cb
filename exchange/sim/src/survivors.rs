//! What a stop has left: the world's own account is brought to what the disk has, and the disk is held to its word.

use std::collections::{BTreeMap, BTreeSet};

use exchange_node::ClaimKey;
use exchange_protocol::{Answer, AnswerStatus, CandidateIndex, Outcome, Record, Reply};
use exchange_types::Uuid7;

use crate::disk::{Entry, Fate, Found};
use crate::ledger::PostLog;
use crate::seller::{Request, What};
use crate::violation::Promise;
use crate::world::World;

/// What is left of the sales.
#[derive(Default)]
struct Left {
    /// Sales that are known still: with offers, an intent or an end.
    sales: BTreeSet<Uuid7>,
    closed: BTreeSet<Uuid7>,
    intended: BTreeSet<Uuid7>,
    /// Keys of posts of sellers that are known still.
    completed: BTreeSet<u128>,
}

impl World {
    /// Compares what a start finds with what was written, and forgets what is lost.
    pub(crate) fn judge_survivors(&mut self, found: &[Found]) {
        self.check_found(found);
        let left = self.left();
        self.forget_lost_posts();
        self.count_unknown();
        self.interrupted.extend(left.intended.difference(&left.closed).copied());
        self.void_answers(&left);
        self.ledger.throttled.clear();
    }

    fn check_found(&mut self, found: &[Found]) {
        let by_sequence: BTreeMap<u64, &Found> = found.iter().map(|found| (found.sequence, found)).collect();
        let mut taken = 0_usize;
        let mut missing = None;
        for Entry { record, fate } in &mut self.disk.entries {
            let (sequence, promised) = match *fate {
                Fate::Durable(sequence) => (sequence, true),
                Fate::Written(sequence) => (sequence, false),
                Fate::Waits => {
                    *fate = Fate::Lost;
                    continue;
                }
                Fate::Lost => continue,
            };
            let there = by_sequence.get(&sequence).is_some_and(|found| found.record == *record);
            *fate = if there { Fate::Durable(sequence) } else { Fate::Lost };
            taken = taken.saturating_add(usize::from(there));
            if promised && !there && missing.is_none() {
                missing = Some(format!("record {sequence} was on disk and is gone: {record:?}"));
            }
        }
        let lost = self.disk.entries.iter().filter(|entry| entry.fate == Fate::Lost).count();
        self.trace.write(format_args!("found {} records; {lost} were lost so far", found.len()));
        self.verdicts.check(Promise::NothingLost, missing.is_none(), || missing.unwrap_or_default());
        self.verdicts.check(Promise::NothingLost, taken == found.len(), || {
            format!("{} records are found, of which {taken} were written", found.len())
        });
    }

    #[expect(clippy::wildcard_enum_match_arm, reason = "few kinds are of interest here")]
    fn left(&mut self) -> Left {
        let mut left = Left::default();
        for record in self.disk.entries.iter().filter(|entry| entry.is_durable()).map(|entry| &entry.record) {
            match record {
                Record::Intent { auction, .. } => {
                    left.sales.insert(*auction);
                    left.intended.insert(*auction);
                }
                Record::Offered(offered) => {
                    let story = &offered.story;
                    left.sales.insert(story.id);
                }
                Record::Closed(story) => {
                    left.sales.insert(story.id);
                    left.closed.insert(story.id);
                }
                Record::Completed(post) => left.completed.extend(post.claim.map(|claim| claim.key)),
                Record::Answered(post) => {
                    left.completed.insert(post.claim.key);
                }
                _ => {}
            }
        }
        left
    }

    fn forget_lost_posts(&mut self) {
        let disk = &self.disk;
        let mut sent = None;
        self.ledger.posts.retain(|key, post| {
            let there = disk.is_on_disk(post.intent);
            if !there && post.sent > 0 {
                sent = Some(*key);
            }
            post.outcome = post.outcome.filter(|found| disk.is_on_disk(found.record));
            post.resolution = post.resolution.filter(|found| disk.is_on_disk(found.found.record));
            if let Some(resolution) = &mut post.resolution {
                resolution.settled = true;
            }
            there
        });
        self.verdicts.check(Promise::IntentFirst, sent.is_none(), || {
            format!("{sent:?} was sent, and its intent is lost")
        });
    }

    /// Counts the posts of which nobody knows; what came in a row is not known any more.
    fn count_unknown(&mut self) {
        self.ledger.unknown.clear();
        let open = self.ledger.posts.values().filter(|post| post.is_open());
        for campaign in open.map(|post| &post.campaign) {
            let unknown = self.ledger.unknown.entry(campaign.clone()).or_default();
            unknown.open = unknown.open.saturating_add(1);
        }
    }

    /// Finds the answers that are lost, which may be where nothing was sold or refused by a buyer.
    fn void_answers(&mut self, left: &Left) {
        let mut broken = None;
        for (number, request) in self.requests.iter_mut().enumerate() {
            let Some(Reply::Answer { answer, .. }) = request.replies.first() else { continue };
            let void = is_void(request, answer, left);
            let kept = self.ledger.posts.range((answer.id, CandidateIndex(0))..);
            let posts: Vec<&PostLog> =
                kept.take_while(|((id, _), _)| *id == answer.id).map(|(_, post)| post).collect();
            let sold = posts
                .iter()
                .filter(|post| post.came_to().is_some_and(|found| found.outcome == Outcome::Accepted));
            let fewer = sold.count() < answer.sales.len();
            if answer.status == AnswerStatus::Sold && (void || fewer) && broken.is_none() {
                broken = Some(format!("request {number} was told {answer:?}, of which something is lost"));
            }
            request.void |= void;
        }
        self.verdicts.check(Promise::DurableYes, broken.is_none(), || broken.unwrap_or_default());
    }
}

fn is_void(request: &Request, answer: &Answer, left: &Left) -> bool {
    if !left.sales.contains(&answer.id) {
        return true;
    }
    let is_post = matches!(request.what, What::Post { .. });
    is_post && request.key.is_some_and(|ClaimKey { key, .. }| !left.completed.contains(&key))
}
