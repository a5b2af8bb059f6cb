//! [`Agenda`]: whose turn it is to be asked about, and when.
//!
//! One question at a time to a campaign and few to all, so that the posts of auctions have the way before them.
//! Every step costs the logarithm of what is open.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use exchange_types::Nanos;

use super::UnknownKey;

/// Questions under way from one shard: a few buyers that hang leave room for the others.
pub(super) const IN_FLIGHT_MAX: usize = 16;
/// A campaign with open unknowns is asked about one of them this often, however long each has waited, so that a
/// buyer that is back is noticed within a minute.
pub(super) const PROBE_EVERY: Nanos = Nanos::from_secs(45);

/// What is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Way {
    Repost,
    AskStatus,
}

/// When to ask about which post.
#[derive(Debug, Default)]
pub(super) struct Agenda {
    campaigns: BTreeMap<Arc<str>, Queue>,
    /// The campaigns that may be asked, by when.
    ready: BTreeSet<(Nanos, Arc<str>)>,
    in_flight: BTreeMap<UnknownKey, (Arc<str>, Way)>,
}

/// What is to be asked of one campaign.
#[derive(Debug, Default)]
struct Queue {
    times: BTreeMap<UnknownKey, Nanos>,
    due: BTreeSet<(Nanos, UnknownKey)>,
    busy: bool,
    last_asked: Option<Nanos>,
    listed: Option<Nanos>,
}

impl Queue {
    fn next(&self) -> Option<Nanos> {
        let (first, _) = self.due.first().filter(|_| !self.busy)?;
        let probe = self.last_asked.map_or(Nanos::NEVER, |last| last.saturating_add(PROBE_EVERY));
        Some(probe.min(*first))
    }

    fn remove(&mut self, key: UnknownKey) {
        if let Some(at) = self.times.remove(&key) {
            self.due.remove(&(at, key));
        }
    }
}

impl Agenda {
    /// Puts a post on the list of its campaign, or moves it there.
    pub(super) fn push(&mut self, campaign: &Arc<str>, key: UnknownKey, at: Nanos) {
        let queue = self.campaigns.entry(Arc::clone(campaign)).or_default();
        queue.remove(key);
        queue.times.insert(key, at);
        queue.due.insert((at, key));
        self.relist(campaign);
    }

    /// Takes a post off the list, and forgets a campaign of which nothing is left.
    pub(super) fn remove(&mut self, campaign: &Arc<str>, key: UnknownKey) {
        let Some(queue) = self.campaigns.get_mut(campaign) else { return };
        queue.remove(key);
        let is_empty = queue.times.is_empty() && !queue.busy;
        self.relist(campaign);
        if is_empty {
            self.campaigns.remove(campaign);
        }
    }

    /// Returns when somebody may be asked next.
    pub(super) fn next_timeout(&self) -> Option<Nanos> {
        if self.in_flight.len() >= IN_FLIGHT_MAX {
            return None;
        }
        self.ready.first().map(|&(at, _)| at)
    }

    /// Takes the post that is to be asked about now. [`Agenda::asks`] or [`Agenda::push`] follows.
    pub(super) fn take(&mut self, now: Nanos) -> Option<UnknownKey> {
        self.next_timeout().filter(|&at| at <= now)?;
        let (_, campaign) = self.ready.first()?.clone();
        let queue = self.campaigns.get_mut(&campaign)?;
        let (_, key) = queue.due.first().copied()?;
        queue.remove(key);
        self.relist(&campaign);
        Some(key)
    }

    /// Notes that a post is being asked about.
    pub(super) fn asks(&mut self, campaign: &Arc<str>, key: UnknownKey, way: Way, now: Nanos) {
        self.in_flight.insert(key, (Arc::clone(campaign), way));
        let queue = self.campaigns.entry(Arc::clone(campaign)).or_default();
        queue.busy = true;
        queue.last_asked = Some(now);
        self.relist(campaign);
    }

    /// Notes that the question about a post has ended, and returns how it was asked. [`Agenda::push`] or
    /// [`Agenda::remove`] follows.
    pub(super) fn answered(&mut self, key: UnknownKey) -> Option<(Arc<str>, Way)> {
        let (campaign, way) = self.in_flight.remove(&key)?;
        if let Some(queue) = self.campaigns.get_mut(&campaign) {
            queue.busy = false;
            self.relist(&campaign);
        }
        Some((campaign, way))
    }

    /// A buyer has answered: the rest is asked at once, one after the other.
    pub(super) fn hurry(&mut self, campaign: &Arc<str>, now: Nanos) {
        let Some(queue) = self.campaigns.get_mut(campaign) else { return };
        for at in queue.times.values_mut() {
            *at = now.min(*at);
        }
        queue.due = queue.times.iter().map(|(key, at)| (*at, *key)).collect();
        self.relist(campaign);
    }

    /// Returns when a post is asked about; nothing while it is, or where it is not on the list.
    pub(super) fn time_of(&self, campaign: &Arc<str>, key: UnknownKey) -> Option<Nanos> {
        self.campaigns.get(campaign)?.times.get(&key).copied()
    }

    pub(super) fn in_flight(&self) -> usize {
        self.in_flight.len()
    }

    fn relist(&mut self, campaign: &Arc<str>) {
        let Some(queue) = self.campaigns.get_mut(campaign) else { return };
        if let Some(at) = queue.listed.take() {
            self.ready.remove(&(at, Arc::clone(campaign)));
        }
        queue.listed = queue.next();
        if let Some(at) = queue.listed {
            self.ready.insert((at, Arc::clone(campaign)));
        }
    }

    /// Checks that every list says the same.
    #[cfg(any(test, debug_assertions))]
    pub(super) fn assert_invariants(&self) {
        for (name, queue) in &self.campaigns {
            assert_eq!(queue.times.len(), queue.due.len(), "invariant: every post has one time");
            assert_eq!(queue.listed, queue.next(), "invariant: a campaign is listed by its next time");
            let listed = queue.listed.is_none_or(|at| self.ready.contains(&(at, Arc::clone(name))));
            assert!(listed, "invariant: what is listed is in the list");
            assert!(queue.busy || !queue.times.is_empty(), "invariant: a campaign has something open");
        }
        assert!(self.ready.len() <= self.campaigns.len(), "invariant: a campaign is listed once");
        assert!(self.in_flight.len() <= IN_FLIGHT_MAX, "invariant: few questions are under way");
    }
}
