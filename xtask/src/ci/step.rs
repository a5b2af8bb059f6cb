//! [`Step`]: one check of the whole run, as data.

use super::call::Call;
use super::package::Package;

/// One check of the whole run.
#[derive(Debug)]
pub(crate) struct Step {
    /// One word for the table.
    pub(crate) name: &'static str,
    /// What it shows, in one line.
    pub(crate) about: &'static str,
    /// What must be installed for it.
    pub(crate) packages: Vec<&'static Package>,
    /// What decides whether it runs.
    pub(crate) guard: Guard,
    /// What it runs.
    pub(crate) call: Call,
    /// Whether it is the build that others need.
    pub(crate) is_build: bool,
    /// Whether it makes no sense after a failed build.
    pub(crate) needs_build: bool,
    /// Whether its output counts tests.
    pub(crate) counts_tests: bool,
}

impl Step {
    /// Returns a step that always runs, needs nothing and counts nothing.
    pub(crate) fn new(name: &'static str, about: &'static str, call: Call) -> Self {
        let guard = Guard::Always;
        let packages = Vec::new();
        Self { name, about, packages, guard, call, is_build: false, needs_build: false, counts_tests: false }
    }

    /// Declares what must be installed.
    pub(crate) fn with_package(mut self, package: &'static Package) -> Self {
        self.packages.push(package);
        self
    }

    /// Sets the condition.
    pub(crate) fn with_guard(self, guard: Guard) -> Self {
        Self { guard, ..self }
    }

    /// Makes it the build that others need.
    pub(crate) fn that_builds(self) -> Self {
        Self { is_build: true, ..self }
    }

    /// Leaves it out after a failed build.
    pub(crate) fn after_build(self) -> Self {
        Self { needs_build: true, ..self }
    }

    /// Adds the tests in its output to the tally.
    pub(crate) fn that_counts_tests(self) -> Self {
        Self { counts_tests: true, ..self }
    }
}

/// What decides whether a step runs.
#[derive(Debug)]
pub(crate) enum Guard {
    /// It always runs.
    Always,
    /// A file of the repository must be there.
    File(&'static str, Otherwise),
    /// A command must succeed.
    Command(Call, Otherwise),
}

/// What becomes of a step whose condition does not hold.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Otherwise {
    /// It fails, with this reason.
    Fail(&'static str),
    /// It is left out, with this reason.
    Skip(&'static str),
}

/// How a step ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// It shows what it is to show.
    Passed,
    /// It does not, for this reason.
    Failed(String),
    /// It was left out, for this reason.
    Skipped(String),
}
