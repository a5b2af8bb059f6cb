//! Deliberate faults of the world: each has to be found, as the promise that it breaks.

use exchange_sim::{Fault, Options, Promise, run};

/// Seeds within which a fault has to show.
const SEEDS: u64 = 40;

/// Asserts that the first run in which something breaks breaks this promise.
fn check(fault: Fault, promises: &[Promise]) {
    let broken = (0..SEEDS).find_map(|seed| {
        let report = run(Options { seed, tie_seed: seed, fault, ..Options::default() });
        report.verdicts.broken().cloned()
    });
    let broken = broken.unwrap_or_else(|| panic!("{fault:?} is not found in {SEEDS} seeds"));
    assert!(promises.contains(&broken.promise), "{fault:?} is found as {broken}");
}

#[test]
fn a_disk_that_lies_is_found() {
    check(Fault::EarlySync, &[Promise::IntentFirst, Promise::DurableYes]);
}

#[test]
fn a_post_that_leaves_twice_is_found() {
    check(Fault::PostsTwice, &[Promise::OneCharge]);
}

#[test]
fn an_answer_that_is_lost_is_found() {
    check(Fault::LostReplies, &[Promise::Deadline]);
}

#[test]
fn an_answer_that_comes_twice_is_found() {
    check(Fault::RepliesTwice, &[Promise::OneAnswer]);
}

#[test]
fn an_unknown_that_is_taken_for_a_rejection_is_found() {
    check(Fault::UnknownAsRejected, &[Promise::Exclusivity]);
}

#[test]
fn a_bid_that_was_changed_on_the_way_is_found() {
    check(Fault::ForgedBids, &[Promise::BestBid]);
}

#[test]
fn a_person_whom_nobody_recognises_is_found() {
    check(Fault::NoFingerprints, &[Promise::Exclusivity]);
}

#[test]
fn a_shell_that_forgets_the_time_is_found() {
    check(Fault::NoTicks, &[Promise::Deadline]);
}
