//! What buyers are told of their bids: a campaign's notices, and a vertical's rule for the minimum to win.

use exchange_types::{Amount, Nanos};

use super::CompileOptions;
use super::delivery::Endpoints;
use super::vertical::set;
use crate::document::{Node, Range, Table};
use crate::limits;
use crate::snapshot::{MinimumToWin, Notices};

/// Notices in one message where the campaign says nothing else: some 30 KiB.
const BATCH_MAX_DEFAULT: u16 = 100;
/// Between two messages.
const EVERY_DEFAULT: Nanos = Nanos::from_secs(1);
/// How long after an auction its prices are told.
const DELAY_DEFAULT: Nanos = Nanos::from_secs(3_600);
/// To what they are rounded up: half a unit.
const STEP_DEFAULT: Amount = Amount::from_micros(Amount::MICROS_PER_UNIT / 2);

/// Reads `{ url = "https://buyer.example/notices", batch_max = 100, every = "1s" }`. The private CA is that of the
/// campaign's posts.
pub(super) fn read(
    node: &Node<'_>,
    ca_pem: Option<Box<str>>,
    (options, endpoints): (&CompileOptions<'_>, &mut Endpoints),
) -> Option<Notices> {
    let table = node.table()?;
    let url = table.require("url", "\"https://leads.example.org/notices\"");
    let endpoint = url.and_then(|url| endpoints.read_plain(&url, ca_pem, options));
    let (mut batch_max, mut every) = (BATCH_MAX_DEFAULT, EVERY_DEFAULT);
    set(&mut batch_max, table.get("batch_max"), |node| node.small(Range::new(1, limits::NOTICES_BATCH_MAX)));
    set(&mut every, table.get("every"), |node| {
        node.duration(Range::new(Nanos::from_secs(1), Nanos::from_secs(3_600)))
    });
    table.finish();
    Some(Notices { endpoint: endpoint?, batch_max, every })
}

/// Reads a vertical's rule.
pub(super) fn read_minimum_to_win(table: &Table<'_>) -> Option<MinimumToWin> {
    let mut disclosed = false;
    set(&mut disclosed, table.get("disclose_minimum_to_win"), Node::boolean);
    let mut rule = MinimumToWin { delay: DELAY_DEFAULT, step: STEP_DEFAULT };
    for key in ["minimum_to_win_delay", "minimum_to_win_step"] {
        if let Some(node) = table.get(key)
            && !disclosed
        {
            node.error("decides nothing", "disclose_minimum_to_win = true beside it, or leave it out");
        }
    }
    set(&mut rule.delay, table.get("minimum_to_win_delay"), |node| {
        node.duration(Range::new(Nanos::ZERO, limits::MINIMUM_TO_WIN_DELAY_MAX))
    });
    set(&mut rule.step, table.get("minimum_to_win_step"), Node::amount);
    disclosed.then_some(rule)
}
