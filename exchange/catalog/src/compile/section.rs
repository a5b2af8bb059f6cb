//! [`Sections`]: what a catalog names, gathered over its files.

use std::collections::BTreeMap;

use toml::de::DeTable;

use crate::document::{Node, Place, Report, Table};
use crate::limits;

/// The four kinds of things, by name.
#[derive(Debug, Default)]
pub(super) struct Sections<'a> {
    pub(super) verticals: Named<'a>,
    pub(super) sellers: Named<'a>,
    pub(super) buyers: Named<'a>,
    pub(super) campaigns: Named<'a>,
    /// Where postal codes lie, of every file that says so.
    pub(super) geo: Vec<Node<'a>>,
}

/// Nodes by name; the order of the map is that of the snapshot.
pub(super) type Named<'a> = BTreeMap<&'a str, Node<'a>>;

impl<'a> Sections<'a> {
    pub(super) fn collect(documents: &'a [Option<DeTable<'a>>], report: &'a Report<'a>) -> Self {
        let mut sections = Self::default();
        for (file, document) in documents.iter().enumerate() {
            let Some(document) = document else { continue };
            let root = Table::new(document, Place { file, offset: 0, path: String::new() }, report);
            add(&mut sections.verticals, root.get("verticals"), limits::VERTICALS_MAX);
            add(&mut sections.sellers, root.get("sellers"), limits::SELLERS_MAX);
            add(&mut sections.buyers, root.get("buyers"), limits::BUYERS_MAX);
            add(&mut sections.campaigns, root.get("campaigns"), limits::CAMPAIGNS_MAX);
            sections.geo.extend(root.get("geo"));
            root.finish();
        }
        sections
    }
}

fn add<'a>(named: &mut Named<'a>, section: Option<Node<'a>>, count_max: usize) {
    let Some(section) = section else { return };
    let Some(table) = section.table() else { return };
    for entry in table.into_entries() {
        if let Some(earlier) = named.get(entry.key) {
            let earlier = entry.node.report.file_and_line(&earlier.place);
            entry.node.error(format!("the name is already taken in {earlier}"), "choose another");
            continue;
        }
        if named.len() == count_max {
            section.error("has too many entries", format!("at most {count_max} over all files"));
            return;
        }
        check_name(entry.key, &entry.node);
        named.insert(entry.key, entry.node);
    }
}

/// Reports a name that would be trouble in a URL, a record or a metric.
pub(super) fn check_name(name: &str, node: &Node<'_>) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"-_".contains(&byte);
    let begins_well =
        name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit());
    if !begins_well || !name.bytes().all(plain) || name.len() > limits::NAME_BYTES_MAX {
        node.error(
            format!("\"{}\" is no name", name.escape_debug()),
            format!(
                "a-z, 0-9, - and _, beginning with a letter or digit, at most {} characters",
                limits::NAME_BYTES_MAX
            ),
        );
    }
}
