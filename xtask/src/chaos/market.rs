//! [`Market`]: an exchange with its buyers and sellers, each a process with a log of its own.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};
use serde_json::Value;

use super::diary::Diary;
use super::exchange::{self, Exchange, Place};
use super::process::Process;
use super::programs::Programs;
use crate::http;
use crate::interrupt::Interrupt;
use crate::server::Server;

/// Stands for the buyers' address in the catalog.
const BUYERS_PLACE: &str = "{buyers}";
/// The seller of the catalog.
const SELLER: &str = "seller:chaos";
/// The buyer that reports by itself.
const REPORTING: &str = "report";
/// Answers asked for again.
const ASK_AGAIN: &str = "2%";
/// When that happens the first time.
const ASK_AGAIN_WITHIN: &str = "8s";
/// The faults may take longer than planned, and so may the load, up to so many times.
const LOAD_TIMES_MAX: u64 = 4;
/// How long a seller waits for an answer before it asks again.
const SELLER_TIMEOUT: &str = "10s";

/// What a market is opened with.
#[derive(Debug)]
pub(crate) struct Terms<'a> {
    pub(crate) root: &'a Path,
    pub(crate) programs: &'a Programs,
    /// Where its logs go.
    pub(crate) folder: &'a Path,
    /// Where the exchange keeps its data.
    pub(crate) data: PathBuf,
    /// The exchange's configuration.
    pub(crate) configuration: String,
    /// Leads a second.
    pub(crate) rate: u32,
    /// How long leads come.
    pub(crate) time: Duration,
    /// How long answers may become final afterwards.
    pub(crate) settle: Duration,
    pub(crate) seed: u64,
}

/// The running processes. The exchange comes first: what is dropped first must not wait for the others.
#[derive(Debug)]
pub(crate) struct Market {
    pub(crate) exchange: Exchange,
    load: Process,
    buyers: Server,
    place: Place,
    operator_key: String,
    opened: Instant,
}

impl Market {
    /// Starts buyers, exchange and sellers.
    ///
    /// # Errors
    ///
    /// Fails if one of them does not start; whatever has started is ended then.
    pub(crate) fn open(terms: &Terms<'_>, interrupt: &Interrupt) -> anyhow::Result<Self> {
        let Terms { programs, folder, data, .. } = terms;
        let configuration = folder.join("exchange.toml");
        fs::write(&configuration, &terms.configuration)?;
        let place = Place {
            program: programs.exchange.clone(),
            configuration,
            data: data.clone(),
            log: folder.join("exchange.log"),
            seller: exchange::free_address()?,
            control: exchange::free_address()?,
        };
        let operator_key = place.create_key("operator:chaos")?;
        let seller_key = place.create_key(SELLER)?;
        let report_key = place.create_key(&format!("buyer:{REPORTING}"))?;

        let mut command = Command::new(&programs.buyers);
        command.arg("--profile").arg(terms.root.join("configs/chaos/buyers.toml"));
        command.arg("--log").arg(folder.join("buyers.jsonl"));
        command.args(["--seed", &terms.seed.to_string(), "--report-to", &place.control.to_string()]);
        command.args(["--report-key", &format!("{REPORTING}={report_key}")]);
        let buyers = Server::start("simulated buyers", command, folder.join("bidder-sim.log"))?;

        let catalog = fs::read_to_string(terms.root.join("configs/chaos/catalog.toml"))?;
        let leads = u64::from(terms.rate) * terms.time.as_secs();
        let catalog = sized(&catalog, leads)?;
        let catalog = catalog.replace(BUYERS_PLACE, &buyers.address("listening")?.to_string());
        let catalog_file = folder.join("catalog.toml");
        fs::write(&catalog_file, catalog)?;

        let diary = Diary::create(&folder.join("diary.jsonl"))?;
        let exchange = Exchange::start(place.clone(), &catalog_file, diary, interrupt)?;
        let load = sell(terms, &place, &seller_key)?;
        Ok(Self { exchange, load, buyers, place, operator_key, opened: Instant::now() })
    }

    /// Returns when the first lead came.
    pub(crate) fn opened(&self) -> Instant {
        self.opened
    }

