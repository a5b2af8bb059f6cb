//! [`Terminal`]: where a command writes: results to one stream, everything else to the other.

use core::fmt;
use std::io::{Read, Write};

use exchange_catalog::{Diagnostic, Severity};

/// Where a command writes. A stream that is closed is no error: who closed it does not read on.
pub struct Terminal<'a> {
    /// What is too secret for a command line.
    pub input: &'a mut dyn Read,
    /// For what was asked for, so that a script can use it.
    pub out: &'a mut dyn Write,
    /// For people.
    pub error: &'a mut dyn Write,
}

impl Terminal<'_> {
    /// Writes a line of the result.
    pub(super) fn say(&mut self, line: fmt::Arguments<'_>) {
        drop(writeln!(self.out, "{line}"));
    }

    /// Writes a line for people.
    pub(super) fn complain(&mut self, line: fmt::Arguments<'_>) {
        drop(writeln!(self.error, "{line}"));
    }

    /// Writes what was found in a file, and a last line with the count of mistakes.
    pub(super) fn complain_of(&mut self, found: &[Diagnostic]) {
        for diagnostic in found {
            self.complain(format_args!("{diagnostic}"));
        }
        match found.iter().filter(|diagnostic| diagnostic.severity == Severity::Error).count() {
            0 => {}
            1 => self.complain(format_args!("1 mistake")),
            count => self.complain(format_args!("{count} mistakes")),
        }
    }
}

impl fmt::Debug for Terminal<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Terminal").finish_non_exhaustive()
    }
}
