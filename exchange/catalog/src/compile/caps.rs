//! Caps and budgets of campaigns and buyers.

use crate::document::{Node, Range, Table};
use crate::limits;
use crate::snapshot::{Cap, CapKind, WindowKind};

const WINDOWS: [(&str, WindowKind); 5] = [
    ("hour", WindowKind::Hour),
    ("day", WindowKind::Day),
    ("week", WindowKind::Week),
    ("month", WindowKind::Month),
    ("total", WindowKind::Total),
];

/// Reads `caps = { sent = { day = 100 }, sold = { hour = 5 }, budget = { month = "5000.00" } }`.
pub(super) fn read(node: Option<Node<'_>>) -> Box<[Cap]> {
    let mut caps = Vec::new();
    if let Some(table) = node.and_then(|node| node.table()) {
        for (key, kind) in [("sent", CapKind::Sent), ("sold", CapKind::Sold), ("budget", CapKind::Budget)] {
            if let Some(windows) = table.get(key).and_then(|node| node.table()) {
                read_windows(windows, kind, &mut caps);
            }
        }
        table.finish();
    }
    caps.into()
}

fn read_windows(table: Table<'_>, kind: CapKind, caps: &mut Vec<Cap>) {
    for (key, window) in WINDOWS {
        let limit = table.get(key).and_then(|node| match kind {
            CapKind::Sent | CapKind::Sold => node.whole(Range::new(0, limits::CAP_MAX)),
            CapKind::Budget | CapKind::Balance => node.amount_or_zero().map(exchange_types::Amount::micros),
        });
        caps.extend(limit.map(|limit| Cap { kind, window, limit }));
    }
    table.finish();
}
