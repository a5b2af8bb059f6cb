//! [`Checkpoints`]: what a start needs of older records, so that it reads only the newest ones.
//!
//! A checkpoint is named by the last record that it holds. The newest one that can be read counts; a damaged
//! one costs time, never a record: the start reads the journal from further back.

use std::fs::{self, DirBuilder};
use std::io;
use std::os::unix::fs::DirBuilderExt as _;
use std::path::PathBuf;

use super::FOLDER_MODE;
use super::synced_file::{replace_file, sync_folder_of};

/// Checkpoints that are kept: the newest, and one before it in case it cannot be read.
const KEPT: usize = 2;

/// What a start needs of older records.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Checkpoints {
    path: PathBuf,
}

impl Checkpoints {
    pub(super) const fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// Returns the newest checkpoint that `read` takes, with the last record that it holds.
    ///
    /// # Errors
    ///
    /// Says why the folder cannot be read.
    pub fn newest<T>(&self, mut read: impl FnMut(u64, &[u8]) -> Option<T>) -> io::Result<Option<T>> {
        for sequence in self.sequences()?.into_iter().rev() {
            if let Some(found) = fs::read(self.file(sequence)).ok().and_then(|bytes| read(sequence, &bytes)) {
                return Ok(Some(found));
            }
        }
        Ok(None)
    }

    /// Stores a checkpoint that holds the records up to `sequence`, and waits for the disk.
    ///
    /// # Errors
    ///
    /// Says why it cannot be written.
    pub fn save(&self, sequence: u64, bytes: &[u8]) -> io::Result<()> {
        DirBuilder::new().recursive(true).mode(FOLDER_MODE).create(&self.path)?;
        let file = self.file(sequence);
        replace_file(&file, bytes)?;
        sync_folder_of(&file)?;
        let sequences = self.sequences()?;
        let excess = sequences.len().saturating_sub(KEPT);
        sequences.into_iter().take(excess).try_for_each(|sequence| fs::remove_file(self.file(sequence)))
    }

    /// Returns the last record of the oldest checkpoint that is kept; 0 where there are fewer than are kept: a
    /// damaged one would then have no other to take its place. Records up to it are needed by no start.
    ///
    /// # Errors
    ///
    /// Says why the folder cannot be read.
    pub fn oldest(&self) -> io::Result<u64> {
        let sequences = self.sequences()?;
        Ok(sequences.first().copied().filter(|_| sequences.len() >= KEPT).unwrap_or(0))
    }

    /// Returns the last record of the newest checkpoint, whether it can be read or not; 0 where there is none.
    ///
    /// # Errors
    ///
    /// Says why the folder cannot be read.
    pub fn last(&self) -> io::Result<u64> {
        Ok(self.sequences()?.last().copied().unwrap_or(0))
    }

    fn file(&self, sequence: u64) -> PathBuf {
        self.path.join(format!("{sequence:020}.checkpoint"))
    }

    fn sequences(&self) -> io::Result<Vec<u64>> {
        let entries = match fs::read_dir(&self.path) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Vec::new()),
            entries => entries?,
        };
        let mut sequences = Vec::new();
        for entry in entries {
            let name = entry?.file_name();
            let number = name.to_str().and_then(|name| name.strip_suffix(".checkpoint"));
            sequences.extend(number.and_then(|number| number.parse::<u64>().ok()));
        }
        sequences.sort_unstable();
        Ok(sequences)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_newest_that_can_be_read_counts() {
        let folder = tempfile::tempdir().expect("a folder");
        let checkpoints = Checkpoints::new(folder.path().join("checkpoints"));
        let text = |sequence: u64, bytes: &[u8]| {
            let text = String::from_utf8(bytes.to_vec()).ok()?;
            (text != "damaged").then_some((sequence, text))
        };
        assert_eq!(checkpoints.newest(text).expect("readable"), None);
        for (sequence, bytes, oldest) in [(5, "first", 0), (70, "second", 5), (1_000, "damaged", 70)] {
            checkpoints.save(sequence, bytes.as_bytes()).expect("saved");
            assert_eq!(checkpoints.oldest().expect("readable"), oldest, "one alone releases nothing");
        }
        assert_eq!(checkpoints.newest(text).expect("readable"), Some((70, "second".to_owned())));
        assert_eq!(checkpoints.oldest().expect("readable"), 70, "only two are kept");
        assert_eq!(checkpoints.last().expect("readable"), 1_000);
    }
}
