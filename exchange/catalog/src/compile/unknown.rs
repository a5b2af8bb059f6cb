//! What a campaign says about posts whose outcome nobody knows.

use exchange_types::Nanos;

use super::CompileOptions;
use super::delivery::Endpoints;
use super::vertical::set;
use crate::document::{Node, Range, Table};
use crate::limits;
use crate::snapshot::{Campaign, OnUnknown};

/// Open unknown posts of a campaign that says nothing else.
pub(super) const MAX_DEFAULT: u16 = 10;
/// A buyer's people have had a working day to look.
pub(super) const AFTER_DEFAULT: Nanos = Nanos::from_secs(86_400);

/// Reads the keys. Call it after the post's endpoint is known.
pub(super) fn read(
    table: &Table<'_>,
    campaign: &mut Campaign,
    options: &CompileOptions<'_>,
    endpoints: &mut Endpoints,
) {
    set(&mut campaign.unknown_max, table.get("unknown_max"), |node| {
        node.small(Range::new(1, limits::UNKNOWN_MAX_MAX))
    });
    set(&mut campaign.idempotent, table.get("idempotent"), Node::boolean);
    set(&mut campaign.on_unknown, table.get("on_unknown"), |node| {
        node.one_of(&[
            ("hold", OnUnknown::Hold),
            ("assume_accepted", OnUnknown::AssumeAccepted),
            ("assume_rejected", OnUnknown::AssumeRejected),
        ])
    });
    set(&mut campaign.unknown_after, table.get("unknown_after"), |node| {
        node.duration(Range::new(limits::UNKNOWN_AFTER_MIN, limits::UNKNOWN_AFTER_MAX))
    });
    if let Some(node) = table.get("status_url") {
        let ca = endpoints.get(campaign.post).and_then(|post| post.ca_pem.clone());
        campaign.status = endpoints.read_status(&node, ca, options);
    }
}
