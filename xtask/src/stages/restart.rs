//! [`Restarts`]: how long it takes from the kill of an exchange to its first answer that it is ready.

use std::fs;
use std::io;
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};
use serde_json::{Value, json};

use super::load_average;
use super::market::{Buyers, Market, Place};
use crate::interrupt::Interrupt;
use crate::versus::spread::Spread;

/// How often it is killed.
const KILLS: u32 = 3;
/// What a restart may take with a million records.
const TARGET: Duration = Duration::from_secs(5);
/// Leads that are sold before the journal is looked at again.
const LEADS_AT_A_TIME: u64 = 25_000;
/// Begins what the exchange logs of the records that a start has read.
const READ_LINE: &str = "the journal has been read records=";

/// All restarts over one journal.
#[derive(Debug)]
pub(super) struct Restarts {
    /// Records of the journal at the first kill, all of which every start reads.
    records: u64,
    /// Leads that were sold to make them.
    leads: u64,
    took: Vec<Restart>,
}

/// One restart.
#[derive(Debug)]
struct Restart {
    /// From the kill to the first answer that it is ready.
    ready_ms: f64,
    /// What of it was reading the journal, as the exchange logged it.
    read_ms: f64,
    /// Processor time that the new process had used by then, which other programs lengthen less than the clock.
    cpu_ms: f64,
    load_average: String,
}

impl Restarts {
    /// Sells leads until the journal has so many records, lets the store follow, and kills the exchange again and
    /// again. Every start finds no checkpoint and reads the journal from its beginning.
    ///
    /// # Errors
    ///
    /// Fails if a start fails, or did not read all of the records.
    pub(super) fn time(place: &Place, records_min: u64, interrupt: &Interrupt) -> anyhow::Result<Self> {
        let buyers = Buyers::start(place)?;
        let mut market = Market::open(place, Some(&buyers), interrupt)?;
        let mut leads = 0;
        let mut records = market.sequence()?;
        while records < records_min {
            // A sale leaves four records.
            let wanted = (records_min - records).div_ceil(4).min(LEADS_AT_A_TIME);
            market.sell_fast(leads, wanted)?;
            leads += wanted;
            let before = records;
            records = market.sequence()?;
            ensure!(records > before, "{wanted} leads left no record; see loadtest.log");
            ensure!(!interrupt.comes_within(Duration::ZERO), "interrupted");
            println!("a journal for the restarts: {records} of {records_min} records");
        }
        market.await_store(interrupt)?;
        let records = market.sequence()?;

        let mut took = Vec::new();
        for number in 1..=KILLS {
            let load_average = load_average();
            let killed = Instant::now();
            market.kill()?;
            // The exchange makes one at each million of records, so that it need not read them again.
            remove_checkpoints(place)?;
            market = Market::open(place, None, interrupt)?;
            let all_ms = killed.elapsed().as_secs_f64() * 1e3;
            let cpu_ms = market.processor_time()?.as_secs_f64() * 1e3;
            let (read, read_ms) = last_read(&place.log()?).context("the log says nothing of the journal")?;
            ensure!(read >= records, "the start read {read} of {records} records");
            println!(
                "restart {number}: ready after {all_ms:.0} ms, {read_ms:.0} ms of them to read {read} records; \
                 {cpu_ms:.0} ms of processor time; load average {load_average}"
            );
            took.push(Restart { ready_ms: all_ms, read_ms, cpu_ms, load_average });
        }
        market.stop()?;
        buyers.stop()?;
        Ok(Self { records, leads, took })
    }

    fn spread(&self, figure: impl Fn(&Restart) -> f64) -> Option<Spread> {
        Spread::of(self.took.iter().map(figure))
    }

    /// Returns them in a few lines.
    pub(super) fn text(&self) -> String {
        let shown = |spread: Option<Spread>| spread.map(|it| it.text(0)).unwrap_or_default();
        let loads: Vec<&str> = self.took.iter().map(|it| it.load_average.as_str()).collect();
        format!(
            "{} restarts with {} records of {} leads, without a checkpoint; median (least..largest)\n\
             kill to ready, ms: {}; target {}\nof which reading the journal, ms: {}\n\
             processor time until ready, ms: {}\nload averages: {}\n",
            self.took.len(),
            self.records,
            self.leads,
            shown(self.spread(|it| it.ready_ms)),
            TARGET.as_millis(),
            shown(self.spread(|it| it.read_ms)),
            shown(self.spread(|it| it.cpu_ms)),
            loads.join(", "),
        )
    }

    /// Returns them for a program.
    pub(super) fn json(&self) -> Value {
        let one = |it: &Restart| json!({"ready_ms": it.ready_ms, "read_ms": it.read_ms, "cpu_ms": it.cpu_ms, "load_average": it.load_average});
        json!({
            "records": self.records,
            "leads": self.leads,
            "target_ms": u64::try_from(TARGET.as_millis()).unwrap_or(u64::MAX),
            "ready_ms": self.spread(|it| it.ready_ms).map(|it| it.json()),
            "read_ms": self.spread(|it| it.read_ms).map(|it| it.json()),
            "cpu_ms": self.spread(|it| it.cpu_ms).map(|it| it.json()),
            "restarts": self.took.iter().map(one).collect::<Vec<_>>(),
        })
    }
}

/// Removes the checkpoints of an exchange that does not run, if it has made any.
fn remove_checkpoints(place: &Place) -> anyhow::Result<()> {
    let folder = place.checkpoints();
    let entries = match fs::read_dir(&folder) {
        Ok(entries) => entries,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error).with_context(|| format!("cannot read {}", folder.display())),
    };
    for entry in entries {
        fs::remove_file(entry?.path())?;
    }
    Ok(())
}

/// Returns how many records the last start read, and in how many milliseconds.
fn last_read(log: &str) -> Option<(u64, f64)> {
    let (_, rest) = log.lines().rev().find_map(|line| line.split_once(READ_LINE))?;
    let (records, rest) = rest.split_once(' ')?;
    let took = rest.strip_prefix("took_ms=")?.split(' ').next()?;
    Some((records.parse().ok()?, took.parse().ok()?))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_start_is_read_from_the_log() {
        let log = "\
2026-11-21T17:07:17Z  INFO exchange_server::recovery: the journal has been read records=0 took_ms=205 last=0
2026-11-21T17:07:22Z  INFO exchange_server::recovery: the journal has been read records=11522 took_ms=87 last=11522
2026-11-21T17:07:23Z  INFO exchange_server: something else
";
        assert_eq!(last_read(log), Some((11_522, 87.0)));
        assert_eq!(last_read("nothing"), None);
    }
}
