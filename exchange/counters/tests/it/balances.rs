//! Prepaid balances, what a restart brings back, and returns.

use exchange_catalog::Snapshot;
use exchange_catalog::snapshot::{Cap, CapKind, WindowKind};
use exchange_counters::{CapTable, Counters, CountersConfig, HoldShares, Posted, SellerKey};
use exchange_types::limits::CAPS_MAX;
use exchange_types::{Amount, Reason, UtcMicros};

use crate::catalog::{FIRST, MIDNIGHT, SECOND, WINDOWS, cap, every_cap, hours_later, snapshot};

const PRICE: Amount = Amount::from_micros(30);

fn counters() -> Counters {
    Counters::new(CountersConfig { cells_max: 64, ..CountersConfig::default() })
}

/// A buyer that pays ahead, with these caps at each of its two campaigns.
fn prepaid(own: &[Cap]) -> Snapshot {
    let mut snapshot = snapshot(&[], &[own, own]);
    for buyer in &mut snapshot.buyers {
        buyer.prepaid = true;
    }
    snapshot
}

fn balance(table: &CapTable) -> i64 {
    table.balance(FIRST).expect("the buyer pays ahead").micros()
}

#[test]
fn a_buyer_that_pays_ahead_buys_for_what_it_has_deposited() {
    let counters = counters();
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("no deposit"), Reason::BalanceExhausted);
    assert_eq!(table.check_room(FIRST, MIDNIGHT, PRICE), Err(Reason::BalanceExhausted));
    counters.deposit("buyer", Amount::from_micros(70));
    let sold = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    let held = table.reserve(SECOND, MIDNIGHT, PRICE).expect("all its campaigns have one balance");
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("ten are left"), Reason::BalanceExhausted);
    counters.cells().commit(sold, Amount::from_micros(25));
    counters.cells().release(held);
    assert_eq!(balance(&table), 45);
    counters.deposit("another", Amount::from_micros(70));
    assert_eq!(balance(&table), 45, "deposits are the buyer's own");
    counters.deposit("buyer", Amount::from_micros(-45));
    assert_eq!(balance(&table), 0, "a withdrawal takes what is left");
}

#[test]
fn a_buyer_that_pays_later_has_no_balance() {
    let counters = counters();
    let table = counters.refresh(&snapshot(&[], &[&[]]), MIDNIGHT);
    assert_eq!(table.balance(FIRST), None);
    table.charge(FIRST, PRICE);
    assert!(table.reserve(FIRST, MIDNIGHT, PRICE).is_ok());
}

#[test]
fn a_balance_survives_a_refresh_and_a_while_without_it() {
    let counters = counters();
    counters.deposit("buyer", Amount::from_micros(100));
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    let held = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    let sold = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    counters.cells().commit(sold, PRICE);
    let table = counters.refresh(&prepaid(&[]), hours_later(50));
    assert_eq!(balance(&table), 40);
    let later = counters.refresh(&snapshot(&[], &[&[]]), hours_later(51));
    assert_eq!(later.balance(FIRST), None);
    counters.deposit("buyer", Amount::from_micros(5));
    let table = counters.refresh(&prepaid(&[]), hours_later(52));
    assert_eq!(balance(&table), 45);
    counters.cells().release(held);
    assert_eq!(balance(&table), 75);
}

#[test]
fn corrections_move_a_balance_even_below_nothing() {
    let counters = counters();
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    counters.deposit("buyer", Amount::from_micros(20));
    table.charge(SECOND, PRICE);
    assert_eq!(balance(&table), -10);
    assert_eq!(table.reserve(FIRST, MIDNIGHT, Amount::ZERO).err(), Some(Reason::BalanceExhausted));
    table.charge(FIRST, Amount::from_micros(-30));
    assert_eq!(balance(&table), 20, "a return is a credit");
}

#[test]
fn a_restart_brings_an_overdrawn_balance_back() {
    let counters = counters();
    counters.deposit("buyer", Amount::from_micros(-10));
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    assert_eq!(balance(&table), -10);
    counters.deposit("buyer", Amount::from_micros(50));
    let open = table.restore(FIRST, MIDNIGHT, PRICE);
    assert_eq!(balance(&table), 10, "an open post holds its part of the balance");
    counters.cells().release(open);
    assert_eq!(balance(&table), 40);
}

#[test]
fn a_balance_without_a_cell_has_no_room() {
    let counters = Counters::new(CountersConfig { cells_max: 0, ..CountersConfig::default() });
    assert_eq!(counters.cells_needed(&prepaid(&[])), (1, 0));
    counters.deposit("buyer", PRICE);
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    assert_eq!(table.reserve(FIRST, MIDNIGHT, PRICE).expect_err("no cell"), Reason::BalanceExhausted);
}

#[test]
fn a_seller_holds_at_most_a_tenth_of_what_is_left() {
    let counters = counters();
    let table = counters.refresh(&prepaid(&[]), MIDNIGHT);
    counters.deposit("buyer", Amount::from_micros(1_000));
    table.charge(FIRST, Amount::from_micros(400));
    let shares = HoldShares::new(HoldShares::ENTRIES_MAX_DEFAULT);
    let taken = [PRICE; 3].map(|price| {
        let held = table.reserve(FIRST, MIDNIGHT, price).expect("room");
        shares.try_hold(SellerKey(1), &held, table.cells())
    });
    assert_eq!(taken, [true, true, false], "600 are left, so 60 may be held");
}

