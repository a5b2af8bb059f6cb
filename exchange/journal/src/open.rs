//! Opening a journal: what a crash has torn is cut, what was damaged otherwise is refused.

use std::io;

use exchange_types::UtcMicros;

use crate::ballast;
use crate::bytes::wide;
use crate::closing_mark;
use crate::config::{ConfigError, JournalConfig};
use crate::flaw::Flaw;
use crate::frame::{Digest, HEADER_BYTES};
use crate::journal::{Active, Journal, begin};
use crate::segment::{self, JournalId, Link, SegmentHeader, UNFINISHED, copy, write_durably};
use crate::storage::{Storage, is_full};
use crate::verify::{Fault, LastSegment, Walk, walk};

/// How a journal is opened.
#[derive(Clone, Copy, Debug)]
pub struct Opening {
    /// Names a journal that is created now. Nobody must foresee it; an existing journal keeps its own.
    pub id: JournalId,
    /// The time.
    pub at: UtcMicros,
    /// Segments whose records all lie before this sequence are taken at their headers' word; 0 checks every
    /// batch.
    pub verify_from: u64,
}

/// What was found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Opened {
    /// Which journal it is.
    pub id: JournalId,
    /// Whether there was none before.
    pub created: bool,
    /// The sequence of the first record that is still there; one past `last_sequence` where there is none.
    pub first_sequence: u64,
    /// The sequence of the last record; 0 before the first.
    pub last_sequence: u64,
    /// The number of the last batch; 0 before the first.
    pub last_batch: u64,
    /// The digest of the last batch.
    pub digest: Digest,
    /// Whether it had been closed in good order. If not, its last segment was copied.
    pub clean: bool,
    /// What was cut off its end.
    pub cut: Option<Cut>,
}

/// A torn end that was cut: batches of which nothing had been acknowledged.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cut {
    /// In which file.
    pub segment: String,
    /// From which byte on.
    pub offset: u64,
    /// How many bytes.
    pub bytes: u64,
    /// What was wrong there.
    pub flaw: Flaw,
}

/// Why a journal cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// Sizes that do not fit together.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// Records are damaged that were on the disk; going on could sell twice.
    #[error("{0}; see `exchange journal verify`, and `exchange journal repair` for what would be lost")]
    Damaged(Fault),
    /// An archive without ciphertexts is no journal to go on with.
    #[error("{segment} is an archive without ciphertexts; restore the journal from a full copy")]
    Archive {
        /// Which file.
        segment: String,
    },
    /// The disk says no.
    #[error("cannot {step} the journal")]
    Io {
        /// What was being done.
        step: &'static str,
        /// As the system says.
        #[source]
        source: io::Error,
    },
}

impl<S: Storage> Journal<S> {
    /// Opens the journal of a directory, or creates it.
    ///
    /// Where the last process did not close it, the good batches of the last segment are written anew: after a
    /// failed sync the system's cache may show what the disk does not have.
    ///
    /// # Errors
    ///
    /// Says what is damaged, or that the disk says no.
    pub fn open(storage: S, config: JournalConfig, opening: &Opening) -> Result<(Self, Opened), OpenError> {
        config.check()?;
        remove_unfinished(&storage).map_err(io_error("tidy"))?;
        let walk = walk(&storage, opening.verify_from).map_err(io_error("read"))?;
        let cut = judge(&walk)?;
        let Walk { report, link, last, mark } = walk;
        let created = last.is_none();
        let clean = mark == Some(link) && cut.is_none() && !created;
        let mut ballast_there = config.ballast_bytes != 0
            && ballast::is_there(&storage, config.ballast_bytes).map_err(io_error("read"))?;
        let active = match last {
            None => create(&storage, &config, opening),
            Some(last) if clean => resume(&storage, last),
            Some(last) => {
                let first = rewrite(&storage, &config, &last);
                if ballast_there && first.as_ref().is_err_and(is_full) {
                    ballast_there = false;
                    ballast::release(&storage).and_then(|()| rewrite(&storage, &config, &last))
                } else {
                    first
                }
            }
        }
        .map_err(io_error("write"))?;
        // Only now: until the rewritten segment has its name, the mark still guards the old one.
        closing_mark::remove(&storage).map_err(io_error("tidy"))?;
        let opened = Opened {
            id: active.header.journal,
            created,
            first_sequence: report.segments.first().map_or(1, |first| first.first),
            last_sequence: link.last_sequence(),
            last_batch: link.last_batch(),
            digest: link.digest,
            clean,
            cut,
        };
        let mut journal =
            Self { storage, config, active, link, ballast_there, frame: Vec::new(), failed: None };
        // Fills the ballast where there is room.
        journal.watch();
        Ok((journal, opened))
    }
}

/// Refuses damage and returns what has to be cut.
fn judge<S: Storage>(walk: &Walk<S>) -> Result<Option<Cut>, OpenError> {
    if let Some(archive) = walk.report.segments.iter().find(|segment| segment.without_sealed) {
        return Err(OpenError::Archive { segment: archive.name.clone() });
    }
    match &walk.report.fault {
        Some(fault) if fault.proof.is_some() => Err(OpenError::Damaged(fault.clone())),
        Some(Fault { segment, offset, flaw, bytes, .. }) => {
            Ok(Some(Cut { segment: segment.clone(), offset: *offset, bytes: *bytes, flaw: *flaw }))
        }
        None => Ok(None),
    }
}

fn create<S: Storage>(storage: &S, config: &JournalConfig, opening: &Opening) -> io::Result<Active<S::File>> {
    let header = SegmentHeader {
        journal: opening.id,
        without_sealed: false,
        begins: Link::BEGINNING,
        created_at: opening.at,
    };
    begin(storage, &header, config)
}

/// Goes on with a segment that was closed in good order.
fn resume<S: Storage>(storage: &S, last: LastSegment<S>) -> io::Result<Active<S::File>> {
    let LastSegment { file, header, end } = last;
    let limit = storage.length(&file)?;
    Ok(Active { file, header, offset: end, limit })
}

/// Copies the good batches of the last segment into a new file in its place.
fn rewrite<S: Storage>(
    storage: &S,
    config: &JournalConfig,
    last: &LastSegment<S>,
) -> io::Result<Active<S::File>> {
    let limit = config.segment_bytes.max(last.end).max(wide(HEADER_BYTES));
    let name = segment::name(last.header.begins.next_sequence);
    let file = write_durably(storage, &name, |file| {
        storage.allocate(file, limit)?;
        copy((storage, &last.file), (storage, file), last.end)
    })?;
    Ok(Active { file, header: last.header, offset: last.end, limit })
}

/// Removes what a crash has left half written.
fn remove_unfinished<S: Storage>(storage: &S) -> io::Result<()> {
    let names = storage.list()?;
    for name in names.iter().filter(|name| name.ends_with(UNFINISHED)) {
        storage.remove(name)?;
    }
    Ok(())
}

fn io_error(step: &'static str) -> impl FnOnce(io::Error) -> OpenError {
    move |source| OpenError::Io { step, source }
}
