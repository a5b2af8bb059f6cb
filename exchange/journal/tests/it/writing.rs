//! The writer's thread: several sources, one sync, an acknowledgement for each.

use core::time::Duration;
use std::thread::{self, JoinHandle};
use std::time::Instant;

use exchange_journal::{
    AppendError, Frame, Hooks, JournalConfig, Reader, State, Storage as _, Writer, WriterConfig, WriterHandle,
};
use exchange_protocol::RecordBatch;

use crate::disk::{Disk, Failing};
use crate::records::{AT, Batch, opened, read_all, records};

const CONFIG: WriterConfig =
    WriterConfig { sources: 4, inlet_bytes_max: 20_000, watch_every: Duration::from_mins(1) };

fn start(disk: &Disk) -> (WriterHandle, JoinHandle<()>) {
    let waiting = thread::current();
    let hooks = Hooks { wake: Box::new(move |_| waiting.unpark()), clock: Box::new(|| AT) };
    Writer::start(opened(disk).0, CONFIG, hooks).expect("a thread")
}

/// Waits until something holds that the writer brings about.
fn until(mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_mins(1);
    while !holds() {
        assert!(Instant::now() < deadline, "the writer does not get there");
        thread::park_timeout(Duration::from_millis(5));
    }
}

fn append(handle: &WriterHandle, source: u16, first: u64, lengths: &[usize]) -> Result<(), AppendError> {
    let batch = Batch::new(u64::from(source) << 32 | first, lengths);
    let Batch { count, bytes, sealed } = &batch;
    handle.append(source, RecordBatch { first, count: *count, bytes, sealed })
}

/// Returns source and number of each record, as `append` has written them.
fn authors(frame: &Frame<'_>) -> Vec<(u16, u64)> {
    let author = |bytes: &[u8]| {
        let number = u64::from_le_bytes(bytes[6..14].try_into().expect("8 bytes"));
        (u16::try_from(number >> 32).expect("a source"), number & 0xffff_ffff)
    };
    frame.records().map(|(_, bytes)| author(bytes)).collect()
}

/// Four sources append batches of one to five records from threads of their own.
fn several_sources(round: u64) {
    const RECORDS: u64 = 300;
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    thread::scope(|scope| {
        for source in 0..4 {
            let handle = handle.clone();
            scope.spawn(move || {
                let mut next = 1;
                while next <= RECORDS {
                    let count = (1 + (next * 7 + round + u64::from(source)) % 5).min(RECORDS + 1 - next);
                    let lengths = vec![
                        usize::try_from(next % 90).expect("small");
                        usize::try_from(count).expect("small")
                    ];
                    match append(&handle, source, next, &lengths) {
                        Ok(()) => next += count,
                        // As the shard does: it keeps the batch and comes again.
                        Err(AppendError::Full { .. }) => thread::yield_now(),
                        Err(error) => panic!("{error}"),
                    }
                    assert!(handle.durable(source) < next);
                }
            });
        }
    });
    until(|| (0..4).all(|source| handle.durable(source) == RECORDS));
    assert_eq!((handle.durable_sequence(), handle.backlog_bytes()), (4 * RECORDS, 0));
    // What is acknowledged survives the power cut before the stop.
    check_sources(&disk.power_cut(|| false), round);
    handle.stop();
    join.join().expect("the writer ends");
    assert_eq!(handle.state(), State::Stopped);
    assert!(opened(&disk.restart()).1.clean);
}

fn check_sources(disk: &Disk, round: u64) {
    let mut next = [1_u64; 4];
    let mut reader = Reader::new(disk.clone(), 0).expect("a journal");
    while let Some(frame) = reader.next(u64::MAX).expect("a good journal") {
        for (source, number) in authors(&frame) {
            let expected = &mut next[usize::from(source)];
            assert_eq!(number, *expected, "source {source}");
            *expected += 1;
        }
        // No batch of a source goes on in the next frame: every source stands between two of its batches.
        for (source, next) in next.iter().enumerate() {
            let mut at = 1;
            while at < *next {
                at += (1 + (at * 7 + round + source as u64) % 5).min(301 - at);
            }
            assert_eq!(at, *next, "source {source}");
        }
    }
    assert_eq!(next, [301; 4]);
}

#[test]
fn the_records_of_several_sources_keep_their_order() {
    for round in 0..20 {
        several_sources(round);
    }
}

#[test]
fn what_comes_during_a_sync_is_committed_with_the_next() {
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    disk.stall(true);
    append(&handle, 0, 1, &[10]).expect("room");
    // The first batch is being synced when the second one gathers; nothing here waits for it.
    until(|| disk.read("00000000000000000001.log")[96] != 0);
    for number in 1..=50 {
        append(&handle, 1, number, &[20]).expect("room");
        append(&handle, 2, number, &[30]).expect("room");
    }
    assert_eq!((handle.durable(0), handle.durable_sequence()), (0, 0));
    assert!(handle.backlog_bytes() > 3_000);
    disk.stall(false);
    until(|| handle.durable(1) == 50 && handle.durable(2) == 50);
    assert_eq!(handle.durable(0), 1);
    handle.stop();
    join.join().expect("the writer ends");
    let sizes: Vec<usize> = read_all(&disk).iter().map(|batch| batch.records.len()).collect();
    assert_eq!(sizes[0], 1);
    assert!(sizes.len() <= 3, "a hundred appends in {sizes:?}");
}

