//! The log of every record: the truth of which everything else is a view.
//!
//! A directory of preallocated segments holds batches of records; each batch has a checksum and the digest of
//! the one before. One writer commits what all sources have appended meanwhile with one sync. The journal
//! knows nothing of a record but its length, and nothing of ciphertexts but whose batch they belong to.

mod archive;
mod ballast;
mod bytes;
mod closing_mark;
mod config;
mod cursor;
mod file_storage;
mod flaw;
mod frame;
mod inlet;
mod journal;
mod open;
mod reader;
mod repair;
mod segment;
mod storage;
mod tail;
mod verify;
mod writer;
mod writer_thread;

pub use archive::{ArchiveError, Archived, Ciphertext, Released, archive, retire};
pub use config::{ConfigError, Durability, JournalConfig};
pub use file_storage::FileStorage;
pub use flaw::{Flaw, Part as FlawedPart};
pub use frame::{Digest, FRAME_BYTES_MAX, Frame, Records};
pub use inlet::AppendError;
pub use journal::{Committed, Failure, Journal, JournalError, Part, Room};
pub use open::{Cut, OpenError, Opened, Opening};
pub use reader::{ReadError, Reader};
pub use repair::{Approval, Dropped, Repair, repair};
pub use segment::JournalId;
pub use storage::Storage;
pub use verify::{Fault, Proof, Report, SegmentReport, verify};
pub use writer::{Hooks, State, Writer, WriterConfig, WriterHandle};
