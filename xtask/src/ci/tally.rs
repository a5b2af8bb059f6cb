//! [`Tally`]: how many tests passed, failed and were left out, read from what the test runners print.

use std::fmt;
use std::ops::Add;

/// How many tests passed, failed and were left out.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Tally {
    passed: usize,
    failed: usize,
    skipped: usize,
}

impl Tally {
    /// Returns what a line says: the summary of cargo's or nextest's run, or nothing.
    pub(crate) fn read(line: &str) -> Self {
        let mut tally = Self::default();
        // Nextest indents what a failed test printed, so an inner summary of cargo's is not counted twice.
        if !line.starts_with("test result:") && !line.trim_start().starts_with("Summary [") {
            return tally;
        }
        let words: Vec<&str> =
            line.split([' ', ',', ';', '(', ')']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let [count, what] = pair else { continue };
            let Ok(count) = count.parse::<usize>() else { continue };
            match *what {
                "passed" => tally.passed += count,
                // A test that ran out of time or could not be started.
                "failed" | "timed" | "exec" => tally.failed += count,
                "skipped" | "ignored" => tally.skipped += count,
                _ => {}
            }
        }
        tally
    }
}

impl Add for Tally {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self {
            passed: self.passed + other.passed,
            failed: self.failed + other.failed,
            skipped: self.skipped + other.skipped,
        }
    }
}

impl fmt::Display for Tally {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} passed, {} failed, {} skipped", self.passed, self.failed, self.skipped)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(line: &str, expected: &str) {
        assert_eq!(Tally::read(line).to_string(), expected, "{line}");
    }

    #[test]
    fn summaries_of_both_runners_are_read() {
        check(
            "test result: FAILED. 12 passed; 1 failed; 2 ignored; 0 measured; 3 filtered out; finished in 0.01s",
            "12 passed, 1 failed, 2 skipped",
        );
        check(
            "     Summary [   0.512s] 9 tests run: 7 passed (1 slow), 1 failed, 1 timed out, 4 skipped",
            "7 passed, 2 failed, 4 skipped",
        );
    }

    #[test]
    fn other_lines_say_nothing() {
        check("test a::twelve ... ok", "0 passed, 0 failed, 0 skipped");
        check("3 passed", "0 passed, 0 failed, 0 skipped");
        check("    test result: FAILED. 0 passed; 1 failed; 0 ignored;", "0 passed, 0 failed, 0 skipped");
    }
}
