//! The log on a real disk: committing beside a bare `fdatasync`, and reading a million records back.
//!
//! The files are in the build's temporary directory; what is measured is the disk below it.

use std::fs::File;
use std::os::unix::fs::FileExt as _;
use std::path::Path;

use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use exchange_benches::NOW;
use exchange_journal::{
    Durability, FileStorage, Journal, JournalConfig, JournalId, Opening, Part, Reader, Released, retire,
    verify,
};
use tempfile::TempDir;

/// Bytes of one record, about those of an intent with its share of an outcome and a story.
const RECORD: usize = 150;
/// What the bare loop writes into, round and round.
const ROOM: u64 = 64 << 20;
const MILLION: u64 = 1_000_000;

fn records(count: usize) -> Vec<u8> {
    let length = u32::try_from(RECORD).expect("small").to_le_bytes();
    let record: Vec<u8> = length.into_iter().chain(std::iter::repeat(7)).take(RECORD).collect();
    record.repeat(count)
}

fn directory() -> TempDir {
    tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).expect("a directory")
}

fn journal(path: &Path, durability: Durability) -> (Journal<FileStorage>, FileStorage) {
    let storage = FileStorage::exclusive(path).expect("a directory");
    let config = JournalConfig { durability, ..JournalConfig::default() };
    let opening = Opening { id: JournalId([1; 16]), at: NOW.utc, verify_from: 0 };
    (Journal::open(storage.clone(), config, &opening).expect("a new journal").0, storage)
}

fn commit(criterion: &mut Criterion) {
    for (name, durability) in [("sync", Durability::Sync), ("os", Durability::Os)] {
        let mut group = criterion.benchmark_group(format!("commit, {name}"));
        group.sample_size(10);
        for size in [1_usize, 64, 1_024] {
            let bytes = records(size);
            let part = Part { count: u64::try_from(size).expect("small"), bytes: &bytes, sealed: &[] };
            group.throughput(Throughput::Elements(part.count));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                let directory = directory();
                let (mut journal, storage) = journal(directory.path(), durability);
                let mut retired = 0;
                bencher.iter(|| {
                    let committed = journal.commit(&[part], NOW.utc).expect("a good disk");
                    if committed.last - retired > MILLION {
                        retired = committed.last;
                        let all = Released { projected: retired, checkpointed: retired, archived: retired };
                        retire(&storage, all).expect("a good disk");
                    }
                });
            });
        }
        group.finish();
    }
}

/// What the disk takes for one write and one sync, into room that was written before and into room that was
/// never written.
fn bare(criterion: &mut Criterion) {
    let directory = directory();
    for size in [1_usize, 64, 1_024] {
        let bytes = records(size);
        for (room, written) in [("written", true), ("unwritten", false)] {
            let file = File::create(directory.path().join(format!("{size} {written}"))).expect("a file");
            if written {
                let zeros = vec![0; 1 << 20];
                for at in 0..64 {
                    file.write_all_at(&zeros, at << 20).expect("a good disk");
                }
            } else {
                file.set_len(ROOM).expect("a good disk");
            }
            file.sync_all().expect("a good disk");
            let mut offset = 0;
            let mut group = criterion.benchmark_group(format!("write and fdatasync, room {room}"));
            group.sample_size(10).throughput(Throughput::Elements(u64::try_from(size).expect("small")));
            group.bench_function(BenchmarkId::from_parameter(size), |bencher| {
                bencher.iter(|| {
                    file.write_all_at(&bytes, offset).expect("a good disk");
                    file.sync_data().expect("a good disk");
                    offset = (offset + u64::try_from(bytes.len()).expect("small")) % (ROOM - (1 << 20));
                });
            });
            group.finish();
        }
    }
}

fn read(criterion: &mut Criterion) {
    let directory = directory();
    let (mut journal, storage) = journal(directory.path(), Durability::Os);
    let bytes = records(64);
    for _ in 0..MILLION / 64 {
        journal.commit(&[Part { count: 64, bytes: &bytes, sealed: &[] }], NOW.utc).expect("a good disk");
    }
    let mut group = criterion.benchmark_group("a million records");
    group.sample_size(10).throughput(Throughput::Elements(MILLION));
    group.bench_function("read", |bencher| {
        bencher.iter(|| {
            let mut reader = Reader::new(storage.clone(), 0).expect("a journal");
            let mut count = 0_u64;
            while let Some(frame) = reader.next(u64::MAX).expect("a good journal") {
                count += frame.records().map(|(_, record)| u64::from(record.len() == RECORD)).sum::<u64>();
            }
            assert_eq!(count, MILLION);
        });
    });
    group.bench_function("verify", |bencher| {
        bencher.iter(|| assert_eq!(verify(&storage).expect("a good disk").last_sequence, MILLION));
    });
    group.finish();
}

criterion_group!(benches, commit, bare, read);
criterion_main!(benches);
