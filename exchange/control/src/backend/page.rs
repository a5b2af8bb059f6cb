//! [`Page`] and [`Listed`]: reading a long list piece by piece.

use exchange_types::UtcMicros;

use crate::Unavailable;

/// Which piece of a list is wanted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Page {
    /// Where it begins: what [`Listed::next`] was, or nothing for the first piece.
    pub cursor: Option<Box<str>>,
    /// The most items.
    pub limit: u16,
}

/// A piece of a list, latest item first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listed<T> {
    /// The items.
    pub items: Vec<T>,
    /// Where the next piece begins; nothing at the end. At most [`crate::limits::CURSOR_BYTES_MAX`] characters
    /// that a URL takes as they are.
    pub next: Option<Box<str>>,
}

/// What of a list is wanted, besides what the caller may see. Whatever is left out does not narrow it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Filter {
    /// Not before this moment.
    pub from: Option<UtcMicros>,
    /// Before this moment.
    pub to: Option<UtcMicros>,
    /// With this status: one of the words that the list takes.
    pub status: Option<&'static str>,
    /// In this vertical.
    pub vertical: Option<Box<str>>,
    /// Of this seller.
    pub seller: Option<Box<str>>,
    /// Of this buyer.
    pub buyer: Option<Box<str>>,
}

/// Why a piece of a list cannot be had.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ListError {
    /// The cursor was not given by this list.
    #[error("the cursor was not given by this list")]
    Cursor,
    /// The store does not answer.
    #[error("the store does not answer")]
    Unavailable,
}

impl From<Unavailable> for ListError {
    fn from(Unavailable: Unavailable) -> Self {
        Self::Unavailable
    }
}
