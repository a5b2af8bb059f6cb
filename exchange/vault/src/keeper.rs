//! [`Keeper`]: makes slot files ahead of their use and feeds their keys to the drawers.
//!
//! A file has its name only after it is whole and on disk, so a slot that is drawn survives every crash. No file
//! of an earlier process is drawn from: how far it had come, nobody knows.

use std::collections::VecDeque;
use std::io;
use std::path::{Path, PathBuf};

use exchange_protocol::SealClass;
use exchange_types::UtcMicros;
use zeroize::Zeroizing;

use crate::header::{Header, SALT_BYTES, slot_offset};
use crate::slot_files::{folder, path, unfinished_path};
use crate::slot_key::{FileKey, KEY_BYTES, NoKey, SLOT_BYTES};
use crate::supply::{CHUNK_SLOTS, Chunk, READY_SLOTS, Supply};
use crate::vault::Shared;

/// Unfed slots that are on disk at least, so that the next file is made before the last one is used up.
const AHEAD_SLOTS: u32 = READY_SLOTS;
/// A file that is used up within this time is followed by a larger one: 10 minutes.
const SOON_US: i64 = 600_000_000;
/// Slots that are written at once: 256 KiB.
const PIECE_SLOTS: u32 = 4_096;

/// What one call of [`crate::Vault::keep_ahead`] did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Kept {
    /// Files that were made.
    pub files: u32,
    /// Slots that were made ready to be drawn.
    pub slots: u32,
}

/// Why keys could not be made ready. Those that are ready can still be drawn.
#[derive(Debug, thiserror::Error)]
pub enum KeepError {
    /// A slot file cannot be written or read back.
    #[error("cannot use the slot file {}", path.display())]
    Io {
        /// The file, below the vault's folder.
        path: PathBuf,
        /// Why.
        source: io::Error,
    },
    /// A file does not hold what was written. It is drawn from no longer; the next call makes another.
    #[error("the slot file {} does not hold what was written to it: look at the disk", path.display())]
    Damaged {
        /// The file, below the vault's folder.
        path: PathBuf,
    },
    /// There are no numbers left for files of a class.
    #[error("the slot files of {} have used up their numbers: begin a new data directory", folder(*class).display())]
    NumbersExhausted {
        /// The class.
        class: SealClass,
    },
}

/// What the keeper of one class knows.
#[derive(Debug)]
pub(crate) struct Keeper {
    /// The number of the next file; above `u32::MAX` there are none left.
    next_file: u64,
    /// The files with slots that were not fed yet, oldest first.
    feeding: VecDeque<Feeding>,
    /// The files that may be drawn from and until when, oldest first. Bounded by the files of one span.
    live: VecDeque<(u32, UtcMicros)>,
    /// When the last file was made, and its slots.
    last: Option<(UtcMicros, u32)>,
}

#[derive(Debug)]
struct Feeding {
    file: u32,
    slots: u32,
    next: u32,
    key: FileKey,
}

impl Keeper {
    pub(crate) const fn new(next_file: u64) -> Self {
        Self { next_file, feeding: VecDeque::new(), live: VecDeque::new(), last: None }
    }

    /// Closes what may no longer be drawn from, then makes and feeds until enough is ready.
    pub(crate) fn keep(
        &mut self,
        vault: &Shared,
        class: SealClass,
        now: UtcMicros,
        kept: &mut Kept,
    ) -> Result<(), KeepError> {
        let supply = vault.supplies.of(class);
        self.close_expired(supply, now);
        while !supply.is_full() {
            if self.feeding.is_empty() {
                self.make(vault, class, now)?;
                kept.files += 1;
            }
            kept.slots += self.feed(vault, class)?;
        }
        let unfed = self.feeding.iter().fold(0_u32, |sum, it| sum.saturating_add(it.slots - it.next));
        if unfed < AHEAD_SLOTS {
            self.make(vault, class, now)?;
            kept.files += 1;
        }
        Ok(())
    }

    /// Makes sure that no slot of a file up to this number is drawn any more.
    pub(crate) fn begin_after(&mut self, supply: &Supply, file: u32) {
        if u64::from(file) < supply.oldest() {
            return;
        }
        self.next_file = self.next_file.max(u64::from(file) + 1);
        self.feeding.clear();
        self.live.clear();
        supply.close_below(self.next_file);
        supply.drop_closed();
    }

    fn close_expired(&mut self, supply: &Supply, now: UtcMicros) {
        let mut closed = false;
        while self.live.front().is_some_and(|(_, until)| *until <= now) {
            self.live.pop_front();
            closed = true;
        }
        if closed {
            let oldest = self.live.front().map_or(self.next_file, |(file, _)| u64::from(*file));
            self.feeding.retain(|it| u64::from(it.file) >= oldest);
            supply.close_below(oldest);
            supply.drop_closed();
        }
    }

