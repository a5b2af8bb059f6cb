//! [`WriterThread`]: what the writer's thread does.

use core::sync::atomic::Ordering;
use core::time::Duration;
use std::io;
use std::sync::Arc;
use std::time::Instant;

use crate::bytes::wide;
use crate::inlet::{Appended, Inlet, Piece};
use crate::journal::{Failure, Journal, JournalError, Part};
use crate::storage::Storage;
use crate::writer::{Hooks, Shared};

/// What the writer's thread does.
pub(crate) struct WriterThread<S: Storage> {
    /// Gone once it was closed.
    journal: Option<Journal<S>>,
    shared: Arc<Shared>,
    watch_every: Duration,
    watched_at: Option<Instant>,
    hooks: Hooks,
    /// What was taken from each inlet.
    taken: Vec<Appended>,
}

/// How far one source's taken records are written.
#[derive(Clone, Copy, Debug, Default)]
struct Progress {
    pieces: usize,
    bytes: usize,
    sealed: usize,
}

impl<S: Storage> WriterThread<S> {
    pub(crate) fn new(journal: Journal<S>, shared: Arc<Shared>, watch_every: Duration, hooks: Hooks) -> Self {
        let taken = shared.inlets.iter().map(|_| Appended::default()).collect();
        Self { journal: Some(journal), shared, watch_every, watched_at: None, hooks, taken }
    }

    /// Commits until it is stopped or the disk fails.
    pub(crate) fn run(&mut self) {
        let ended = self.commit_all();
        if let Err(failure) = ended {
            self.shared.status.fail(failure);
        } else {
            self.shared.status.stop();
        }
        for (source, inlet) in (0_u16..).zip(&self.shared.inlets) {
            inlet.close();
            (self.hooks.wake)(source);
        }
    }

    fn commit_all(&mut self) -> Result<(), Failure> {
        loop {
            self.watch();
            if self.take() {
                self.write()?;
            } else if self.shared.stopping.load(Ordering::Acquire) {
                // What was appended between the last look and the close is still written.
                let mut left = false;
                for inlet in &self.shared.inlets {
                    left |= inlet.close();
                }
                if !left {
                    return self.close();
                }
            } else {
                self.rest();
            }
        }
    }

    /// Takes what was appended and returns whether there is anything.
    fn take(&mut self) -> bool {
        Inlet::take_all(&self.shared.inlets, &mut self.taken)
    }

    /// Waits until something is appended, or the free space is to be looked at.
    fn rest(&self) {
        self.shared.idle.store(true, Ordering::Release);
        let nothing = self.shared.inlets.iter().all(|inlet| inlet.is_empty());
        if nothing && !self.shared.stopping.load(Ordering::Acquire) {
            std::thread::park_timeout(self.watch_every);
        }
        self.shared.idle.store(false, Ordering::Release);
    }

    /// Looks at the free space when it is time to.
    fn watch(&mut self) {
        let due = self.watched_at.is_none_or(|at| at.elapsed() >= self.watch_every);
        // That the ballast was given up shows at once; it is not tried at every batch to fill it again.
        let running = self.shared.status.is_running();
        let news = |journal: &&mut Journal<S>| due || (running && journal.lacks_ballast());
        let Some(journal) = self.journal.as_mut().filter(news) else { return };
        self.shared.status.set_room(journal.watch());
        self.watched_at = Some(Instant::now());
    }

    /// Commits what was taken, in as few frames as hold it.
    fn write(&mut self) -> Result<(), Failure> {
        let mut progress = vec![Progress::default(); self.taken.len()];
        loop {
            let (parts, sources) = gather(&self.taken, &mut progress, self.shared.batch_bytes_max);
            if parts.is_empty() {
                break;
            }
            let Some(journal) = &mut self.journal else { break };
            let committed = journal.commit(&parts, (self.hooks.clock)()).map_err(as_failure)?;
            let bytes = parts.iter().fold(0, |sum, part| sum + part.bytes.len() + part.sealed.len());
            self.shared.sequence.store(committed.last, Ordering::Release);
            self.shared.backlog.fetch_sub(wide(bytes), Ordering::Relaxed);
            for (source, last) in sources {
                if let Some(inlet) = self.shared.inlets.get(usize::from(source)) {
                    inlet.acknowledge(last);
                }
                (self.hooks.wake)(source);
            }
        }
        self.taken.iter_mut().for_each(Appended::clear);
        Ok(())
    }

    fn close(&mut self) -> Result<(), Failure> {
        self.journal.take().map_or(Ok(()), |journal| journal.close().map_err(as_failure))
    }
}

