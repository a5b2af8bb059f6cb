//! [`Campaign`]: a buyer's standing order in one vertical.

use exchange_types::{Amount, BuyerIndex, EndpointIndex, Nanos, Rate, VerticalIndex};

use super::{ConsentRule, Notices, ReturnReasons, SourceRule};
use crate::{Filter, Schedule, SigningSecret, StandingPrice};

/// A campaign.
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of the catalog that stands alone")]
#[derive(Debug, Clone)]
pub struct Campaign {
    /// The name by which the wire and records know it.
    pub name: Box<str>,
    /// The company.
    pub buyer: BuyerIndex,
    /// The vertical.
    pub vertical: VerticalIndex,
    /// Whether it takes nothing for now.
    pub paused: bool,
    /// Which leads it takes.
    pub filter: Filter,
    /// From where it takes leads.
    pub sources: SourceRule,
    /// What it asks for as proof of consent, with what its vertical asks for.
    pub consent: ConsentRule,
    /// When it takes leads.
    pub schedule: Schedule,
    /// One is the highest.
    pub tier: u8,
    /// Its share among equal scores.
    pub weight: u32,
    /// What is taken off its positive scores.
    pub penalty: Rate,
    /// The least bid that it means.
    pub reserve: Option<Amount>,
    /// How its price is found.
    pub pricing: Pricing,
    /// Where the lead is posted.
    pub post: EndpointIndex,
    /// From the start of a post to giving it up.
    pub post_timeout: Nanos,
    /// Whether pings are signed; posts always are.
    pub sign_pings: bool,
    /// The secrets with which its messages are signed; several during a rotation.
    pub secrets: Box<[SigningSecret]>,
    /// Caps and budgets.
    pub caps: Box<[Cap]>,
    /// What a lower price in a post's reply does.
    pub on_lower_price: OnLowerPrice,
    /// What a post's reply means that no rule reads.
    pub unmatched: Unmatched,
    /// The most open unknown posts before the campaign gets no more.
    pub unknown_max: u16,
    /// Whether the buyer takes a post once however often it comes under its idempotency key; then an unknown
    /// post is sent again.
    pub idempotent: bool,
    /// Where the buyer says what became of a post. The path holds [`POST_ID_PLACE`] once.
    pub status: Option<EndpointIndex>,
    /// What an unknown post becomes of which nothing was found out.
    pub on_unknown: OnUnknown,
    /// After how long without an answer `on_unknown` decides.
    pub unknown_after: Nanos,
    /// How long after its acceptance a sale may be returned; then it settles. Zero: there are no returns.
    pub return_window: Nanos,
    /// Why a sale may be returned.
    pub return_reasons: ReturnReasons,
    /// Whether a return gives room back to the window from which the sale took it.
    pub returns_restore: bool,
    /// Where its buyer is told what became of its bids.
    pub notices: Option<Notices>,
    /// For how long a person whom its buyer had is not offered to it again, from the admission of that lead on.
    pub duplicate_window: Nanos,
}

/// Stands in the path of a status endpoint where the id of the post goes.
pub const POST_ID_PLACE: &str = "{post_id}";

/// How a campaign's price is found.
#[derive(Debug, Clone)]
pub enum Pricing {
    /// It is asked.
    Ping {
        /// Where.
        endpoint: EndpointIndex,
        /// The most time for its answer, within the bid window.
        timeout: Nanos,
    },
    /// It stands.
    Standing(StandingPrice),
}

/// A cap or budget over a window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Cap {
    /// What is counted.
    pub kind: CapKind,
    /// Over what time.
    pub window: WindowKind,
    /// The most: a number of leads, or micros of the currency.
    pub limit: i64,
}

/// What a cap counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CapKind {
    /// Posts whose first byte may have left.
    Sent,
    /// Sales, with those that may still become one.
    Sold,
    /// Money, with what may still be charged.
    Budget,
    /// Money that a buyer has deposited. It comes from deposits, never from a catalog's caps.
    Balance,
}

/// Over what time a cap counts, in the buyer's zone.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[expect(missing_docs, reason = "the names say it")]
pub enum WindowKind {
    Hour,
    Day,
    Week,
    Month,
    Total,
}

/// What a lower price in a post's reply does.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnLowerPrice {
    /// It is a definite failure.
    #[default]
    Reject,
    /// It is charged, where payout and floor still hold.
    Accept,
}

/// What a post's reply means that no rule reads.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Unmatched {
    /// Nobody knows.
    #[default]
    Unknown,
    /// The buyer has not taken the lead.
    Rejected,
}

/// What an unknown post becomes of which nothing was found out in time.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum OnUnknown {
    /// A person decides.
    #[default]
    Hold,
    /// The buyer has the lead and is charged.
    AssumeAccepted,
    /// The buyer has not taken the lead; nothing is charged.
    AssumeRejected,
}
