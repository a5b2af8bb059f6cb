//! [`verify`]: walks every batch, and says what is wrong and where.
//!
//! [`crate::Journal::open`] and [`crate::repair`] decide by the same report.

use std::io;

use crate::bytes::wide;
use crate::closing_mark;
use crate::cursor::{Cursor, Step};
use crate::flaw::Flaw;
use crate::frame::{Digest, HEADER_BYTES};
use crate::segment::{self, JournalId, Link, SegmentHeader};
use crate::storage::Storage;
use crate::tail::{self, Behind, Tail};

/// What a walk over the journal has found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Report {
    /// Which journal it is; nothing where no segment could be read.
    pub journal: Option<JournalId>,
    /// The segments up to the damage, if there is any.
    pub segments: Vec<SegmentReport>,
    /// The sequence of the last good record; 0 before the first.
    pub last_sequence: u64,
    /// The number of the last good batch; 0 before the first.
    pub last_batch: u64,
    /// The digest of the last good batch.
    pub digest: Digest,
    /// Whether the journal was closed in good order.
    pub closed: bool,
    /// What is wrong, if anything.
    pub fault: Option<Fault>,
}

/// One segment of a [`Report`].
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SegmentReport {
    /// The file's name.
    pub name: String,
    /// The sequence of its first record.
    pub first: u64,
    /// The sequence of its last good record; below `first` where it has none.
    pub last: u64,
    /// How many good batches it holds; 0 where they were not walked.
    pub batches: u64,
    /// Bytes up to the end of the last good batch; 0 where they were not walked.
    pub bytes: u64,
    /// Whether it is an archive without ciphertexts.
    pub without_sealed: bool,
}

/// Where the journal stops being good, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Fault {
    /// In which file.
    pub segment: String,
    /// From which byte on.
    pub offset: u64,
    /// What is wrong there.
    pub flaw: Flaw,
    /// What tells damage from the torn end that a power cut leaves; nothing for a torn end.
    pub proof: Option<Proof>,
    /// Bytes from the offset to the last one of this file that is not zero.
    pub bytes: u64,
    /// Batches in this file behind the damage whose headers can be read.
    pub batches_behind: u64,
    /// How many records they announce.
    pub records_behind: u64,
}

/// What proves that a batch was damaged which had been on the disk.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Proof {
    /// A later batch was begun, which waits for the sync of the one before.
    #[error("batch {batch} stands behind it at byte {offset}")]
    LaterBatch {
        /// Its number.
        batch: u64,
        /// Where its header is.
        offset: u64,
    },
    /// A later segment was begun, which waits for the last sync of the one before.
    #[error("segment {name} follows")]
    LaterSegment {
        /// Its file.
        name: String,
    },
    /// The journal was closed after later batches than are there.
    #[error("the journal was closed after batch {batch}")]
    Closed {
        /// The last batch at the close.
        batch: u64,
    },
    /// A segment gets its name when its header is on the disk.
    #[error("the header of a segment is on the disk before the segment has its name")]
    Header,
    /// The bytes are of another release, and not torn.
    #[error("another release wrote it")]
    Release,
}

/// Walks every batch of a journal or archive.
///
/// Of a journal that a writer is at work on, the batch in flight may be seen torn.
///
/// # Errors
///
/// As the disk says. Damage is no error but a finding.
pub fn verify<S: Storage>(storage: &S) -> io::Result<Report> {
    Ok(walk(storage, 0)?.report)
}

/// A report, and what is needed to go on from there.
pub(crate) struct Walk<S: Storage> {
    pub(crate) report: Report,
    pub(crate) link: Link,
    /// The last segment and where its good batches end; nothing in an empty directory.
    pub(crate) last: Option<LastSegment<S>>,
    pub(crate) mark: Option<Link>,
}

/// The last segment that could be walked.
pub(crate) struct LastSegment<S: Storage> {
    pub(crate) file: S::File,
    pub(crate) header: SegmentHeader,
    pub(crate) end: u64,
}

/// Walks the journal. Segments whose records all lie before `verify_from` are taken at their headers' word.
pub(crate) fn walk<S: Storage>(storage: &S, verify_from: u64) -> io::Result<Walk<S>> {
    let mark = closing_mark::read(storage)?;
    let firsts = segment::list(storage)?;
    let mut walk = Walk { report: Report::new(mark.is_some()), link: Link::BEGINNING, last: None, mark };
    walk.report.fault = walk.segments(storage, &firsts, verify_from)?;
    walk.finish(&firsts);
    Ok(walk)
}

impl<S: Storage> Walk<S> {
    /// Walks the segments up to the first that is not good, and returns what is wrong.
    fn segments(&mut self, storage: &S, firsts: &[u64], verify_from: u64) -> io::Result<Option<Fault>> {
        // What stood after the last batch of the segment before, unless the next one joins there.
        let mut open_end: Option<Fault> = None;
        let mut trusted = true;
        let mut following = firsts.iter().skip(1);
        for first in firsts {
            let next = following.next().copied();
            let name = segment::name(*first);
            let file = storage.open(&name)?;
            let header = match segment::read_header(storage, &file)? {
                Ok(header) => header,
                Err(flaw) => return Ok(Some(open_end.unwrap_or_else(|| Fault::header(&name, flaw)))),
            };
            if let Some(flaw) = self.joins(&header, *first, trusted) {
                return Ok(Some(open_end.unwrap_or_else(|| Fault::header(&name, flaw))));
            }
            self.report.journal = Some(header.journal);
            self.link = header.begins;
            trusted = next.is_some_and(|next| next <= verify_from);
            if trusted {
                let last = next.unwrap_or(0).saturating_sub(1);
                self.report.segments.push(SegmentReport::unread(name, last, &header));
                continue;
            }
            open_end = self.segment(storage, file, (header, name), next)?;
        }
        Ok(open_end)
    }

