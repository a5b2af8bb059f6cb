//! Thousands of seeded mutations of a small journal: nothing panics, and nothing is read that was not written.

use exchange_journal::{Approval, OpenError, repair, verify};

use crate::disk::Disk;
use crate::records::{AT, commit, open_tiny, read_all, records};

/// Where the numbers of a seed come from (`SplitMix64`).
struct Draws(u64);

impl Draws {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        usize::try_from(self.next() % bound.max(1) as u64).expect("below the bound")
    }
}

fn journal() -> Disk {
    let disk = Disk::new();
    let (mut journal, _) = open_tiny(&disk).expect("a new journal");
    for lengths in [&[30, 0][..], &[700], &[9], &[50, 60, 70]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    journal.roll(AT).expect("a good disk");
    for lengths in [&[20][..], &[10, 11], &[300], &[1]] {
        commit(&mut journal, lengths).expect("a good disk");
    }
    disk
}

fn mutate(bytes: &mut Vec<u8>, draws: &mut Draws) {
    // The preallocated zeros are most of the file and least of the matter.
    let used = bytes.iter().rposition(|byte| *byte != 0).map_or(0, |last| last + 40).min(bytes.len());
    let (from, to) = (draws.below(used), draws.below(used));
    let length = 1 + draws.below(200);
    match draws.below(6) {
        0 => bytes[from] ^= 1 << draws.below(8),
        1 => {
            let value = [0, 0xff, 1, 0x7f][draws.below(4)];
            let end = (from + length).min(bytes.len());
            bytes[from..end].fill(value);
        }
        2 => bytes.truncate(from),
        // A stretch of the file stands somewhere else: whole batches among them.
        3 => {
            let stretch = bytes[from..(from + 2 * length).min(used)].to_vec();
            let end = (to + stretch.len()).min(bytes.len());
            bytes[to..end].copy_from_slice(&stretch[..end - to]);
        }
        4 => {
            bytes.drain(from..(from + length).min(used));
        }
        _ => {
            let number = draws.next().to_le_bytes();
            let end = (from + 8).min(bytes.len());
            bytes[from..end].copy_from_slice(&number[..end - from]);
        }
    }
}

#[test]
fn no_mutation_is_taken_for_the_journal() {
    let good = journal();
    let whole = records(&read_all(&good));
    let names = good.segments();
    let (mut refused, mut cut) = (0, 0);
    for seed in 0..5_000 {
        let mut draws = Draws(seed);
        let disk = good.restart();
        for _ in 0..=draws.below(3) {
            let name = &names[draws.below(names.len())];
            let mut bytes = disk.read(name);
            if !bytes.is_empty() {
                mutate(&mut bytes, &mut draws);
            }
            disk.put(name, bytes);
        }
        let report = verify(&disk).expect("a disk that reads");
        match open_tiny(&disk) {
            Ok((_, found)) => cut += usize::from(found.cut.is_some()),
            Err(OpenError::Damaged(_)) => {
                refused += 1;
                assert!(report.is_damaged(), "seed {seed}");
                let done = repair(&disk, Approval::Drop { at: AT }).expect("a good disk");
                assert!(!done.dropped.is_empty(), "seed {seed}");
                open_tiny(&disk).expect("what is left is good");
            }
            Err(error) => panic!("seed {seed}: {error}"),
        }
        let read = records(&read_all(&disk));
        assert_eq!(read, whole[..read.len()], "seed {seed}");
        assert_eq!(read.len() as u64, report.last_sequence, "seed {seed}");
    }
    assert!(refused > 4_000 && cut > 200, "{refused} refused, {cut} cut");
}
