//! Taking, ending, and what a new snapshot or window does to both.

use exchange_catalog::snapshot::{Cap, CapKind, WindowKind};
use exchange_counters::{CapTable, Counters, CountersConfig, Owner, Posted};
use exchange_types::{Amount, Nanos, Reason, UtcMicros};

use crate::catalog::{FIRST, MIDNIGHT, SECOND, cap, hours_later, snapshot};

const PRICE: Amount = Amount::from_micros(30);

fn counters() -> Counters {
    Counters::new(CountersConfig { cells_max: 64, ..CountersConfig::default() })
}

fn sold(window: WindowKind, limit: i64) -> Cap {
    cap(CapKind::Sold, window, limit)
}

/// Room, pending and posted of a table's row.
fn totals(table: &CapTable, row: usize) -> (i64, i64, i64) {
    let cell = table.rows().get(row).and_then(|row| table.cells().get(row.cell)).expect("a live cell");
    (cell.room(), cell.pending(), cell.posted())
}

#[test]
fn each_kind_of_cap_refuses_with_its_reason_and_takes_nothing() {
    for (kind, reason) in [
        (CapKind::Sent, Reason::SentCapReached),
        (CapKind::Sold, Reason::SoldCapReached),
        (CapKind::Budget, Reason::BudgetExhausted),
    ] {
        let counters = counters();
        let own = [cap(kind, WindowKind::Total, 0)];
        let table = counters.refresh(&snapshot(&[sold(WindowKind::Total, 5)], &[&own]), MIDNIGHT);
        assert_eq!(table.check_room(FIRST, MIDNIGHT, Amount::from_micros(1)), Err(reason));
        assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("no room"), reason);
        assert_eq!(totals(&table, 0), (5, 0, 0));
    }
}

#[test]
fn caps_of_campaign_and_buyer_both_bind() {
    let counters = counters();
    let own = [sold(WindowKind::Day, 2)];
    let table = counters.refresh(&snapshot(&[sold(WindowKind::Total, 3)], &[&own, &own]), MIDNIGHT);
    let taken: Vec<_> = [FIRST, FIRST, FIRST, SECOND, SECOND]
        .map(|index| table.reserve(index, MIDNIGHT, PRICE).is_ok())
        .into();
    assert_eq!(taken, [true, true, false, true, false]);
}

#[test]
fn sent_caps_end_at_the_intent_and_others_at_the_price() {
    let counters = counters();
    let caps = [
        cap(CapKind::Budget, WindowKind::Total, 100),
        cap(CapKind::Sent, WindowKind::Total, 10),
        sold(WindowKind::Total, 10),
    ];
    let table = counters.refresh(&snapshot(&[], &[&caps]), MIDNIGHT);
    let cells = counters.cells();
    let reserve = || table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    // Rows: sent, sold, budget. What nobody was sent is given back whole.
    let all = || [0, 1, 2].map(|row| totals(&table, row));
    let held = reserve();
    assert_eq!(all(), [(9, 1, 0), (9, 1, 0), (70, 30, 0)]);
    cells.release(held);
    assert_eq!(all(), [(10, 0, 0), (10, 0, 0), (100, 0, 0)]);
    let mut accepted = reserve();
    cells.sent(&mut accepted);
    assert_eq!(all(), [(9, 0, 1), (9, 1, 0), (70, 30, 0)]);
    cells.commit(accepted, Amount::from_micros(20));
    assert_eq!(all(), [(9, 0, 1), (9, 0, 1), (80, 0, 20)]);
    let mut rejected = reserve();
    cells.sent(&mut rejected);
    cells.release(rejected);
    assert_eq!(all(), [(8, 0, 2), (9, 0, 1), (80, 0, 20)]);
    let mut not_sent = reserve();
    cells.sent(&mut not_sent);
    cells.unsend(&mut not_sent);
    assert_eq!(all(), [(7, 1, 2), (8, 1, 1), (50, 30, 20)]);
    cells.release(not_sent);
    assert_eq!(all(), [(8, 0, 2), (9, 0, 1), (80, 0, 20)]);
    // A sale of which nobody said that it was sent was sent as well.
    cells.commit(reserve(), PRICE);
    assert_eq!(all(), [(7, 0, 3), (8, 0, 2), (50, 0, 50)]);
}

