//! [`Report`]: all rounds, as a table for people and as JSON for programs.

use std::fmt::Write as _;

use serde_json::{Value, json};

use super::contender::Contender;
use super::machine::Machine;
use super::sample::Sample;
use super::spread::Spread;
use super::{BUYERS, IN_FLIGHT};

/// With what the others are compared.
const BASE: Contender = Contender::AxumReqwest;

/// All rounds.
#[derive(Debug)]
pub(crate) struct Report {
    machine: Machine,
    command: String,
    /// The samples of each contender, in the order of the rounds.
    samples: Vec<(Contender, Vec<Sample>)>,
}

impl Report {
    /// Returns a report without rounds.
    pub(crate) fn new(machine: Machine, command: String) -> Self {
        let samples = Contender::ALL.map(|contender| (contender, Vec::new()));
        Self { machine, command, samples: samples.into() }
    }

    /// Adds a contender's sample of the present round.
    pub(crate) fn add(&mut self, contender: Contender, sample: Sample) {
        if let Some((_, samples)) = self.samples.iter_mut().find(|(known, _)| *known == contender) {
            samples.push(sample);
        }
    }

    fn samples(&self, contender: Contender) -> &[Sample] {
        self.samples
            .iter()
            .find(|(known, _)| *known == contender)
            .map(|(_, it)| it.as_slice())
            .unwrap_or_default()
    }

    fn spread(&self, contender: Contender, figure: impl Fn(&Sample) -> f64) -> Option<Spread> {
        Spread::of(self.samples(contender).iter().map(figure))
    }

    /// Returns how many times less processor time the contender took than the base, round by round.
    fn times_less(&self, contender: Contender) -> Option<Spread> {
        let pairs = self.samples(BASE).iter().zip(self.samples(contender));
        Spread::of(pairs.map(|(base, it)| base.cpu_us_per_auction / it.cpu_us_per_auction))
    }

    /// Returns the table: medians, with the least and the largest of all rounds.
    pub(crate) fn table(&self) -> String {
        let rounds = self.samples(BASE).len();
        let mut text = format!(
            "{rounds} rounds, {IN_FLIGHT} auctions in flight, {BUYERS} buyers; median (least..largest)\n\n\
             {:<14}  {:<24}  {:<24}  {:<22}  {:>5}  {:>6}  {:>9}\n",
            "contender",
            "CPU us an auction",
            format!("times less than {}", BASE.name()),
            "auctions a second",
            "busy",
            "buyers",
            "generator"
        );
        for contender in Contender::ALL {
            let shown = |spread: Option<Spread>, digits| spread.map(|it| it.text(digits)).unwrap_or_default();
            let percent = |spread: Option<Spread>| spread.map_or(0.0, |it| it.median * 100.0);
            // A text has room for every line.
            let _ = writeln!(
                text,
                "{:<14}  {:<24}  {:<24}  {:<22}  {:>3.0} %  {:>4.0} %  {:>7.0} %",
                contender.name(),
                shown(self.spread(contender, |it| it.cpu_us_per_auction), 1),
                shown(self.times_less(contender), 2),
                shown(self.spread(contender, |it| it.auctions_per_s), 0),
                percent(self.spread(contender, |it| it.contender_busy)),
                percent(self.spread(contender, |it| it.buyers_busy)),
                percent(self.spread(contender, |it| it.generator_busy)),
            );
        }
        text
    }

    /// Returns everything, the samples of each round included.
    pub(crate) fn json(&self) -> Value {
        let contender = |contender: Contender| {
            let spread = |spread: Option<Spread>| spread.map_or(Value::Null, |it| it.json());
            json!({
                "name": contender.name(),
                "cpu_us_per_auction": spread(self.spread(contender, |it| it.cpu_us_per_auction)),
                // There is no floor to compare with yet.
                "of_floor": null,
                "of_axum_reqwest": spread(Spread::of(
                    self.samples(BASE)
                        .iter()
                        .zip(self.samples(contender))
                        .map(|(base, it)| it.cpu_us_per_auction / base.cpu_us_per_auction),
                )),
                "times_less_than_axum_reqwest": spread(self.times_less(contender)),
                "auctions_per_s": spread(self.spread(contender, |it| it.auctions_per_s)),
                "samples": self.samples(contender).iter().map(Sample::json).collect::<Vec<_>>(),
            })
        };
        json!({
            "machine": self.machine.json(),
            "command": self.command,
            "rounds": self.samples(BASE).len(),
            "in_flight": IN_FLIGHT,
            "buyers": BUYERS,
            "contenders": Contender::ALL.map(contender),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::super::machine;
    use super::*;

    fn sample(cpu_us_per_auction: f64) -> Sample {
        Sample {
            cpu_us_per_auction,
            auctions: 1,
            auctions_per_s: 1.0,
            p50_us: 1,
            p99_us: 1,
            contender_busy: 1.0,
            buyers_busy: 0.5,
            generator_busy: 0.25,
        }
    }

    #[test]
    fn ratios_are_taken_within_a_round() {
        let mut report = Report::new(machine::describe(), "cargo xtask versus".to_owned());
        // The second round found the machine twice as slow; no ratio shows it.
        for factor in [1.0, 2.0] {
            report.add(BASE, sample(600.0 * factor));
            report.add(Contender::Http1, sample(200.0 * factor));
        }
        assert_eq!(
            report.times_less(Contender::Http1).map(|it| it.text(1)),
            Some("3.0 (3.0..3.0)".to_owned())
        );
        assert_eq!(report.times_less(Contender::Http2), None);
        let json = report.json();
        assert_eq!(json.pointer("/contenders/1/times_less_than_axum_reqwest/median"), Some(&json!(3.0)));
        assert_eq!(json.pointer("/contenders/1/of_floor"), Some(&Value::Null));
        assert!(report.table().contains("http1 "));
    }
}
