//! Campaigns: who buys what, when, at what price, and where it goes.

use std::sync::Arc;

use exchange_types::{BuyerIndex, EndpointIndex, Nanos, Rate, VerticalIndex};
use jiff::tz::TimeZone;

use super::delivery::{self, Endpoints};
use super::filter::FilterScope;
use super::geo::Geo;
use super::section::Named;
use super::source::SourceScope;
use super::vertical::{Draft, set};
use super::{
    CompileOptions, caps, consent, filter, notices, price, returns, schedule, seller, source, unknown,
};
use crate::document::{Node, Range, Table};
use crate::duration::DurationText;
use crate::snapshot::{
    Buyer, Campaign, ConsentRule, OnLowerPrice, OnUnknown, Pricing, ReturnReasons, SourceRule, Sources,
    Stage, Unmatched,
};
use crate::{Filter, Schedule, StandingPrice, limits, suggestion};

/// What a campaign may refer to.
pub(super) struct Scope<'s, 'a> {
    pub(super) verticals: &'s [Draft<'a>],
    pub(super) buyers: &'s [Buyer],
    pub(super) sources: &'s Arc<Sources>,
    pub(super) geo: &'s Geo,
    pub(super) options: &'s CompileOptions<'s>,
}

pub(super) fn compile_all(
    named: &Named<'_>,
    scope: &Scope<'_, '_>,
    endpoints: &mut Endpoints,
) -> Vec<Campaign> {
    named.iter().map(|(name, node)| compile(name, node, scope, endpoints)).collect()
}

fn compile(name: &str, node: &Node<'_>, scope: &Scope<'_, '_>, endpoints: &mut Endpoints) -> Campaign {
    let mut campaign = blank(name);
    if let Some(table) = node.table() {
        read(&table, &mut campaign, scope, endpoints);
        table.finish();
    }
    campaign
}

/// Returns a campaign with every default, which nobody has and which sells nothing.
pub(super) fn blank(name: &str) -> Campaign {
    Campaign {
        name: name.into(),
        buyer: BuyerIndex(u32::MAX),
        vertical: VerticalIndex(u16::MAX),
        paused: false,
        filter: Filter::everything(),
        sources: SourceRule::default(),
        consent: ConsentRule::default(),
        schedule: Schedule::always(),
        tier: 1,
        weight: 1,
        penalty: Rate::ZERO,
        reserve: None,
        pricing: Pricing::Standing(StandingPrice::by_rules(Vec::new(), None)),
        post: EndpointIndex(u32::MAX),
        post_timeout: Nanos::from_secs(10),
        sign_pings: true,
        secrets: [].into(),
        caps: [].into(),
        on_lower_price: OnLowerPrice::Reject,
        unmatched: Unmatched::Unknown,
        unknown_max: unknown::MAX_DEFAULT,
        idempotent: true,
        status: None,
        on_unknown: OnUnknown::Hold,
        unknown_after: unknown::AFTER_DEFAULT,
        return_window: returns::WINDOW_DEFAULT,
        return_reasons: ReturnReasons::ALL,
        returns_restore: false,
        notices: None,
        duplicate_window: Nanos::ZERO,
    }
}

fn read(table: &Table<'_>, campaign: &mut Campaign, scope: &Scope<'_, '_>, endpoints: &mut Endpoints) {
    set(&mut campaign.buyer, table.require("buyer", "\"north-solar\""), |node| {
        find_buyer(node, scope.buyers)
    });
    set(&mut campaign.vertical, table.require("vertical", "\"solar\""), |node| {
        seller::find_vertical(node.text()?, node, scope.verticals)
    });
    let vertical = scope.verticals.get(campaign.vertical.at());
    set(&mut campaign.paused, table.get("paused"), Node::boolean);
    let buyer = scope.buyers.get(campaign.buyer.at());
    campaign.tier = buyer.map_or(1, |buyer| buyer.tier);
    set(&mut campaign.tier, table.get("tier"), |node| node.small(Range::new(1, limits::TIER_MAX)));
    let window = buyer.and_then(|buyer| buyer.duplicate_window);
    let of_vertical = vertical.map_or(Nanos::ZERO, |draft| draft.vertical.duplicate_window);
    campaign.duplicate_window = window.unwrap_or(of_vertical);
    set(&mut campaign.duplicate_window, table.get("duplicate_window"), read_window);
    set(&mut campaign.weight, table.get("weight"), |node| node.small(Range::new(1, limits::WEIGHT_MAX)));
    set(&mut campaign.penalty, table.get("penalty"), Node::rate);
    read_reserve(table, campaign, vertical);
    let names = SourceScope { sources: scope.sources, buyer: buyer.map_or("", |buyer| &buyer.name) };
    campaign.sources = source::read_rule(table.get("sources"), &names);
    campaign.consent = consent::read(table);
    if let Some(draft) = vertical {
        campaign.consent = campaign.consent.and(&draft.consent);
    }
    let filters = FilterScope { vertical, sources: names, files: Some((scope.geo, scope.options)) };
    if let Some(node) = table.get("filter") {
        campaign.filter = filter::compile(&node, &filters);
        warn_of_late_fields(&node, &campaign.filter, vertical);
    }
    let zone = buyer.map_or(TimeZone::UTC, |buyer| buyer.zone.clone());
    campaign.schedule = schedule::read(table.get("schedule"), &zone, scope.options.now);
    read_pricing(table, campaign, scope, &filters, endpoints);
    read_post(table, campaign, scope, endpoints);
    campaign.secrets = delivery::read_secrets(table, scope.options);
    campaign.caps = caps::read(table.get("caps"));
    set(&mut campaign.on_lower_price, table.get("on_lower_price"), |node| {
        node.one_of(&[("reject", OnLowerPrice::Reject), ("accept", OnLowerPrice::Accept)])
    });
    unknown::read(table, campaign, scope.options, endpoints);
    returns::read(table, campaign, vertical);
    if let Some(node) = table.get("notices") {
        if matches!(campaign.pricing, Pricing::Standing(_)) && table.get("price").is_some() {
            node.error("tell what became of bids, and a standing price makes none", "leave them out");
        }
        let ca = endpoints.get(campaign.post).and_then(|post| post.ca_pem.clone());
        campaign.notices = notices::read(&node, ca, (scope.options, endpoints));
    }
}