#[test]
fn a_lowered_limit_stops_sales_and_takes_nothing_back() {
    let counters = counters();
    let with = |limit| counters.refresh(&snapshot(&[], &[&[sold(WindowKind::Day, limit)]]), MIDNIGHT);
    let before = with(3);
    let held = [(); 3].map(|()| before.reserve(FIRST, MIDNIGHT, PRICE).expect("room"));
    let after = with(1);
    assert_eq!(totals(&after, 0), (-2, 3, 0));
    for reservation in held {
        assert_eq!(after.reserve(FIRST, MIDNIGHT, PRICE).expect_err("no room"), Reason::SoldCapReached);
        counters.cells().release(reservation);
    }
    assert_eq!(totals(&after, 0), (1, 0, 0));
}

#[test]
fn a_late_release_reaches_the_window_it_took_from() {
    let counters = counters();
    let table = counters.refresh(&snapshot(&[], &[&[sold(WindowKind::Hour, 1)]]), MIDNIGHT);
    let late = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    let next = table.reserve(FIRST, hours_later(1), PRICE).expect("room in the next window");
    assert_eq!((totals(&table, 0), totals(&table, 1)), ((0, 1, 0), (0, 1, 0)));
    counters.cells().release(late);
    assert_eq!((totals(&table, 0), totals(&table, 1)), ((1, 0, 0), (0, 1, 0)));
    counters.cells().commit(next, PRICE);
    assert_eq!(totals(&table, 1), (0, 0, 1));
}

#[test]
fn a_clock_set_back_never_reopens_a_window() {
    let counters = counters();
    let catalog = snapshot(&[], &[&[sold(WindowKind::Hour, 1)]]);
    let table = counters.refresh(&catalog, MIDNIGHT);
    let _held = table.reserve(FIRST, hours_later(1), PRICE).expect("room in the next window");
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("over"), Reason::SoldCapReached);
    let table = counters.refresh(&catalog, MIDNIGHT);
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("over"), Reason::SoldCapReached);
}

#[test]
fn a_stale_table_refuses_instead_of_guessing() {
    let counters = counters();
    let table = counters.refresh(&snapshot(&[], &[&[sold(WindowKind::Hour, 9)]]), MIDNIGHT);
    assert_eq!((table.next_boundary(), table.valid_until()), (hours_later(1), hours_later(2)));
    assert_eq!(table.reserve(FIRST, hours_later(2), PRICE).expect_err("stale"), Reason::SoldCapReached);
}

#[test]
fn a_hold_over_a_boundary_moves_and_keeps_what_both_windows_share() {
    let counters = counters();
    let caps = [sold(WindowKind::Hour, 1), sold(WindowKind::Day, 1)];
    let table = counters.refresh(&snapshot(&[], &[&caps]), MIDNIGHT);
    let mut held = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    assert!(table.still_current(FIRST, MIDNIGHT, &mut held));
    assert!(!table.still_current(FIRST, hours_later(1), &mut held));
    let mut moved = table.reserve_again(FIRST, hours_later(1), held).expect("the day's only unit is its own");
    assert!(table.still_current(FIRST, hours_later(1), &mut moved));
    assert_eq!([0, 1, 2].map(|row| totals(&table, row).1), [0, 1, 1]);
}

#[test]
fn ended_windows_free_their_cells_once_nothing_is_pending() {
    let config = CountersConfig { cells_max: 3, ended_kept_for: Nanos::ZERO };
    let counters = Counters::new(config);
    let catalog = snapshot(&[], &[&[sold(WindowKind::Hour, 1)]]);
    let old = counters.refresh(&catalog, MIDNIGHT);
    let held = old.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    assert_eq!(counters.refresh(&catalog, hours_later(1)).rows_without_cell(), 0);
    assert_eq!(counters.cells_used(), 3, "the held window keeps its cell");
    assert_eq!(counters.refresh(&catalog, hours_later(2)).rows_without_cell(), 0);
    counters.cells().release(held);
    let table = counters.refresh(&catalog, hours_later(3));
    assert_eq!((counters.cells_used(), table.rows_without_cell()), (2, 0));
}

#[test]
fn a_cap_without_a_cell_has_no_room() {
    let counters = Counters::new(CountersConfig { cells_max: 1, ended_kept_for: Nanos::ZERO });
    let caps = [sold(WindowKind::Total, 1), cap(CapKind::Budget, WindowKind::Total, 100)];
    let table = counters.refresh(&snapshot(&[], &[&caps]), MIDNIGHT);
    assert_eq!(table.rows_without_cell(), 1);
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("no cell"), Reason::BudgetExhausted);
    assert_eq!(totals(&table, 0), (1, 0, 0));
}

