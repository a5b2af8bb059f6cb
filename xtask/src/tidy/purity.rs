//! The pure crates reach no clock, thread, socket, file or randomness.
//!
//! Their `clippy.toml` bans the calls; this rule reads imports, paths and manifests, so that a ban cannot be
//! forgotten with one new function of the standard library.

use super::finding::Finding;
use super::manifests::{Manifest, Section};
use super::source::{imported_paths, is_import, is_test_file, production_lines, written_paths};
use crate::tree::Tree;

/// The crates that decide, and must decide the same in the simulator, in a replay and under real sockets.
pub(crate) const PURE_CRATES: [&str; 7] =
    ["types", "catalog", "auction", "counters", "protocol", "engine", "node"];

/// Paths that lead out of a pure crate; everything below them is banned too.
const BANNED_PATHS: [&str; 14] = [
    "std::time::Instant",
    "std::time::SystemTime",
    "std::thread",
    "std::fs",
    "std::env",
    "std::process",
    "std::os",
    "std::net::TcpStream",
    "std::net::TcpListener",
    "std::net::UdpSocket",
    "std::hash::RandomState",
    "std::io::stdin",
    "std::io::stdout",
    "std::io::stderr",
];

/// Crates that bring a clock, a runtime, sockets or randomness.
const BANNED_CRATES: [&str; 17] = [
    "tokio",
    "hyper",
    "hyper-util",
    "axum",
    "rustls",
    "tokio-rustls",
    "quinn",
    "rand",
    "fastrand",
    "getrandom",
    "uuid",
    "libc",
    "rustix",
    "mio",
    "socket2",
    "tempfile",
    "tracing-subscriber",
];

/// State that belongs to a thread. No lint bans it: an item's macro cannot carry the `expect` that a test needs.
const THREAD_STATE: &str = "thread_local!";

/// Finds what a pure crate reaches and must not.
pub(crate) fn check(tree: &Tree) -> Vec<Finding> {
    let mut findings = Vec::new();
    for manifest in Manifest::members(tree).iter().filter(|it| is_pure(&it.path)) {
        for dependency in manifest.dependencies.iter().filter(|it| it.section != Section::Tests) {
            if BANNED_CRATES.contains(&dependency.name.as_str()) {
                let message = format!("a pure crate may not use `{}`", dependency.name);
                findings.push(Finding::file(&manifest.path, message));
            }
        }
    }
    for (path, text) in tree.texts("rs").filter(|(path, _)| is_pure(path) && !is_test_file(path)) {
        check_source(path, text, &mut findings);
    }
    findings
}

fn check_source(path: &str, text: &str, findings: &mut Vec<Finding>) {
    let imported = imported_paths(text);
    let written = production_lines(text)
        .filter(|(_, line)| !is_import(line))
        .flat_map(|(number, line)| written_paths(line).map(move |it| (number, it.to_owned())));
    for (number, used) in imported.iter().cloned().chain(written) {
        if let Some(banned) = banned(&used) {
            findings.push(Finding::line(path, number, format!("a pure crate may not reach `{banned}`")));
        }
    }
    for (number, _) in production_lines(text).filter(|(_, line)| line.contains(THREAD_STATE)) {
        let message =
            format!("a pure crate has no `{THREAD_STATE}`: state has one owner, which is passed in");
        findings.push(Finding::line(path, number, message));
    }
}

fn banned(used: &str) -> Option<&'static str> {
    BANNED_PATHS.into_iter().chain(BANNED_CRATES).find(|ban| {
        let ban = ban.replace('-', "_");
        used.strip_prefix(ban.as_str()).is_some_and(|rest| rest.is_empty() || rest.starts_with("::"))
    })
}

fn is_pure(path: &str) -> bool {
    let mut parts = path.split('/');
    let (first, name, third) = (parts.next(), parts.next(), parts.next());
    first == Some("exchange")
        && name.is_some_and(|it| PURE_CRATES.contains(&it))
        && matches!(third, Some("src" | "Cargo.toml"))
}

#[cfg(test)]
mod tests {
    use super::super::finding::assert_findings;
    use super::*;

    fn check_file(path: &str, text: &str, expected: &[&str]) {
        assert_findings(&check(&Tree::of(&[(path, text)])), expected);
    }

    #[test]
    fn values_of_time_and_addresses_are_fine() {
        let text = "use std::{net::IpAddr, time::Duration};\nuse core::fmt::Write as _;\n";
        check_file("exchange/engine/src/a.rs", text, &[]);
    }

    #[test]
    fn a_clock_a_thread_a_file_a_socket_are_not() {
        let text = "pub use std::{fs, time::{Duration, Instant}};\nfn a() { std::thread::yield_now() }\n\
            fn b(_: &std::net::TcpStream) {}\n";
        check_file("exchange/engine/src/a.rs", text, &["`std::fs`", "Instant", ":2: a pure", "TcpStream"]);
    }

    #[test]
    fn state_of_a_thread_is_not() {
        check_file("exchange/node/src/a.rs", "thread_local! { static A: u8 = 1; }\n", &["thread_local"]);
    }

    #[test]
    fn randomness_and_runtimes_are_not() {
        check_file("exchange/node/src/a.rs", "fn a() -> u8 { rand::random() }\n", &["`rand`"]);
        let manifest = "[package]\nname = \"exchange-node\"\n[dependencies]\ntokio.workspace = true\n";
        check_file("exchange/node/Cargo.toml", manifest, &["`tokio`"]);
    }

    #[test]
    fn tests_and_comments_may_speak_of_them() {
        let text = "//! No std::thread here.\n\n#[cfg(test)]\nmod tests {\n    use std::thread;\n}\n";
        check_file("exchange/node/src/a.rs", text, &[]);
        check_file("exchange/node/src/a/tests.rs", "use std::thread;\n", &[]);
        let manifest = "[package]\nname = \"exchange-node\"\n[dev-dependencies]\nrand.workspace = true\n";
        check_file("exchange/node/Cargo.toml", manifest, &[]);
    }

    #[test]
    fn the_shell_may_use_what_it_needs() {
        check_file("exchange/server/src/a.rs", "use std::fs;\n", &[]);
    }
}
