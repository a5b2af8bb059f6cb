//! What one seller's open holds may set aside.

use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_counters::{Counters, CountersConfig, HoldShares, SellerKey};
use exchange_types::Amount;

use crate::catalog::{FIRST, MIDNIGHT, cap, snapshot};

fn check(kind: CapKind, limit: i64, price: i64, holds: usize) {
    let counters = Counters::new(CountersConfig { cells_max: 16, ..CountersConfig::default() });
    let table = counters.refresh(&snapshot(&[], &[&[cap(kind, WindowKind::Day, limit)]]), MIDNIGHT);
    let shares = HoldShares::new(HoldShares::ENTRIES_MAX_DEFAULT);
    let mut open = Vec::new();
    let seller = SellerKey(7);
    let hold = |open: &mut Vec<_>, seller| {
        let reservation =
            table.reserve(FIRST, MIDNIGHT, Amount::from_micros(price)).expect("room for everybody");
        let held = shares.try_hold(seller, &reservation, counters.cells());
        if held {
            open.push(reservation);
        } else {
            counters.cells().release(reservation);
        }
        held
    };
    for _ in 0..holds {
        assert!(hold(&mut open, seller), "{kind:?} {limit}");
    }
    assert!(!hold(&mut open, seller), "{kind:?} {limit}");
    assert!(hold(&mut Vec::new(), SellerKey(8)), "another seller has its own share");
    assert_eq!(shares.entries(), 2);
    shares.end_hold(SellerKey(8), open.last().expect("a hold"));
    shares.end_hold(seller, open.last().expect("a hold"));
    assert!(hold(&mut open, seller), "an ended hold makes room");
    for _ in 0..holds {
        shares.end_hold(seller, open.last().expect("a hold"));
    }
    assert_eq!(shares.entries(), 0);
}

#[test]
fn a_seller_holds_at_most_a_tenth_and_at_least_one() {
    check(CapKind::Sold, 50, 1, 5);
    check(CapKind::Sold, 59, 1, 5);
    check(CapKind::Sent, 5, 1, 1);
    check(CapKind::Budget, 1_000, 25, 4);
    check(CapKind::Budget, 1_000, 300, 1);
}

#[test]
fn a_hold_from_before_a_restart_counts_beyond_the_share_and_ends_as_any_other() {
    let counters = Counters::new(CountersConfig { cells_max: 16, ..CountersConfig::default() });
    let day = cap(CapKind::Sold, WindowKind::Day, 20);
    let table = counters.refresh(&snapshot(&[], &[&[day]]), MIDNIGHT);
    let shares = HoldShares::new(1);
    let reserve = || table.reserve(FIRST, MIDNIGHT, Amount::ZERO).expect("room for everybody");
    let restored = [reserve(), reserve(), reserve()];
    for held in &restored {
        shares.hold_regardless(SellerKey(7), held);
    }
    let fresh = reserve();
    assert!(!shares.try_hold(SellerKey(7), &fresh, counters.cells()), "the share is used up");
    for held in &restored {
        shares.end_hold(SellerKey(7), held);
    }
    assert_eq!(shares.entries(), 0);
    assert!(shares.try_hold(SellerKey(7), &fresh, counters.cells()), "what has ended makes room");
}