    /// Returns the slots of the next file.
    fn next_slots(&self, vault: &Shared, now: UtcMicros) -> u32 {
        let first = vault.config.file_slots_first.max(1);
        let soon = self.last.filter(|(at, _)| now.0.saturating_sub(at.0) < SOON_US);
        let slots = soon.map_or(first, |(_, slots)| slots.saturating_mul(2));
        slots.min(vault.config.file_slots_max.max(1))
    }

    fn make(&mut self, vault: &Shared, class: SealClass, now: UtcMicros) -> Result<(), KeepError> {
        let file = u32::try_from(self.next_file).map_err(|_| KeepError::NumbersExhausted { class })?;
        // A number that failed is not used again: its file may be there or not.
        self.next_file += 1;
        let slots = self.next_slots(vault, now);
        let drawn_until = UtcMicros(now.0.saturating_add(vault.config.file_span_us));
        let key = write_file(vault, Plan { class, file, slots, drawn_until });
        let key = key.map_err(|source| KeepError::Io { path: path(class, file), source })?;
        self.feeding.push_back(Feeding { file, slots, next: 0, key });
        self.live.push_back((file, drawn_until));
        self.last = Some((now, slots));
        Ok(())
    }

    /// Feeds a chunk of the oldest file and returns its slots.
    fn feed(&mut self, vault: &Shared, class: SealClass) -> Result<u32, KeepError> {
        let Some(from) = self.feeding.front_mut() else { return Ok(0) };
        let count = CHUNK_SLOTS.min(from.slots - from.next);
        let path = path(class, from.file);
        let chunk = match from.read(vault, &path, count) {
            Ok(chunk) => chunk,
            Err(error) => {
                self.feeding.pop_front();
                return Err(error);
            }
        };
        from.next += count;
        if from.next == from.slots {
            self.feeding.pop_front();
        }
        let slots = u32::try_from(chunk.keys.len()).unwrap_or(count);
        vault.supplies.of(class).offer(chunk);
        Ok(slots)
    }
}

impl Feeding {
    /// Reads the next keys from the file itself, which proves that it holds them.
    fn read(&self, vault: &Shared, path: &Path, count: u32) -> Result<Chunk, KeepError> {
        let mut bytes = vec![0; count as usize * SLOT_BYTES];
        let read = vault.storage.open(path).and_then(|file| file.read_at(slot_offset(self.next), &mut bytes));
        read.map_err(|source| KeepError::Io { path: path.to_owned(), source })?;
        let (slots, _) = bytes.as_chunks::<SLOT_BYTES>();
        let mut keys = Vec::with_capacity(slots.len());
        for (index, slot) in (self.next..).zip(slots) {
            match self.key.unwrap(index, slot) {
                Ok(key) => keys.push((index, key)),
                Err(NoKey::Erased) => {}
                Err(NoKey::Damaged) => return Err(KeepError::Damaged { path: path.to_owned() }),
            }
        }
        // A drawer takes them from the end.
        keys.reverse();
        Ok(Chunk { file: self.file, keys })
    }
}

/// A file that is to be made.
#[derive(Clone, Copy)]
struct Plan {
    class: SealClass,
    file: u32,
    slots: u32,
    drawn_until: UtcMicros,
}

/// Writes a file of fresh keys. It has its name and is on disk when this returns.
fn write_file(vault: &Shared, plan: Plan) -> io::Result<FileKey> {
    let unfinished = unfinished_path(plan.class, plan.file);
    let written = write_unfinished(vault, plan, &unfinished).and_then(|key| {
        vault.storage.rename(&unfinished, &path(plan.class, plan.file))?;
        vault.storage.sync_folder(folder(plan.class))?;
        Ok(key)
    });
    if written.is_err() {
        // What cannot be removed now is removed at the next start.
        drop(vault.storage.remove(&unfinished));
    }
    written
}

fn write_unfinished(vault: &Shared, plan: Plan, unfinished: &Path) -> io::Result<FileKey> {
    let Plan { class, file, slots, drawn_until } = plan;
    let mut salt = [0; SALT_BYTES];
    vault.storage.fill_random(&mut salt)?;
    let (header, key) = Header { class, file, slots, drawn_until, salt }.encode(&vault.master);
    let to = vault.storage.create(unfinished)?;
    to.write_at(0, &header)?;
    let mut keys = Zeroizing::new(vec![0; PIECE_SLOTS.min(slots) as usize * KEY_BYTES]);
    let mut wrapped = Vec::with_capacity(PIECE_SLOTS.min(slots) as usize * SLOT_BYTES);
    let mut begin = 0;
    while begin < slots {
        let count = PIECE_SLOTS.min(slots - begin);
        vault.storage.fill_random(&mut keys)?;
        let (keys, _) = keys.as_chunks::<KEY_BYTES>();
        wrapped.clear();
        for (index, slot_key) in (begin..begin + count).zip(keys) {
            wrapped.extend_from_slice(&key.wrap(index, slot_key));
        }
        to.write_at(slot_offset(begin), &wrapped)?;
        begin += count;
    }
    to.sync()?;
    Ok(key)
}
