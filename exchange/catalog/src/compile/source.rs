//! Sources: the parts of sellers' traffic, and the sets in which campaigns name them.

use std::collections::BTreeMap;
use std::sync::Arc;

use exchange_types::{SellerIndex, limits as shared};

use super::section::{self, Named};
use super::supply_limits;
use super::vertical::set;
use crate::document::{Node, Table};
use crate::snapshot::{SellerSources, Source, SourceIndex, SourceNames, SourceRule, Sources, SupplyLimits};
use crate::{SourceSet, limits, suggestion};

const EXAMPLE: &str = "\"acme\" (a seller), \"acme/newsletter\" (its source), \"acme#pub-17\" (a sub-id), \"channel:email\", or a buyer's own name for a seller or publisher";
/// Digits of a name that a buyer sees.
const REF_DIGITS: usize = 32;

/// Reads the sources of every seller, in the order of the snapshot.
pub(super) fn compile_all(sellers: &Named<'_>, names: Option<&Arc<dyn SourceNames>>) -> Arc<Sources> {
    let sellers = sellers.iter().map(|(name, node)| read_seller(name, node)).collect();
    Arc::new(Sources { sellers, names: names.map(Arc::clone) })
}

fn read_seller(name: &str, node: &Node<'_>) -> SellerSources {
    let mut own = SellerSources { name: name.into(), ..SellerSources::default() };
    // A seller that is no table is reported where the rest of it is read.
    let Some(table) = node.is_table().then(|| node.table()).flatten() else { return own };
    let Some(section) = table.get("sources") else { return own };
    let Some(table) = section.table() else { return own };
    let mut entries = table.into_entries();
    if entries.len() > limits::SOURCES_MAX {
        section.error(format!("has {} sources", entries.len()), format!("at most {}", limits::SOURCES_MAX));
        return own;
    }
    entries.sort_by_key(|entry| entry.key);
    let (mut by_sub_id, mut by_channel) = (BTreeMap::new(), BTreeMap::new());
    let mut sources = Vec::new();
    for (position, entry) in (0_u16..).zip(&entries) {
        section::check_name(entry.key, &entry.node);
        let mut source = Source { name: entry.key.into(), paused: false, limits: SupplyLimits::default() };
        if let Some(table) = entry.node.table() {
            read_source(&table, SourceIndex(position), &mut by_sub_id, &mut by_channel);
            set(&mut source.paused, table.get("paused"), Node::boolean);
            supply_limits::read(&mut source.limits, &table);
            table.finish();
        }
        sources.push(source);
    }
    own.sources = sources.into();
    own.by_sub_id = by_sub_id.into_iter().collect();
    own.by_channel = by_channel.into_iter().collect();
    own
}

fn read_source(
    table: &Table<'_>,
    index: SourceIndex,
    by_sub_id: &mut BTreeMap<Box<str>, SourceIndex>,
    by_channel: &mut BTreeMap<Box<str>, SourceIndex>,
) {
    let (sub_ids, channel) = (table.get("sub_ids"), table.get("channel"));
    match (&sub_ids, &channel) {
        (None, None) => {
            table
                .error("says nothing of its leads", "add sub_ids = [\"pub-17\"] or channel = \"newsletter\"");
        }
        (Some(_), Some(channel)) => channel.error(
            "stands beside sub_ids",
            "a source lists sub-ids or names a channel; make two sources of it",
        ),
        (Some(_), None) | (None, Some(_)) => {}
    }
    for node in sub_ids.and_then(|node| node.items(limits::SOURCE_SUB_IDS_MAX)).unwrap_or_default() {
        take(&node, shared::KEY_BYTES_MAX, index, by_sub_id);
    }
    if let Some(channel) = channel {
        take(&channel, limits::CHANNEL_BYTES_MAX, index, by_channel);
    }
}

fn take(node: &Node<'_>, bytes_max: usize, index: SourceIndex, taken: &mut BTreeMap<Box<str>, SourceIndex>) {
    let Some(text) = node.text_within(bytes_max) else { return };
    if taken.insert(text.into(), index).is_some() {
        node.error(
            format!("\"{}\" is of a source already", text.escape_debug()),
            "each stands in one source, once",
        );
    }
}

/// Reads `sources = { only = [..], block = [..] }` of a campaign.
pub(super) fn read_rule(node: Option<Node<'_>>, scope: &SourceScope<'_>) -> SourceRule {
    let mut rule = SourceRule::default();
    if let Some(table) = node.and_then(|node| node.table()) {
        let read = |key| table.get(key).and_then(|node| read_set(&node, scope));
        rule.only = read("only");
        rule.block = read("block");
        if table.keys().next().is_none() {
            table.error("says nothing", "only = [..], block = [..], or both");
        }
        table.finish();
    }
    rule
}

