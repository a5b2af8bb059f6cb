//! [`Unknowns`]: the posts of a shard whose outcome nobody knows, until each is resolved once.
//!
//! A pure state machine: it is told the time, asks by [`Action`], and hears by [`Unknowns::reply`] and
//! [`Unknowns::resolve`]. Call [`Unknowns::due`] until it returns nothing, at [`Unknowns::next_timeout`] and after
//! every other call. What it hands out as [`Verdict::Resolved`] is not open any more: the caller writes the record
//! and moves counters, persons and answers when that is on disk.
//!
//! A post is asked about by sending it again where its campaign is idempotent and its lead is still there, else at
//! the campaign's status URL, else not at all; then the buyer or a person says what became of it. After the
//! campaign's time its `on_unknown` decides.

mod agenda;
mod charge;
mod closed;
mod evidence;
mod unknown;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_catalog::snapshot::OnUnknown;
use exchange_protocol::{Dispute, Inquiry, NextInquiry, Outcome, Resolution, ResolvedBy};
use exchange_types::{Nanos, Now, PostOutcome, Reason, UtcMicros, Uuid7};

use agenda::{Agenda, Way};
use closed::Closed;

pub use closed::Late;
pub use evidence::{Evidence, ResolveError};
pub use unknown::{ResolverReply, Unknown, UnknownKey};

/// The waits between questions about one post; the last one repeats. The first leaves a buyer that restarts its
/// time, the later ones spare one that is down for long.
const WAITS: [Nanos; 5] = [
    Nanos::from_secs(5),
    Nanos::from_secs(15),
    Nanos::from_secs(60),
    Nanos::from_secs(300),
    Nanos::from_secs(900),
];
/// A wait is lengthened by at most a quarter, by the post's own id: what became unknown together is not asked
/// about together.
const JITTER_DIVISOR: u64 = 4;

/// The unknown posts of one shard.
#[derive(Debug)]
pub struct Unknowns {
    open: BTreeMap<UnknownKey, Open>,
    agenda: Agenda,
    /// When `on_unknown` decides.
    deadlines: BTreeSet<(Nanos, UnknownKey)>,
    closed: Closed,
    /// Leads that are kept for sending posts again.
    leads: usize,
    leads_max: usize,
}

/// An open post with how far it has come.
#[derive(Debug)]
pub struct Open {
    /// The post.
    pub unknown: Unknown,
    /// How often it was asked about.
    pub asked: u32,
    /// Whether nothing was found out in time, so that a person has to decide.
    pub with_person: bool,
    campaign: Arc<str>,
    deadline: Option<Nanos>,
}

/// What is to be done about a post.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// Send it again; [`Unknowns::reply`] follows.
    Repost,
    /// Ask the status URL; [`Unknowns::reply`] follows.
    AskStatus,
    /// Its time is over and the campaign says what it becomes: resolve it so, by [`ResolvedBy::Rule`].
    Assume(Outcome),
    /// Its time is over and a person has to decide: alert the operator. It is still asked about.
    HandOver,
}

/// What follows from what was said of a post.
#[derive(Debug)]
pub enum Verdict {
    /// It is resolved, for the first and only time. The post is handed back with it.
    Resolved(Box<(Resolution, Unknown)>),
    /// It was resolved the other way before: to be written down, and for a person. Nothing is charged.
    Disputed(Dispute),
    /// Nothing that was not known.
    Same,
}

impl Unknowns {
    /// Returns a list with room for the leads of so many posts. A post beyond it is never lost: it is kept without
    /// its lead, so it is not sent again.
    pub fn new(leads_max: usize) -> Self {
        Self {
            open: BTreeMap::new(),
            agenda: Agenda::default(),
            deadlines: BTreeSet::new(),
            closed: Closed::default(),
            leads: 0,
            leads_max,
        }
    }

    /// Takes a post whose outcome nobody knows. One that is open or resolved already is left as it is.
    pub fn add(&mut self, now: Now, mut unknown: Unknown) {
        let key = unknown.key;
        if self.open.contains_key(&key) || self.closed.contains(key) {
            return;
        }
        if unknown.submission.is_some() && self.leads >= self.leads_max {
            unknown.submission = None;
        }
        self.leads = self.leads.saturating_add(usize::from(unknown.submission.is_some()));
        let campaign: Arc<str> =
            unknown.campaign().map(|campaign| &*campaign.name).unwrap_or_default().into();
        let after = unknown.campaign().map_or(Nanos::ZERO, |campaign| campaign.unknown_after);
        let left = micros_between(now.utc, unknown.intent_at.saturating_add(after));
        let deadline = now.mono.saturating_add(left);
        self.deadlines.insert((deadline, key));
        let open = Open { unknown, asked: 0, with_person: false, campaign, deadline: Some(deadline) };
        if open.way().is_some() {
            self.agenda.push(&open.campaign, key, now.mono.saturating_add(wait(key, 0)));
        }
        self.open.insert(key, open);
    }