    /// Makes the present lead the last one.
    ///
    /// # Errors
    ///
    /// Fails if the sellers are gone: then nobody asked what the rest of the run is about.
    pub(crate) fn end_the_load(&mut self) -> anyhow::Result<()> {
        // A process that has ended takes a signal all the same, until it is waited for.
        if let Some(status) = self.load.ends_within(Duration::ZERO)? {
            bail!("the sellers have ended by themselves, {status}");
        }
        Ok(self.load.terminate()?)
    }

    /// Returns whether the sellers have all their answers, or have given up.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say.
    pub(crate) fn sellers_are_done(&mut self) -> anyhow::Result<bool> {
        Ok(self.load.ends_within(Duration::ZERO)?.is_some())
    }

    /// Fails if the buyers have ended by themselves: then nothing can be said about the exchange.
    ///
    /// # Errors
    ///
    /// How they ended, and the end of their log.
    pub(crate) fn check_the_buyers(&mut self) -> anyhow::Result<()> {
        self.buyers.check_that_it_runs()
    }

    /// Ends all faults of the buyers.
    ///
    /// # Errors
    ///
    /// Fails if they cannot be reached.
    pub(crate) fn make_the_buyers_honest(&self) -> anyhow::Result<()> {
        http::order(self.buyers.address("listening")?, "/honest")
    }

    /// Resolves the unknown posts that wait for a person, as a person does: by asking the buyer. With `all`, those
    /// too that something else could still resolve. Returns how many there were.
    ///
    /// # Errors
    ///
    /// Fails if the exchange or the buyers cannot be asked.
    pub(crate) fn resolve_by_hand(&self, all: bool) -> anyhow::Result<usize> {
        let url = format!("http://{}", self.place.control);
        let listed = self.exchange_says(&["unknown", "list", "--json", "--url", &url])?;
        let listed = String::from_utf8(listed)?;
        for line in listed.lines() {
            let unknown: Value = serde_json::from_str(line).context("a line of `unknown list`")?;
            let text = |name| unknown.get(name).and_then(Value::as_str);
            let (Some(post), Some(campaign)) = (text("post_id"), text("campaign")) else {
                bail!("`unknown list` names no post or campaign: {line}");
            };
            if !all && campaign != "person" {
                continue;
            }
            let outcome = if self.was_taken(campaign, post)? { "accepted" } else { "failed" };
            let arguments = [
                "unknown",
                "resolve",
                post,
                "--outcome",
                outcome,
                "--note",
                "asked the buyer",
                "--url",
                &url,
            ];
            // Something else may have resolved it meanwhile, or its answer may still come: the next look will tell.
            if let Err(error) = self.exchange_says(&arguments) {
                println!("  {post} is not resolved: {error:#}");
            }
        }
        Ok(listed.lines().count())
    }

    /// Ends everything in order and writes the exchange's exports beside the logs.
    ///
    /// # Errors
    ///
    /// Fails if something does not end, or cannot be exported.
    pub(crate) fn close(mut self, folder: &Path) -> anyhow::Result<()> {
        self.exchange.drain("end of the run")?;
        let data = self.place.data.to_str().context("the folder's name is no text")?.to_owned();
        for what in ["journal", "ledger"] {
            let file = fs::File::create(folder.join(format!("{what}.jsonl")))?;
            exchange::export(&self.place.program, &[what, "export", "--data-dir", &data], file)?;
        }
        self.buyers.stop()?;
        Ok(())
    }

    fn was_taken(&self, campaign: &str, post: &str) -> anyhow::Result<bool> {
        let buyers = self.buyers.address("listening")?;
        let status = http::get(buyers, &format!("/{campaign}/status/{post}"), "")?;
        Ok(status.get("status").and_then(Value::as_str) == Some("accepted"))
    }

    fn exchange_says(&self, arguments: &[&str]) -> anyhow::Result<Vec<u8>> {
        exchange::run(&self.place.program, arguments, &self.operator_key)
    }
}

