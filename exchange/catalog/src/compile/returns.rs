//! What a campaign says about returns.

use exchange_types::Nanos;

use super::vertical::{Draft, set};
use crate::document::{Node, Range, Table};
use crate::limits;
use crate::snapshot::{Campaign, ReturnReasons};

/// How long a sale may be returned where neither campaign nor vertical says it: a week of trying to reach the
/// person.
pub(super) const WINDOW_DEFAULT: Nanos = Nanos::from_secs(7 * 86_400);

/// Reads the return window of a campaign or vertical.
pub(super) fn read_window(node: &Node<'_>) -> Option<Nanos> {
    node.duration(Range::new(Nanos::ZERO, limits::RETURN_WINDOW_MAX))
}

pub(super) fn read(table: &Table<'_>, campaign: &mut Campaign, vertical: Option<&Draft<'_>>) {
    campaign.return_window = vertical.map_or(WINDOW_DEFAULT, |draft| draft.return_window);
    set(&mut campaign.return_window, table.get("return_window"), read_window);
    set(&mut campaign.return_reasons, table.get("return_reasons"), read_reasons);
    set(&mut campaign.returns_restore, table.get("returns_restore"), Node::boolean);
}

fn read_reasons(node: &Node<'_>) -> Option<ReturnReasons> {
    let items = node.items(ReturnReasons::NAMES.len())?;
    if items.is_empty() {
        node.error("has no reason, so nothing could be returned", "return_window = \"0s\" says that");
        return None;
    }
    let mut words = [("", 0); ReturnReasons::NAMES.len()];
    for ((position, name), word) in ReturnReasons::NAMES.into_iter().enumerate().zip(&mut words) {
        *word = (name, position);
    }
    let positions = items.iter().filter_map(|item| item.one_of(&words));
    Some(positions.fold(ReturnReasons::NONE, ReturnReasons::with))
}