    /// Returns when [`Unknowns::due`] is wanted next.
    pub fn next_timeout(&self) -> Option<Nanos> {
        let deadline = self.deadlines.first().map(|&(at, _)| at);
        deadline.into_iter().chain(self.agenda.next_timeout()).min()
    }

    /// Returns what is to be done now about which post; nothing where nothing is.
    pub fn due(&mut self, now: Now) -> Option<(UnknownKey, Action)> {
        if let Some(&(at, key)) = self.deadlines.first()
            && at <= now.mono
        {
            self.deadlines.pop_first();
            if let Some(action) = self.open.get_mut(&key).map(Open::run_out) {
                return Some((key, action));
            }
        }
        while let Some(key) = self.agenda.take(now.mono) {
            let Some(open) = self.open.get_mut(&key) else { continue };
            let Some(way) = open.way() else { continue };
            open.asked = open.asked.saturating_add(1);
            self.agenda.asks(&open.campaign, key, way, now.mono);
            let action = match way {
                Way::Repost => Action::Repost,
                Way::AskStatus => Action::AskStatus,
            };
            return Some((key, action));
        }
        None
    }

    /// Takes what a question brought. Nothing follows where it brought no answer: the post is asked about again.
    ///
    /// A refusal by its status, or one that never left, says nothing about the post that was sent first.
    pub fn reply(&mut self, now: Now, key: UnknownKey, reply: &ResolverReply) -> Option<Verdict> {
        let (campaign, way) = self.agenda.answered(key)?;
        let (says, price) = match reply.outcome {
            PostOutcome::Accepted { price } => (Outcome::Accepted, price),
            PostOutcome::Rejected => (Outcome::Failed(Reason::PostRejected), None),
            PostOutcome::Duplicate => (Outcome::Failed(Reason::PostDuplicate), None),
            PostOutcome::Refused { .. } | PostOutcome::NotSent(_) | PostOutcome::Unknown(_) => {
                match self.open.get(&key).filter(|open| open.way().is_some()) {
                    Some(open) => {
                        let at = now.mono.saturating_add(wait(key, open.asked));
                        self.agenda.push(&open.campaign, key, at);
                    }
                    None => self.agenda.remove(&campaign, key),
                }
                return None;
            }
        };
        let by = match way {
            Way::Repost => ResolvedBy::Repost,
            Way::AskStatus => ResolvedBy::StatusUrl,
        };
        self.agenda.hurry(&campaign, now.mono);
        self.agenda.remove(&campaign, key);
        let evidence = Evidence { says, price, by, digest: reply.digest, note: Box::default() };
        // No person is asked here, and a post that is not known any more has been forgotten on purpose.
        self.resolve(now, key, evidence).ok()
    }

    /// Takes what somebody says of a post.
    ///
    /// # Errors
    ///
    /// Says why it has no effect.
    pub fn resolve(
        &mut self,
        now: Now,
        key: UnknownKey,
        evidence: Evidence,
    ) -> Result<Verdict, ResolveError> {
        let Some(open) = self.open.get(&key) else {
            return self.late(now, key, &evidence).ok_or(ResolveError::NotFound);
        };
        if evidence.says == Outcome::Unknown {
            return Ok(Verdict::Same);
        }
        let resolution = evidence.resolve(&open.unknown, now.utc)?;
        self.closed.push(key, resolution.outcome);
        Ok(match self.take(key) {
            Some(unknown) => Verdict::Resolved(Box::new((resolution, unknown))),
            None => Verdict::Same,
        })
    }

    /// Forgets the lead of a sale whose person is erased. Its posts are asked about at status URLs only from now on.
    pub fn erase(&mut self, auction: Uuid7, now: Now) {
        for (key, open) in &mut self.open {
            if key.auction == auction && open.unknown.submission.take().is_some() {
                self.leads = self.leads.saturating_sub(1);
                self.agenda.remove(&open.campaign, *key);
                if open.way().is_some() {
                    self.agenda.push(&open.campaign, *key, now.mono.saturating_add(wait(*key, open.asked)));
                }
            }
        }
    }

    /// Returns an open post.
    pub fn get(&self, key: UnknownKey) -> Option<&Unknown> {
        self.open.get(&key).map(|open| &open.unknown)
    }

