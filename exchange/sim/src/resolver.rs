//! What buyers say when they are asked again about posts of which nobody knows, and who else says so.

use exchange_node::{ResolveRequest, Unknown, UnknownKey};
use exchange_protocol::{Outcome, Reply, Resolution, Resolved, ResolvedBy, Waiter};
use exchange_types::{FieldIndex, Nanos, PostOutcome, Reason, ShardIndex, UnknownCause, Value};

use crate::catalog::OnUnknown;
use crate::fault::Fault;
use crate::ledger::{OutcomeLog, PostLog, ResolutionLog};
use crate::queue::{Event, Truth};
use crate::violation::Promise;
use crate::world::{World, cents_below};

/// From this token on, replies are those to reports.
pub(crate) const REPORTS: u64 = 1 << 40;
/// A buyer answers this question of each post for sure, so that runs come to an end.
const ANSWERED_AT: u32 = 3;

/// What somebody said of a post.
#[derive(Debug)]
pub(crate) struct ReportLog {
    pub(crate) key: UnknownKey,
    /// In which life of the process.
    pub(crate) life: u64,
    pub(crate) replies: usize,
}

/// How a buyer is asked.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    Repost,
    Status,
}

impl World {
    /// Asks a buyer about a post; what it says comes back later, or is lost on the way.
    pub(crate) fn ask_again(&mut self, unknown: &Unknown, way: Way) {
        let UnknownKey { auction: id, candidate } = unknown.key;
        let now = self.clock.now().mono;
        let open = self.ledger.posts.get(&(id, candidate)).is_some_and(|post| post.resolution.is_none());
        self.trace.write(format_args!("asks again {id:?} {candidate:?}"));
        self.verdicts.check(Promise::OneResolution, open, || {
            format!("{id:?} {candidate:?} is asked about, which is resolved or has no intent")
        });
        let intended =
            self.ledger.posts.get(&(id, candidate)).is_some_and(|post| self.disk.is_on_disk(post.intent));
        self.verdicts.check(Promise::IntentFirst, intended, || {
            format!("{id:?} {candidate:?} is asked about before its intent")
        });
        if way == Way::Repost {
            self.check_lead(unknown);
        }
        let Some(post) = self.ledger.posts.get_mut(&(id, candidate)) else { return };
        post.asked = post.asked.saturating_add(1);
        let asked = post.asked;
        let mut draw = self.draws.of("asked", &[id.as_u128(), u128::from(candidate.0), u128::from(asked)]);
        let says = match (post.again, way) {
            (Some(says), _) => Some(says),
            (None, Way::Repost) => {
                let took = draw.percent(50);
                post.truth = Some(if took { Truth::Took } else { Truth::Declined });
                Some(if took { PostOutcome::Accepted { price: None } } else { PostOutcome::Rejected })
            }
            // A page that is not found says nothing, until the buyer knows that nothing came.
            (None, Way::Status) => (asked >= ANSWERED_AT).then_some(PostOutcome::Rejected),
        };
        post.again = says;
        let lost = PostOutcome::Unknown(UnknownCause::Broken);
        let told = says.filter(|_| asked >= ANSWERED_AT || draw.percent(60)).unwrap_or(lost);
        let falsified = self.fault == Fault::FalseStatus && post.truth == Some(Truth::Took);
        let outcome = if falsified { PostOutcome::Rejected } else { told };
        let at = now.saturating_add(draw.micros(500, 2_000_000));
        self.queue.push(at, Event::Resolver { key: unknown.key, outcome });
    }

    /// Checks that the lead of a post that is sent again is the lead that was posted.
    fn check_lead(&mut self, unknown: &Unknown) {
        let person = self.person(unknown.key.auction).unwrap_or_default();
        let phone = unknown.submission.as_deref().is_some_and(|lead| {
            let Some(Value::Text(span)) = lead.value(FieldIndex(1)) else { return false };
            *lead.text(span).reveal() == phone_of(person)
        });
        let post = self.ledger.posts.get(&(unknown.key.auction, unknown.key.candidate));
        let same = post.is_some_and(|post| post.price == unknown.price);
        self.verdicts.check(Promise::Recovery, phone && same, || {
            format!("{:?} is posted again with another lead or price", unknown.key)
        });
    }

    /// Plans who besides the resolver says what came of a post.
    pub(crate) fn plan_reports(&mut self, key: UnknownKey) {
        let now = self.clock.now().mono;
        let mut draw = self.draws.of("report", &[key.auction.as_u128(), u128::from(key.candidate.0)]);
        for length in [60_000_000, 300_000_000] {
            if draw.percent(30) {
                let at = now.saturating_add(draw.micros(10_000, length));
                self.queue.push(at, Event::Report { key });
            }
        }
    }

    /// Returns what is said of a post now, and the waiter of whoever says so; nothing where the post is gone.
    #[expect(clippy::wildcard_enum_match_arm, reason = "few kinds are of interest here")]
    pub(crate) fn report(&mut self, key: UnknownKey) -> Option<ResolveRequest> {
        let number = u64::try_from(self.reports.len()).unwrap_or(u64::MAX);
        let mut draw = self.draws.of("report of", &[key.auction.as_u128(), u128::from(number)]);
        let post = self.ledger.posts.get_mut(&(key.auction, key.candidate))?;
        let says = *post.again.get_or_insert(PostOutcome::Rejected);
        let (mut says, price) = match says {
            PostOutcome::Accepted { price } => (Outcome::Accepted, price),
            _ => (Outcome::Failed(Reason::PostRejected), None),
        };
        // Whoever speaks late may be wrong.
        if post.resolution.is_some_and(|found| found.settled) && draw.percent(40) {
            says = if says == Outcome::Accepted {
                Outcome::Failed(Reason::PostRejected)
            } else {
                Outcome::Accepted
            };
        }
        let by = if draw.percent(50) { ResolvedBy::Report } else { ResolvedBy::Person };
        let shards = u64::from(self.shards.max(1));
        let place = ShardIndex(u16::try_from(draw.between(0, shards.saturating_sub(1))).unwrap_or(0));
        self.reports.push(ReportLog { key, life: self.life, replies: 0 });
        let waiter = Waiter { place, token: REPORTS.saturating_add(number) };
        let note = if by == ResolvedBy::Person { "operator:ada" } else { "" };
        Some(ResolveRequest { key, says, price, by, digest: [5; 16], note: note.into(), waiter })
    }

