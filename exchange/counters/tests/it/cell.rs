//! What one cell does by itself; what it does under several threads at once stands in `tests/loom.rs`.

use exchange_counters::Cell;

/// Room, pending and posted.
fn totals(cell: &Cell) -> (i64, i64, i64) {
    (cell.room(), cell.pending(), cell.posted())
}

#[test]
fn a_closed_cell_has_no_room_and_takes_no_return() {
    let cell = Cell::new(10);
    assert!(cell.try_take(2));
    cell.post(2, 2);
    assert!(cell.close());
    assert!(!cell.try_take(1));
    let closed = totals(&cell);
    cell.give_back_posted(cell.generation(), 1);
    assert_eq!(totals(&cell), closed);
}

#[test]
fn a_cell_on_which_something_is_pending_stays_open() {
    let cell = Cell::new(10);
    assert!(cell.try_take(2));
    assert!(!cell.close());
    assert_eq!(totals(&cell), (8, 2, 0));
    cell.give_back(2);
    assert!(cell.close());
}

#[test]
fn a_return_finds_its_own_window_only_and_at_most_what_was_posted() {
    // Limit, posted, windows since, given back; room and posted after it.
    let cases = [
        (10, 3, 0, 1, (8, 2)),
        (10, 3, 0, 5, (10, 0)),
        (3, 3, 0, 3, (3, 0)),
        (1, 3, 0, 1, (-1, 2)),
        (10, 3, 1, 1, (7, 3)),
        (10, -3, 0, 1, (13, -3)),
    ];
    for (limit, posted, windows, back, expected) in cases {
        let cell = Cell::new(limit);
        cell.post_regardless(posted);
        cell.give_back_posted(cell.generation() + windows, back);
        assert_eq!(totals(&cell), (expected.0, 0, expected.1), "{limit} {posted} {windows} {back}");
    }
}
