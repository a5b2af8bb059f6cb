//! [`Market`]: an exchange with one setting of its journal, and simulated buyers who all bid for every lead.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::Setting;
use crate::chaos::exchange;
use crate::chaos::process::Process;
use crate::chaos::programs::Programs;
use crate::http;
use crate::interrupt::Interrupt;
use crate::server::Server;
use crate::versus::busy::processor_time;

/// Stands for the buyers' address in the catalog.
const BUYERS_PLACE: &str = "{buyers}";
/// How long the store may take to follow the journal.
const FOLLOW_MAX: Duration = Duration::from_mins(20);
/// Between two looks at the store.
const LOOK_EVERY: Duration = Duration::from_millis(200);
/// How long a drain may take; nothing is under way then.
const DRAIN_MAX: Duration = Duration::from_secs(30);
/// Auctions of a page, the most that the exchange gives.
const PAGE: u32 = 200;
/// Auctions under way at a time where only their number counts.
const IN_FLIGHT: &str = "64";

/// Where an exchange and its buyers are found; it outlives their processes.
#[derive(Debug)]
pub(super) struct Place {
    exchange: exchange::Place,
    buyers: PathBuf,
    load: PathBuf,
    buyers_profile: PathBuf,
    catalog: PathBuf,
    scenario: PathBuf,
    folder: PathBuf,
    seller_key: String,
    operator_key: String,
}

/// The simulated buyers.
#[derive(Debug)]
pub(super) struct Buyers(Server);

/// The exchange's process.
#[derive(Debug)]
pub(super) struct Market<'a> {
    place: &'a Place,
    process: Process,
}

impl Place {
    /// Writes the configuration and makes the keys.
    ///
    /// # Errors
    ///
    /// Fails if the folder cannot be written, or the exchange makes no keys.
    pub(super) fn create(
        root: &Path,
        programs: &Programs,
        folder: &Path,
        durability: Setting,
    ) -> anyhow::Result<Self> {
        let configuration = folder.join("exchange.toml");
        fs::write(&configuration, configuration_of(durability))?;
        let exchange = exchange::Place {
            program: programs.exchange.clone(),
            configuration,
            data: folder.join("data"),
            log: folder.join("exchange.log"),
            seller: exchange::free_address()?,
            control: exchange::free_address()?,
        };
        let seller_key = exchange.create_key("seller:bench")?;
        let operator_key = exchange.create_key("operator:bench")?;
        Ok(Self {
            exchange,
            buyers: programs.buyers.clone(),
            load: programs.load.clone(),
            buyers_profile: root.join("configs/buyers/bench.toml"),
            catalog: root.join("configs/bench/catalog.toml"),
            scenario: root.join("configs/scenarios/bench.toml"),
            folder: folder.to_owned(),
            seller_key,
            operator_key,
        })
    }

    /// Returns where the exchange keeps its checkpoints.
    pub(super) fn checkpoints(&self) -> PathBuf {
        self.exchange.data.join("checkpoints")
    }

    /// Returns what the exchange has logged.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read.
    pub(super) fn log(&self) -> anyhow::Result<String> {
        Ok(fs::read_to_string(&self.exchange.log)?)
    }
}

impl Buyers {
    /// Starts them.
    ///
    /// # Errors
    ///
    /// Fails if they do not listen in time.
    pub(super) fn start(place: &Place) -> anyhow::Result<Self> {
        let mut command = Command::new(&place.buyers);
        command.arg("--profile").arg(&place.buyers_profile);
        Ok(Self(Server::start("simulated buyers", command, place.folder.join("bidder-sim.log"))?))
    }

    /// Ends them.
    ///
    /// # Errors
    ///
    /// Fails if they do not end as they should.
    pub(super) fn stop(self) -> anyhow::Result<()> {
        self.0.stop().map(drop)
    }
}

impl<'a> Market<'a> {
    /// Starts the exchange and waits until it is ready. With `buyers` it gets the catalog that names them, else the
    /// catalog of its last start stays in force.
    ///
    /// # Errors
    ///
    /// Fails if it is not ready in time.
    pub(super) fn open(
        place: &'a Place,
        buyers: Option<&Buyers>,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let catalog = if let Some(Buyers(buyers)) = buyers {
            let catalog = fs::read_to_string(&place.catalog)
                .with_context(|| format!("cannot read {}", place.catalog.display()))?;
            let file = place.folder.join("catalog.toml");
            fs::write(&file, catalog.replace(BUYERS_PLACE, &buyers.address("listening")?.to_string()))?;
            Some(file)
        } else {
            None
        };
        let (process, _) = exchange::start(&place.exchange, catalog.as_deref(), interrupt)?;
        Ok(Self { place, process })
    }

    /// Sells so many leads, so many a second whether or not they are answered in time. How many were sold, the
    /// accounts tell.
    ///
    /// # Errors
    ///
    /// Fails if the load does not start.
    pub(super) fn sell_at(&self, rate: u32, leads: u32) -> anyhow::Result<()> {
        self.load(&["--rate", &rate.to_string(), "--count", &leads.to_string()])
    }

