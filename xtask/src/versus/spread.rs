//! [`Spread`]: median, least and largest of a figure over the rounds.

use serde_json::{Value, json};

/// Median, least and largest of a figure.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(crate) struct Spread {
    pub(crate) median: f64,
    pub(crate) least: f64,
    pub(crate) largest: f64,
}

impl Spread {
    /// Returns the spread of these figures; nothing where there are none.
    pub(crate) fn of(figures: impl IntoIterator<Item = f64>) -> Option<Self> {
        let mut sorted: Vec<f64> = figures.into_iter().collect();
        sorted.sort_by(f64::total_cmp);
        let (least, largest) = (*sorted.first()?, *sorted.last()?);
        let upper = *sorted.get(sorted.len() / 2)?;
        let lower = *sorted.get((sorted.len() - 1) / 2)?;
        Some(Self { median: f64::midpoint(lower, upper), least, largest })
    }

    /// Returns it as `median (least..largest)` with so many digits after the point.
    pub(crate) fn text(&self, digits: usize) -> String {
        let Self { median, least, largest } = self;
        format!("{median:.digits$} ({least:.digits$}..{largest:.digits$})")
    }

    /// Returns it for a program.
    pub(crate) fn json(&self) -> Value {
        json!({ "median": self.median, "min": self.least, "max": self.largest })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_of_an_even_number_lies_between() {
        let median = |figures: &[f64]| Spread::of(figures.iter().copied()).map(|spread| spread.median);
        assert_eq!(median(&[]), None);
        assert_eq!(median(&[3.0, 1.0, 2.0]), Some(2.0));
        assert_eq!(median(&[4.0, 1.0, 2.0, 3.0]), Some(2.5));
        let spread = Spread::of([2.0, 1.0, 4.0]).expect("three figures");
        assert_eq!(spread.text(1), "2.0 (1.0..4.0)");
    }
}
