//! [`Load`]: one measurement of one contender, with every auction checked.

use std::io::Read as _;
use std::path::Path;
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use serde_json::Value;

use super::busy::processor_time;
use super::contender::{Contender, pinned};
use super::programs::Programs;
use super::sample::{BuyersTally, Sample};
use super::{BUYERS, IN_FLIGHT};
use crate::http;
use crate::server::Server;

/// The core of buyers and load.
const CORE: &str = "1";

/// How long a contender is measured.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Load {
    pub(crate) warm_up: Duration,
    pub(crate) measured: Duration,
}

impl Load {
    /// Starts buyers and contender, sells leads in a closed loop, and stops both.
    ///
    /// # Errors
    ///
    /// Fails if a program fails, or if one auction was not complete.
    pub(crate) fn run(
        &self,
        root: &Path,
        programs: &Programs,
        contender: Contender,
        folder: &Path,
    ) -> anyhow::Result<Sample> {
        let mut command = pinned(CORE, &programs.buyers);
        command.arg("--profile").arg(root.join("configs/buyers/bench.toml"));
        let buyers = Server::start("simulated buyers", command, folder.join("bidder-sim.log"))?;
        let address = buyers.address("listening")?;
        let running = contender.start(root, programs, folder, &address.to_string())?;

        let report_file = folder.join("load.json");
        let mut command = pinned(CORE, &programs.load);
        command.arg("--scenario").arg(root.join("configs/scenarios/bench.toml"));
        command.arg("--url").arg(format!("http://{}", running.server.address("seller")?));
        command.args(["--concurrency", &IN_FLIGHT.to_string(), "--api-key", &running.key]);
        command.args(["--warmup", &seconds(self.warm_up)]);
        command.args(["--duration", &seconds(self.warm_up + self.measured)]);
        command.arg("--pid").arg(format!("contender={}", running.server.process()));
        command.arg("--pid").arg(format!("buyers={}", buyers.process()));
        command.arg("--report").arg(&report_file);
        let started = Instant::now();
        let mut load = command.stdin(Stdio::null()).stdout(Stdio::piped()).spawn()?;
        let mut said = String::new();
        load.stdout.take().context("the output is piped")?.read_to_string(&mut said)?;
        // Its output has ended and nobody has waited for it, so its time can still be read.
        let used = processor_time(load.id()).unwrap_or_default();
        let generator_busy = used.as_secs_f64() / started.elapsed().as_secs_f64();
        if !load.wait()?.success() {
            bail!("the load was not answered as it should be\n{said}");
        }

        let tally = BuyersTally::read(&http::get(address, "/stats", "")?)?;
        tally.check(BUYERS)?;
        let report: Value = serde_json::from_slice(&std::fs::read(&report_file)?)?;
        Sample::read(&report, generator_busy)
    }
}

fn seconds(time: Duration) -> String {
    format!("{}s", time.as_secs())
}
