//! Near-duplicates: which fields make leads look alike, and for how long.

use exchange_types::{FieldIndex, Nanos};

use super::field;
use super::vertical::set;
use crate::document::{Range, Table};
use crate::limits;
use crate::snapshot::{NearDuplicate, Stage, Vertical};

/// Half an hour: whoever tries prices out does it within minutes.
const WINDOW_DEFAULT: Nanos = Nanos::from_secs(30 * 60);
/// A day; looks stand in memory for as long.
const WINDOW_MAX: Nanos = Nanos::from_secs(86_400);

/// Reads `near_duplicate = ["last_name", "zip"]` and `near_duplicate_window`.
pub(super) fn read(table: &Table<'_>, vertical: &Vertical) -> Option<NearDuplicate> {
    let mut window = WINDOW_DEFAULT;
    let (named, length) = (table.get("near_duplicate"), table.get("near_duplicate_window"));
    set(&mut window, length.clone(), |node| node.duration(Range::new(Nanos::from_secs(60), WINDOW_MAX)));
    let Some(node) = named else {
        if let Some(length) = length {
            length.error(
                "says for how long, and nothing says what looks alike",
                "add near_duplicate = [\"last_name\", \"zip\"]",
            );
        }
        return None;
    };
    let mut fields = Vec::new();
    for item in node.items(limits::NEAR_DUPLICATE_FIELDS_MAX)? {
        let Some(position) = field::find(&item, &vertical.fields) else { continue };
        if vertical.fields.get(position).is_some_and(|field| field.given == Stage::Post) {
            item.warning(
                "is kept for the post, so it is in no ping, and pings are not compared",
                "give it at the ping, or leave it out",
            );
        }
        fields.extend(u16::try_from(position).ok().map(FieldIndex));
    }
    fields.sort_unstable();
    fields.dedup();
    if fields.is_empty() {
        node.error(
            "names no field",
            "fields that are there before the post, such as [\"last_name\", \"zip\"]",
        );
    }
    Some(NearDuplicate { fields: fields.into(), window })
}