/// Reads for how long a buyer is not offered a person again whom it had. Memory and store know of no longer one.
pub(super) fn read_window(node: &Node<'_>) -> Option<Nanos> {
    node.duration(Range::new(Nanos::ZERO, limits::DUPLICATE_WINDOW_MAX))
}

fn find_buyer(node: &Node<'_>, buyers: &[Buyer]) -> Option<BuyerIndex> {
    let name = node.text()?;
    let found = buyers.binary_search_by(|buyer| (*buyer.name).cmp(name)).ok();
    if found.is_none() {
        let remedy = suggestion::remedy(name, buyers.iter().map(|buyer| &*buyer.name));
        node.error(format!("unknown buyer \"{}\"", name.escape_debug()), remedy);
    }
    found.and_then(|position| u32::try_from(position).ok()).map(BuyerIndex)
}

fn read_reserve(table: &Table<'_>, campaign: &mut Campaign, vertical: Option<&Draft<'_>>) {
    let Some(node) = table.get("reserve") else { return };
    campaign.reserve = node.amount();
    if let (Some(reserve), Some(draft)) = (campaign.reserve, vertical)
        && reserve > draft.vertical.bid_max
    {
        let bid_max = draft.vertical.bid_max.display(draft.vertical.currency);
        node.error("no bid can reach the reserve", format!("at most bid_max, {bid_max}"));
    }
}

/// A field that comes with the post is not there when a two-step ping is filtered.
fn warn_of_late_fields(node: &Node<'_>, filter: &Filter, vertical: Option<&Draft<'_>>) {
    let Some(draft) = vertical else { return };
    for field in filter.fields().into_iter().filter_map(|index| draft.vertical.field(index)) {
        if field.given == Stage::Post {
            node.warning(
                format!("reads \"{}\", which two-step sellers send with the post only", field.name),
                "their pings meet the filter as if the field were not given",
            );
        }
    }
}

fn read_pricing(
    table: &Table<'_>,
    campaign: &mut Campaign,
    scope: &Scope<'_, '_>,
    filters: &FilterScope<'_, '_>,
    endpoints: &mut Endpoints,
) {
    match (table.get("ping"), table.get("price")) {
        (Some(node), None) => read_ping(&node, campaign, scope, endpoints),
        (None, Some(node)) => {
            if let Some(price) = price::read(&node, filters) {
                campaign.pricing = Pricing::Standing(price);
            }
        }
        (Some(_), Some(node)) => {
            node.error("stands beside a ping", "a campaign is asked or has a standing price, not both");
        }
        (None, None) => table.error(
            "has neither a ping nor a standing price",
            "add ping = { url = \"https://leads.example.org/ping\" } or price = \"12.00\"",
        ),
    }
}

fn read_ping(node: &Node<'_>, campaign: &mut Campaign, scope: &Scope<'_, '_>, endpoints: &mut Endpoints) {
    let Some(ping) = node.table() else { return };
    let vertical = scope.verticals.get(campaign.vertical.at());
    let window = vertical.map_or(Nanos::from_millis(500), |draft| draft.vertical.bid_window);
    let mut timeout = window;
    if let Some(node) = ping.get("timeout") {
        set(&mut timeout, Some(node.clone()), |node| {
            node.duration(Range::new(Nanos::from_millis(5), Nanos::from_secs(10)))
        });
        if timeout > window && vertical.is_some() {
            node.warning(
                format!("is longer than the bid window, which ends it after {}", DurationText(window)),
                format!("at most {}", DurationText(window)),
            );
            timeout = window;
        }
    }
    set(&mut campaign.sign_pings, ping.get("sign"), Node::boolean);
    if let Some(endpoint) = endpoints.read(&ping, scope.options) {
        campaign.pricing = Pricing::Ping { endpoint, timeout };
    }
    ping.finish();
}

fn read_post(table: &Table<'_>, campaign: &mut Campaign, scope: &Scope<'_, '_>, endpoints: &mut Endpoints) {
    if let Some(draft) = scope.verticals.get(campaign.vertical.at()) {
        campaign.post_timeout = draft.vertical.post_timeout;
    }
    let post = table.require("post", "{ url = \"https://leads.example.org/post\" }");
    let Some(post) = post.and_then(|node| node.table()) else { return };
    set(&mut campaign.post_timeout, post.get("timeout"), |node| {
        node.duration(Range::new(Nanos::from_millis(100), Nanos::from_secs(120)))
    });
    set(&mut campaign.unmatched, post.get("unmatched"), |node| {
        node.one_of(&[("unknown", Unmatched::Unknown), ("rejected", Unmatched::Rejected)])
    });
    if let Some(endpoint) = endpoints.read(&post, scope.options) {
        campaign.post = endpoint;
    }
    post.finish();
}
