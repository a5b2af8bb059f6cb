//! `cargo xtask ci`: sets up what the checks need and runs all of them.
//!
//! Every step runs, whatever became of the others; only what needs the build is left out when it fails.
//! A table at the end says how each went and how long it took.

mod cache;
mod call;
mod environment;
mod package;
mod plan;
mod report;
mod step;
mod tally;

use std::path::Path;
use std::process::ExitCode;
use std::time::Instant;

use cache::Cache;
use package::Package;
use report::{Line, Report};
use step::{Guard, Otherwise, Outcome, Step};
use tally::Tally;

/// Runs every step and prints the table.
///
/// # Errors
///
/// Fails if no folder for what outlives the checkout can be made.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let cache = Cache::open(root)?;
    let nextest = call::Call::cargo("nextest --version").succeeds(root, &cache);
    let steps = plan::steps(&cache, nextest);

    let started = Instant::now();
    let missing = environment::prepare(&steps, root, &cache);
    let names: Vec<&str> = missing.iter().map(|package| package.name).collect();
    let outcome = if names.is_empty() {
        Outcome::Passed
    } else {
        Outcome::Failed(format!("could not be installed: {}", names.join(", ")))
    };
    let mut report = Report::default();
    report.add(Line { name: "environment", outcome, took: started.elapsed() }, Tally::default());

    run_steps(&steps, &missing, root, &cache, &mut report);
    println!("\n{report}");
    Ok(if report.failed() { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// Runs every step that can run, and reports all of them.
fn run_steps(steps: &[Step], missing: &[&Package], root: &Path, cache: &Cache, report: &mut Report) {
    let mut built = true;
    for step in steps {
        println!("\n==> {}: {}", step.name, step.about);
        let started = Instant::now();
        let lacking = step.packages.iter().find(|package| missing.contains(package));
        let (outcome, tally) = if let Some(package) = lacking {
            let note = format!("needs {}, which could not be installed", package.name);
            (Outcome::Failed(note), Tally::default())
        } else if step.needs_build && !built {
            (Outcome::Skipped("the build failed".to_owned()), Tally::default())
        } else {
            run_step(step, root, cache)
        };
        built &= !(step.is_build && matches!(outcome, Outcome::Failed(_)));
        report.add(Line { name: step.name, outcome, took: started.elapsed() }, tally);
    }
}

fn run_step(step: &Step, root: &Path, cache: &Cache) -> (Outcome, Tally) {
    if let Some(outcome) = guarded(&step.guard, root, cache) {
        return (outcome, Tally::default());
    }
    println!("    {}", step.call);
    match step.call.run(root, cache, step.counts_tests) {
        Ok((true, tally)) => (Outcome::Passed, tally),
        Ok((false, tally)) => (Outcome::Failed(format!("`{}` failed", step.call)), tally),
        Err(error) => {
            (Outcome::Failed(format!("`{}` could not be started: {error}", step.call)), Tally::default())
        }
    }
}

/// Returns how the step ends before it began, if its condition does not hold.
fn guarded(guard: &Guard, root: &Path, cache: &Cache) -> Option<Outcome> {
    let (holds, otherwise) = match guard {
        Guard::Always => return None,
        Guard::File(path, otherwise) => (root.join(path).exists(), otherwise),
        Guard::Command(call, otherwise) => (call.succeeds(root, cache), otherwise),
    };
    let outcome = match *otherwise {
        Otherwise::Fail(why) => Outcome::Failed(why.to_owned()),
        Otherwise::Skip(why) => Outcome::Skipped(why.to_owned()),
    };
    (!holds).then_some(outcome)
}

#[cfg(test)]
mod tests {
    use super::call::Call;
    use super::package::C_COMPILER;
    use super::*;

    /// Checks what each step's line says, without the time.
    fn check(steps: &[Step], missing: &[&Package], expected: &[&str]) {
        let root = crate::repository_root();
        let cache = Cache::at(Path::new("cache"), Path::new("target"));
        let mut report = Report::default();
        run_steps(steps, missing, &root, &cache, &mut report);
        let shown = report.to_string();
        let lines: Vec<String> =
            shown.lines().map(|it| it.split_whitespace().collect::<Vec<_>>().join(" ")).collect();
        for (line, expected) in lines.iter().skip(1).zip(expected) {
            let (start, end) = expected.split_once(" .. ").unwrap_or((expected, ""));
            assert!(line.starts_with(start) && line.ends_with(end), "expected {expected}, found {line}");
        }
    }

    fn step(name: &'static str, command: &str) -> Step {
        Step::new(name, "an example", Call::parse(command))
    }

    #[test]
    fn a_failing_step_does_not_stop_the_others() {
        let steps = [step("a", "false"), step("b", "true"), step("c", "no-such-program")];
        check(
            &steps,
            &[],
            &["a FAILED .. `false` failed", "b passed", "c FAILED", "steps: 1 passed, 2 failed, 0 skipped"],
        );
    }

    #[test]
    fn what_needs_the_build_is_left_out_when_it_fails() {
        let steps =
            [step("build", "false").that_builds(), step("tests", "true").after_build(), step("fmt", "true")];
        check(&steps, &[], &["build FAILED", "tests skipped .. the build failed", "fmt passed"]);
    }

    #[test]
    fn a_step_without_its_package_fails() {
        let steps = [step("a", "true").with_package(&C_COMPILER), step("b", "true")];
        let note = "a FAILED .. needs a C compiler, which could not be installed";
        check(&steps, &[&C_COMPILER], &[note, "b passed"]);
    }

    #[test]
    fn a_condition_that_does_not_hold_fails_or_skips() {
        let steps = [
            step("a", "true").with_guard(Guard::File("no/such/file", Otherwise::Fail("it is missing"))),
            step("b", "false").with_guard(Guard::File("no/such/file", Otherwise::Skip("not yet"))),
            step("c", "true").with_guard(Guard::File("Cargo.toml", Otherwise::Fail("it is missing"))),
            step("d", "true").with_guard(Guard::Command(Call::parse("false"), Otherwise::Skip("not here"))),
        ];
        check(
            &steps,
            &[],
            &["a FAILED .. it is missing", "b skipped .. not yet", "c passed", "d skipped .. not here"],
        );
    }

    #[test]
    fn tests_in_the_output_are_counted() {
        let steps = [step("a", "echo test result: ok. 3 passed; 0 failed").that_counts_tests()];
        check(&steps, &[], &["a passed", "steps: 1 passed", "tests: 3 passed, 0 failed, 0 skipped"]);
    }
}
