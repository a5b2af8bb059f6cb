//! [`Metric`]: a number of the exchange's, for whoever watches it.

use core::time::Duration;

/// A number of the exchange's with its labels: one family of the exposition.
///
/// Names and labels are words of the program, so no name from a catalog, no id and nothing of a person can stand in
/// them, and their number is bounded.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Metric {
    /// Its name without the prefix `exchange_`, its unit and the `_total` of a counter, which are added.
    pub name: &'static str,
    /// What it says.
    pub help: &'static str,
    /// Whether it only grows.
    pub kind: MetricKind,
    /// One value for each set of labels, all in one unit.
    pub samples: Vec<Sample>,
}

/// Whether a number only grows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricKind {
    /// It only grows while the process lives.
    Counter,
    /// It goes up and down.
    Gauge,
}

/// A value with its labels.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sample {
    /// Names and values.
    pub labels: Vec<(&'static str, &'static str)>,
    /// The value.
    pub value: MetricValue,
}

/// A value with its unit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum MetricValue {
    /// A count.
    Count(u64),
    /// Bytes.
    Bytes(u64),
    /// Time, shown in seconds.
    Time(Duration),
}

impl Metric {
    /// Returns a counter with one value.
    pub fn counter(name: &'static str, help: &'static str, count: u64) -> Self {
        Self::labelled(MetricKind::Counter, (name, help), [(Vec::new(), count)])
    }

    /// Returns a gauge with one value.
    pub fn gauge(name: &'static str, help: &'static str, value: MetricValue) -> Self {
        let samples = vec![Sample { labels: Vec::new(), value }];
        Self { name, help, kind: MetricKind::Gauge, samples }
    }

    /// Returns counts by their labels.
    pub fn labelled(
        kind: MetricKind,
        (name, help): (&'static str, &'static str),
        counts: impl IntoIterator<Item = (Vec<(&'static str, &'static str)>, u64)>,
    ) -> Self {
        let sample = |(labels, count)| Sample { labels, value: MetricValue::Count(count) };
        Self { name, help, kind, samples: counts.into_iter().map(sample).collect() }
    }
}
