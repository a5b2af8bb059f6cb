//! [`OutboxFigures`]: what the outbox counts, for the metrics.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering::Relaxed};
use core::time::Duration;

use exchange_types::UtcMicros;

use super::Channel;
use super::standings::Standings;

/// What came of an attempt.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// The receiver has taken the message.
    Taken,
    /// It has not; the message comes again.
    Refused,
    /// It never has, and the message does not come again.
    GivenUp,
}

/// What the outbox counts. Each number stands for itself, so their order towards each other does not matter.
#[derive(Debug, Default)]
pub(crate) struct OutboxFigures([ChannelFigures; Channel::ALL.len()]);

#[derive(Debug, Default)]
struct ChannelFigures {
    attempts: [AtomicU64; Attempt::ALL.len()],
    waiting: AtomicU64,
    /// Microseconds since 1970; zero where nothing waits.
    oldest: AtomicI64,
}

impl Attempt {
    /// Every end of an attempt.
    pub(crate) const ALL: [Self; 3] = [Self::Taken, Self::Refused, Self::GivenUp];

    /// Returns the name in metrics.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::Taken => "taken",
            Self::Refused => "refused",
            Self::GivenUp => "given_up",
        }
    }
}

impl OutboxFigures {
    /// Counts an attempt.
    pub(super) fn count(&self, channel: Channel, attempt: Attempt) {
        if let Some(count) = self.of(channel).and_then(|of| of.attempts.get(place(&Attempt::ALL, &attempt))) {
            count.fetch_add(1, Relaxed);
        }
    }

    /// Takes over how the receivers stand.
    pub(super) fn show(&self, standings: &Standings) {
        for channel in Channel::ALL {
            let (waiting, oldest) = standings.waiting(channel);
            if let Some(of) = self.of(channel) {
                of.waiting.store(waiting, Relaxed);
                of.oldest.store(oldest.map_or(0, |at| at.0), Relaxed);
            }
        }
    }

    /// Returns how many attempts of a channel ended in a way.
    pub(crate) fn counted(&self, channel: Channel, attempt: Attempt) -> u64 {
        let count = self.of(channel).and_then(|of| of.attempts.get(place(&Attempt::ALL, &attempt)));
        count.map_or(0, |count| count.load(Relaxed))
    }

    /// Returns for how many receivers of a channel something waits.
    pub(crate) fn waiting(&self, channel: Channel) -> u64 {
        self.of(channel).map_or(0, |of| of.waiting.load(Relaxed))
    }

    /// Returns how long ago that happened which has waited longest in a channel.
    pub(crate) fn lag(&self, channel: Channel, now: UtcMicros) -> Duration {
        let oldest = self.of(channel).map_or(0, |of| of.oldest.load(Relaxed));
        let micros = if oldest == 0 { 0 } else { now.0.saturating_sub(oldest) };
        Duration::from_micros(u64::try_from(micros).unwrap_or(0))
    }

    fn of(&self, channel: Channel) -> Option<&ChannelFigures> {
        self.0.get(place(&Channel::ALL, &channel))
    }
}

fn place<T: PartialEq>(list: &[T], one: &T) -> usize {
    list.iter().position(|other| other == one).unwrap_or(usize::MAX)
}
