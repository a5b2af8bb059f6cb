//! Tags of buyers, and the rules that name them.

use super::section;
use crate::document::Node;
use crate::snapshot::{Buyer, TagRule};
use crate::{limits, suggestion};

/// Reads `tags = ["direct", "south"]`: names, ordered and each once.
pub(super) fn read(node: &Node<'_>) -> Option<Box<[Box<str>]>> {
    let items = node.items(limits::TAGS_MAX)?;
    let mut tags: Vec<Box<str>> = items.iter().filter_map(read_tag).collect();
    tags.sort_unstable();
    tags.dedup();
    Some(tags.into())
}

fn read_tag(node: &Node<'_>) -> Option<Box<str>> {
    let text = node.text()?;
    section::check_name(text, node);
    Some(text.into())
}

/// Reads `buyers = { tags = ["direct"], not_tags = ["reseller"] }`.
pub(super) fn read_rule(node: &Node<'_>, buyers: &[Buyer]) -> Option<TagRule> {
    let table = node.table()?;
    let mut rule = TagRule::default();
    for (key, place) in [("tags", &mut rule.any), ("not_tags", &mut rule.none)] {
        let Some(node) = table.get(key) else { continue };
        *place = read(&node).unwrap_or_default();
        for tag in place.iter().filter(|tag| !buyers.iter().any(|buyer| buyer.tags.contains(tag))) {
            let mut known: Vec<&str> =
                buyers.iter().flat_map(|buyer| &buyer.tags).map(|tag| &**tag).collect();
            known.sort_unstable();
            known.dedup();
            node.warning(
                format!("no buyer has the tag \"{tag}\""),
                suggestion::remedy(tag, known.into_iter()),
            );
        }
    }
    if rule == TagRule::default() {
        table.error("says nothing", "tags = [..], not_tags = [..], or both");
    }
    table.finish();
    Some(rule)
}
