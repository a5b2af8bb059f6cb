//! [`Report`]: the tables of all rounds, for people and as JSON.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::restart::Restarts;
use super::times::{Percentiles, STAGES, Times};
use super::{OS, SYNC, Setting};
use crate::versus::machine::Machine;
use crate::versus::spread::Spread;

/// The place of the total among the stages.
const TOTAL: usize = STAGES.len() - 1;

/// One setting in one round.
#[derive(Debug)]
pub(super) struct Round {
    pub(super) setting: Setting,
    /// When it began.
    pub(super) load_average: String,
    /// Leads that were not sold by their first post; no times are taken of them.
    pub(super) others: usize,
    pub(super) times: Vec<Times>,
}

/// All rounds, and the restarts.
#[derive(Debug)]
pub(super) struct Report {
    machine: Machine,
    command: String,
    rounds: Vec<Round>,
    pub(super) restarts: Option<Restarts>,
}

impl Round {
    /// Returns it in one line.
    pub(super) fn text(&self) -> String {
        let Self { setting, load_average, others, times } = self;
        let total = Percentiles::of(times, TOTAL);
        let total = total.map_or_else(String::new, |it| {
            let [p50, p90, p99] = [it.p50, it.p90, it.p99].map(milliseconds);
            format!("p50 {p50:.2} ms, p90 {p90:.2} ms, p99 {p99:.2} ms")
        });
        let sold = times.len();
        format!("{setting:<4}  {sold} sales, {others} others, total {total}; load average {load_average}")
    }

    fn json(&self) -> Value {
        let stages = STAGES.iter().enumerate().map(|(stage, name)| {
            let of = Percentiles::of(&self.times, stage);
            json!({"stage": name, "p50_us": of.map(|it| it.p50), "p90_us": of.map(|it| it.p90),
                "p99_us": of.map(|it| it.p99)})
        });
        json!({
            "durability": self.setting,
            "load_average": self.load_average,
            "sales": self.times.len(),
            "others": self.others,
            "stages": stages.collect::<Vec<_>>(),
        })
    }
}

impl Report {
    /// Returns a report without rounds.
    pub(super) fn new(machine: Machine) -> Self {
        let arguments: Vec<String> = std::env::args().skip(1).collect();
        let command = format!("cargo xtask {}", arguments.join(" "));
        Self { machine, command, rounds: Vec::new(), restarts: None }
    }

    /// Adds one setting's part of a round.
    pub(super) fn add(&mut self, round: Round) {
        self.rounds.push(round);
    }

    fn of(&self, setting: Setting) -> impl Iterator<Item = &Round> {
        self.rounds.iter().filter(move |round| round.setting == setting)
    }

    /// Returns the spread over the rounds of one percentile of a stage, in milliseconds.
    fn spread(&self, setting: Setting, stage: usize, figure: fn(Percentiles) -> u64) -> Option<Spread> {
        let rounds = self.of(setting).filter_map(|round| Percentiles::of(&round.times, stage));
        Spread::of(rounds.map(|it| milliseconds(figure(it))))
    }

    /// Returns by how much the stage's median is longer with the disk, round by round, in milliseconds.
    fn longer(&self, stage: usize) -> Option<Spread> {
        let medians =
            |setting| self.of(setting).filter_map(move |round| Percentiles::of(&round.times, stage));
        let pairs = medians(SYNC).zip(medians(OS));
        Spread::of(pairs.map(|(sync, os)| milliseconds(sync.p50) - milliseconds(os.p50)))
    }

    /// Returns the tables: medians of the rounds, with the least and the largest.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        let shown = |spread: Option<Spread>| spread.map(|it| it.text(2)).unwrap_or_default();
        if !self.rounds.is_empty() {
            text.push_str("milliseconds; median of the rounds (least..largest)\n\n");
            // A text has room for every line, here and below.
            let _ = writeln!(
                text,
                "{:<38}  {:<10}  {:<22}  {:<22}  {:<24}",
                "stage", "durability", "p50", "p90", "p99"
            );
        }
        for (stage, name) in STAGES.iter().enumerate() {
            for setting in [SYNC, OS] {
                let figures: [fn(Percentiles) -> u64; 3] = [|it| it.p50, |it| it.p90, |it| it.p99];
                let [p50, p90, p99] = figures.map(|figure| shown(self.spread(setting, stage, figure)));
                if !p50.is_empty() {
                    let _ = writeln!(text, "{name:<38}  {setting:<10}  {p50:<22}  {p90:<22}  {p99:<24}");
                }
            }
        }
        for (stage, name) in STAGES.iter().enumerate() {
            if let Some(longer) = self.longer(stage) {
                let _ = writeln!(text, "p50 longer with sync than with os, {name}: {}", longer.text(2));
            }
        }
        if let Some(restarts) = &self.restarts {
            let _ = write!(text, "\n{}", restarts.text());
        }
        text
    }

    /// Returns everything, each round included.
    pub(super) fn json(&self) -> Value {
        let longer = STAGES.iter().enumerate().map(|(stage, name)| {
            json!({"stage": name, "p50_longer_with_sync_ms": self.longer(stage).map(|it| it.json())})
        });
        json!({
            "machine": self.machine.json(),
            "command": self.command,
            "rounds": self.rounds.iter().map(Round::json).collect::<Vec<_>>(),
            "sync_beside_os": longer.collect::<Vec<_>>(),
            "restarts": self.restarts.as_ref().map(Restarts::json),
        })
    }
}

/// Microseconds of a `u32` at most, which a float holds exactly.
fn milliseconds(us: u64) -> f64 {
    u32::try_from(us).map_or(f64::INFINITY, f64::from) / 1e3
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::versus::machine;

    fn round(setting: Setting, intent_us: u64) -> Round {
        let times = vec![Times([1_000, intent_us, 500, intent_us, 1_500 + 2 * intent_us])];
        Round { setting, load_average: "1.00".to_owned(), others: 0, times }
    }

    #[test]
    fn what_the_disk_costs_is_taken_within_a_round() {
        let mut report = Report::new(machine::describe());
        for (setting, us) in [(SYNC, 3_000), (OS, 1_000), (OS, 11_000), (SYNC, 13_000)] {
            report.add(round(setting, us));
        }
        // The second pair met a slower machine; the difference does not show it.
        assert_eq!(report.longer(1).map(|it| it.text(2)), Some("2.00 (2.00..2.00)".to_owned()));
        assert_eq!(report.longer(TOTAL).map(|it| it.text(2)), Some("4.00 (4.00..4.00)".to_owned()));
        let text = report.text();
        assert!(text.contains("8.00 (3.00..13.00)"), "{text}");
        assert_eq!(report.json().pointer("/rounds/0/stages/1/p50_us"), Some(&json!(3_000)));
        assert_eq!(report.json().pointer("/restarts"), Some(&Value::Null));
    }

    #[test]
    fn one_setting_alone_has_no_difference() {
        let mut report = Report::new(machine::describe());
        report.add(round(OS, 1_000));
        assert_eq!(report.longer(0), None);
        assert!(!report.text().contains("longer"));
    }
}
