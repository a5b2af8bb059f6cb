//! [`Queue`]: what happens next, ordered by time; ties are broken by a seed.

use std::collections::BTreeMap;

use exchange_node::{Question, UnknownKey};
use exchange_protocol::{CandidateIndex, SlotKey};
use exchange_types::{Nanos, PingReply, PostOutcome, ShardIndex};

use crate::draws::Draws;

/// Something that happens at a moment.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// A request of a seller arrives.
    Request(usize),
    /// A ping comes to an end.
    PingReply { place: ShardIndex, auction: SlotKey, candidate: CandidateIndex, reply: Box<PingReply> },
    /// A post comes to an end.
    PostReply { place: ShardIndex, auction: SlotKey, candidate: CandidateIndex, outcome: PostOutcome },
    /// The disk has records, and the shard is told so.
    Synced { place: ShardIndex, up_to: u64 },
    /// A shard is told that records are on disk, which they are not yet.
    ToldEarly { place: ShardIndex, up_to: u64 },
    /// A shard looks into its queues of the mesh.
    Wake(ShardIndex),
    /// What came of asking about a post of which nobody knows.
    Resolver { key: UnknownKey, outcome: PostOutcome },
    /// The buyer or a person says what came of a post.
    Report { key: UnknownKey },
    /// The store answers.
    Remembered { place: ShardIndex, token: u64, question: Box<Question> },
    /// An operator changes the catalog.
    Install,
    /// The windows of the counters are looked after.
    Refresh,
    /// The process stops at once.
    Crash,
    /// It starts again.
    Restart,
    /// Somebody sets the clock, by so many microseconds.
    Jump(i64),
    /// The disk begins to fail.
    DiskFails,
}

impl Event {
    /// Returns whether it goes with the process.
    pub(crate) fn is_of_the_process(&self) -> bool {
        match self {
            Self::PingReply { .. }
            | Self::PostReply { .. }
            | Self::Synced { .. }
            | Self::ToldEarly { .. }
            | Self::Wake(_)
            | Self::Resolver { .. }
            | Self::Remembered { .. }
            | Self::DiskFails
            | Self::Refresh => true,
            Self::Request(_)
            | Self::Report { .. }
            | Self::Install
            | Self::Crash
            | Self::Restart
            | Self::Jump(_) => false,
        }
    }
}

/// What a buyer truly did with a post, whatever its reply says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Truth {
    /// It has the lead.
    Took,
    /// It does not have the lead, or only what its reply means decides.
    Declined,
}

/// What happens next.
#[derive(Debug)]
pub(crate) struct Queue {
    events: BTreeMap<(Nanos, u64, u64), Event>,
    pushed: u64,
    ties: Draws,
}

impl Queue {
    /// Returns an empty queue; of events at the same moment the seed decides which comes first.
    pub(crate) fn new(tie_seed: u64) -> Self {
        Self { events: BTreeMap::new(), pushed: 0, ties: Draws::new(tie_seed) }
    }

    pub(crate) fn push(&mut self, at: Nanos, event: Event) {
        self.pushed = self.pushed.saturating_add(1);
        let tie = self.tie(self.pushed);
        self.events.insert((at, tie, self.pushed), event);
    }

    /// Returns the moment of the next event, and what breaks its tie.
    pub(crate) fn next(&self) -> Option<(Nanos, u64)> {
        self.events.keys().next().map(|(at, tie, _)| (*at, *tie))
    }

    /// Forgets what goes with the process.
    pub(crate) fn stop_process(&mut self) {
        self.events.retain(|_, event| !event.is_of_the_process());
    }

    pub(crate) fn pop(&mut self) -> Option<Event> {
        self.events.pop_first().map(|(_, event)| event)
    }

    /// Returns what breaks the tie of something with a number of its own.
    pub(crate) fn tie(&self, number: u64) -> u64 {
        self.ties.number("tie", &[u128::from(number)])
    }
}
