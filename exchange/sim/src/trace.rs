//! [`Trace`]: what happened, line by line.

use core::fmt;

/// The latest lines that a violation shows.
const SHOWN: usize = 50;
/// More lines than any run writes; beyond them the trace only counts.
const LINES_MAX: usize = 200_000;

/// What happened, line by line. Equal seeds write equal traces.
#[derive(Debug, Default)]
pub struct Trace {
    lines: Vec<String>,
    step: u64,
}

impl Trace {
    /// Begins the next step.
    pub(crate) fn next_step(&mut self) {
        self.step = self.step.saturating_add(1);
    }

    /// Returns the number of the present step.
    pub fn step(&self) -> u64 {
        self.step
    }

    pub(crate) fn write(&mut self, line: fmt::Arguments<'_>) {
        if self.lines.len() < LINES_MAX {
            self.lines.push(format!("{:>6} {line}", self.step));
        }
    }

    /// Returns every line.
    pub fn lines(&self) -> &[String] {
        &self.lines
    }

    /// Returns the lines before the end.
    pub fn latest(&self) -> &[String] {
        self.lines.get(self.lines.len().saturating_sub(SHOWN)..).unwrap_or_default()
    }
}
