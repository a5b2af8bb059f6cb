//! Threads that take all there is.

use std::thread;

use exchange_catalog::snapshot::{CapKind, WindowKind};
use exchange_counters::{Counters, CountersConfig};
use exchange_types::Amount;

use crate::catalog::{FIRST, MIDNIGHT, cap, snapshot};

#[test]
#[expect(clippy::disallowed_methods, reason = "the cells exist to be shared by threads")]
fn eight_threads_sell_a_cap_of_a_thousand_exactly() {
    let counters = Counters::new(CountersConfig { cells_max: 16, ..CountersConfig::default() });
    let price = Amount::from_micros(5);
    let caps = [cap(CapKind::Sold, WindowKind::Day, 1_000), cap(CapKind::Budget, WindowKind::Total, 5_000)];
    let table = counters.refresh(&snapshot(&caps, &[&caps]), MIDNIGHT);
    let (threads, rounds) = (8, 400);
    let sell = |offset: usize| {
        let sales = (0..rounds).filter(|round| {
            let Ok(reservation) = table.reserve(FIRST, MIDNIGHT, price) else { return false };
            // Every third is rejected and gives its room back.
            let accepted = !(round + offset).is_multiple_of(3);
            if accepted {
                counters.cells().commit(reservation, price);
            } else {
                counters.cells().release(reservation);
            }
            accepted
        });
        sales.count()
    };
    let total: usize = thread::scope(|scope| {
        let threads: Vec<_> = (0..threads)
            .map(|offset| {
                let sell = &sell;
                scope.spawn(move || sell(offset))
            })
            .collect();
        threads.into_iter().map(|thread| thread.join().expect("a seller ends")).sum()
    });
    assert_eq!(total, 1_000);
    for row in table.rows().iter().filter(|row| row.window.opens <= MIDNIGHT) {
        let cell = counters.cells().get(row.cell).expect("a live cell");
        assert_eq!((cell.room(), cell.pending(), cell.posted()), (0, 0, cell.limit()));
    }
}