#[test]
fn nothing_is_acknowledged_after_the_disk_has_failed() {
    for how in [Failing::Device, Failing::Full, Failing::Short] {
        let disk = Disk::new();
        let (handle, join) = start(&disk);
        append(&handle, 0, 1, &[10]).expect("room");
        until(|| handle.durable(0) == 1);
        disk.fail_at(0, how);
        append(&handle, 0, 2, &[10]).expect("room");
        until(|| matches!(handle.state(), State::Failed(_)));
        join.join().expect("the writer ends");
        let before = disk.changes();
        assert_eq!(append(&handle, 0, 3, &[10]), Err(AppendError::Closed));
        assert_eq!(append(&handle, 1, 1, &[10]), Err(AppendError::Closed));
        assert_eq!((handle.durable(0), handle.durable(1), handle.durable_sequence()), (1, 0, 1));
        handle.stop();
        assert!(matches!(handle.state(), State::Failed(_)));
        assert_eq!(disk.changes(), before);
        assert_eq!(opened(&disk.power_cut(|| false)).1.last_sequence, 1);
    }
}

#[test]
fn a_full_disk_shows_and_passes() {
    let disk = Disk::new();
    let waiting = thread::current();
    let hooks = Hooks { wake: Box::new(move |_| waiting.unpark()), clock: Box::new(|| AT) };
    let config = WriterConfig { watch_every: Duration::from_millis(1), ..CONFIG };
    let (handle, join) = Writer::start(opened(&disk).0, config, hooks).expect("a thread");
    disk.set_free(5);
    until(|| handle.state() == State::Full { free: 5 });
    append(&handle, 3, 1, &[10]).expect("what is in flight is still written");
    until(|| handle.durable(3) == 1);
    disk.set_free(1 << 20);
    until(|| handle.state() == State::Running);
    handle.stop();
    join.join().expect("the writer ends");
}

#[test]
fn a_given_up_ballast_shows_without_waiting_for_the_watch() {
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    append(&handle, 0, 1, &[2_900]).expect("room");
    until(|| handle.durable(0) == 1 && handle.state() == State::Running);
    disk.set_free(0);
    for number in 2..=3 {
        append(&handle, 0, number, &[2_900]).expect("room");
        until(|| handle.durable(0) == number);
    }
    until(|| handle.state() == State::Full { free: 0 });
    handle.stop();
    join.join().expect("the writer ends");
}

#[test]
fn a_stop_commits_what_was_appended_and_takes_nothing_after() {
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    disk.stall(true);
    for number in 1..=20 {
        append(&handle, 2, number, &[40]).expect("room");
    }
    handle.stop();
    disk.stall(false);
    join.join().expect("the writer ends");
    assert_eq!(handle.durable(2), 20);
    assert_eq!(append(&handle, 2, 21, &[1]), Err(AppendError::Closed));
    assert_eq!(records(&read_all(&disk)).len(), 20);
    assert!(disk.list().expect("names").contains(&"closed".to_owned()));
}

#[test]
fn what_cannot_be_taken_is_handed_back_by_name() {
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    assert_eq!(append(&handle, 4, 1, &[1]), Err(AppendError::NoSource { source_index: 4, sources: 4 }));
    assert_eq!(append(&handle, 0, 1, &[4_500]), Err(AppendError::TooLarge { bytes: 6_014, max: 6_000 }));
    append(&handle, 0, 1, &[1, 1]).expect("room");
    assert_eq!(append(&handle, 0, 2, &[1]), Err(AppendError::OutOfOrder { first: 2, expected: 3 }));
    append(&handle, 0, 3, &[]).expect("nothing to do");
    until(|| handle.durable(0) == 2);
    disk.stall(true);
    append(&handle, 0, 3, &[1]).expect("room");
    until(|| disk.read("00000000000000000001.log")[96 + 96 + 30] != 0);
    // 20,000 bytes are the limit, at it and one past it.
    for first in 4..8 {
        append(&handle, 0, first, &[3_000]).expect("room");
    }
    let held = 4 * (3_014 + 1_000);
    let full = AppendError::Full { held, bytes: 14 + 2_949 + 983, max: 20_000 };
    assert_eq!(append(&handle, 0, 8, &[2_949]), Err(full));
    append(&handle, 0, 8, &[2_948]).expect("exactly what is left");
    disk.stall(false);
    handle.stop();
    join.join().expect("the writer ends");
    assert_eq!(handle.durable(0), 8);
}

#[test]
fn a_batch_that_is_no_records_stops_the_journal() {
    let disk = Disk::new();
    let (handle, join) = start(&disk);
    let batch = RecordBatch { first: 1, count: 2, bytes: &[6, 0, 0, 0, 1, 1], sealed: &[] };
    handle.append(0, batch).expect("only the writer looks into it");
    join.join().expect("the writer ends");
    let State::Failed(failure) = handle.state() else { panic!("{:?}", handle.state()) };
    assert!(failure.to_string().contains("does not hold the 2 records"), "{failure}");
    assert!(read_all(&disk).is_empty());
}

#[test]
fn a_commit_by_the_system_survives_the_process_and_segments_survive_the_power() {
    let disk = Disk::new();
    let config = JournalConfig { durability: exchange_journal::Durability::Os, ..crate::records::SMALL };
    let open = |disk: &Disk| {
        exchange_journal::Journal::open(disk.clone(), config, &crate::records::opening()).expect("a journal")
    };
    let (mut journal, _) = open(&disk);
    for _ in 0..5 {
        crate::records::commit(&mut journal, &[2_000]).expect("a good disk");
    }
    drop(journal);
    // The process dies: nothing is lost. The power goes: what stands in full segments is there.
    assert_eq!(open(&disk.restart()).1.last_sequence, 5);
    let left = disk.power_cut(|| false);
    assert_eq!(open(&left).1.last_sequence, 4);
}
