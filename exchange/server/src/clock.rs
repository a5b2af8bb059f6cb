//! [`Clock`]: monotonic time and UTC together, as shards are told them.

use std::time::Instant;

use exchange_types::{Nanos, Now};

use crate::wall_clock;

/// The process's clock. Monotonic time counts from its making.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin: Instant,
}

impl Clock {
    /// Starts the clock.
    pub fn start() -> Self {
        Self { origin: Instant::now() }
    }

    /// Returns the present moment. A shard reads it once for each batch of events.
    pub fn now(&self) -> Now {
        Now { mono: Nanos::from(self.origin.elapsed()), utc: wall_clock::utc_now() }
    }

    /// Returns the runtime's instant of a monotonic time.
    pub fn instant(&self, at: Nanos) -> tokio::time::Instant {
        // Beyond a century tokio's own arithmetic would overflow; nothing waits that long.
        let bounded = at.min(Nanos::from_secs(100 * 365 * 86_400));
        tokio::time::Instant::from_std(self.origin + bounded.to_duration())
    }
}