#[test]
fn what_was_posted_before_a_restart_counts_in_every_window_in_which_it_lies() {
    let caps = every_cap(1_000);
    let counters = counters_of(128);
    let catalog = snapshot(&caps, &[&caps, &caps]);
    // A Friday, at half past one.
    let now = UtcMicros(hours_later(1).0 + 1_800_000_000);
    let table = counters.refresh(&catalog, now);
    let hours_before = |hours: i64| UtcMicros(now.0 - hours * 3_600_000_000);
    let posted = Posted { sent: 3, sold: 2, money: Amount::from_micros(60) };
    // This hour, this day, Thursday of this week, this month before it, and long ago.
    for at in [now, hours_before(1), hours_before(12), hours_before(10 * 24), hours_before(60 * 24)] {
        table.restore_posted(FIRST, at, posted);
    }
    table.restore_posted(SECOND, now, posted);
    for row in table.rows().iter().filter(|row| row.window.opens <= now) {
        let cell = table.cells().get(row.cell).expect("a live cell");
        let each = match row.kind {
            CapKind::Sent => 3,
            CapKind::Sold => 2,
            CapKind::Budget | CapKind::Balance => 60,
        };
        let kind =
            WINDOWS.iter().position(|window| same_length(*window, row.window.opens, row.window.closes));
        let first = [1, 2, 3, 4, 5][kind.expect("a window of these")];
        let count = match &row.owner {
            exchange_counters::Owner::Buyer(_) => first + 1,
            exchange_counters::Owner::Campaign(name) if **name == *"c0" => first,
            exchange_counters::Owner::Campaign(_) => 1,
        };
        assert_eq!((cell.posted(), cell.pending()), (count * each, 0), "{row:?}");
        assert_eq!(cell.room(), 1_000 - count * each, "{row:?}");
    }
}

#[test]
fn every_cap_that_a_campaign_may_have_and_a_balance_find_a_place() {
    let counters = counters_of(128);
    let caps = every_cap(1_000);
    let mut catalog = snapshot(&caps, &[&caps]);
    catalog.buyers.iter_mut().for_each(|buyer| buyer.prepaid = true);
    counters.deposit("buyer", PRICE);
    let table = counters.refresh(&catalog, MIDNIGHT);
    let held = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room everywhere");
    assert_eq!(held.parts().count(), CAPS_MAX + 1);
    assert!(held.parts().all(|part| counters.cells().get(part.cell).is_some_and(|cell| cell.pending() > 0)));
}

fn counters_of(cells_max: usize) -> Counters {
    Counters::new(CountersConfig { cells_max, ..CountersConfig::default() })
}

fn same_length(kind: WindowKind, opens: UtcMicros, closes: UtcMicros) -> bool {
    let hours = closes.0.saturating_sub(opens.0) / 3_600_000_000;
    match kind {
        WindowKind::Hour => hours == 1,
        WindowKind::Day => hours == 24,
        WindowKind::Week => hours == 168,
        WindowKind::Month => (28 * 24..=31 * 24).contains(&hours),
        WindowKind::Total => hours > 31 * 24,
    }
}

#[test]
fn a_return_gives_back_to_the_window_of_its_sale_and_to_no_other() {
    let counters = counters();
    let caps = [
        cap(CapKind::Sent, WindowKind::Total, 10),
        cap(CapKind::Sold, WindowKind::Hour, 10),
        cap(CapKind::Budget, WindowKind::Total, 100),
    ];
    let table = counters.refresh(&snapshot(&[], &[&caps]), MIDNIGHT);
    let mut sale = table.reserve(FIRST, MIDNIGHT, PRICE).expect("room");
    counters.cells().sent(&mut sale);
    counters.cells().commit(sale, PRICE);
    let posted = |table: &CapTable, row: usize| {
        let cell = table.rows().get(row).and_then(|row| table.cells().get(row.cell)).expect("a live cell");
        assert_eq!(cell.room(), cell.limit() - cell.pending() - cell.posted());
        cell.posted()
    };
    // Rows: sent, sold in this hour and the next, budget.
    let rows = |table: &CapTable| [0, 1, 2, 3].map(|row| posted(table, row));
    assert_eq!(rows(&table), [1, 1, 0, 30]);
    let after = counters.refresh(&snapshot(&[], &[&caps]), hours_later(1));
    after.give_back(FIRST, MIDNIGHT, Amount::from_micros(20));
    assert_eq!(rows(&after), [1, 0, 0, 10], "its hour is over; what was sent stays sent");
    assert_eq!(rows(&table)[1], 1, "an hour that is over is left as it was");
    table.give_back(FIRST, MIDNIGHT, Amount::from_micros(20));
    assert_eq!(rows(&table), [1, 0, 0, 0], "no more comes back than was posted");
}