    /// Sells leads as fast as it goes.
    ///
    /// # Errors
    ///
    /// Fails if the load does not start.
    pub(super) fn sell_fast(&self, first: u64, leads: u64) -> anyhow::Result<()> {
        let (first, count) = (first.to_string(), leads.to_string());
        self.load(&["--concurrency", IN_FLIGHT, "--first", &first, "--count", &count])
    }

    /// Returns the number of the journal's last record.
    ///
    /// # Errors
    ///
    /// Fails if the exchange does not say.
    pub(super) fn sequence(&self) -> anyhow::Result<u64> {
        let journal = self.ask("/v1/journal")?;
        journal.get("sequence").and_then(Value::as_u64).context("the journal has no `sequence`")
    }

    /// Waits until the store has every record of the journal.
    ///
    /// # Errors
    ///
    /// Fails if it does not come to that.
    pub(super) fn await_store(&self, interrupt: &Interrupt) -> anyhow::Result<()> {
        let began = Instant::now();
        loop {
            let journal = self.ask("/v1/journal")?;
            let number = |key| journal.get(key).and_then(Value::as_u64);
            let (Some(sequence), Some(projected)) = (number("sequence"), number("projected")) else {
                bail!("the journal does not say how far the store is: {journal}");
            };
            // An auction is closed a moment after its answer, so the last ones are looked at twice.
            if projected >= sequence && began.elapsed() > LOOK_EVERY {
                return Ok(());
            }
            ensure!(began.elapsed() < FOLLOW_MAX, "the store has {projected} of {sequence} records");
            ensure!(!interrupt.comes_within(LOOK_EVERY), "interrupted");
        }
    }

    /// Returns the account of every auction that sold.
    ///
    /// # Errors
    ///
    /// Fails if the exchange does not list or tell them.
    pub(super) fn accounts_of_sold(&self) -> anyhow::Result<Vec<Value>> {
        let mut accounts = Vec::new();
        let mut path = format!("/v1/auctions?status=sold&limit={PAGE}");
        loop {
            let page = self.ask(&path)?;
            let items = page.get("items").and_then(Value::as_array).context("a list has no `items`")?;
            for item in items {
                let lead = item.get("lead_id").and_then(Value::as_str).context("an auction has no lead")?;
                accounts.push(self.ask(&format!("/v1/auctions/{lead}"))?);
            }
            let Some(next) = page.get("next").and_then(Value::as_str) else { return Ok(accounts) };
            path = format!("/v1/auctions?status=sold&limit={PAGE}&cursor={next}");
        }
    }

    /// Returns how much processor time it has used.
    ///
    /// # Errors
    ///
    /// Fails if the system does not say.
    pub(super) fn processor_time(&self) -> anyhow::Result<Duration> {
        processor_time(self.process.id()).context("the exchange's processor time cannot be read")
    }

    /// Kills it and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say.
    pub(super) fn kill(mut self) -> anyhow::Result<()> {
        self.process.kill()?;
        Ok(())
    }

    /// Ends it in order.
    ///
    /// # Errors
    ///
    /// Fails if it does not end, or not as it should.
    pub(super) fn stop(mut self) -> anyhow::Result<()> {
        self.process.terminate()?;
        let status = self.process.ends_within(DRAIN_MAX)?.context("the exchange runs on after SIGTERM")?;
        ensure!(status.success(), "the exchange ended with {status}:\n{}", self.place.log()?);
        Ok(())
    }

    fn ask(&self, path: &str) -> anyhow::Result<Value> {
        http::get(self.place.exchange.control, path, &self.place.operator_key)
    }

    /// Runs the load to its end. It ends with an error, too, where a single lead was not sold; others judge that.
    fn load(&self, arguments: &[&str]) -> anyhow::Result<()> {
        let mut command = Command::new(&self.place.load);
        command.arg("--scenario").arg(&self.place.scenario);
        command.args(["--url", &format!("http://{}", self.place.exchange.seller)]).args(arguments);
        command.env("LOADTEST_API_KEY", &self.place.seller_key);
        let log = File::options().create(true).append(true).open(self.place.folder.join("loadtest.log"))?;
        command.stdin(Stdio::null()).stdout(log.try_clone()?).stderr(log);
        command.status().context("cannot run the load")?;
        Ok(())
    }
}

/// Returns what differs from the defaults: one shard, buyers on this machine in clear http, what the journal waits
/// for, and a store that may fall behind while a journal of a million records is made.
fn configuration_of(durability: Setting) -> String {
    format!(
        "shards = 1\n\n[buyers]\nallow_addresses = [\"127.0.0.0/8\"]\nallow_http = true\n\n\
         [journal]\ndurability = \"{durability}\"\n\n[store]\nlag_max = \"24h\"\n"
    )
}
