//! `cargo xtask demo`: a running exchange with simulated buyers, and sample leads that are sold to them.
//!
//! Everything shown of an auction comes from the exchange; the buyers' own log then has to tell the same story,
//! ping by ping and post by post.

mod account;
mod market;
mod programs;
mod sale;
mod sample;
mod screen;
mod try_it;
mod witness;

use std::collections::BTreeSet;
use std::path::Path;
use std::process::ExitCode;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use clap::Args;

use crate::folder::Folder;
use crate::interrupt::Interrupt;
use account::Account;
use market::Market;
use programs::Programs;
use sample::Sample;

/// The buyers write their log some milliseconds after they have answered.
const LOG_DELAY_MAX: Duration = Duration::from_secs(5);
/// Between two readings of the log.
const LOG_READ_EVERY: Duration = Duration::from_millis(20);
/// Between two looks at whether the programs still run.
const LOOK_EVERY: Duration = Duration::from_millis(500);

/// What the demo can be asked for.
#[derive(Args, Debug)]
pub(crate) struct Options {
    /// End after the sample sales instead of staying up
    #[arg(long)]
    once: bool,
    /// Build with optimisation, which takes some minutes more the first time
    #[arg(long)]
    release: bool,
}

/// Builds and starts the programs, sells the sample leads, and stays up until it is asked to end.
///
/// # Errors
///
/// Fails if a program does not build, start, answer or end as it should, or if the buyers' log tells another
/// story. Nothing that was started is left running then; the folder with the logs stays.
pub(crate) fn run(root: &Path, options: &Options) -> anyhow::Result<ExitCode> {
    let profile = if options.release { "release" } else { "dev" };
    println!("building the exchange and its simulated buyers ({profile} profile)");
    let programs = Programs::build(root, options.release)?;
    let interrupt = Interrupt::catch()?;
    let folder = Folder::create()?;
    let outcome = show(root, options, &programs, &interrupt, &folder);
    match outcome {
        Ok(()) => folder.remove().context("cannot remove the demo's folder")?,
        Err(_) => println!("logs and catalog are in {}", folder.path().display()),
    }
    outcome.map(|()| ExitCode::SUCCESS)
}

fn show(
    root: &Path,
    options: &Options,
    programs: &Programs,
    interrupt: &Interrupt,
    folder: &Folder,
) -> anyhow::Result<()> {
    let leads = root.join("configs/demo/leads.toml");
    let leads =
        std::fs::read_to_string(&leads).with_context(|| format!("cannot read {}", leads.display()))?;
    let samples = Sample::all(&leads).context("configs/demo/leads.toml")?;
    let sellers: BTreeSet<&str> = samples.iter().map(|it| it.seller.as_str()).collect();
    let sellers: Vec<&str> = sellers.into_iter().collect();
    let mut market = Market::open(root, programs, folder, &sellers)?;
    println!("sellers call http://{}, operators http://{}", market.seller, market.control);

    if let Some(accounts) = sell_all(&market, &samples, interrupt)? {
        check_all_verticals(&samples, &accounts)?;
        let accounts: Vec<Account> = accounts.into_iter().flatten().collect();
        if let Some(agreement) = agree(&accounts, folder, interrupt)? {
            let witness::Agreement { pings, posts } = agreement;
            println!("\nchecked against the buyers' own log: {pings} pings, {posts} posts agree");
        }
        let line = try_it::line(&market, &samples)?;
        if options.once {
            try_it::check(&line)?;
        } else {
            let auction = accounts.first().map(|it| it.auction.as_str());
            print!("{}", try_it::invitation(&market, &line, auction, folder));
            while !interrupt.comes_within(LOOK_EVERY) {
                market.check_that_it_runs()?;
            }
        }
    }
    println!();
    market.stop()
}

/// Sells one lead after the other and returns their accounts; nothing if the demo is asked to end meanwhile.
fn sell_all(
    market: &Market,
    samples: &[Sample],
    interrupt: &Interrupt,
) -> anyhow::Result<Option<Vec<Option<Account>>>> {
    let mut accounts = Vec::new();
    for (sample, number) in samples.iter().zip(1..) {
        if interrupt.has_come() {
            return Ok(None);
        }
        let steps = if sample.two_step { "ping, then post" } else { "one call" };
        println!("\n{number}. {}, {steps}, from {}: {}", sample.vertical, sample.seller, sample.about);
        accounts.push(sale::sell(market, sample)?);
    }
    Ok(Some(accounts))
}

/// Fails if a vertical sold nothing at all: then the demo has not shown what it is for.
fn check_all_verticals(samples: &[Sample], accounts: &[Option<Account>]) -> anyhow::Result<()> {
    let is_sold = |account: &Option<Account>| account.as_ref().is_some_and(|it| it.status == "sold");
    let all: BTreeSet<&str> = samples.iter().map(|it| it.vertical.as_str()).collect();
    let sold = samples.iter().zip(accounts).filter(|(_, account)| is_sold(account));
    let sold: BTreeSet<&str> = sold.map(|(sample, _)| sample.vertical.as_str()).collect();
    match all.difference(&sold).next() {
        None => Ok(()),
        Some(vertical) => bail!("no lead of {vertical} was sold"),
    }
}

/// Waits until the buyers' log tells what the exchange tells; nothing if the demo is asked to end meanwhile.
fn agree(
    accounts: &[Account],
    folder: &Folder,
    interrupt: &Interrupt,
) -> anyhow::Result<Option<witness::Agreement>> {
    let deadline = Instant::now() + LOG_DELAY_MAX;
    loop {
        let differences = match witness::compare(accounts, &Market::buyers_log(folder)?) {
            Ok(agreement) => return Ok(Some(agreement)),
            Err(differences) => differences,
        };
        if Instant::now() > deadline {
            bail!("the buyers' own log tells another story:\n  {}", differences.join("\n  "));
        }
        if interrupt.comes_within(LOG_READ_EVERY) {
            return Ok(None);
        }
    }
}
