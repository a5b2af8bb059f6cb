//! Verticals: the schema, the auction's rule, and the instants.

use std::sync::Arc;

use exchange_types::{Amount, CampaignIndex, Currency, FieldIndex, Nanos, limits as shared};

use super::consent;
use super::field;
use super::near;
use super::notices;
use super::privacy;
use super::quality;
use super::returns;
use super::section::Named;
use crate::document::{Node, Range, Table};
use crate::duration::DurationText;
use crate::limits;
use crate::snapshot::{
    ConsentModel, ConsentRule, Disclosure, Field, FieldKind, RankBy, Rule, Sources, Vertical,
};

/// A vertical with what its campaigns are checked against.
#[derive(Debug)]
pub(super) struct Draft<'a> {
    pub(super) node: Node<'a>,
    pub(super) vertical: Vertical,
    /// How long a sale may be returned, for campaigns that say nothing else.
    pub(super) return_window: Nanos,
    /// What its leads have to bring along, for every campaign.
    pub(super) consent: ConsentRule,
    /// By field: whether its type could not be read, so that nothing can be checked against it.
    pub(super) broken: Vec<bool>,
    pub(super) campaigns: Vec<CampaignIndex>,
}

impl Draft<'_> {
    pub(super) fn finish(self) -> Vertical {
        Vertical { campaigns: self.campaigns.into(), ..self.vertical }
    }
}

pub(super) fn compile_all<'a>(named: &Named<'a>, sources: &Arc<Sources>) -> Vec<Draft<'a>> {
    named.iter().map(|(name, node)| compile(name, node, sources)).collect()
}

fn compile<'a>(name: &str, node: &Node<'a>, sources: &Arc<Sources>) -> Draft<'a> {
    let mut return_window = returns::WINDOW_DEFAULT;
    let mut consent = ConsentRule::default();
    let mut rules = None;
    let (vertical, broken) = match node.table() {
        Some(table) => {
            set(&mut return_window, table.get("return_window"), returns::read_window);
            consent = consent::read(&table);
            rules = table.get("rules");
            read(name, table)
        }
        None => (blank(name), Vec::new()),
    };
    let mut draft =
        Draft { node: node.clone(), vertical, return_window, consent, broken, campaigns: Vec::new() };
    if let Some(rules) = rules {
        draft.vertical.rules = quality::read_rules(&rules, &draft, sources);
    }
    draft
}

/// Returns a vertical with every default. The currency has none and is checked apart.
fn blank(name: &str) -> Vertical {
    let currency = Currency::parse("EUR").expect("EUR is a known currency");
    Vertical {
        name: name.into(),
        currency,
        fields: [].into(),
        fields_by_name: [].into(),
        rule: Rule::FirstPrice,
        rank_by: RankBy::Payout,
        max_buyers: 1,
        reserve: None,
        bid_max: Amount::from_micros(10_000 * Amount::MICROS_PER_UNIT),
        cascade_into_margin: true,
        disclose_floor: false,
        minimum_to_win: None,
        disclosure: Disclosure::Pseudonym,
        consent_model: ConsentModel::General,
        bid_window: Nanos::from_millis(500),
        answer_by: Nanos::from_secs(5),
        post_min: Nanos::from_millis(500),
        post_timeout: Nanos::from_secs(10),
        hold_time: Nanos::from_secs(30),
        offers_held: 2,
        duplicate_window: Nanos::from_secs(30 * 86_400),
        resubmit_after: Nanos::from_secs(15 * 60),
        near_duplicate: None,
        identity: [].into(),
        rules: [].into(),
        campaigns: [].into(),
    }
}

fn read(name: &str, table: Table<'_>) -> (Vertical, Vec<bool>) {
    let mut vertical = blank(name);
    read_currency(&table, &mut vertical);
    read_rule(&table, &mut vertical);
    read_disclosure(&table, &mut vertical);
    vertical.minimum_to_win = notices::read_minimum_to_win(&table);
    read_times(&table, &mut vertical);
    let fields = table.get("fields");
    if fields.is_none() {
        table.error("has no fields", format!("add [{}.NAME] with its type", table.place.key_path("fields")));
    }
    let schema = fields.and_then(|node| node.table()).map(field::compile_all).unwrap_or_default();
    privacy::warn_of_joined_fields(table.report, &schema);
    set_fields(&mut vertical, schema.fields);
    warn_of_missing_identity(&table, &vertical);
    vertical.near_duplicate = near::read(&table, &vertical);
    table.finish();
    (vertical, schema.broken)
}

fn read_currency(table: &Table<'_>, vertical: &mut Vertical) {
    let Some(node) = table.require("currency", "\"EUR\"") else { return };
    let Some(code) = node.text() else { return };
    match Currency::parse(code) {
        Some(currency) => vertical.currency = currency,
        None => node.error(
            format!("\"{code}\" is no currency that the exchange knows"),
            "an ISO 4217 code in capitals, such as \"EUR\" or \"USD\"",
        ),
    }
}

