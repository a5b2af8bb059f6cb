//! Buyers: the company, its zone, its caps.

use jiff::tz::TimeZone;

use super::section::Named;
use super::vertical::{Draft, set};
use super::{campaign, caps, tags};
use crate::document::{Node, Range, Table};
use crate::snapshot::{Buyer, Campaign, CapKind, WeekStart};
use crate::{limits, suggestion};

pub(super) fn compile_all(named: &Named<'_>) -> Vec<Buyer> {
    named.iter().map(|(name, node)| compile(name, node)).collect()
}

/// Reports a budget or balance over campaigns whose prices are in several currencies: the sum would mean nothing.
pub(super) fn check_currencies(
    named: &Named<'_>,
    buyers: &[Buyer],
    campaigns: &[Campaign],
    verticals: &[Draft<'_>],
) {
    for ((position, buyer), node) in buyers.iter().enumerate().zip(named.values()) {
        let budget = buyer.caps.iter().any(|cap| cap.kind == CapKind::Budget);
        if !budget && !buyer.prepaid {
            continue;
        }
        let own = campaigns.iter().filter(|campaign| campaign.buyer.at() == position);
        let currencies = own.filter_map(|campaign| verticals.get(campaign.vertical.at()));
        let mut currencies: Vec<&str> = currencies.map(|draft| draft.vertical.currency.code()).collect();
        currencies.sort_unstable();
        currencies.dedup();
        if currencies.len() > 1 {
            let (what, remedy) = if budget {
                ("budget", "set the budgets at its campaigns")
            } else {
                ("prepaid balance", "make it two buyers, one for each currency")
            };
            node.error(format!("has one {what} over campaigns in {}", currencies.join(" and ")), remedy);
        }
    }
}

/// Returns a buyer with every default.
pub(super) fn blank(name: &str) -> Buyer {
    Buyer {
        name: name.into(),
        legal_name: "".into(),
        zone: TimeZone::UTC,
        week_start: WeekStart::Monday,
        caps: [].into(),
        prepaid: false,
        tags: [].into(),
        tier: 1,
        duplicate_window: None,
    }
}

fn compile(name: &str, node: &Node<'_>) -> Buyer {
    let mut buyer = blank(name);
    if let Some(table) = node.table() {
        read(table, &mut buyer);
    }
    buyer
}

fn read(table: Table<'_>, buyer: &mut Buyer) {
    set(&mut buyer.legal_name, table.require("legal_name", "\"North Solar GmbH\""), |node| {
        node.text_within(limits::LEGAL_NAME_BYTES_MAX).map(Into::into)
    });
    set(&mut buyer.zone, table.require("time_zone", "\"Europe/Berlin\""), read_zone);
    set(&mut buyer.week_start, table.get("week_starts"), |node| {
        node.one_of(&[("monday", WeekStart::Monday), ("sunday", WeekStart::Sunday)])
    });
    buyer.caps = caps::read(table.get("caps"));
    set(&mut buyer.prepaid, table.get("prepaid"), Node::boolean);
    set(&mut buyer.tags, table.get("tags"), tags::read);
    buyer.duplicate_window = table.get("duplicate_window").and_then(|node| campaign::read_window(&node));
    set(&mut buyer.tier, table.get("tier"), |node| node.small(Range::new(1, limits::TIER_MAX)));
    table.finish();
}

fn read_zone(node: &Node<'_>) -> Option<TimeZone> {
    let name = node.text()?;
    let zone = jiff::tz::db().get(name).ok();
    if zone.is_none() {
        let names: Vec<String> = jiff::tz::db().available().map(|name| name.to_string()).collect();
        let near = suggestion::remedy(name, names.iter().map(String::as_str));
        let remedy =
            if near.starts_with("did you mean") { near } else { "such as \"Europe/Berlin\"".to_owned() };
        node.error(format!("\"{}\" is no IANA time zone", name.escape_debug()), remedy);
    }
    zone
}
