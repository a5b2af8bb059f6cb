//! Sellers with their agreements.

use exchange_types::{EventKind, VerticalIndex};

use super::campaign::Scope;
use super::delivery::{self, Endpoints};
use super::postback::SellerFields;
use super::section::Named;
use super::vertical::{Draft, set};
use super::{CompileOptions, agreement, postback, supply_limits};
use crate::document::{Node, Range, Table};
use crate::snapshot::{Agreement, Seller, SupplyLimits, Webhook};
use crate::{limits, suggestion};

/// Open holds of a seller that says nothing else: thirty offers a second at the default hold time.
const HOLDS_MAX_DEFAULT: u32 = 1_000;

pub(super) fn compile_all(
    named: &Named<'_>,
    scope: &Scope<'_, '_>,
    endpoints: &mut Endpoints,
) -> Vec<Seller> {
    named.iter().map(|(name, node)| compile(name, node, scope, endpoints)).collect()
}

/// Returns a seller with every default, which may sell nothing.
pub(super) fn blank(name: &str) -> Seller {
    Seller {
        name: name.into(),
        agreements: [].into(),
        holds_max: HOLDS_MAX_DEFAULT,
        limits: SupplyLimits { unposted: Some(SupplyLimits::UNPOSTED_DEFAULT), ..SupplyLimits::default() },
        webhook: None,
        postback: None,
    }
}

fn compile(name: &str, node: &Node<'_>, scope: &Scope<'_, '_>, endpoints: &mut Endpoints) -> Seller {
    let mut seller = blank(name);
    let Some(table) = node.table() else { return seller };
    set(&mut seller.holds_max, table.get("holds_max"), |node| {
        node.small(Range::new(1, limits::HOLDS_MAX_MAX))
    });
    supply_limits::read(&mut seller.limits, &table);
    // Read before, for the campaigns that name them.
    table.get("sources");
    match table.get("agreements").map(|node| node.table()) {
        Some(Some(agreements)) => {
            seller.agreements = read_agreements(agreements, name, scope);
        }
        Some(None) => {}
        None => table.report.warning(
            &table.place,
            "has no agreement, so it can sell nothing",
            format!("add [{}.VERTICAL] with a payout", table.place.key_path("agreements")),
        ),
    }
    seller.webhook = read_webhook(&table, scope.options, endpoints);
    let fields = SellerFields { verticals: scope.verticals, agreements: &seller.agreements };
    seller.postback =
        table.get("postback").and_then(|node| postback::read(&node, &fields, (scope.options, endpoints)));
    table.finish();
    seller
}

fn read_webhook(
    table: &Table<'_>,
    options: &CompileOptions<'_>,
    endpoints: &mut Endpoints,
) -> Option<Webhook> {
    let events = table.get("webhook_events");
    let url = table.get("webhook_url");
    if url.is_none()
        && let Some(events) = &events
    {
        events.error("go nowhere: there is no webhook_url beside them", "add webhook_url, or leave it out");
    }
    match (url, table.get("webhook_secret")) {
        (Some(url), Some(secret)) => {
            let endpoint = endpoints.read_plain(&url, None, options);
            let secret = delivery::read_secret(&secret, options);
            let events = events.map_or_else(|| Some(EventKind::ALL.into()), |node| read_events(&node));
            Some(Webhook { endpoint: endpoint?, secret: secret?, events: events? })
        }
        (Some(url), None) => {
            let remedy = "add webhook_secret = \"env:ACME_WEBHOOK_SECRET\"";
            url.error("has no secret beside it, so events could not be signed", remedy);
            None
        }
        (None, Some(secret)) => {
            secret.error(
                "signs nothing: there is no webhook_url beside it",
                "add webhook_url, or leave it out",
            );
            None
        }
        (None, None) => None,
    }
}

/// Reads `["lead.sold", "lead.settled"]`.
fn read_events(node: &Node<'_>) -> Option<Box<[EventKind]>> {
    let items = node.items(EventKind::ALL.len())?;
    if items.is_empty() {
        node.error("has no events", "at least one; without the key all of them go there");
    }
    let words = EventKind::ALL.map(|kind| (kind.name(), kind));
    Some(items.iter().filter_map(|item| item.one_of(&words)).collect())
}

fn read_agreements(
    table: Table<'_>,
    seller: &str,
    scope: &Scope<'_, '_>,
) -> Box<[(VerticalIndex, Agreement)]> {
    let mut agreements = Vec::new();
    for entry in table.into_entries() {
        let agreement = agreement::compile(&entry.node, seller, scope);
        if let Some(index) = find_vertical(entry.key, &entry.node, scope.verticals) {
            agreements.push((index, agreement));
        }
    }
    agreements.sort_unstable_by_key(|&(index, _)| index);
    agreements.into()
}

/// Returns the index of a vertical by name, or reports it as unknown with the nearest ones.
pub(super) fn find_vertical(name: &str, node: &Node<'_>, verticals: &[Draft<'_>]) -> Option<VerticalIndex> {
    let found = verticals.binary_search_by(|draft| (*draft.vertical.name).cmp(name)).ok();
    if found.is_none() {
        let remedy = suggestion::remedy(name, verticals.iter().map(|draft| &*draft.vertical.name));
        node.error(format!("unknown vertical \"{}\"", name.escape_debug()), remedy);
    }
    found.and_then(|position| u16::try_from(position).ok()).map(VerticalIndex)
}
