//! Every interleaving of reserving, releasing and changing a limit, with
//! `RUSTFLAGS="--cfg loom" CARGO_TARGET_DIR=target/loom cargo test -p exchange-counters --test loom --release`.
//! Without `--cfg loom` there is nothing here.
#![cfg(loom)]

use exchange_counters::Cell;
use loom::sync::Arc;
use loom::thread;

/// Checks what holds at rest: the room is what the limit leaves.
fn assert_at_rest(cell: &Cell) {
    assert_eq!(cell.room(), cell.limit() - cell.pending() - cell.posted());
}

#[test]
fn two_takes_of_the_last_unit_never_both_succeed() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(1));
        let other = Arc::clone(&cell);
        let taker = thread::spawn(move || other.try_take(1));
        let here = cell.try_take(1);
        let there = taker.join().expect("the taker ends");
        assert!(here != there, "exactly one takes the last unit");
        assert_at_rest(&cell);
    });
}

#[test]
fn released_room_is_usable_again() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(2));
        assert!(cell.try_take(1));
        let other = Arc::clone(&cell);
        let releaser = thread::spawn(move || other.give_back(1));
        assert!(cell.try_take(1));
        releaser.join().expect("the releaser ends");
        assert!(cell.try_take(1));
        assert!(!cell.try_take(1));
        assert_at_rest(&cell);
    });
}

/// Lowers a limit of two to one while units are taken and given back. Whatever the order, the room is right.
fn lower_beside_a_take(lower: fn(&Cell, i64)) {
    loom::model(move || {
        let cell = Arc::new(Cell::new(2));
        assert!(cell.try_take(1));
        let (taking, releasing) = (Arc::clone(&cell), Arc::clone(&cell));
        let taker = thread::spawn(move || taking.try_take(1));
        let releaser = thread::spawn(move || releasing.post(1, 1));
        lower(&cell, 1);
        let taken = taker.join().expect("the taker ends");
        releaser.join().expect("the releaser ends");
        assert_eq!(cell.room(), if taken { -1 } else { 0 });
        assert_at_rest(&cell);
    });
}

#[test]
fn a_lowered_limit_takes_from_the_room() {
    lower_beside_a_take(Cell::adjust_limit);
}

#[test]
#[should_panic(expected = "assertion")]
fn a_lowered_limit_that_is_stored_is_found() {
    lower_beside_a_take(Cell::adjust_limit_wrongly);
}

#[test]
fn a_cell_is_never_closed_under_a_reservation() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(1));
        let other = Arc::clone(&cell);
        let taker = thread::spawn(move || other.try_take(1));
        let closed = cell.close();
        let taken = taker.join().expect("the taker ends");
        assert!(!(closed && taken), "a reservation keeps its cell");
        if taken {
            cell.give_back(1);
            assert!(cell.try_take(1), "a cell that stayed open has its room back");
        }
    });
}

#[test]
fn a_deposit_beside_a_take_and_a_correction_is_not_lost() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(1));
        let (taking, charging) = (Arc::clone(&cell), Arc::clone(&cell));
        let taker = thread::spawn(move || taking.try_take(2));
        let corrector = thread::spawn(move || charging.post_regardless(1));
        cell.adjust_limit(2);
        let taken = taker.join().expect("the taker ends");
        corrector.join().expect("the corrector ends");
        assert_eq!(cell.room(), if taken { -1 } else { 1 });
        assert_at_rest(&cell);
    });
}

#[test]
fn a_return_never_gives_room_to_a_window_that_was_closed() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(1));
        assert!(cell.try_take(1));
        cell.post(1, 1);
        let generation = cell.generation();
        let other = Arc::clone(&cell);
        let returner = thread::spawn(move || other.give_back_posted(generation, 1));
        let closed = cell.close();
        returner.join().expect("the returner ends");
        if closed {
            // Whether it came back before the cell was closed or not at all.
            assert!(
                cell.room() < i64::MIN / 4,
                "a closed cell has no room, and what it lacks is what it was closed by"
            );
            assert_eq!(cell.room() + cell.posted(), 1 - i64::MAX / 2);
        } else {
            // Beside an attempt to close the cell nothing may come back; what does, comes back whole.
            assert_at_rest(&cell);
            assert!(matches!((cell.room(), cell.posted()), (1, 0) | (0, 1)));
        }
        assert_eq!(cell.pending(), 0);
    });
}

#[test]
fn two_returns_give_back_no_more_than_was_posted() {
    loom::model(|| {
        let cell = Arc::new(Cell::new(3));
        assert!(cell.try_take(1));
        cell.post(1, 1);
        let generation = cell.generation();
        let other = Arc::clone(&cell);
        let returner = thread::spawn(move || other.give_back_posted(generation, 1));
        cell.give_back_posted(generation, 1);
        returner.join().expect("the returner ends");
        assert_eq!((cell.room(), cell.posted(), cell.pending()), (3, 0, 0));
    });
}