fn read_rule(table: &Table<'_>, vertical: &mut Vertical) {
    set(&mut vertical.rule, table.get("rule"), |node| {
        node.one_of(&[("first_price", Rule::FirstPrice), ("second_price", Rule::SecondPrice)])
    });
    let rank_by = table.get("rank_by");
    set(&mut vertical.rank_by, rank_by.clone(), |node| {
        node.one_of(&[
            ("payout", RankBy::Payout),
            ("bid", RankBy::Bid),
            ("margin", RankBy::Margin),
            ("none", RankBy::Nothing),
        ])
    });
    set(&mut vertical.max_buyers, table.get("max_buyers"), read_max_buyers);
    vertical.reserve = table.get("reserve").and_then(|node| node.amount());
    set(&mut vertical.bid_max, table.get("bid_max"), Node::amount);
    set(&mut vertical.cascade_into_margin, table.get("cascade_into_margin"), Node::boolean);
    vertical.offers_held = vertical.max_buyers.saturating_add(1);
    set(&mut vertical.offers_held, table.get("offers_held"), |node| {
        node.small(Range::new(1, limits::OFFERS_HELD_MAX))
    });
    if vertical.rule == Rule::SecondPrice {
        if table.get("reserve").is_none() {
            table.error(
                "second price needs a reserve: with a single bidder there is no other price",
                "add reserve = \"5.00\"",
            );
        }
        if let Some(node) = rank_by.filter(|_| vertical.rank_by == RankBy::Nothing) {
            node.error(
                "second price needs a ranking: under \"none\" no bid has a second",
                "valid with second price: \"payout\", \"bid\", \"margin\"",
            );
        }
    }
    if let Some(node) = table.get("reserve")
        && vertical.reserve.is_some_and(|reserve| reserve > vertical.bid_max)
    {
        let bid_max = vertical.bid_max.display(vertical.currency);
        node.error("no bid can reach the reserve", format!("at most bid_max, {bid_max}"));
    }
}

fn read_max_buyers(node: &Node<'_>) -> Option<u16> {
    if node.given_text().is_some() {
        return node.one_of(&[("all", shared::SHARED_BUYERS_MAX)]);
    }
    node.small(Range::new(1, i64::from(shared::SHARED_BUYERS_MAX)))
}

fn read_disclosure(table: &Table<'_>, vertical: &mut Vertical) {
    set(&mut vertical.disclose_floor, table.get("disclose_floor"), Node::boolean);
    set(&mut vertical.consent_model, table.get("consent_model"), |node| {
        node.one_of(&[("general", ConsentModel::General), ("named", ConsentModel::Named)])
    });
    let disclosure = table.get("disclosure");
    set(&mut vertical.disclosure, disclosure.clone(), |node| {
        node.one_of(&[("pseudonym", Disclosure::Pseudonym), ("legal", Disclosure::Legal)])
    });
    if vertical.consent_model == ConsentModel::Named {
        if let Some(node) = disclosure.filter(|_| vertical.disclosure == Disclosure::Pseudonym) {
            node.error(
                "the consent has to name the companies, so sellers have to see them",
                "leave it out, or set it to \"legal\"",
            );
        }
        vertical.disclosure = Disclosure::Legal;
    }
}

fn read_times(table: &Table<'_>, vertical: &mut Vertical) {
    const DAY: Nanos = Nanos::from_secs(86_400);
    let read = |key, length: &mut Nanos, min: Nanos, max: Nanos| {
        set(length, table.get(key), |node| node.duration(Range::new(min, max)));
    };
    let (millis, secs) = (Nanos::from_millis, Nanos::from_secs);
    // Below ten milliseconds no buyer answers over a network; ten seconds no person waits.
    read("bid_window", &mut vertical.bid_window, millis(10), secs(10));
    read("answer_by", &mut vertical.answer_by, millis(50), secs(60));
    read("post_min", &mut vertical.post_min, millis(1), secs(30));
    read("post_timeout", &mut vertical.post_timeout, millis(100), secs(120));
    // The wire contract bounds holds: five minutes of another's cap are enough.
    read("hold_time", &mut vertical.hold_time, secs(1), secs(300));
    read("duplicate_window", &mut vertical.duplicate_window, secs(60), limits::DUPLICATE_WINDOW_MAX);
    read("resubmit_after", &mut vertical.resubmit_after, Nanos::ZERO, Nanos(DAY.0 * 30));
    let needed = vertical.bid_window.saturating_add(vertical.post_min);
    if needed > vertical.answer_by {
        let place = table.get("answer_by").map_or_else(|| table.place.clone(), |node| node.place);
        table.report.error(
            &place,
            format!(
                "bid_window ({}) and post_min ({}) do not fit into answer_by ({})",
                DurationText(vertical.bid_window),
                DurationText(vertical.post_min),
                DurationText(vertical.answer_by)
            ),
            format!("an answer_by of at least {}", DurationText(needed)),
        );
    }
}

fn set_fields(vertical: &mut Vertical, fields: Vec<Field>) {
    let index = |position: usize| FieldIndex(u16::try_from(position).unwrap_or(u16::MAX));
    let mut by_name: Vec<(&str, FieldIndex)> =
        fields.iter().enumerate().map(|(position, field)| (&*field.name, index(position))).collect();
    by_name.sort_unstable();
    vertical.fields_by_name = by_name.iter().map(|&(_, index)| index).collect();
    let identifies = |field: &Field| matches!(field.kind, FieldKind::Phone { .. } | FieldKind::Email);
    let identity = fields.iter().enumerate().filter(|(_, field)| identifies(field));
    vertical.identity = identity.map(|(position, _)| index(position)).collect();
    vertical.fields = fields.into();
}

fn warn_of_missing_identity(table: &Table<'_>, vertical: &Vertical) {
    if vertical.identity.is_empty() && !vertical.fields.is_empty() {
        table.report.warning(
            &table.place,
            "has neither a phone nor an email field, so duplicates cannot be recognised",
            "add a field with type = \"phone\" or type = \"email\"",
        );
    }
}

/// Puts what a key says in the place of the default.
pub(super) fn set<'a, T>(place: &mut T, node: Option<Node<'a>>, read: impl FnOnce(&Node<'a>) -> Option<T>) {
    if let Some(value) = node.and_then(|node| read(&node)) {
        *place = value;
    }
}
