//! [`Meter`] and [`DayCount`]: what is used up of a limit, for all shards at once.
//!
//! Both are one atomic number, so that taking from them is one call that never waits. They are not recorded: after a
//! restart every bucket is full and every day begins anew.

use core::sync::atomic::{AtomicU64, Ordering};

use exchange_types::{Nanos, Pace, UtcMicros};

const DAY: Nanos = Nanos::from_secs(86_400);

/// What is used up of a [`Pace`]: the instant at which its bucket is full again.
#[derive(Debug, Default)]
pub struct Meter(AtomicU64);

impl Meter {
    /// Takes one.
    ///
    /// # Errors
    ///
    /// Says after how long there is one to take.
    pub fn take(&self, pace: Pace, now: Nanos) -> Result<(), Nanos> {
        let mut wait = Nanos::ZERO;
        // Relaxed: nothing else is read or written by what this number says.
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, |full_at| {
            let next = pace.take(Nanos(full_at), now);
            wait = next.err().unwrap_or_default();
            next.ok().map(|next| next.0)
        });
        taken.map(|_| ()).map_err(|_| wait)
    }

    /// Returns after how long there is one to take, where there is none now.
    pub fn wait(&self, pace: Pace, now: Nanos) -> Option<Nanos> {
        pace.wait(Nanos(self.0.load(Ordering::Relaxed)), now)
    }

    /// Takes one whether there is one or not.
    pub fn add(&self, pace: Pace, now: Nanos) {
        self.update(|full_at| pace.add(full_at, now));
    }

    /// Gives so many back.
    pub fn give_back(&self, pace: Pace, count: u32) {
        self.update(|full_at| pace.give_back(full_at, count));
    }

    fn update(&self, next: impl Fn(Nanos) -> Nanos) {
        let next = |full_at| Some(next(Nanos(full_at)).0);
        // Infallible: the closure always returns a value.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, next);
    }
}

/// How many there were on a day in UTC: the day stands in the upper half of the number.
#[derive(Debug, Default)]
pub struct DayCount(AtomicU64);

impl DayCount {
    /// Counts one more of today.
    ///
    /// # Errors
    ///
    /// Says how long today still is, where there were as many as there may be.
    pub fn take(&self, count_max: u32, now: UtcMicros) -> Result<(), Nanos> {
        let (today, rest) = today(now);
        let one_more = |packed| {
            let count = count_on(packed, today);
            (count < u64::from(count_max)).then(|| (today << 32) | count.saturating_add(1))
        };
        let taken = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_more);
        taken.map(|_| ()).map_err(|_| rest)
    }

    /// Takes one of today back.
    pub fn give_back(&self, now: UtcMicros) {
        let (today, _) = today(now);
        let one_less = |packed| Some((today << 32) | count_on(packed, today).saturating_sub(1));
        // Infallible: the closure always returns a value.
        let _ = self.0.fetch_update(Ordering::Relaxed, Ordering::Relaxed, one_less);
    }
}

/// Returns the day since 1970 and how long it still is.
fn today(now: UtcMicros) -> (u64, Nanos) {
    let micros = u64::try_from(now.0).unwrap_or(0);
    let (day, within) = (micros.div_euclid(DAY.as_micros()), micros.rem_euclid(DAY.as_micros()));
    (day, Nanos(DAY.as_micros().saturating_sub(within).saturating_mul(1_000)))
}

/// Returns what was counted on a day; nothing of another.
const fn count_on(packed: u64, day: u64) -> u64 {
    if packed >> 32 == day { packed & 0xffff_ffff } else { 0 }
}

/// What is used up of the limits of a seller, or of one of its sources.
#[derive(Debug, Default)]
pub(crate) struct SupplyMeters {
    pub(crate) rate: Meter,
    pub(crate) day: DayCount,
    pub(crate) unposted: Meter,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[expect(
        clippy::disallowed_methods,
        reason = "what is tested is that threads do not get in each other's way"
    )]
    fn threads_together_take_no_more_than_there_is() {
        const COUNT: u32 = 1_000;
        let pace = Pace::try_new(COUNT, Nanos::from_secs(60)).expect("a pace");
        let (meter, day) = (Meter::default(), DayCount::default());
        let taken = |take: &(dyn Fn() -> bool + Sync)| -> usize {
            std::thread::scope(|scope| {
                let takers: Vec<_> =
                    (0..4).map(|_| scope.spawn(|| (0..COUNT).filter(|_| take()).count())).collect();
                takers.into_iter().map(|taker| taker.join().expect("a count")).sum()
            })
        };
        assert_eq!(taken(&|| meter.take(pace, Nanos::ZERO).is_ok()), 1_000);
        assert_eq!(taken(&|| day.take(COUNT, UtcMicros(1)).is_ok()), 1_000);
    }

    #[test]
    fn a_day_ends_at_midnight_in_utc() {
        let (day, midnight) = (DayCount::default(), 20_000 * 86_400_000_000_i64);
        let last = UtcMicros(midnight - 1);
        assert_eq!(day.take(1, last), Ok(()));
        assert_eq!(day.take(1, last), Err(Nanos(1_000)), "a microsecond is left");
        day.give_back(last);
        assert_eq!(day.take(1, last), Ok(()));
        assert_eq!(day.take(1, UtcMicros(midnight)), Ok(()), "the next day");
        assert_eq!(day.take(1, UtcMicros(midnight)), Err(DAY));
        // What came the day before is nothing of today's.
        day.give_back(UtcMicros(midnight + 86_400_000_000));
        assert_eq!(day.take(1, UtcMicros(midnight + 86_400_000_000)), Ok(()));
    }
}