    /// Returns how far an open post has been asked about. Its question may come earlier than planned, after another
    /// of its campaign is answered, or later, since one is asked at a time.
    pub fn inquiry(&self, key: UnknownKey, now: Now) -> Option<Inquiry> {
        let open = self.open.get(&key)?;
        let on_unknown = open.unknown.campaign().map_or(OnUnknown::Hold, |campaign| campaign.on_unknown);
        let question = open.way().map(|way| {
            let next = match way {
                Way::Repost => NextInquiry::Repost,
                Way::AskStatus => NextInquiry::AskStatus,
            };
            (next, self.agenda.time_of(&open.campaign, key).unwrap_or(now.mono))
        });
        let rules = on_unknown != OnUnknown::Hold;
        let (next, at) = match (question, open.deadline) {
            _ if open.with_person => (NextInquiry::Person, None),
            (_, None) => (NextInquiry::Rule, Some(now.mono)),
            (Some((_, at)), Some(deadline)) if rules && deadline < at => (NextInquiry::Rule, Some(deadline)),
            (Some((next, at)), Some(_)) => (next, Some(at)),
            (None, Some(deadline)) if rules => (NextInquiry::Rule, Some(deadline)),
            (None, Some(deadline)) => (NextInquiry::AwaitReport, Some(deadline)),
        };
        let next_at = at.map(|at| now.utc.saturating_add(at.saturating_sub(now.mono)));
        Some(Inquiry { asked: open.asked, next, next_at })
    }

    /// Returns every open post, in the order of its ids.
    pub fn list(&self) -> impl Iterator<Item = &Open> {
        self.open.values()
    }

    /// Returns how many posts are open.
    pub fn len(&self) -> usize {
        self.open.len()
    }

    /// Returns whether no post is open.
    pub fn is_empty(&self) -> bool {
        self.open.is_empty()
    }

    /// Returns how many questions are under way.
    pub fn in_flight(&self) -> usize {
        self.agenda.in_flight()
    }

    fn late(&mut self, now: Now, key: UnknownKey, evidence: &Evidence) -> Option<Verdict> {
        Some(match self.closed.judge(key, evidence.says)? {
            Late::Same => Verdict::Same,
            Late::Contrary => Verdict::Disputed(Dispute {
                auction: key.auction,
                candidate: key.candidate,
                says: evidence.says,
                by: evidence.by,
                digest: evidence.digest,
                at: now.utc,
            }),
        })
    }

    fn take(&mut self, key: UnknownKey) -> Option<Unknown> {
        let open = self.open.remove(&key)?;
        self.agenda.remove(&open.campaign, key);
        if let Some(deadline) = open.deadline {
            self.deadlines.remove(&(deadline, key));
        }
        self.leads = self.leads.saturating_sub(usize::from(open.unknown.submission.is_some()));
        Some(open.unknown)
    }

    /// Checks what always holds.
    ///
    /// # Panics
    ///
    /// Where it does not.
    #[cfg(any(test, debug_assertions))]
    pub fn assert_invariants(&self) {
        self.agenda.assert_invariants();
        let leads = self.open.values().filter(|open| open.unknown.submission.is_some()).count();
        assert_eq!(leads, self.leads, "invariant: leads are counted");
        assert!(leads <= self.leads_max, "invariant: leads are bounded");
        assert!(
            !self.open.keys().any(|key| self.closed.contains(*key)),
            "invariant: open or closed, not both"
        );
        for (at, key) in &self.deadlines {
            let deadline = self.open.get(key).and_then(|open| open.deadline);
            assert_eq!(deadline, Some(*at), "invariant: a deadline belongs to an open post");
        }
    }
}

impl Open {
    /// Returns how it can be asked about.
    fn way(&self) -> Option<Way> {
        let campaign = self.unknown.campaign()?;
        if campaign.idempotent && self.unknown.submission.is_some() {
            return Some(Way::Repost);
        }
        campaign.status.map(|_| Way::AskStatus)
    }

    /// Returns what follows when its time is over.
    fn run_out(&mut self) -> Action {
        self.deadline = None;
        match self.unknown.campaign().map_or(OnUnknown::Hold, |campaign| campaign.on_unknown) {
            OnUnknown::Hold => {
                self.with_person = true;
                Action::HandOver
            }
            OnUnknown::AssumeAccepted => Action::Assume(Outcome::Accepted),
            OnUnknown::AssumeRejected => Action::Assume(Outcome::Failed(Reason::PostUnknown)),
        }
    }
}

/// Returns the wait before a post is asked about again.
fn wait(key: UnknownKey, asked: u32) -> Nanos {
    let last = WAITS.len().saturating_sub(1);
    let position = usize::try_from(asked).unwrap_or(last).min(last);
    let wait = WAITS.get(position).copied().unwrap_or(Nanos::ZERO);
    // The low half of an id is random.
    let low = u64::try_from(key.auction.as_u128() & u128::from(u64::MAX)).unwrap_or(0);
    let share = low.wrapping_add(u64::from(key.candidate.0)).wrapping_add(u64::from(asked)).rem_euclid(1_024);
    Nanos(
        wait.0.saturating_add(wait.0.div_euclid(JITTER_DIVISOR.saturating_mul(1_024)).saturating_mul(share)),
    )
}

/// Returns the time from one moment to a later one, or none.
fn micros_between(from: UtcMicros, to: UtcMicros) -> Nanos {
    let micros = u64::try_from(to.0.saturating_sub(from.0)).unwrap_or(0);
    Nanos(micros.saturating_mul(1_000))
}

#[cfg(test)]
mod tests;