/// Returns the parts of the next frame, and for each source in it the number of its last record there.
///
/// Where one frame does not hold everything, nothing is in it that was appended after what is left out: a record
/// may rest on one of another source.
fn gather<'a>(
    taken: &'a [Appended],
    progress: &mut [Progress],
    bytes_max: usize,
) -> (Vec<Part<'a>>, Vec<(u16, u64)>) {
    let (mut parts, mut sources) = (Vec::with_capacity(taken.len()), Vec::with_capacity(taken.len()));
    let until = first_left_out(taken, progress, bytes_max);
    for ((source, appended), done) in (0_u16..).zip(taken).zip(progress) {
        let begun = *done;
        let (mut count, mut last) = (0_u64, 0_u64);
        for piece in appended.pieces.get(begun.pieces..).unwrap_or_default() {
            let Piece { stamp, bytes, sealed, .. } = *piece;
            if stamp >= until {
                break;
            }
            count = count.saturating_add(piece.count);
            last = piece.last;
            done.pieces += 1;
            done.bytes += bytes;
            done.sealed += sealed;
        }
        if count > 0 {
            let bytes = appended.bytes.get(begun.bytes..done.bytes).unwrap_or_default();
            let sealed = appended.sealed.get(begun.sealed..done.sealed).unwrap_or_default();
            parts.push(Part { count, bytes, sealed });
            sources.push((source, last));
        }
    }
    (parts, sources)
}

/// Returns the stamp of the first piece that finds no room in a frame, in the order of their stamps.
fn first_left_out(taken: &[Appended], progress: &[Progress], bytes_max: usize) -> u64 {
    let left = || {
        let of_each = taken.iter().zip(progress);
        of_each.flat_map(|(appended, done)| appended.pieces.get(done.pieces..).unwrap_or_default())
    };
    let bytes = |piece: &Piece| piece.bytes.saturating_add(piece.sealed);
    if left().map(bytes).sum::<usize>() <= bytes_max {
        return u64::MAX;
    }
    let mut pieces: Vec<&Piece> = left().collect();
    pieces.sort_unstable_by_key(|piece| piece.stamp);
    let mut room = bytes_max;
    let full = pieces.into_iter().find(|piece| match room.checked_sub(bytes(piece)) {
        Some(left) => {
            room = left;
            false
        }
        None => true,
    });
    full.map_or(u64::MAX, |piece| piece.stamp)
}

/// A batch that the journal does not take is a mistake of the programmer, and as final as a failed disk.
fn as_failure(error: JournalError) -> Failure {
    match error {
        JournalError::Failed(failure) => failure,
        refused @ (JournalError::Empty | JournalError::Malformed { .. } | JournalError::TooLarge { .. }) => {
            Failure {
                step: "put a batch into",
                file: "the journal".to_owned(),
                kind: io::ErrorKind::InvalidData,
                text: refused.to_string(),
            }
        }
    }
}

impl<S: Storage> Drop for WriterThread<S> {
    /// Whoever waits for an acknowledgement learns that none comes, whatever has ended the thread.
    fn drop(&mut self) {
        if self.shared.status.is_over() {
            return;
        }
        self.shared.status.fail(Failure {
            step: "go on with",
            file: "the journal".to_owned(),
            kind: io::ErrorKind::Other,
            text: "its thread has panicked".to_owned(),
        });
        for (source, inlet) in (0_u16..).zip(&self.shared.inlets) {
            inlet.close();
            (self.hooks.wake)(source);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns what a source has appended: pieces of a byte for each of its records, with their stamps.
    fn source(pieces: &[(u64, u64)]) -> Appended {
        let mut appended = Appended::default();
        let mut last = 0;
        for &(stamp, count) in pieces {
            last += count;
            let bytes = usize::try_from(count).expect("a small number");
            appended.bytes.resize(appended.bytes.len() + bytes, 7);
            appended.pieces.push(Piece { stamp, last, count, bytes, sealed: 0 });
        }
        appended
    }

    #[test]
    fn a_frame_holds_nothing_that_was_appended_after_what_it_lacks() {
        // (the most bytes of a frame, for each frame the number of the last record of each source in it)
        type Frames<'a> = &'a [&'a [(u16, u64)]];
        let cases: [(usize, Frames<'_>); 4] = [
            (99, &[&[(0, 4), (1, 5)]]),
            (9, &[&[(0, 4), (1, 5)]]),
            // The first source's last record came after the second one's three.
            (6, &[&[(0, 3), (1, 2)], &[(0, 4), (1, 5)]]),
            (3, &[&[(0, 1), (1, 2)], &[(0, 3)], &[(1, 5)], &[(0, 4)]]),
        ];
        for (bytes_max, expected) in cases {
            let taken = [source(&[(0, 1), (2, 2), (4, 1)]), source(&[(1, 2), (3, 3)])];
            let mut progress = vec![Progress::default(); 2];
            let mut frames = Vec::new();
            loop {
                let (parts, sources) = gather(&taken, &mut progress, bytes_max);
                if parts.is_empty() {
                    break;
                }
                assert!(parts.iter().map(|part| part.bytes.len()).sum::<usize>() <= bytes_max);
                frames.push(sources);
            }
            assert_eq!(frames, expected, "{bytes_max} bytes");
        }
    }
}
