//! What stands after the last good batch of the last segment.
//!
//! Batch k + 1 is written only after the sync of batch k. So what a power cut has torn is one batch, and no
//! later one can be behind it; a later header proves that a batch was damaged which had been on the disk.

use std::io;

use crate::bytes::{all_zero, array, wide};
use crate::flaw::Flaw;
use crate::frame::{FrameHeader, HEADER_BYTES, MAGIC, SALT_AT};
use crate::storage::{Storage, read_full};

/// Bytes read at a time.
const CHUNK: usize = 1 << 20;

/// A batch header found behind damage.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) offset: u64,
    pub(crate) batch: u64,
    pub(crate) first: u64,
}

/// What stands after the last good batch.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub(crate) struct Tail {
    /// One past the last byte that is not zero; nothing where all are.
    pub(crate) ends: Option<u64>,
    /// The first header behind the damage.
    pub(crate) found: Option<Found>,
    /// The last record that a header announces.
    pub(crate) last: u64,
    /// How many headers there are, and how many records they announce.
    pub(crate) batches: u64,
    pub(crate) records: u64,
}

/// From where to look, and for what.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Behind {
    /// Where the damage begins.
    pub(crate) offset: u64,
    /// The segment's salt; nothing where its header cannot be read, and every salt will do.
    pub(crate) salt: Option<u64>,
    /// The number that the batch at `offset` should have; only a later one is evidence.
    pub(crate) batch: u64,
}

/// Reads the rest of a segment.
pub(crate) fn read<S: Storage>(storage: &S, file: &S::File, behind: Behind) -> io::Result<Tail> {
    let mut tail = Tail::default();
    let left = storage.length(file)?.saturating_sub(behind.offset);
    let size = usize::try_from(left).unwrap_or(CHUNK).clamp(2 * HEADER_BYTES, CHUNK);
    let mut chunk = vec![0; size];
    let mut offset = behind.offset;
    loop {
        let read = read_full(storage, file, &mut chunk, offset)?;
        let bytes = chunk.get(..read).unwrap_or_default();
        if !all_zero(bytes) {
            if let Some(last) = bytes.iter().rposition(|byte| *byte != 0) {
                tail.ends = Some(offset.saturating_add(wide(last)).saturating_add(1));
            }
            look(bytes, offset, behind, &mut tail);
        }
        if read < size {
            return Ok(tail);
        }
        // A header that begins in the last bytes of this chunk is whole in the next.
        offset = offset.saturating_add(wide(size - (HEADER_BYTES - 1)));
    }
}

/// Looks for headers in a chunk that begins at an offset.
fn look(bytes: &[u8], offset: u64, behind: Behind, tail: &mut Tail) {
    for (at, window) in bytes.windows(HEADER_BYTES).enumerate() {
        if !window.starts_with(&MAGIC) {
            continue;
        }
        let own = array(window, SALT_AT).map_or(0, u64::from_le_bytes);
        let at = offset.saturating_add(wide(at));
        match FrameHeader::decode(window, behind.salt.unwrap_or(own)) {
            Ok(header) if header.batch > behind.batch => {
                tail.found.get_or_insert(Found { offset: at, batch: header.batch, first: header.first });
                tail.last = header.last();
                tail.batches = tail.batches.saturating_add(1);
                tail.records = tail.records.saturating_add(u64::from(header.count));
            }
            // Of a release whose numbers cannot be read here: never cut.
            Err(Flaw::Version { .. }) => {
                tail.found.get_or_insert(Found { offset: at, batch: 0, first: 0 });
            }
            Ok(_) | Err(_) => {}
        }
    }
}