#[test]
fn what_was_taken_before_a_restart_is_taken_again() {
    let counters = counters();
    let table = counters.refresh(&snapshot(&[], &[&[sold(WindowKind::Day, 1)]]), MIDNIGHT);
    for _ in 0..2 {
        let restored = table.restore(FIRST, MIDNIGHT, PRICE);
        counters.cells().commit(restored, PRICE);
    }
    let over = table.restore(FIRST, UtcMicros(MIDNIGHT.0 - 1), PRICE);
    counters.cells().release(over);
    assert_eq!(totals(&table, 0), (-1, 0, 2));
}

#[test]
fn a_cap_that_was_never_used_gives_its_cells_back_and_a_used_one_keeps_its_spend() {
    let counters = Counters::new(CountersConfig { cells_max: 4, ..CountersConfig::default() });
    let named = |name: &str, caps: &[Cap]| {
        let mut snapshot = snapshot(&[], &[caps]);
        for campaign in &mut snapshot.campaigns {
            campaign.name = name.into();
        }
        snapshot
    };
    let caps = [sold(WindowKind::Total, 5), sold(WindowKind::Day, 5)];
    assert_eq!(counters.cells_needed(&named("a", &caps)), (4, 4));
    assert_eq!(counters.cells_needed(&named("a", &[sold(WindowKind::Total, 5)])), (1, 4));
    assert_eq!(counters.cells_needed(&named("a", &[sold(WindowKind::Week, 5)])), (3, 4));
    for name in ["a", "b", "c", "d", "e"] {
        let snapshot = named(name, &caps);
        assert_eq!(counters.cells_needed(&snapshot), (4, 4), "an unused campaign leaves nothing behind");
        assert_eq!(counters.refresh(&snapshot, MIDNIGHT).rows_without_cell(), 0, "{name}");
    }
    let total = [sold(WindowKind::Total, 5)];
    let table = counters.refresh(&named("used", &total), MIDNIGHT);
    let reservation = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    counters.cells().commit(reservation, PRICE);
    assert_eq!(counters.cells_needed(&named("other", &caps)), (5, 4), "what was sold is not forgotten");
    counters.refresh(&named("other", &total), MIDNIGHT);
    let table = counters.refresh(&named("used", &total), MIDNIGHT);
    assert_eq!(totals(&table, 0), (4, 0, 1), "a campaign that comes back finds its spend");
}

#[test]
fn a_reservation_says_as_of_when_it_counts() {
    let counters = counters();
    let snapshot = snapshot(&[], &[&[sold(WindowKind::Hour, 9)], &[]]);
    let table = counters.refresh(&snapshot, MIDNIGHT);
    // (the clock, as of when it counts): the clock is set back over the hour that has begun.
    let half = |hours| UtcMicros(hours_later(hours).0 - 1_800_000_000);
    for (clock, counted) in [(half(1), half(1)), (half(2), half(2)), (half(1), hours_later(1))] {
        for campaign in [FIRST, SECOND] {
            let mut held = table.reserve(campaign, clock, PRICE).expect("room");
            assert_eq!(held.at(), counted, "{campaign:?} at {clock:?}");
            // A hold that stays where it is counts as of the moment at which it was asked for again.
            assert!(table.still_current(campaign, UtcMicros(clock.0 + 7), &mut held));
            assert_eq!(held.at(), UtcMicros(counted.0.max(clock.0 + 7)));
        }
    }
}

#[test]
fn what_was_counted_ahead_of_the_clock_binds_when_its_window_begins() {
    let two = snapshot(&[sold(WindowKind::Hour, 3)], &[&[sold(WindowKind::Hour, 2)], &[]]);
    let later = hours_later(5);
    let posted = Posted { sent: 1, sold: 1, money: PRICE };
    // (cells, whether the windows ahead are opened, room after they have begun).
    for (cells_max, opens, sold_later) in [(64, true, 1), (64, false, 2), (6, true, 2)] {
        let counters = Counters::new(CountersConfig { cells_max, ..CountersConfig::default() });
        if opens {
            let ahead = [Owner::Campaign("c0".into()), Owner::Buyer("buyer".into())];
            counters.open_ahead(&two, MIDNIGHT, ahead.map(|owner| (owner, later)));
        }
        let table = counters.refresh(&two, MIDNIGHT);
        table.restore_posted(FIRST, later, posted);
        let room = |hour: u64| {
            let table = counters.refresh(&two, hours_later(hour));
            let taken = (0..9).map_while(|_| table.reserve(FIRST, hours_later(hour), PRICE).ok()).count();
            assert_eq!(table.rows_without_cell(), 0, "the present windows have theirs");
            taken
        };
        assert_eq!((room(0), room(5)), (2, sold_later), "{cells_max} cells, opened: {opens}");
    }
}
