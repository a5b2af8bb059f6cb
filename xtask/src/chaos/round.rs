//! [`Round`]: one market, from its start to its exports.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use anyhow::{Context as _, ensure};

use super::market::{Market, Terms};
use super::plan::{Pace, Step};
use super::programs::Programs;
use super::small_disk::SmallDisk;
use crate::interrupt::Interrupt;

/// How long answers may become final after the last lead. Every unknown has been asked for again by then.
const SETTLE_MAX: Duration = Duration::from_mins(2);
/// When a person looks at what nothing else has resolved.
const PERSON_AFTER: Duration = Duration::from_secs(20);
/// Between two looks at a market that settles.
const LOOK_EVERY: Duration = Duration::from_millis(500);
/// Faults after which a person looks at the unknown posts that are hers.
const PERSON_EVERY: usize = 4;
/// The size of the disk that is filled, in mebibytes.
const DISK_MEBIBYTES: u32 = 192;
/// What is left of it while the exchange has to refuse leads: less than its configuration wants free.
const ALMOST_FULL_BYTES: u64 = 12 * 1_024 * 1_024;
/// The journal on a disk with room. Segments are small, so that every run begins many.
const ON_A_LARGE_DISK: &str =
    "segment_bytes = \"4 MiB\"\nfree_bytes_min = \"256 MiB\"\nballast_bytes = \"16 MiB\"\n";
/// The journal on the small one: a segment that is there already would hide for long that there is no room.
const ON_A_SMALL_DISK: &str =
    "segment_bytes = \"1 MiB\"\nfree_bytes_min = \"24 MiB\"\nballast_bytes = \"8 MiB\"\n";

/// What all rounds share.
#[derive(Debug)]
pub(crate) struct Setting<'a> {
    pub(crate) root: &'a Path,
    pub(crate) programs: &'a Programs,
    pub(crate) interrupt: &'a Interrupt,
    pub(crate) rate: u32,
    pub(crate) seed: u64,
    pub(crate) durability: &'a str,
}

/// One market with its logs.
#[derive(Debug)]
pub(crate) struct Round<'a> {
    pub(crate) setting: &'a Setting<'a>,
    /// Where its logs go.
    pub(crate) folder: PathBuf,
    /// How long leads come.
    pub(crate) time: Duration,
}

impl Round<'_> {
    /// Does one thing after another to the exchange.
    ///
    /// # Errors
    ///
    /// Fails if a process does not start or end as it has to; broken promises are no error here.
    pub(crate) fn of_faults(&self, steps: &[Step]) -> anyhow::Result<()> {
        let data = self.folder.join("data");
        let mut market = self.open(data, ON_A_LARGE_DISK)?;
        let interrupt = self.setting.interrupt;
        let mut pace = Pace::new(steps.len(), market.opened() + self.time);
        for (step, number) in steps.iter().zip(1_usize..) {
            ensure!(!interrupt.comes_within(pace.wait(*step, Instant::now())), "interrupted");
            let began = Instant::now();
            market.check_the_buyers()?;
            market.exchange.start_again_if_gone(interrupt)?;
            market
                .exchange
                .suffer(step.fault, interrupt)
                .with_context(|| format!("step {number}, {}", step.fault.name()))?;
            println!("  {number} of {}: {}", steps.len(), step.fault.name());
            if number % PERSON_EVERY == 0 {
                look_at_unknowns(&market, false);
            }
            pace.done(began.elapsed());
        }
        self.settle(market)
    }

    /// Takes the room on the exchange's disk away, first most of it, then all.
    ///
    /// # Errors
    ///
    /// As [`Round::of_faults`], and if no disk can be mounted.
    pub(crate) fn of_a_full_disk(&self) -> anyhow::Result<()> {
        let disk = SmallDisk::mount(&self.folder.join("disk"), DISK_MEBIBYTES)?;
        let mut market = self.open(disk.path().join("data"), ON_A_SMALL_DISK)?;
        let interrupt = self.setting.interrupt;
        let part = self.time / 6;
        for (bytes_left, what) in [(ALMOST_FULL_BYTES, "disk almost full"), (0, "disk full")] {
            ensure!(!interrupt.comes_within(part), "interrupted");
            market.exchange.start_again_if_gone(interrupt)?;
            disk.fill(bytes_left)?;
            ensure!(!interrupt.comes_within(part), "interrupted");
            market.exchange.diary().fault(what)?;
            println!("  {what}");
            let gone = market.exchange.notice_end(what)?;
            disk.empty()?;
            if gone {
                market.exchange.start_again(interrupt)?;
            }
        }
        self.settle(market)?;
        drop(disk);
        Ok(())
    }

    fn open(&self, data: PathBuf, journal: &str) -> anyhow::Result<Market> {
        let Setting { root, programs, rate, seed, durability, interrupt } = *self.setting;
        std::fs::create_dir_all(&data)?;
        let terms = Terms {
            root,
            programs,
            folder: &self.folder,
            data,
            configuration: configuration(durability, journal),
            rate,
            time: self.time,
            settle: SETTLE_MAX,
            seed,
        };
        let mut market = Market::open(&terms, interrupt)?;
        let diary = market.exchange.diary();
        for (name, value) in [
            ("leads a second:", rate.to_string()),
            ("seconds:", self.time.as_secs().to_string()),
            ("seed:", seed.to_string()),
            ("durability:", durability.to_owned()),
        ] {
            diary.note(name, &value)?;
        }
        Ok(market)
    }

    /// Waits until every seller knows, with nothing that disturbs, and ends the market.
    fn settle(&self, mut market: Market) -> anyhow::Result<()> {
        let interrupt = self.setting.interrupt;
        let rest = (market.opened() + self.time).saturating_duration_since(Instant::now());
        ensure!(!interrupt.comes_within(rest), "interrupted");
        market.make_the_buyers_honest()?;
        market.end_the_load()?;
        let began = Instant::now();
        while !market.sellers_are_done()? {
            ensure!(!interrupt.comes_within(LOOK_EVERY), "interrupted");
            market.check_the_buyers()?;
            market.exchange.start_again_if_gone(interrupt)?;
            look_at_unknowns(&market, began.elapsed() > PERSON_AFTER);
        }
        // A shared lead is answered while another of its posts is still unknown.
        while began.elapsed() < SETTLE_MAX
            && look_at_unknowns(&market, began.elapsed() > PERSON_AFTER) != Some(0)
        {
            ensure!(!interrupt.comes_within(LOOK_EVERY), "interrupted");
        }
        println!("  settled after {} s", began.elapsed().as_secs());
        market.close(&self.folder)
    }
}

/// Has a person look at the unknown posts, and returns how many there were. That she cannot, now and then, changes
/// nothing: what stays unknown is in the report.
fn look_at_unknowns(market: &Market, all: bool) -> Option<usize> {
    market.resolve_by_hand(all).inspect_err(|error| println!("  a person cannot look: {error:#}")).ok()
}

/// Returns the exchange's configuration: small enough memories that the disk is asked, and two shards.
fn configuration(durability: &str, journal: &str) -> String {
    format!(
        "shards = 2\n\n[limits]\nhistory_max = 20_000\nfingerprints_max = 100_000\n\n\
         [buyers]\nallow_addresses = [\"127.0.0.0/8\"]\nallow_http = true\n\n\
         [journal]\ndurability = \"{durability}\"\n{journal}"
    )
}
