//! The ledger: what buyers owe, what sellers earn and what the exchange keeps, as double entry in integers.
//!
//! An entry adds to an account; the entries of a transaction sum to zero. Amounts above zero are owed to the
//! exchange, those below it owes:
//!
//! | transaction | entries |
//! | --- | --- |
//! | charge | buyer receivable (or prepaid) + price, seller pending - payout, margin - the rest |
//! | settlement | seller pending + payout, seller payable - payout |
//! | return, reversal | the charge, the other way round, as it stands now |
//! | adjustment | the difference |
//! | deposit | cash + amount, buyer prepaid - amount |
//!
//! Entries are never changed. Each carries the SHA-256 of itself and of the one before it, and checkpoints of
//! that chain are signed, so that neither an entry nor the end of the chain can be lost unseen.

mod account;
mod book;
mod checkpoint;
mod entry;
mod verify;

pub use account::Account;
pub(crate) use book::{Booking, Ledger};
pub(crate) use checkpoint::{Checkpoint, CheckpointFacts};
pub use checkpoint::{CheckpointKey, CheckpointSigner, KeyRejected};
pub(crate) use entry::{Entry, list};
pub use entry::{EntryKind, EntryView};
pub(crate) use verify::verify;
pub use verify::{Fault, LedgerReport, VerifyError};
