//! [`keep_mirroring`]: the counters are written into Redis for as long as the process lives.

use core::fmt;
use core::ops::ControlFlow;
use core::time::Duration;
use std::sync::Arc;
use std::time::Instant;

use exchange_counters::Counters;
use exchange_types::UtcMicros;
use redis::{RedisError, Value, from_redis_value};
use tokio::time::{MissedTickBehavior, interval, sleep};

use crate::failure::Trouble;
use crate::layout;
use crate::link::{Link, Password, Trust};
use crate::sweep::{Row, Sweep};
use crate::{Address, Failure, Progress};

/// Between two attempts at a Redis that does not take the mirror.
const RETRY_AFTER: Duration = Duration::from_secs(1);
/// After so long everything is written anew, since Redis may have dropped single keys; expiries move on with it.
const REWRITE_EVERY: Duration = Duration::from_mins(5);

/// What a mirror is made of.
pub struct MirrorConfig {
    /// Where Redis is.
    pub address: Address,
    /// Whose certificates it may show.
    pub trust: Trust,
    /// How its password is found, where it has one.
    pub password: Option<Box<Password>>,
    /// How often it is looked what has changed.
    pub every: Duration,
    /// How long Redis may take to answer.
    pub timeout: Duration,
    /// Tells the time of day.
    pub clock: fn() -> UtcMicros,
}

impl fmt::Debug for MirrorConfig {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MirrorConfig").field("address", &self.address).finish_non_exhaustive()
    }
}

/// Writes the counters into Redis until the process stops.
///
/// Every `every` it looks which counters have changed and writes those, in batches that Redis takes whole or not at
/// all. Values are cumulative, so a batch that was taken although nobody heard of it does no harm. Each batch checks
/// that the one before it is the last that Redis has; where it is not, Redis was emptied or replaced, and everything
/// is written anew. So it is after every new connection.
///
/// # Cancel safety
///
/// Cancel-safe: whoever mirrors next writes everything anew.
pub async fn keep_mirroring(counters: Arc<Counters>, config: MirrorConfig, progress: Arc<Progress>) {
    let mut looks = interval(config.every);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    let run = (config.clock)().0;
    let mut mirror = Mirror {
        counters,
        config,
        progress,
        link: None,
        sweep: Sweep::default(),
        marks: Marks { run, next: 0, last: None },
        rewritten: Instant::now(),
        state: State::Starting,
    };
    loop {
        looks.tick().await;
        match mirror.round().await {
            Ok(()) => {}
            Err(trouble) => {
                mirror.lose(&trouble);
                sleep(RETRY_AFTER).await;
            }
        }
    }
}

/// Returns the mark of the batch before from what a transaction answers.
fn before((answers,): (Value,)) -> Result<Option<String>, RedisError> {
    let answers: Vec<Value> = from_redis_value(answers.extract_error()?)?;
    let first = answers.into_iter().next().unwrap_or(Value::Nil);
    Ok(from_redis_value(first)?)
}

/// The mirror and what it stands on.
struct Mirror {
    counters: Arc<Counters>,
    config: MirrorConfig,
    progress: Arc<Progress>,
    link: Option<Link>,
    sweep: Sweep,
    marks: Marks,
    rewritten: Instant,
    state: State,
}

/// Whether Redis takes the mirror, so that a change is said once.
#[derive(Clone, Copy, Debug)]
enum State {
    Starting,
    Following { emptied: bool },
    Lost { failure: Failure, since: Instant },
}

/// Tells the batches of this process from each other and from everybody else's.
#[derive(Debug)]
struct Marks {
    run: i64,
    next: u64,
    /// The mark of the last batch that Redis has taken over this connection.
    last: Option<String>,
}

