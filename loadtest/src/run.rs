//! [`run`]: one run from the first submission to the report.

use std::cell::{Cell, RefCell};
use std::io;
use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

use crate::clock::Clock;
use crate::connections::{Connections, Target};
use crate::pacer::{self, Due, Extent};
use crate::processor_time::{ProcessorTime, WatchedProcess};
use crate::recorder::Recorder;
use crate::report::{Heading, Report};
use crate::scenario::Scenario;
use crate::schedule::{Arrivals, Schedule};
use crate::seller::Seller;
use crate::witness::Witness;

/// Submissions under way at a time in an open loop. Beyond it the next ones wait, which counts as
/// latency: at ten thousand a second this is more than six seconds of them.
const IN_FLIGHT_MAX: usize = 65_536;

/// What a run does, besides the scenario.
#[derive(Clone, Debug)]
pub struct Options {
    /// The exchange.
    pub target: Target,
    /// How submissions are spread over time.
    pub load: Load,
    /// When to stop.
    pub extent: Extent,
    /// What comes before counts for completeness alone.
    pub warmup: Duration,
    /// Fixes leads and arrivals.
    pub seed: u64,
    /// The number of the first lead; another range gives other persons.
    pub first: u64,
    /// How often each submission is sent, at once.
    pub copies: u32,
    /// Processes whose processor time is reported.
    pub processes: Vec<WatchedProcess>,
    /// The sellers' log.
    pub log: Option<PathBuf>,
    /// How many violations the report shows as texts.
    pub violations_shown: usize,
}

/// How submissions are spread over time.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Load {
    /// At their intended starts, whatever the exchange does.
    Open {
        /// Submissions a second.
        rate: f64,
        /// How the gaps are spread.
        arrivals: Arrivals,
    },
    /// So many at a time, each after the one before it was answered.
    Closed {
        /// Submissions under way.
        concurrency: usize,
    },
}

/// Why a run could not be made.
#[derive(Debug, thiserror::Error)]
pub enum RunError {
    /// The key cannot stand in a header.
    #[error("use the API key")]
    ApiKey(#[source] http::header::InvalidHeaderValue),
    /// The log cannot be written.
    #[error("write the log")]
    Log(#[source] io::Error),
    /// A process cannot be watched.
    #[error("read the processor time of {name} (pid {pid})")]
    Process {
        /// The name given.
        name: String,
        /// The process id given.
        pid: u32,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// A persistent run was asked to keep a concurrency.
    #[error("a persistent run is an open loop: give a rate and no concurrency")]
    Closed,
    /// The machine gives no runtime or thread.
    #[error("start the load")]
    Start(#[source] io::Error),
}

/// Makes a run on this thread and reports it.
///
/// # Errors
///
/// Says what could not be started, watched or written. Bad answers are no error: they stand in the
/// report.
pub fn run(scenario: Scenario, options: Options) -> Result<Report, RunError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
    LocalSet::new().block_on(&runtime, make(scenario, options))
}

async fn make(scenario: Scenario, options: Options) -> Result<Report, RunError> {
    let clock = Clock::start();
    let measured_from = clock.began() + options.warmup;
    let witness = options.log.as_deref().map(Witness::create).transpose().map_err(RunError::Log)?;
    let seller = Rc::new(Seller {
        scenario,
        seed: options.seed,
        run_name: format!("{:x}", clock.utc(clock.began()).0),
        copies: options.copies,
        clock,
        connections: Connections::new(options.target.clone()).map_err(RunError::ApiKey)?,
        recorder: RefCell::new(Recorder::new(measured_from, options.violations_shown)),
        witness: RefCell::new(witness),
    });
    // Read at once to fail early, and again when the warm-up ends.
    read_all(&options.processes)?;
    let processes = options.processes.clone();
    let before = tokio::task::spawn_local(async move {
        tokio::time::sleep_until(measured_from.into()).await;
        read_all(&processes)
    });
    match options.load {
        Load::Open { rate, arrivals } => {
            let schedule = Schedule::new(arrivals, rate, options.seed);
            open_loop(&seller, schedule, &options).await?;
        }
        Load::Closed { concurrency } => closed_loop(&seller, concurrency, &options).await,
    }
    let after = read_all(&options.processes)?;
    // A run that ends within its warm-up has nothing measured; what was read last stands for both.
    let before = if before.is_finished() { before.await.ok().transpose()? } else { None };
    let before = before.unwrap_or_else(|| after.clone());
    let used = after.iter().zip(&before).map(|(after, before)| after.since(before));
    let processes: Vec<_> = options.processes.iter().cloned().zip(used).collect();
    seller.witness.borrow_mut().as_mut().map_or(Ok(()), Witness::close).map_err(RunError::Log)?;
    let heading = Heading {
        scenario: seller.scenario.name.clone(),
        seed: options.seed,
        began: clock.utc(clock.began()).to_string(),
    };
    let recorder = seller.recorder.borrow();
    Ok(Report::new(heading, &recorder, &seller.scenario.expect, &processes))
}

async fn open_loop(seller: &Rc<Seller>, schedule: Schedule, options: &Options) -> Result<(), RunError> {
    let began = seller.clock.began();
    let mut due = pacer::start(schedule, options.extent, options.first, began).map_err(RunError::Start)?;
    let places = Arc::new(Semaphore::new(IN_FLIGHT_MAX));
    let mut under_way = JoinSet::new();
    while let Some(due) = due.recv().await {
        let place = Arc::clone(&places).acquire_owned().await;
        let seller = Rc::clone(seller);
        under_way.spawn_local(async move {
            let _place = place;
            seller.submit(due).await;
        });
        while under_way.try_join_next().is_some() {}
    }
    under_way.join_all().await;
    Ok(())
}

async fn closed_loop(seller: &Rc<Seller>, concurrency: usize, options: &Options) {
    let next = Rc::new(Cell::new(0));
    let mut under_way = JoinSet::new();
    for _ in 0..concurrency {
        let (seller, next) = (Rc::clone(seller), Rc::clone(&next));
        let (extent, first) = (options.extent, options.first);
        under_way.spawn_local(async move {
            loop {
                let (index, intended) = (next.get(), Instant::now());
                if !extent.covers(index, intended.saturating_duration_since(seller.clock.began())) {
                    return;
                }
                next.set(index + 1);
                Rc::clone(&seller).submit(Due { number: first + index, intended }).await;
            }
        });
    }
    under_way.join_all().await;
}

fn read_all(processes: &[WatchedProcess]) -> Result<Vec<ProcessorTime>, RunError> {
    let read = |process: &WatchedProcess| {
        ProcessorTime::read(process.pid).map_err(|source| RunError::Process {
            name: process.name.clone(),
            pid: process.pid,
            source,
        })
    };
    processes.iter().map(read).collect()
}
