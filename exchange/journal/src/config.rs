//! [`JournalConfig`]: sizes and durability.

use crate::bytes::wide;
use crate::frame::{FRAME_BYTES_MAX, HEADER_BYTES};

/// When a batch counts as written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Durability {
    /// When the disk has it. A crash and a power cut lose nothing that was acknowledged.
    #[default]
    Sync,
    /// When the operating system has it. A crash of the process loses nothing; a power cut loses the last
    /// seconds, and where it leaves a hole before a batch that survived, the next start refuses until
    /// `repair` has dropped what follows the hole.
    Os,
}

/// Sizes and durability of a journal.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JournalConfig {
    /// Bytes set aside for one segment. A crash has the last one copied at the next start, so it bounds that.
    pub segment_bytes: u64,
    /// The most bytes of records and ciphertexts in one batch.
    pub batch_bytes_max: usize,
    /// When a batch counts as written.
    pub durability: Durability,
    /// Bytes kept in reserve for the outcomes of posts in flight when the disk is full; none by 0.
    pub ballast_bytes: u64,
    /// Below so many free bytes the journal has no room for new leads.
    pub free_bytes_min: u64,
}

impl Default for JournalConfig {
    fn default() -> Self {
        Self {
            segment_bytes: 64 << 20,
            batch_bytes_max: 4 << 20,
            durability: Durability::Sync,
            // One more segment fits into it.
            ballast_bytes: 64 << 20,
            free_bytes_min: 512 << 20,
        }
    }
}

/// Sizes that do not fit together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ConfigError {
    /// A batch larger than a reader takes.
    #[error("batch_bytes_max is {given}; at most {max}")]
    Batch {
        /// As configured.
        given: usize,
        /// The limit.
        max: usize,
    },
    /// A segment into which the largest batch does not fit.
    #[error("segment_bytes is {given}; at least {min}, so that the largest batch fits")]
    Segment {
        /// As configured.
        given: u64,
        /// The limit.
        min: u64,
    },
    /// A reserve into which no segment fits.
    #[error("ballast_bytes is {given}; 0, or at least segment_bytes, {min}, so that it makes room for one")]
    Ballast {
        /// As configured.
        given: u64,
        /// The limit.
        min: u64,
    },
}

impl JournalConfig {
    /// Checks that the sizes fit together.
    ///
    /// # Errors
    ///
    /// Says which do not.
    pub fn check(&self) -> Result<(), ConfigError> {
        let given = self.batch_bytes_max;
        if given > FRAME_BYTES_MAX {
            return Err(ConfigError::Batch { given, max: FRAME_BYTES_MAX });
        }
        // The segment's header and the batch's.
        let min = wide(given).saturating_add(wide(HEADER_BYTES).saturating_mul(2));
        if self.segment_bytes < min {
            return Err(ConfigError::Segment { given: self.segment_bytes, min });
        }
        if self.ballast_bytes != 0 && self.ballast_bytes < self.segment_bytes {
            return Err(ConfigError::Ballast { given: self.ballast_bytes, min: self.segment_bytes });
        }
        Ok(())
    }
}