impl Mirror {
    /// Writes what has changed since the last round.
    async fn round(&mut self) -> Result<(), Trouble> {
        let (began, at) = (Instant::now(), (self.config.clock)());
        if self.link.is_none() {
            let MirrorConfig { address, trust, password, timeout, .. } = &self.config;
            self.link = Some(Link::open(address, trust, password.as_deref(), *timeout).await?);
            self.marks.last = None;
            self.write_anew();
        } else if self.rewritten.elapsed() >= REWRITE_EVERY {
            self.write_anew();
        }
        self.sweep.begin();
        let mut batch = Vec::new();
        loop {
            let ended = self.sweep.look(&self.counters, &mut batch).is_break();
            if ended || Sweep::is_full(&batch) {
                if self.send(&batch, ended.then_some(at)).await?.is_break() {
                    // What was written before is gone. The next round writes it all.
                    self.emptied();
                    return Ok(());
                }
                batch.clear();
            }
            if ended {
                break;
            }
            // Others on this thread have their turn between two looks.
            tokio::task::yield_now().await;
        }
        self.follow(began);
        Ok(())
    }

    /// Writes a batch, and at the end of a round the time at which it began; breaks where Redis does not have the
    /// batch before it.
    async fn send(&mut self, batch: &[Row], ended: Option<UtcMicros>) -> Result<ControlFlow<()>, Trouble> {
        let Some(link) = &mut self.link else { return Ok(ControlFlow::Continue(())) };
        let mark = format!("{}-{}", self.marks.run, self.marks.next);
        self.marks.next = self.marks.next.wrapping_add(1);
        let mut pipeline = redis::pipe();
        // A transaction by hand: the library's own counts on it that `MULTI` is never refused.
        pipeline.cmd("MULTI").ignore().hget(layout::MIRROR, layout::MARK).ignore();
        pipeline.hset(layout::MIRROR, layout::MARK, &mark).ignore();
        if let Some(at) = ended {
            let every = i64::try_from(self.config.every.as_millis()).unwrap_or(i64::MAX);
            let fields = [(layout::AT_MS, at.0.div_euclid(1_000)), (layout::EVERY_MS, every)];
            layout::set(&mut pipeline, layout::MIRROR, &fields);
        }
        pipeline.expire(layout::MIRROR, layout::KEPT_SECONDS).ignore();
        for (key, reading) in batch {
            layout::write(&mut pipeline, key, *reading);
        }
        pipeline.cmd("EXEC");
        let before = before(link.send(&pipeline).await?)?;
        self.progress.wrote(batch.len());
        let expected = self.marks.last.replace(mark);
        let lost = expected.is_some() && before != expected;
        Ok(if lost { ControlFlow::Break(()) } else { ControlFlow::Continue(()) })
    }

    fn write_anew(&mut self) {
        self.sweep.forget();
        self.rewritten = Instant::now();
        self.progress.rewrites();
    }

    /// Notes that Redis has everything as it was when this round began.
    fn follow(&mut self, began: Instant) {
        self.progress.even(began);
        let address = &self.config.address;
        match self.state {
            State::Following { .. } => {}
            State::Starting => tracing::info!(%address, "the counters are mirrored in Redis"),
            State::Lost { since, .. } => {
                let away_ms = u64::try_from(since.elapsed().as_millis()).unwrap_or(u64::MAX);
                tracing::info!(%address, away_ms, "the counters are mirrored in Redis again");
            }
        }
        self.state = State::Following { emptied: false };
    }

    /// Notes that Redis lost what it had.
    fn emptied(&mut self) {
        // Said once, even where two exchanges share a database and each undoes the other's mark.
        if !matches!(self.state, State::Following { emptied: true }) {
            let address = &self.config.address;
            tracing::warn!(%address, "Redis lost the mirror, or somebody else writes it: all is written anew");
        }
        self.state = State::Following { emptied: true };
        self.write_anew();
    }

    /// Notes that Redis does not take the mirror.
    fn lose(&mut self, trouble: &Trouble) {
        self.link = None;
        let Trouble { failure, detail } = trouble;
        self.progress.failed(*failure);
        let since = match self.state {
            State::Lost { failure: before, .. } if before == *failure => return,
            State::Lost { since, .. } => since,
            State::Starting | State::Following { .. } => Instant::now(),
        };
        self.state = State::Lost { failure: *failure, since };
        tracing::warn!(
            address = %self.config.address,
            reason = failure.name(),
            detail,
            "Redis does not take the counters; selling goes on without it"
        );
    }
}
