//! What came of a post.

use crate::Amount;

/// The reply to a post, borrowed from the connection's buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PostReply<'a> {
    /// What the reply means for the sale.
    pub outcome: PostOutcome,
    /// The buyer's own reference, or an empty text.
    pub buyer_ref: &'a str,
    /// Where the person is to be sent, or an empty text.
    pub redirect_url: &'a str,
    /// The buyer's reason for a refusal, or an empty text.
    pub reason: &'a str,
    /// The first 16 bytes of the SHA-256 of the reply's body: the evidence that a charge cites.
    pub digest: [u8; 16],
}

impl PostReply<'_> {
    /// Returns a reply without a body.
    pub const fn bare(outcome: PostOutcome) -> Self {
        Self { outcome, buyer_ref: "", redirect_url: "", reason: "", digest: [0; 16] }
    }
}

/// What came of a post. Everything but [`PostOutcome::Unknown`] is definite.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PostOutcome {
    /// The buyer took the lead.
    Accepted {
        /// The price in the reply, if it named one.
        price: Option<Amount>,
    },
    /// The buyer read the lead and does not want it.
    Rejected,
    /// The buyer has this person already.
    Duplicate,
    /// A status by which the buyer states that it has not taken the lead.
    Refused {
        /// The HTTP status.
        status: u16,
    },
    /// Nothing was handed to the transport.
    NotSent(NotSent),
    /// Nobody knows whether the buyer took the lead.
    Unknown(UnknownCause),
}

/// Why not a byte of a post left.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSent {
    /// The name does not resolve, or the address guard refused every address.
    Address,
    /// The connection was refused or timed out.
    Connect,
    /// The TLS handshake failed.
    Tls,
    /// The endpoint's queue was full, or the wait in it too long.
    Queue,
    /// An HTTP/2 stream that the peer refused before it processed anything.
    RefusedStream,
}

/// Why the outcome of a post is unknown.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum UnknownCause {
    /// No reply by the time at which the post was given up.
    Timeout,
    /// The connection broke after the first byte may have left.
    Broken,
    /// A reply that no rule reads.
    Unreadable {
        /// The HTTP status.
        status: u16,
    },
    /// The process stopped between the intent and the outcome.
    Restart,
}
