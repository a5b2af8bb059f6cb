//! [`Refusal`]: why a request of a seller did not go through.

use exchange_types::{DuplicateScope, FieldIndex, Nanos, Uuid7};

/// Why a request did not go through; nothing was changed by it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// No lead, ping or auction of this id belongs to the caller.
    NotFound,
    /// The key was used before with another body.
    KeyReused,
    /// The key belongs to a lead whose personal data was erased.
    LeadErased,
    /// Too many auctions are in flight, or a queue between shards is full.
    Overloaded,
    /// The ping's offers have expired.
    PingExpired,
    /// The ping has been sold, given back, or is being posted.
    PingClosed,
    /// The ping is not known any more.
    PingLost,
    /// Fields given at the ping have another value in the post.
    FieldsChanged(Vec<FieldIndex>),
    /// Fields that the vertical requires came neither with the ping nor with the post.
    FieldsMissing(Vec<FieldIndex>),
    /// The ping is a test and its post is not, or the other way round.
    TestChanged,
    /// An offer of the post is none of this ping: its position in the post.
    UnknownOffer(usize),
    /// The consent does not name the company behind an offer: its position in the post.
    SellerNotNamed(usize),
    /// The chosen offers do not fit together.
    OffersConflict,
    /// The person turned out to be known when the seller posted.
    Duplicate(DuplicateScope, Option<Uuid7>),
    /// The same person came again too soon after it was not sold.
    TooSoon {
        /// When it may come again.
        retry_after: Nanos,
    },
    /// The seller, or the source, sends faster than it may.
    RateLimited {
        /// When there is room for one.
        retry_after: Nanos,
    },
    /// The key, the seller or the source has had all its leads of the day.
    QuotaUsed {
        /// When the next day begins.
        retry_after: Nanos,
    },
    /// The seller, or the source, has left too many pings with offers unposted.
    TooManyUnposted {
        /// When there is room for one.
        retry_after: Nanos,
    },
}
