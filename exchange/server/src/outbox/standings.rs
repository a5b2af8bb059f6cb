//! [`Standings`]: how each receiver stands, and whose turn it is.

use std::collections::{BTreeMap, BTreeSet};

use exchange_store::ReceiverView;
use exchange_types::UtcMicros;

use super::receiver::{Channel, Receiver};

/// How a receiver stands.
#[derive(Clone, Debug)]
pub(super) struct Standing {
    pub(super) receiver: Receiver,
    /// What the store knows of it.
    pub(super) view: ReceiverView,
    /// When that happened which it is to be told next; nothing where it is even.
    pub(super) oldest: Option<UtcMicros>,
    /// Up to which record there is nothing for it, where it is even.
    even_up_to: Option<u64>,
}

/// How each receiver stands.
#[derive(Debug, Default)]
pub(super) struct Standings {
    /// The catalog whose receivers they are.
    version: Option<u64>,
    by_name: BTreeMap<Box<str>, Standing>,
    /// Those that are told now.
    busy: BTreeSet<Box<str>>,
    /// Whose turn came last.
    last: Box<str>,
}

impl Standing {
    pub(super) fn new(receiver: Receiver, view: ReceiverView) -> Self {
        Self { receiver, view, oldest: None, even_up_to: None }
    }

    /// Notes that nothing is left in a store that has followed up to a record.
    pub(super) fn is_even(&mut self, followed: u64) {
        self.oldest = None;
        self.even_up_to = Some(followed);
    }

    /// Notes what came of the message that tells everything up to a record: it is over, or it waits.
    pub(super) fn note(&mut self, up_to: u64, wait_until: Option<UtcMicros>) {
        if wait_until.is_some() {
            self.view.attempts = self.view.attempts.saturating_add(1);
        } else {
            self.view.sequence = up_to;
            self.view.attempts = 0;
        }
        self.view.next_at = wait_until;
    }

    /// Returns whether there may be something for it now.
    fn is_due(&self, now: UtcMicros, followed: u64) -> bool {
        self.view.next_at.is_none_or(|at| at <= now) && self.even_up_to.is_none_or(|up_to| up_to < followed)
    }
}

impl Standings {
    /// Returns whether they are those of a catalog.
    pub(super) fn is_of(&self, version: u64) -> bool {
        self.version == Some(version)
    }

    /// Takes the receivers of another catalog. Of those that stay, more is known here than in the store.
    pub(super) fn renew(&mut self, version: u64, receivers: Vec<Receiver>, known: Vec<ReceiverView>) {
        let mut before = core::mem::take(&mut self.by_name);
        let mut views: BTreeMap<Box<str>, ReceiverView> =
            known.into_iter().map(|view| (view.name.clone(), view)).collect();
        self.version = Some(version);
        for receiver in receivers {
            let name = receiver.name();
            let standing =
                before.remove(&name).or_else(|| Some(Standing::new(receiver, views.remove(&name)?)));
            if let Some(mut standing) = standing {
                // It may want something else now.
                standing.even_up_to = None;
                self.by_name.insert(name, standing);
            }
        }
    }

    /// Returns whose turn it is, at most so many: those that come after whoever had the last turn, round and round.
    pub(super) fn begin(&mut self, now: UtcMicros, followed: u64, places: usize) -> Vec<Standing> {
        let due =
            |standing: &&Standing| standing.is_due(now, followed) && !self.busy.contains(&standing.view.name);
        let due = self.by_name.values().filter(due).cloned();
        let (first, after): (Vec<_>, Vec<_>) = due.partition(|standing| standing.view.name <= self.last);
        let begun: Vec<Standing> = after.into_iter().chain(first).take(places).collect();
        self.busy.extend(begun.iter().map(|standing| standing.view.name.clone()));
        if let Some(last) = begun.last() {
            self.last = last.view.name.clone();
        }
        begun
    }

    /// Takes what came of a receiver's turn.
    pub(super) fn end(&mut self, standing: Standing) {
        self.busy.remove(&standing.view.name);
        if let Some(place) = self.by_name.get_mut(&standing.view.name) {
            *place = standing;
        }
    }

    /// Returns of how many receivers of a channel something waits, and since when the longest.
    pub(super) fn waiting(&self, channel: Channel) -> (u64, Option<UtcMicros>) {
        let of_channel = self.by_name.values().filter(|standing| standing.receiver.channel == channel);
        let waits = of_channel.filter_map(|standing| standing.oldest);
        waits.fold((0, None), |(count, oldest), at| {
            (count.saturating_add(1), Some(oldest.map_or(at, |oldest: UtcMicros| oldest.min(at))))
        })
    }
}
