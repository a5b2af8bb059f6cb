//! [`Flaw`]: what is wrong with the bytes at a place of the journal.

/// A part of a frame with a checksum of its own.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The header of a segment or batch.
    Header,
    /// The records.
    Records,
    /// The ciphertexts.
    Sealed,
}

/// What is wrong with the bytes at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Flaw {
    /// The file ends inside a header or batch.
    #[error("the file ends too early")]
    Truncated,
    /// No header begins there.
    #[error("no batch begins here, and the bytes are not zero")]
    Magic,
    /// A checksum does not fit.
    #[error("the checksum of the {} does not fit", match part {
        Part::Header => "header",
        Part::Records => "records",
        Part::Sealed => "ciphertexts",
    })]
    Checksum {
        /// Of which part.
        part: Part,
    },
    /// A batch of another segment.
    #[error("the batch belongs to another segment")]
    Salt,
    /// Written by another release.
    #[error("version {version} is not known to this release; use the release that wrote it")]
    Version {
        /// Which version stands there.
        version: u16,
    },
    /// A length is beyond its limit.
    #[error("a length is out of range")]
    Length,
    /// Number, sequence or digest do not follow on what comes before.
    #[error("it does not follow on the batch before it")]
    Chain,
    /// Batches are missing between the end of a segment and the beginning of the next.
    #[error("batches are missing here: the next segment begins later")]
    Missing,
    /// There are bytes after the last batch which are no batch.
    #[error("there are bytes after the last batch")]
    Residue,
    /// The journal was closed at a later batch than the last that is there.
    #[error("the journal was closed after batch {batch}, which is not there")]
    Closed {
        /// The last batch at the close.
        batch: u64,
    },
}
