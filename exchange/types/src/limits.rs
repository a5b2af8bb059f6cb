//! Limits that hold everywhere, each with its reason. What an operator may change stands in the
//! configuration instead.

/// Campaigns that one auction may ping. Ten to thirty are usual; beyond this the fan-out alone would
/// outlast a bid window.
pub const PINGED_CAMPAIGNS_MAX: usize = 256;
/// Entries in one reply: a price for one, two, three and four buyers covers what the field uses.
pub const BID_ENTRIES_MAX: usize = 4;
/// Bytes of a buyer's bid id: a UUID has 36, and the id is stored with every bid.
pub const BID_ID_BYTES_MAX: usize = 64;
/// Bytes of a buyer's reference in a post's reply.
pub const BUYER_REF_BYTES_MAX: usize = 128;
/// Bytes of a redirect URL: what browsers take without trouble.
pub const REDIRECT_URL_BYTES_MAX: usize = 2_048;
/// Bytes of a seller's reference or an idempotency key.
pub const KEY_BYTES_MAX: usize = 128;
/// Bytes of a ping's reply that are read.
pub const PING_REPLY_BYTES_MAX: usize = 8 * 1_024;
/// Bytes of a post's reply that are read.
pub const POST_REPLY_BYTES_MAX: usize = 32 * 1_024;
/// Bytes of a seller's body, unless the configuration says otherwise.
pub const SELLER_BODY_BYTES_DEFAULT: usize = 16 * 1_024;
/// The most that the configuration may allow for a seller's body.
pub const SELLER_BODY_BYTES_MAX: usize = 64 * 1_024;
/// Bytes of a request's or reply's header.
pub const HEADER_BYTES_MAX: usize = 16 * 1_024;
/// Nesting of JSON: a reply or submission needs four levels.
pub const JSON_DEPTH_MAX: usize = 32;
/// Fields of a vertical.
pub const FIELDS_MAX: usize = 256;
/// Bytes of one text field.
pub const FIELD_TEXT_BYTES_MAX: usize = 4 * 1_024;
/// Companies that a consent may name; the longest lists in use have some dozens.
pub const NAMED_SELLERS_MAX: usize = 64;
/// Sub-ids of one lead.
pub const SUB_IDS_MAX: usize = 8;
/// The most companies that may share a lead where a vertical says `all`.
pub const SHARED_BUYERS_MAX: u16 = 256;
/// Nesting of a campaign's filter.
pub const FILTER_DEPTH_MAX: usize = 16;
/// Caps and budgets of one campaign, with those of its buyer: three kinds over five windows, twice.
pub const CAPS_MAX: usize = 30;