/// Starts the sellers.
fn sell(terms: &Terms<'_>, place: &Place, key: &str) -> anyhow::Result<Process> {
    let mut command = Command::new(&terms.programs.load);
    command.arg("--scenario").arg(terms.root.join("configs/chaos/scenario.toml"));
    command.args(["--url", &format!("http://{}", place.seller), "--rate", &terms.rate.to_string()]);
    // They are told when to end; this only bounds a run whose command is gone.
    command.args(["--duration", &format!("{}s", terms.time.as_secs() * LOAD_TIMES_MAX)]);
    command.args(["--until-final", &format!("{}ms", terms.settle.as_millis())]);
    command.args(["--ask-again", ASK_AGAIN, "--ask-again-within", ASK_AGAIN_WITHIN]);
    command.args(["--timeout", SELLER_TIMEOUT]);
    command.args(["--seed", &terms.seed.to_string()]);
    command.arg("--log").arg(terms.folder.join("sellers.jsonl"));
    command.arg("--report").arg(terms.folder.join("sellers.json"));
    command.env("LOADTEST_API_KEY", key);
    Process::start(command, &terms.folder.join("loadtest.log"))
}

/// Puts numbers in the places of a catalog: `{share:N}` is N thousandths of the leads, and where it stands alone in
/// quotes the quotes go too.
fn sized(catalog: &str, leads: u64) -> anyhow::Result<String> {
    const OPEN: &str = "{share:";
    let mut sized = String::with_capacity(catalog.len());
    let mut rest = catalog;
    while let Some((before, after)) = rest.split_once(OPEN) {
        let Some((thousandths, after)) = after.split_once('}') else { bail!("`{OPEN}` is not closed") };
        // The comment at the top explains the place and is none.
        let Ok(thousandths) = thousandths.parse::<u64>() else {
            sized.push_str(before);
            sized.push_str(thousandths);
            rest = after;
            continue;
        };
        let number = leads.saturating_mul(thousandths).div_ceil(1_000).max(1);
        let alone = before.ends_with('"') && after.starts_with('"');
        sized.push_str(if alone { before.strip_suffix('"').unwrap_or(before) } else { before });
        sized.push_str(&number.to_string());
        rest = if alone { after.strip_prefix('"').unwrap_or(after) } else { after };
    }
    sized.push_str(rest);
    ensure!(!sized.contains(OPEN), "a place is left");
    Ok(sized)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_catalog_s_caps_follow_the_length_of_the_run() {
        let catalog = include_str!("../../../configs/chaos/catalog.toml");
        let sized = sized(catalog, 30_000).expect("every place is filled");
        assert!(sized.contains("caps = { sold = { hour = 600 } }"), "{sized}");
        assert!(sized.contains("caps = { budget = { day = \"27000.00\" } }"), "{sized}");
        sized.parse::<toml::Table>().expect("TOML");
        catalog.parse::<toml::Table>().expect("TOML before, too");
    }

    #[test]
    fn every_campaign_has_its_buyer_and_every_lane_its_leads() {
        let table = |text: &str| text.parse::<toml::Table>().expect("TOML");
        let catalog = table(include_str!("../../../configs/chaos/catalog.toml"));
        let buyers = table(include_str!("../../../configs/chaos/buyers.toml"));
        let scenario = table(include_str!("../../../configs/chaos/scenario.toml"));
        let campaigns = catalog.get("campaigns").and_then(toml::Value::as_table).expect("campaigns");
        let profile = buyers.get("buyer").and_then(toml::Value::as_array).expect("buyers");
        let mut names: Vec<_> =
            profile.iter().filter_map(|buyer| buyer.get("name").and_then(toml::Value::as_str)).collect();
        names.sort_unstable();
        let mut wanted: Vec<_> = campaigns.keys().map(String::as_str).collect();
        wanted.sort_unstable();
        assert_eq!(names, wanted);
        let lanes = catalog["verticals"]["roof"]["fields"]["lane"]["values"].as_array().expect("lanes");
        let drawn = scenario["lead"][0]["fields"]["lane"]["weighted"].as_table().expect("lanes");
        assert!(lanes.iter().all(|lane| drawn.contains_key(lane.as_str().expect("a text"))));
        assert_eq!(lanes.len(), drawn.len());
    }
}