/// What the names in a set of sources lead to.
#[derive(Clone, Copy)]
pub(super) struct SourceScope<'s> {
    pub(super) sources: &'s Arc<Sources>,
    /// Whose names for sellers and publishers are understood; nobody's where it is empty.
    pub(super) buyer: &'s str,
}

/// Reads an array of sources, or one.
pub(super) fn read_set(node: &Node<'_>, scope: &SourceScope<'_>) -> Option<SourceSet> {
    let items = match node.given_text() {
        Some(_) => vec![node.clone()],
        None => node.items(limits::SOURCE_SET_MAX)?,
    };
    if items.is_empty() {
        node.error("has no sources", EXAMPLE);
        return None;
    }
    let mut parts = Parts::default();
    for item in &items {
        if let Some(text) = item.text() {
            parts.add(text, item, scope);
        }
    }
    Some(parts.finish(scope))
}

#[derive(Default)]
struct Parts {
    sellers: Vec<SellerIndex>,
    named: Vec<(SellerIndex, SourceIndex)>,
    sub_ids: Vec<(SellerIndex, Box<str>)>,
    channels: Vec<Box<str>>,
    refs: Vec<u128>,
    written: Vec<Box<str>>,
}

impl Parts {
    fn add(&mut self, text: &str, node: &Node<'_>, scope: &SourceScope<'_>) {
        self.written.push(text.into());
        if let Some(channel) = text.strip_prefix("channel:") {
            if channel.trim().is_empty() || channel.len() > limits::CHANNEL_BYTES_MAX {
                let remedy = format!("1 to {} bytes after \"channel:\"", limits::CHANNEL_BYTES_MAX);
                node.error("names no channel", remedy);
            }
            self.channels.push(channel.into());
        } else if let Some((seller, sub_id)) = text.split_once('#') {
            if sub_id.trim().is_empty() || sub_id.len() > shared::KEY_BYTES_MAX {
                node.error("names no sub-id", format!("1 to {} bytes after #", shared::KEY_BYTES_MAX));
            }
            self.sub_ids.extend(find_seller(seller, node, scope).map(|seller| (seller, sub_id.into())));
        } else if let Some((seller, source)) = text.split_once('/') {
            let seller = find_seller(seller, node, scope);
            self.named.extend(seller.and_then(|seller| find_source(seller, source, node, scope)));
        } else if let Some(seller) = scope.sources.seller_named(text) {
            self.sellers.push(seller);
        } else if let Some(name) = parse_ref(text).filter(|_| !scope.buyer.is_empty()) {
            // Publishers come and go without the catalog: whose name it is shows with the lead.
            self.refs.push(name);
        } else {
            find_seller(text, node, scope);
        }
    }

    fn finish(mut self, scope: &SourceScope<'_>) -> SourceSet {
        self.sellers.sort_unstable();
        self.named.sort_unstable();
        self.sub_ids.sort_unstable();
        self.channels.sort_unstable();
        self.refs.sort_unstable();
        SourceSet {
            sources: Arc::clone(scope.sources),
            sellers: self.sellers.into(),
            named: self.named.into(),
            sub_ids: self.sub_ids.into(),
            channels: self.channels.into(),
            refs: self.refs.into(),
            buyer: scope.buyer.into(),
            written: self.written.into(),
        }
    }
}

fn parse_ref(text: &str) -> Option<u128> {
    let hexadecimal = |byte: u8| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte);
    let is_ref = text.len() == REF_DIGITS && text.bytes().all(hexadecimal);
    is_ref.then(|| u128::from_str_radix(text, 16).ok()).flatten()
}

fn find_seller(name: &str, node: &Node<'_>, scope: &SourceScope<'_>) -> Option<SellerIndex> {
    let found = scope.sources.seller_named(name);
    if found.is_none() {
        let remedy = suggestion::remedy(name, scope.sources.sellers.iter().map(|seller| &*seller.name));
        node.error(format!("unknown seller \"{}\"", name.escape_debug()), remedy);
    }
    found
}

fn find_source(
    seller: SellerIndex,
    name: &str,
    node: &Node<'_>,
    scope: &SourceScope<'_>,
) -> Option<(SellerIndex, SourceIndex)> {
    let own = scope.sources.sellers.get(seller.at())?;
    let found = own.source_named(name);
    if found.is_none() {
        let remedy = suggestion::remedy(name, own.sources.iter().map(|source| &*source.name));
        node.error(format!("unknown source \"{}\" of \"{}\"", name.escape_debug(), own.name), remedy);
    }
    found.map(|source| (seller, source))
}
