//! What is said of a store that cannot be read and of a desk that cannot write: all of it to the log, and to the
//! caller that there is no answer.

use exchange_control::Unavailable;
use exchange_store::QueryError;

use crate::desk::DeskError;
use crate::projection::error_chain;

/// Logs why the store cannot be read.
pub(super) fn unreadable(error: &QueryError) -> Unavailable {
    tracing::error!(error = %error_chain(error), "the store cannot be read");
    Unavailable
}

/// Logs why a record is not on disk, or not in the store yet.
pub(super) fn unwritten(error: &DeskError) -> Unavailable {
    tracing::error!(error = %error_chain(error), "a change of an operator or partner is not through");
    Unavailable
}
