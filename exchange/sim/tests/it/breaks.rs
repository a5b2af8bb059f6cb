//! Deliberate faults of the world: each has to be found, as the promise that it breaks.

use exchange_sim::{Fault, Options, Promise, run};

/// Seeds within which a fault has to show.
const SEEDS: u64 = 40;

/// Asserts that the first run in which something breaks breaks this promise.
fn check(fault: Fault, promises: &[Promise]) {
    check_within(SEEDS, fault, promises);
}

fn check_within(seeds: u64, fault: Fault, promises: &[Promise]) {
    let broken = (0..seeds).find_map(|seed| {
        let report = run(Options { seed, tie_seed: seed, fault, ..Options::default() });
        report.verdicts.broken().cloned()
    });
    let broken = broken.unwrap_or_else(|| panic!("{fault:?} is not found in {seeds} seeds"));
    assert!(promises.contains(&broken.promise), "{fault:?} is found as {broken}");
}

#[test]
fn a_disk_that_lies_is_found() {
    check(Fault::EarlySync, &[Promise::IntentFirst, Promise::DurableYes]);
}

#[test]
fn a_disk_that_never_syncs_is_found_by_the_first_power_cut() {
    check(Fault::IdleSyncs, &[Promise::NothingLost]);
}

#[test]
fn an_intent_that_a_start_forgets_is_found() {
    check(Fault::ForgetsIntents, &[Promise::Recovery]);
}

#[test]
fn a_resolution_that_a_start_forgets_is_found() {
    check_within(5 * SEEDS, Fault::ForgetsResolutions, &[Promise::Recovery]);
}

#[test]
fn a_key_that_a_start_forgets_is_found() {
    check(Fault::ForgetsKeys, &[Promise::StableAnswer]);
}

#[test]
fn counts_that_a_start_forgets_are_found() {
    check(Fault::ForgetsCounts, &[Promise::Cap]);
}

#[test]
fn a_key_of_personal_data_that_is_drawn_twice_is_found() {
    check_within(5 * SEEDS, Fault::SlotsTwice, &[Promise::Recovery]);
}

#[test]
fn a_false_answer_to_a_question_is_found() {
    check(Fault::FalseStatus, &[Promise::OneResolution]);
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
