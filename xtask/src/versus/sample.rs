//! [`Sample`]: the figures of one measurement, and whether its auctions were complete.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};

/// The bid window of the bench's catalog. An auction waits for it to the end unless all ten bids are in, so an
/// answer before it had all of them.
const BID_WINDOW_US: u64 = 2_000_000;

/// The figures of one measurement.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Sample {
    /// Processor time of the contender's process for each auction, in microseconds.
    pub(crate) cpu_us_per_auction: f64,
    /// Auctions counted.
    pub(crate) auctions: u64,
    /// Auctions a second.
    pub(crate) auctions_per_s: f64,
    /// Latencies that the generator saw, in microseconds.
    pub(crate) p50_us: u64,
    pub(crate) p99_us: u64,
    /// Shares of a core that each took.
    pub(crate) contender_busy: f64,
    pub(crate) buyers_busy: f64,
    pub(crate) generator_busy: f64,
}

/// What the buyers counted, warm-up included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BuyersTally {
    pings: u64,
    posts: u64,
    taken: u64,
    malformed: u64,
}

impl Sample {
    /// Reads the generator's report.
    ///
    /// # Errors
    ///
    /// Fails if an auction did not sell, or was answered after the bid window, which means that a bid was missing.
    pub(crate) fn read(report: &Value, generator_busy: f64) -> anyhow::Result<Self> {
        let number = |pointer: &str| {
            report
                .pointer(pointer)
                .and_then(Value::as_f64)
                .with_context(|| format!("no {pointer} in the report"))
        };
        let count = |pointer: &str| {
            report
                .pointer(pointer)
                .and_then(Value::as_u64)
                .with_context(|| format!("no {pointer} in the report"))
        };
        let (auctions, sold) = (count("/submissions")?, count("/calls/lead/outcomes/sold")?);
        ensure!(auctions > 0, "no auction was counted");
        ensure!(sold == auctions, "{sold} of {auctions} leads were sold");
        ensure!(count("/violations")? == 0, "answers broke the contract");
        let slowest = count("/calls/lead/service_us/max")?;
        ensure!(slowest < BID_WINDOW_US, "an auction took {slowest} us, so a bid was missing");
        let measured_s = number("/measured_s")?;
        let process = |name: &str| {
            let all =
                report.get("processes").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
            let found = all.iter().find(|it| it.get("name").and_then(Value::as_str) == Some(name));
            let number = |key| found.and_then(|it| it.get(key)).and_then(Value::as_f64);
            match (number("cpu_s"), number("cpu_us_per_submission")) {
                (Some(cpu_s), Some(each)) => Ok((cpu_s / measured_s, each)),
                _ => bail!("no process `{name}` in the report"),
            }
        };
        let ((contender_busy, cpu_us_per_auction), (buyers_busy, _)) =
            (process("contender")?, process("buyers")?);
        Ok(Self {
            cpu_us_per_auction,
            auctions,
            auctions_per_s: number("/submissions_per_s")?,
            p50_us: count("/calls/lead/service_us/p50")?,
            p99_us: count("/calls/lead/service_us/p99")?,
            contender_busy,
            buyers_busy,
            generator_busy,
        })
    }

    /// Returns it in one line.
    pub(crate) fn text(&self) -> String {
        let Self { cpu_us_per_auction, auctions_per_s, contender_busy, buyers_busy, generator_busy, .. } =
            self;
        format!(
            "{cpu_us_per_auction:7.1} us of processor time an auction, {auctions_per_s:6.0} auctions/s; busy: \
             contender {:.0} %, buyers {:.0} %, generator {:.0} %",
            contender_busy * 100.0,
            buyers_busy * 100.0,
            generator_busy * 100.0,
        )
    }

    /// Returns it for a program.
    pub(crate) fn json(&self) -> Value {
        json!({
            "cpu_us_per_auction": self.cpu_us_per_auction,
            "auctions": self.auctions,
            "auctions_per_s": self.auctions_per_s,
            "p50_us": self.p50_us,
            "p99_us": self.p99_us,
            "contender_busy": self.contender_busy,
            "buyers_busy": self.buyers_busy,
            "generator_busy": self.generator_busy,
        })
    }
}

impl BuyersTally {
    /// Reads the buyers' own count.
    ///
    /// # Errors
    ///
    /// Fails if a number is missing.
    pub(crate) fn read(stats: &Value) -> anyhow::Result<Self> {
        let count = |key: &str| {
            stats.get(key).and_then(Value::as_u64).with_context(|| format!("the buyers count no `{key}`"))
        };
        Ok(Self {
            pings: count("pings")?,
            posts: count("posts")?,
            taken: count("taken")?,
            malformed: count("malformed")?,
        })
    }

    /// Checks that every lead was offered to all buyers and posted once, to the best bid: no other buyer takes one.
    ///
    /// # Errors
    ///
    /// The count that shows otherwise.
    pub(crate) fn check(&self, buyers: u64) -> anyhow::Result<()> {
        ensure!(self.malformed == 0, "{} messages to buyers were malformed", self.malformed);
        ensure!(self.taken == self.posts, "{} of {} posts went to the best bid", self.taken, self.posts);
        ensure!(self.pings == self.posts * buyers, "{} pings for {} leads", self.pings, self.posts);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(sold: u64, slowest_us: u64) -> Value {
        json!({
            "measured_s": 2.0, "submissions": 100, "submissions_per_s": 50.0, "violations": 0,
            "calls": {"lead": {"outcomes": {"sold": sold},
                "service_us": {"p50": 10, "p99": 20, "max": slowest_us}}},
            "processes": [{"name": "contender", "cpu_s": 1.0, "cpu_us_per_submission": 10_000.0},
                {"name": "buyers", "cpu_s": 0.5, "cpu_us_per_submission": 5_000.0}],
        })
    }

    fn check_refused(report: &Value, reason: &str) {
        let error = Sample::read(report, 0.3).expect_err("not complete").to_string();
        assert!(error.contains(reason), "{error}");
    }

    #[test]
    fn figures_are_read_from_the_report() {
        let sample = Sample::read(&report(100, 30), 0.3).expect("a complete run");
        assert_eq!((sample.contender_busy, sample.buyers_busy, sample.generator_busy), (0.5, 0.25, 0.3));
        assert_eq!((sample.auctions, sample.p50_us, sample.p99_us), (100, 10, 20));
    }

    #[test]
    fn an_incomplete_run_has_no_figures() {
        check_refused(&report(99, 30), "99 of 100");
        check_refused(&report(100, BID_WINDOW_US), "a bid was missing");
        check_refused(&json!({}), "no /submissions");
    }

    #[test]
    fn the_buyers_count_is_the_witness() {
        let check = |pings, posts, taken, malformed| {
            BuyersTally { pings, posts, taken, malformed }.check(10).map_err(|error| error.to_string())
        };
        assert_eq!(check(20, 2, 2, 0), Ok(()));
        assert!(check(19, 2, 2, 0).is_err_and(|error| error.contains("19 pings")));
        assert!(check(20, 2, 1, 0).is_err_and(|error| error.contains("1 of 2")));
        assert!(check(20, 2, 2, 1).is_err_and(|error| error.contains("malformed")));
    }
}
