//! [`Suppressions`]: persons who are not to be sold.

use core::future::Future;

use exchange_protocol::SuppressionList;
use exchange_types::{Pii, UtcMicros};

use super::{ListError, Listed, Page};
use crate::Scope;

/// Persons who are not to be sold: to nobody, or not to one buyer.
pub trait Suppressions: Send + Sync + 'static {
    /// Puts persons on a list, or takes them off, and answers when that is durable. Who comes onto a list is on it
    /// before; who leaves one leaves it only then.
    ///
    /// # Errors
    ///
    /// Says which entries cannot be read, that the lists are full, or that the exchange cannot write; persons may stand
    /// on the list nevertheless then.
    fn suppress(
        &self,
        wanted: WantedSuppression,
    ) -> impl Future<Output = Result<usize, SuppressError>> + Send;

    /// Lists the entries of the exchange's lists, or of a buyer's own, in the order of lists and digests.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list, or that the store does not answer.
    fn suppressions(
        &self,
        scope: &Scope,
        list: Option<SuppressionList>,
        page: Page,
    ) -> impl Future<Output = Result<Listed<SuppressionEntry>, ListError>> + Send;
}

/// What somebody wants of a suppression list.
///
/// It has no `Debug`: it holds personal data.
#[expect(missing_debug_implementations, reason = "printing personal data is what this type prevents")]
pub struct WantedSuppression {
    /// Which list.
    pub list: SuppressionList,
    /// Whose list, where it is a buyer's own; else empty.
    pub buyer: Box<str>,
    /// Whether the persons are to stand on it; else they are taken off.
    pub on: bool,
    /// Who.
    pub entries: Vec<ListedPerson>,
    /// Who wants it: `operator:NAME` or `buyer:NAME`.
    pub by: Box<str>,
}

/// A person as a list names it.
#[expect(missing_debug_implementations, reason = "printing personal data is what this type prevents")]
pub enum ListedPerson {
    /// By a phone in international form.
    Phone(Pii<Box<str>>),
    /// By an e-mail address.
    Email(Pii<Box<str>>),
    /// By the SHA-256 of either, normalized.
    Digest([u8; 32]),
}

/// An entry of a suppression list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SuppressionEntry {
    /// Which list.
    pub list: SuppressionList,
    /// The keyed digest of the phone or e-mail address.
    pub digest: u128,
    /// Who put it there.
    pub by: Box<str>,
    /// When.
    pub at: UtcMicros,
}

/// Why no list was changed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SuppressError {
    /// The entries at these places are neither phones nor e-mail addresses.
    #[error("entries cannot be read")]
    Entries(Vec<usize>),
    /// The lists have no room for so many more.
    #[error("the lists have room for {left} more entries")]
    TooMany {
        /// For so many.
        left: usize,
    },
    /// The exchange cannot write.
    #[error("the exchange cannot write")]
    Unavailable,
}
