//! [`Report`]: the table at the end of the run.

use std::fmt;
use std::time::Duration;

use super::step::Outcome;
use super::tally::Tally;

/// One step in the table.
#[derive(Debug)]
pub(crate) struct Line {
    /// The step's name.
    pub(crate) name: &'static str,
    /// How it ended.
    pub(crate) outcome: Outcome,
    /// How long it took.
    pub(crate) took: Duration,
}

/// How every step went, and the tests of all of them.
#[derive(Debug, Default)]
pub(crate) struct Report {
    lines: Vec<Line>,
    tests: Tally,
}

impl Report {
    /// Adds a step and the tests that it ran.
    pub(crate) fn add(&mut self, line: Line, tests: Tally) {
        self.lines.push(line);
        self.tests = self.tests + tests;
    }

    /// Returns whether any step failed.
    pub(crate) fn failed(&self) -> bool {
        self.count(|it| matches!(it, Outcome::Failed(_))) > 0
    }

    fn count(&self, is: impl Fn(&Outcome) -> bool) -> usize {
        self.lines.iter().filter(|line| is(&line.outcome)).count()
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "{:<12} {:<8} {:>9}  note", "step", "result", "time")?;
        for Line { name, outcome, took } in &self.lines {
            let (result, note) = match outcome {
                Outcome::Passed => ("passed", ""),
                Outcome::Failed(why) => ("FAILED", why.as_str()),
                Outcome::Skipped(why) => ("skipped", why.as_str()),
            };
            let row = format!("{name:<12} {result:<8} {:>8.1}s  {note}", took.as_secs_f64());
            writeln!(f, "{}", row.trim_end())?;
        }
        let passed = self.count(|it| *it == Outcome::Passed);
        let failed = self.count(|it| matches!(it, Outcome::Failed(_)));
        let skipped = self.count(|it| matches!(it, Outcome::Skipped(_)));
        writeln!(f, "steps: {passed} passed, {failed} failed, {skipped} skipped")?;
        write!(f, "tests: {}", self.tests)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_step_and_ends_with_the_tests() {
        let mut report = Report::default();
        let took = Duration::from_millis(1_250);
        report.add(Line { name: "fmt", outcome: Outcome::Passed, took }, Tally::default());
        assert!(!report.failed());
        let tests = Tally::read("test result: FAILED. 3 passed; 1 failed;");
        report.add(
            Line { name: "tests", outcome: Outcome::Failed("`cargo test` failed".to_owned()), took },
            tests,
        );
        report.add(
            Line { name: "sim", outcome: Outcome::Skipped("none yet".to_owned()), took },
            Tally::default(),
        );
        assert!(report.failed());
        let expected = "\
step         result        time  note
fmt          passed        1.2s
tests        FAILED        1.2s  `cargo test` failed
sim          skipped       1.2s  none yet
steps: 1 passed, 1 failed, 1 skipped
tests: 3 passed, 1 failed, 0 skipped";
        assert_eq!(report.to_string(), expected);
    }
}