    pub(crate) fn take_report_reply(&mut self, token: u64, reply: &Reply) {
        let number = usize::try_from(token.saturating_sub(REPORTS)).unwrap_or(usize::MAX);
        self.trace.write(format_args!("reply to report {number} {reply:?}"));
        let Some(report) = self.reports.get_mut(number) else { return };
        report.replies = report.replies.saturating_add(1);
        let (count, key) = (report.replies, report.key);
        self.verdicts.check(Promise::OneAnswer, count == 1, || format!("report {number}: {count} answers"));
        let post = self.ledger.posts.get(&(key.auction, key.candidate));
        let found = post.and_then(PostLog::came_to);
        let durable = found.is_some_and(|found| self.disk.is_on_disk(found.record));
        let right = match reply {
            Reply::Resolved(Resolved::Now(says)) => {
                durable && found.is_some_and(|found| found.outcome == *says)
            }
            Reply::Resolved(Resolved::Before(_) | Resolved::Disputed) => found.is_some(),
            Reply::Resolved(Resolved::PriceTooLow) | Reply::Refusal(_) => true,
            Reply::Answer { .. } | Reply::Account(_) | Reply::Inquiries(_) => false,
        };
        self.verdicts.check(Promise::OneResolution, right, || {
            format!("report {number} about {key:?} is told {reply:?}, the record says {found:?}")
        });
    }

    pub(crate) fn take_resolved(&mut self, entry: usize, number: u64, found: &Resolution) {
        let key = (found.auction, found.candidate);
        self.trace.write(format_args!("resolved {key:?} {:?} by {:?}", found.outcome, found.by));
        let place = self.place;
        let by_rule = found.by == ResolvedBy::Rule;
        let log = OutcomeLog { outcome: found.outcome, price: found.price, record: entry };
        let post = self.ledger.posts.get_mut(&key);
        let first = post.is_some_and(|post| {
            let open = post.is_unknown();
            post.resolution.get_or_insert(ResolutionLog { found: log, by_rule, settled: false });
            open
        });
        self.verdicts.check(Promise::OneResolution, first, || {
            format!("{key:?} is resolved, and was resolved before or is not unknown")
        });
        let right = self.ledger.posts.get(&key).is_some_and(|post| self.is_right(post, found));
        self.verdicts.check(Promise::OneResolution, right, || {
            let post = self.ledger.posts.get(&key);
            format!("{key:?} is resolved as {found:?} of {post:?}")
        });
        self.settling.push((place, number, key));
        self.check_charges(found.auction, found.candidate);
    }

    /// Returns whether a resolution says what the buyer says, or what the catalog's rule is.
    fn is_right(&self, post: &PostLog, found: &Resolution) -> bool {
        if found.by == ResolvedBy::Rule {
            let market = self.markets.get(&post.catalog);
            let rule = market.and_then(|market| market.campaign(&post.campaign)).map(|plan| plan.on_unknown);
            return match found.outcome {
                Outcome::Accepted => rule == Some(OnUnknown::Accepted) && found.price == post.price,
                Outcome::Failed(_) => rule == Some(OnUnknown::Rejected),
                Outcome::Unknown => false,
            };
        }
        match (post.again, found.outcome) {
            (Some(PostOutcome::Accepted { price: None }), Outcome::Accepted) => found.price == post.price,
            (Some(PostOutcome::Accepted { price: Some(lower) }), Outcome::Accepted) => {
                found.price == cents_below(lower)
            }
            (Some(PostOutcome::Accepted { price: Some(_) }), Outcome::Failed(reason)) => {
                reason == Reason::PriceChanged
            }
            (Some(PostOutcome::Rejected | PostOutcome::Duplicate), Outcome::Failed(_)) => true,
            _ => false,
        }
    }

    /// Notes the resolutions of which a shard is about to be told that they are on disk.
    pub(crate) fn settle(&mut self, place: ShardIndex, up_to: u64) {
        let (settled, left): (Vec<_>, Vec<_>) = core::mem::take(&mut self.settling)
            .into_iter()
            .partition(|(at, number, _)| *at == place && *number <= up_to);
        self.settling = left;
        for (_, _, key) in settled {
            let Some(post) = self.ledger.posts.get_mut(&key) else { continue };
            if let Some(resolution) = &mut post.resolution {
                resolution.settled = true;
            }
            let unknown = self.ledger.unknown.entry(post.campaign.clone()).or_default();
            unknown.open = unknown.open.saturating_sub(1);
            unknown.stopped = false;
            self.ledger.changes = self.ledger.changes.saturating_add(1);
        }
    }
}

/// Returns the phone number of a person.
pub(crate) fn phone_of(person: u64) -> String {
    format!("+49891{person:05}")
}

/// How long a request may wait for the store.
pub(crate) const STORE_WAIT: Nanos = Nanos::from_millis(250);