    /// Says what keeps a segment from following on what comes before. After a segment that was not walked,
    /// and at the first, its word is taken.
    fn joins(&self, header: &SegmentHeader, first: u64, trusted: bool) -> Option<Flaw> {
        let same = self.report.journal.is_none_or(|id| id == header.journal);
        let follows = trusted || header.begins == self.link;
        if same && header.begins.next_sequence == first && follows {
            return None;
        }
        let later = header.begins.next_sequence > self.link.next_sequence;
        Some(if same && later && !trusted { Flaw::Missing } else { Flaw::Chain })
    }

    /// Walks one segment and returns what is wrong behind its last good batch.
    fn segment(
        &mut self,
        storage: &S,
        file: S::File,
        (header, name): (SegmentHeader, String),
        next: Option<u64>,
    ) -> io::Result<Option<Fault>> {
        let mut cursor = Cursor::new(storage.clone(), file, &header);
        let stop = loop {
            let step = cursor.step()?;
            if step != Step::Frame {
                break step;
            }
        };
        self.link = cursor.link();
        let end = cursor.offset();
        self.report.segments.push(SegmentReport {
            name: name.clone(),
            first: header.begins.next_sequence,
            last: self.link.last_sequence(),
            batches: self.link.next_batch.saturating_sub(header.begins.next_batch),
            bytes: end,
            without_sealed: header.without_sealed,
        });
        let behind = Behind { offset: end, salt: Some(cursor.salt()), batch: self.link.next_batch };
        let found = match (next, stop) {
            // The next segment says whether this one is whole.
            (Some(_), Step::End) => None,
            _ => Some(tail::read(storage, cursor.file(), behind)?),
        };
        self.last = Some(LastSegment { file: cursor.into_file(), header, end });
        Ok(judge((name, end), stop, found, next))
    }

    fn finish(&mut self, firsts: &[u64]) {
        self.report.last_sequence = self.link.last_sequence();
        self.report.last_batch = self.link.last_batch();
        self.report.digest = self.link.digest;
        let lost = |mark: &Link| {
            mark.next_batch > self.link.next_batch
                || (mark.next_batch == self.link.next_batch && *mark != self.link)
        };
        let Some(mark) = self.mark.filter(lost) else { return };
        let batch = mark.last_batch();
        let end = self.last.as_ref().map_or(0, |last| last.end);
        let name = firsts.last().map_or_else(|| segment::name(1), |first| segment::name(*first));
        let fault = self.report.fault.get_or_insert_with(|| Fault::at(&name, end, Flaw::Closed { batch }));
        fault.proof.get_or_insert(Proof::Closed { batch });
    }
}

/// Judges what stands behind the last good batch of a segment.
fn judge((name, end): (String, u64), stop: Step, tail: Option<Tail>, next: Option<u64>) -> Option<Fault> {
    let tail = tail.unwrap_or_default();
    let flaw = match stop {
        Step::Flawed(flaw) => flaw,
        Step::Frame | Step::End => {
            tail.ends?;
            Flaw::Residue
        }
    };
    let later = next.map(|next| Proof::LaterSegment { name: segment::name(next) });
    let behind = tail.found.map(|found| Proof::LaterBatch { batch: found.batch, offset: found.offset });
    let release = matches!(flaw, Flaw::Version { .. }).then_some(Proof::Release);
    Some(Fault {
        proof: release.or(later).or(behind),
        bytes: tail.ends.unwrap_or(end).saturating_sub(end),
        batches_behind: tail.batches,
        records_behind: tail.records,
        ..Fault::at(&name, end, flaw)
    })
}

impl Report {
    fn new(closed: bool) -> Self {
        Self {
            journal: None,
            segments: Vec::new(),
            last_sequence: 0,
            last_batch: 0,
            digest: [0; 32],
            closed,
            fault: None,
        }
    }

    /// Returns whether a start refuses this journal: damage that no power cut explains.
    pub fn is_damaged(&self) -> bool {
        self.fault.as_ref().is_some_and(|fault| fault.proof.is_some())
    }
}

impl SegmentReport {
    fn unread(name: String, last: u64, header: &SegmentHeader) -> Self {
        let first = header.begins.next_sequence;
        Self { name, first, last, batches: 0, bytes: 0, without_sealed: header.without_sealed }
    }
}

impl Fault {
    fn at(segment: &str, offset: u64, flaw: Flaw) -> Self {
        Self {
            segment: segment.to_owned(),
            offset,
            flaw,
            proof: None,
            bytes: 0,
            batches_behind: 0,
            records_behind: 0,
        }
    }

    fn header(segment: &str, flaw: Flaw) -> Self {
        let bytes = wide(HEADER_BYTES);
        Self { proof: Some(Proof::Header), bytes, ..Self::at(segment, 0, flaw) }
    }
}

impl core::fmt::Display for Fault {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        let Self { segment, offset, flaw, proof, bytes, .. } = self;
        write!(f, "{segment}, byte {offset}: {flaw}")?;
        match proof {
            Some(proof) => write!(f, "; no power cut leaves this behind: {proof}"),
            None => write!(f, "; the torn end of a power cut, {bytes} bytes"),
        }
    }
}
