//! Standing prices: one for every lead, or by rules.

use exchange_types::Amount;

use super::filter::{self, FilterScope};
use crate::document::Node;
use crate::{StandingPrice, limits};

/// Reads `"12.00"` or `{ rules = [{ when = FILTER, price = "20.00" }], otherwise = "10.00" }`.
pub(super) fn read(node: &Node<'_>, scope: &FilterScope<'_, '_>) -> Option<StandingPrice> {
    if node.is_table() {
        return read_rules(node, scope);
    }
    if node.given_text().is_none() {
        return node.wrong_type("an amount such as \"12.00\", or { rules = [..], otherwise = \"10.00\" }");
    }
    read_amount(node, scope).map(StandingPrice::fixed)
}

fn read_rules(node: &Node<'_>, scope: &FilterScope<'_, '_>) -> Option<StandingPrice> {
    let table = node.table()?;
    let items = table.require("rules", "[{ when = { .. }, price = \"20.00\" }]");
    let items = items.and_then(|node| node.items(limits::PRICE_RULES_MAX)).unwrap_or_default();
    let mut rules = Vec::new();
    for item in &items {
        let Some(rule) = item.table() else { continue };
        let when = rule.require("when", "{ field = \"zip\", prefix = [\"80\"] }");
        let filter = when.map(|node| filter::compile(&node, scope));
        let price = rule.require("price", "\"20.00\"").and_then(|node| read_amount(&node, scope));
        rules.extend(filter.zip(price));
        rule.finish();
    }
    let otherwise = table.get("otherwise").and_then(|node| read_amount(&node, scope));
    table.finish();
    Some(StandingPrice::by_rules(rules, otherwise))
}

fn read_amount(node: &Node<'_>, scope: &FilterScope<'_, '_>) -> Option<Amount> {
    let amount = node.amount()?;
    if let Some(draft) = scope.vertical
        && amount > draft.vertical.bid_max
    {
        let bid_max = draft.vertical.bid_max.display(draft.vertical.currency);
        node.error("is more than the vertical takes for a bid", format!("at most bid_max, {bid_max}"));
    }
    Some(amount)
}
