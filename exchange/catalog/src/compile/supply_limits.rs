//! How much a seller or a source may send: the same keys in both.

use super::vertical::set;
use crate::document::{Node, Range, Table};
use crate::limits;
use crate::snapshot::SupplyLimits;

/// Reads the limits that a table sets.
pub(super) fn read(into: &mut SupplyLimits, table: &Table<'_>) {
    let pace = |node: &Node<'_>| node.pace().map(Some);
    set(&mut into.rate, table.get("rate"), pace);
    set(&mut into.quota_day, table.get("quota_day"), |node| {
        node.small(Range::new(1, limits::QUOTA_DAY_MAX)).map(Some)
    });
    set(&mut into.unposted, table.get("unposted"), pace);
    set(&mut into.unposted_per_post, table.get("unposted_per_post"), |node| {
        node.small(Range::new(0, limits::UNPOSTED_PER_POST_MAX))
    });
}
