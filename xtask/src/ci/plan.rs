//! The steps of `cargo xtask ci`, in order. A new check is one more entry here.

use super::cache::Cache;
use super::call::Call;
use super::package::{C_COMPILER, CARGO_DENY, POSTGRESQL, PYTHON, REDIS, STRACE};
use super::step::{Guard, Otherwise, Step};

/// Returns the steps. With `nextest` the tests run under it, else under cargo's own runner.
pub(crate) fn steps(cache: &Cache, nextest: bool) -> Vec<Step> {
    let mut steps = correctness(cache, nextest);
    steps.extend(demonstrations(cache));
    steps.extend(dependencies());
    steps
}

/// Returns what shows that the code is right.
fn correctness(cache: &Cache, nextest: bool) -> Vec<Step> {
    let runner = if nextest { "nextest run" } else { "test" };
    let build = format!("{runner} --workspace --locked --no-run");
    // Doctests have a step of their own; nextest does not know them anyway.
    let tests = if nextest {
        format!("{runner} --workspace --locked --no-fail-fast")
    } else {
        format!("{runner} --workspace --locked --no-fail-fast --tests")
    };
    vec![
        Step::new("fmt", "the code is formatted", Call::cargo("fmt --all --check")),
        Step::new("tidy", "the repository's own rules hold", Call::xtask("tidy")),
        Step::new(
            "clippy",
            "no lint warns",
            Call::cargo("clippy --workspace --all-targets --locked -- -D warnings"),
        )
        .with_package(&C_COMPILER),
        Step::new("build", "everything compiles", Call::cargo(&build))
            .with_package(&C_COMPILER)
            .that_builds(),
        Step::new("tests", "every test passes", Call::cargo(&tests))
            .with_package(&POSTGRESQL)
            .with_package(&PYTHON)
            .with_package(&REDIS)
            .with_package(&STRACE)
            .after_build()
            .that_counts_tests(),
        Step::new(
            "doctests",
            "every example compiles and runs",
            Call::cargo("test --workspace --doc --locked"),
        )
        .after_build()
        .that_counts_tests(),
        Step::new("rustdoc", "the documentation builds, links included", {
            Call::cargo("doc --workspace --no-deps --locked").with_env("RUSTDOCFLAGS", "-D warnings")
        })
        .after_build(),
        Step::new("loom", "the counters hold under every interleaving", {
            Call::cargo("test -p exchange-counters --test loom --release --locked")
                .with_env("RUSTFLAGS", "--cfg loom")
                .with_env("CARGO_TARGET_DIR", cache.target().join("loom"))
        })
        .with_guard(Guard::File(
            "exchange/counters/tests/loom.rs",
            Otherwise::Fail("exchange/counters/tests/loom.rs is missing"),
        ))
        .after_build()
        .that_counts_tests(),
        Step::new("sim", "the node keeps its promises under 1,000 seeds", {
            Call::cargo("run -p exchange-sim --locked -- --seeds 1000")
        })
        .with_guard(Guard::File(
            "exchange/sim/src/main.rs",
            Otherwise::Skip("the simulator is no binary yet"),
        ))
        .after_build(),
    ]
}

/// Returns what shows that a visitor sees what is promised.
fn demonstrations(cache: &Cache) -> [Step; 3] {
    let libraries = cache.tools().join("partners");
    let partners = |program: &str| {
        Call::parse(&format!("python3 -B xtask/partners/{program}"))
            .with_env("PARTNERS_LIBRARIES", &libraries)
    };
    [
        Step::new(
            "demo",
            "the sample leads are sold, and the buyers' own log agrees",
            Call::xtask("demo --once"),
        )
        .after_build(),
        Step::new("readme", "the README's commands do what it says", Call::xtask("readme"))
            .with_guard(Guard::Command(
                Call::parse("python3 --version"),
                Otherwise::Skip("python3 is not installed: the README's commands were NOT tried"),
            ))
            .after_build(),
        Step::new(
            "partners",
            "sellers and buyers in Python and JavaScript trade, and their libraries verify signatures",
            partners("run.py").with_env("PARTNERS_EXCHANGE", cache.target().join("debug/exchange")),
        )
        .with_guard(Guard::Command(
            partners("install.py"),
            Otherwise::Skip(
                "python3, Node 20 or the Standard Webhooks libraries are not to be had: partners were NOT tried",
            ),
        ))
        .after_build(),
    ]
}

/// Returns what looks at what others have written.
fn dependencies() -> [Step; 2] {
    [
        Step::new("deny", "licences, sources and banned crates", {
            Call::cargo("deny --locked check bans licenses sources")
        })
        .with_package(&CARGO_DENY),
        Step::new("advisories", "no dependency has a known weakness", {
            Call::cargo("deny --locked check advisories")
        })
        .with_package(&CARGO_DENY)
        .with_guard(Guard::Command(
            Call::cargo("deny fetch db"),
            Otherwise::Skip("the advisory database cannot be fetched here: weaknesses were NOT checked"),
        )),
    ]
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::path::Path;

    use super::*;

    #[test]
    fn every_step_has_a_name_of_its_own() {
        let cache = Cache::at(Path::new("cache"), Path::new("target"));
        for nextest in [false, true] {
            let steps = steps(&cache, nextest);
            let names: BTreeSet<_> = steps.iter().map(|step| step.name).collect();
            assert_eq!(names.len(), steps.len());
        }
    }

    #[test]
    fn the_build_comes_before_what_needs_it() {
        let steps = steps(&Cache::at(Path::new("cache"), Path::new("target")), true);
        let build = steps.iter().position(|step| step.is_build);
        let first = steps.iter().position(|step| step.needs_build);
        assert!(build < first);
    }
}
