//! [`persist`]: sellers that ask until they know.
//!
//! A seller that got no answer, or was told to come again, asks again under the same key with the same bytes; one
//! that was told `pending` asks for the state, by turns with a `GET` and by the same request. Some ask once more
//! after the final answer, soon and at the end of the run, because it has to stay the same. The log of all that
//! was asked and answered is the sellers' side of the story; what it proves is judged elsewhere.

mod asking;
mod log;
mod reading;
mod tally;

use std::cell::{Cell, RefCell};
use std::rc::Rc;
use std::sync::Arc;
use std::time::{Duration, Instant};

use tokio::signal::unix::{SignalKind, signal};
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, LocalSet};

pub use tally::PersistenceReport;

use crate::clock::Clock;
use crate::connections::Connections;
use crate::pacer;
use crate::run::{Load, Options, RunError};
use crate::scenario::{Percentage, Scenario};
use crate::schedule::{Arrivals, Schedule};
use asking::{Asked, PersistentSeller};
use log::AskLog;
use tally::Tally;

/// Submissions that may be without a final answer at a time. Beyond it new ones wait: at five hundred a second this
/// is more than two minutes in which nothing is answered.
const OPEN_MAX: usize = 65_536;
/// Answers that are asked for again at the end; a sample, however long the run was.
const ASKED_AT_END_MAX: usize = 20_000;
/// How many of these are asked for at a time.
const AT_END_AT_A_TIME: usize = 32;

/// How a persistent seller asks.
#[derive(Clone, Copy, Debug)]
pub struct Persistence {
    /// How long after the last submission an answer may become final.
    pub settle: Duration,
    /// Share of the final answers that are asked for again.
    pub again: Percentage,
    /// By when that happens the first time, after the final answer; the second time is the end of the run.
    pub again_within: Duration,
}

/// Makes a run on this thread and reports it.
///
/// # Errors
///
/// Says what could not be started or written. Answers that never came are no error: they stand in the report.
pub fn persist(
    scenario: Scenario,
    options: Options,
    persistence: Persistence,
) -> Result<PersistenceReport, RunError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(RunError::Start)?;
    LocalSet::new().block_on(&runtime, make(scenario, options, persistence))
}

async fn make(
    scenario: Scenario,
    options: Options,
    persistence: Persistence,
) -> Result<PersistenceReport, RunError> {
    let Load::Open { rate, arrivals } = options.load else { return Err(RunError::Closed) };
    let clock = Clock::start();
    let log = options.log.as_deref().map(AskLog::create).transpose().map_err(RunError::Log)?;
    let seller = Rc::new(PersistentSeller {
        scenario,
        seed: options.seed,
        run_name: format!("{:x}", clock.utc(clock.began()).0),
        clock,
        connections: Connections::new(options.target.clone()).map_err(RunError::ApiKey)?,
        persistence,
        give_up: Cell::new(None),
        tally: RefCell::new(Tally::new()),
        log: RefCell::new(log),
    });
    let asked = submit_all(&seller, rate, arrivals, &options).await?;
    seller.give_up.set(Some(Instant::now() + persistence.settle));
    ask_again(&seller, asked).await;
    seller.log.borrow_mut().as_mut().map_or(Ok(()), AskLog::close).map_err(RunError::Log)?;
    let took = clock.began().elapsed();
    Ok(seller.tally.borrow().report(&seller.scenario.name, options.seed, took))
}

/// Submits leads until the run's extent is covered or SIGTERM comes, and awaits the final answers; returns those that are to be asked for again at the end.
async fn submit_all(
    seller: &Rc<PersistentSeller>,
    rate: f64,
    arrivals: Arrivals,
    options: &Options,
) -> Result<Vec<Asked>, RunError> {
    let began = seller.clock.began();
    let schedule = Schedule::new(arrivals, rate, options.seed);
    let mut due = pacer::start(schedule, options.extent, options.first, began).map_err(RunError::Start)?;
    let places = Arc::new(Semaphore::new(OPEN_MAX));
    let mut open = JoinSet::new();
    let mut at_end = Vec::new();
    let mut terminate = signal(SignalKind::terminate()).map_err(RunError::Start)?;
    loop {
        let due = tokio::select! {
            due = due.recv() => due,
            _ = terminate.recv() => None,
        };
        let Some(due) = due else { break };
        let place = Arc::clone(&places).acquire_owned().await;
        let seller = Rc::clone(seller);
        open.spawn_local(async move {
            let _place = place;
            seller.submit(due).await
        });
        while let Some(asked) = open.try_join_next() {
            keep(&mut at_end, asked.ok().flatten());
        }
    }
    seller.give_up.set(Some(Instant::now() + seller.persistence.settle));
    while let Some(asked) = open.join_next().await {
        keep(&mut at_end, asked.ok().flatten());
    }
    Ok(at_end)
}

fn keep(at_end: &mut Vec<Asked>, asked: Option<Asked>) {
    if at_end.len() < ASKED_AT_END_MAX {
        at_end.extend(asked);
    }
}

async fn ask_again(seller: &Rc<PersistentSeller>, asked: Vec<Asked>) {
    let places = Arc::new(Semaphore::new(AT_END_AT_A_TIME));
    let mut open = JoinSet::new();
    for asked in asked {
        let place = Arc::clone(&places).acquire_owned().await;
        let seller = Rc::clone(seller);
        open.spawn_local(async move {
            let _place = place;
            seller.repeat(&asked).await;
        });
    }
    open.join_all().await;
}
