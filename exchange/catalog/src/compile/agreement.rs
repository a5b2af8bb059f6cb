//! Agreements: how a seller's payout follows from the price.

use exchange_types::{Amount, BuyerIndex};

use super::campaign::Scope;
use super::tags;
use super::vertical::set;
use crate::document::{Node, Table};
use crate::snapshot::{Agreement, Buyer, Payout, Sources, TagRule, Terms};
use crate::{limits, suggestion};

/// Terms that pay nobody: what stands where none could be read.
const BLANK: Terms = Terms { payout: Payout::None, min_margin: Amount::ZERO, allow_loss: false };

const EXAMPLE: &str = r#"{ margin = "20%" }, { margin = "3.00" }, { share = "70%" }, { fixed = "18.00", per = "lead" }, or { none = true }"#;

pub(super) fn compile(node: &Node<'_>, seller: &str, scope: &Scope<'_, '_>) -> Agreement {
    let mut agreement = Agreement {
        terms: BLANK,
        buyers: [].into(),
        sub_ids: [].into(),
        sources: [].into(),
        channels: [].into(),
        partners: TagRule::default(),
    };
    let Some(table) = node.table() else { return agreement };
    agreement.terms = read_terms(&table);
    if let Some(overrides) = table.get("overrides").and_then(|node| node.table()) {
        agreement.buyers = read_buyers(overrides.get("buyers"), scope.buyers);
        agreement.sub_ids = read_texts(overrides.get("sub_ids"));
        read_sources(overrides.get("sources"), seller, scope.sources, &mut agreement);
        overrides.finish();
    }
    set(&mut agreement.partners, table.get("buyers"), |node| tags::read_rule(node, scope.buyers));
    table.finish();
    agreement
}

fn read_terms(table: &Table<'_>) -> Terms {
    let mut terms = BLANK;
    set(&mut terms.payout, table.require("payout", "{ margin = \"20%\" }"), read_payout);
    set(&mut terms.min_margin, table.get("min_margin"), Node::amount_or_zero);
    set(&mut terms.allow_loss, table.get("allow_loss"), Node::boolean);
    if let Some(node) = table.get("min_margin")
        && terms.allow_loss
        && terms.min_margin.is_positive()
    {
        node.warning("has no effect where allow_loss is set", "remove one of the two");
    }
    terms
}

fn read_payout(node: &Node<'_>) -> Option<Payout> {
    let table = node.table()?;
    let (margin, share) = (table.get("margin"), table.get("share"));
    let (fixed, per, nobody) = (table.get("fixed"), table.get("per"), table.get("none"));
    let kinds = [&margin, &share, &fixed, &nobody].into_iter().flatten().count();
    let payout = if kinds == 1 {
        margin
            .and_then(|node| read_margin(&node))
            .or_else(|| share.and_then(|node| node.rate()).map(Payout::Share))
            .or_else(|| fixed.and_then(|node| read_fixed(&node, per.as_ref(), &table)))
            .or_else(|| nobody.and_then(|node| read_nobody(&node)))
    } else {
        let known = table.keys().any(|key| ["margin", "share", "fixed", "none", "per"].contains(&key));
        if kinds > 1 || known || table.keys().next().is_none() {
            table.error("needs exactly one of margin, share, fixed and none", EXAMPLE);
        }
        None
    };
    if let Some(per) = per.filter(|_| kinds == 1 && table.get("fixed").is_none()) {
        per.error("belongs to fixed", EXAMPLE);
    }
    table.finish();
    payout
}

fn read_margin(node: &Node<'_>) -> Option<Payout> {
    let text = node.text()?;
    if text.ends_with('%') {
        node.rate().map(Payout::MarginRate)
    } else {
        node.amount_or_zero().map(Payout::MarginAmount)
    }
}

fn read_fixed(node: &Node<'_>, per: Option<&Node<'_>>, table: &Table<'_>) -> Option<Payout> {
    let amount = node.amount();
    let Some(per) = per else {
        table.error("`per` is missing", "add per = \"lead\" or per = \"sale\"");
        return None;
    };
    let once_a_lead = per.one_of(&[("lead", true), ("sale", false)])?;
    amount.map(if once_a_lead { Payout::FixedPerLead } else { Payout::FixedPerSale })
}

fn read_nobody(node: &Node<'_>) -> Option<Payout> {
    if node.boolean()? {
        return Some(Payout::None);
    }
    node.error("is false, which says nothing", EXAMPLE);
    None
}

fn read_buyers(node: Option<Node<'_>>, buyers: &[Buyer]) -> Box<[(BuyerIndex, Terms)]> {
    let mut overrides = Vec::new();
    for (name, node) in read_overrides(node) {
        let terms = read_override(&node);
        if let Ok(position) = buyers.binary_search_by(|buyer| (*buyer.name).cmp(name)) {
            overrides.push((BuyerIndex(u32::try_from(position).unwrap_or(u32::MAX)), terms));
        } else {
            let remedy = suggestion::remedy(name, buyers.iter().map(|buyer| &*buyer.name));
            node.error(format!("unknown buyer \"{}\"", name.escape_debug()), remedy);
        }
    }
    overrides.sort_unstable_by_key(|&(index, _)| index);
    overrides.into()
}

/// Reads overrides by source: by those of the seller, and by the channel where it has none of that name.
fn read_sources(node: Option<Node<'_>>, seller: &str, sources: &Sources, agreement: &mut Agreement) {
    let own = sources.seller_named(seller).and_then(|index| sources.sellers.get(index.at()));
    let (mut by_source, mut by_channel) = (Vec::new(), Vec::new());
    for (name, node) in read_overrides(node) {
        let terms = read_override(&node);
        match own.and_then(|own| own.source_named(name)) {
            Some(source) => by_source.push((source, terms)),
            None => by_channel.push((name.into(), terms)),
        }
    }
    by_source.sort_unstable_by_key(|&(source, _)| source);
    by_channel.sort_unstable_by(|(here, _): &(Box<str>, _), (there, _)| here.cmp(there));
    agreement.sources = by_source.into();
    agreement.channels = by_channel.into();
}

fn read_texts(node: Option<Node<'_>>) -> Box<[(Box<str>, Terms)]> {
    let entries = read_overrides(node);
    let mut overrides: Vec<(Box<str>, Terms)> =
        entries.iter().map(|(name, node)| ((*name).into(), read_override(node))).collect();
    overrides.sort_unstable_by(|(here, _), (there, _)| here.cmp(there));
    overrides.into()
}

fn read_overrides(node: Option<Node<'_>>) -> Vec<(&str, Node<'_>)> {
    let Some(node) = node else { return Vec::new() };
    let Some(table) = node.table() else { return Vec::new() };
    let entries = table.into_entries();
    if entries.len() > limits::OVERRIDES_MAX {
        node.error(format!("has {} overrides", entries.len()), format!("at most {}", limits::OVERRIDES_MAX));
    }
    entries.into_iter().map(|entry| (entry.key, entry.node)).collect()
}

/// Reads one override; it replaces the whole, so it says everything itself.
fn read_override(node: &Node<'_>) -> Terms {
    let Some(table) = node.table() else { return BLANK };
    let terms = read_terms(&table);
    table.finish();
    terms
}
