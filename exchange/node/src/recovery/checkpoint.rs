//! The bytes of a [`Recovery`].
//!
//! Little-endian: a magic, a version, the fields in the order below, and a checksum over all of it.

use core::sync::atomic::Ordering;
use std::collections::{BTreeMap, VecDeque};

use exchange_types::{HashKey, UtcMicros, Uuid7};

use super::bytes::{Reader, Writer};
use super::closed_sales::{ClosedSales, Persons};
use super::had::HadByBuyers;
use super::money::Money;
use super::names::Names;
use super::open_sale::OpenSale;
use super::slots::Slots;
use super::suppressed::Suppressed;
use super::tallies::Tallies;
use super::{CheckpointError, Recovery, RecoveryLimits, stopped};
use crate::seen_filter::SeenFilter;

const MAGIC: &[u8; 8] = b"XCHKPT\r\n";
/// The layout of this release.
const VERSION: u32 = 4;
/// The layout before suppression lists and what buyers had.
const WITHOUT_SUPPRESSIONS: u32 = 3;
/// The layout in which a person was noted when its sale was over, not at the first intent. Its bytes are the same.
const PERSONS_AT_END: u32 = 2;
/// The layout before stops.
const WITHOUT_STOPS: u32 = 1;
/// Bytes of the checksum.
const SUM_BYTES: usize = 16;
/// The checksum finds damage, not forgery, so its key is no secret.
const SUM_KEY: HashKey = HashKey::new(*b"exchange-restore");

impl Recovery {
    /// Appends the bytes from which [`Recovery::from_checkpoint`] makes the same again.
    pub fn checkpoint(&mut self, out: &mut Vec<u8>) {
        self.tallies.merge_old(self.latest);
        let start = out.len();
        let mut to = Writer(out);
        to.bytes(MAGIC);
        to.u32(VERSION);
        to.u64(self.applied);
        to.i64(self.latest.0);
        self.names.write(&mut to);
        self.tallies.write(&mut to);
        self.money.write(&mut to);
        to.count(self.open.len());
        self.open.values().for_each(|sale| sale.write(&mut to));
        to.count(self.lapses.len());
        for (at, id) in &self.lapses {
            to.i64(at.0);
            to.u128(id.as_u128());
        }
        self.closed.write(&mut to);
        self.persons.write(&mut to);
        write_filter(&self.seen_claims, &mut to);
        write_filter(&self.seen_persons, &mut to);
        self.slots.write(&mut to);
        stopped::write(&self.stops, &mut to);
        self.suppressed.write(&mut to);
        self.had.write(&mut to);
        let sum = sum_of(out.get(start..).unwrap_or_default());
        out.extend_from_slice(&sum);
    }

    /// Returns the recovery of a checkpoint.
    ///
    /// Limits may be others than those with which it was made: what is too much leaves with the next records.
    ///
    /// # Errors
    ///
    /// Says where the bytes are damaged; then everything is to be read from the first record.
    pub fn from_checkpoint(limits: RecoveryLimits, bytes: &[u8]) -> Result<Self, CheckpointError> {
        let (content, sum) =
            bytes.split_last_chunk::<SUM_BYTES>().ok_or(CheckpointError::Damaged { at: bytes.len() })?;
        let mut from = Reader::new(content);
        if from.array::<8>()? != *MAGIC {
            return Err(CheckpointError::Damaged { at: 0 });
        }
        let version = from.u32()?;
        if !(WITHOUT_STOPS..=VERSION).contains(&version) {
            return Err(CheckpointError::Version { version });
        }
        if sum_of(content) != *sum {
            return Err(CheckpointError::Checksum);
        }
        let mut read = Self::new(limits);
        read.applied = from.u64()?;
        read.latest = UtcMicros(from.i64()?);
        read.names = Names::read(&mut from)?;
        read.tallies = Tallies::read(&mut from)?;
        read.money = Money::read(&mut from)?;
        read.open = read_open(&mut from)?;
        read.lapses = read_lapses(&mut from)?;
        read.closed = ClosedSales::read(&mut from)?;
        read.persons = Persons::read(&mut from)?;
        read_filter(&read.seen_claims, &mut from)?;
        read_filter(&read.seen_persons, &mut from)?;
        read.slots = Slots::read(&mut from)?;
        if version != WITHOUT_STOPS {
            read.stops = stopped::read(&mut from)?;
        }
        if version > WITHOUT_SUPPRESSIONS {
            read.suppressed = Suppressed::read(&mut from)?;
            read.had = HadByBuyers::read(&mut from)?;
        }
        if version <= PERSONS_AT_END {
            read.note_persons_posted();
        }
        if from.is_at_end() { Ok(read) } else { Err(from.damaged()) }
    }
}

pub(super) fn sum_of(bytes: &[u8]) -> [u8; SUM_BYTES] {
    SUM_KEY.hasher().bytes(bytes).finish().to_le_bytes()
}

fn read_open(from: &mut Reader<'_>) -> Result<BTreeMap<Uuid7, OpenSale>, CheckpointError> {
    let count = from.count()?;
    (0..count).map(|_| OpenSale::read(from).map(|sale| (sale.lead.id, sale))).collect()
}

fn read_lapses(from: &mut Reader<'_>) -> Result<VecDeque<(UtcMicros, Uuid7)>, CheckpointError> {
    let count = from.count()?;
    let one = |_| {
        let at = UtcMicros(from.i64()?);
        Ok((at, Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?))
    };
    (0..count).map(one).collect()
}

/// Writes a filter: the words that are not zero, each with its place.
fn write_filter(filter: &SeenFilter, to: &mut Writer<'_>) {
    to.i64(filter.present());
    to.u32(u32::try_from(filter.words().next().map_or(0, <[_]>::len)).unwrap_or(u32::MAX));
    for words in filter.words() {
        let set = || {
            let words = words.iter().map(|word| word.load(Ordering::Relaxed));
            (0_u32..).zip(words).filter(|(_, word)| *word != 0)
        };
        to.count(set().count());
        for (place, word) in set() {
            to.u32(place);
            to.u64(word);
        }
    }
}

fn read_filter(filter: &SeenFilter, from: &mut Reader<'_>) -> Result<(), CheckpointError> {
    filter.set_present(from.i64()?);
    let length = usize::try_from(from.u32()?).unwrap_or(usize::MAX);
    for words in filter.words() {
        let count = from.count()?;
        let same = words.len() == length;
        if !same && count > 0 {
            // Made with another number of bytes, so its keys cannot be told apart: all count as seen.
            for word in words {
                word.store(u64::MAX, Ordering::Relaxed);
            }
        }
        for _ in 0..count {
            let place = usize::try_from(from.u32()?).unwrap_or(usize::MAX);
            let word = from.u64()?;
            if same {
                words.get(place).ok_or_else(|| from.damaged())?.store(word, Ordering::Relaxed);
            }
        }
    }
    Ok(())
}
