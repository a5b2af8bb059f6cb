//! Postbacks: URLs of sellers' trackers, with places for what became of a lead.

use exchange_types::{EventKind, VerticalIndex};

use super::CompileOptions;
use super::delivery::Endpoints;
use super::vertical::{Draft, set};
use crate::document::Node;
use crate::snapshot::{Agreement, Postback, PostbackMethod, PostbackPiece, PostbackPlace};
use crate::{limits, suggestion};

/// When a postback is called, by the word for it.
const ON: [(&str, EventKind); 5] = [
    ("sold", EventKind::LeadSold),
    ("unsold", EventKind::LeadUnsold),
    ("settled", EventKind::LeadSettled),
    ("returned", EventKind::SaleReturned),
    ("adjusted", EventKind::SaleAdjusted),
];

/// What a seller's leads look like: the verticals with which it has an agreement.
pub(super) struct SellerFields<'a, 'd> {
    pub(super) verticals: &'a [Draft<'d>],
    pub(super) agreements: &'a [(VerticalIndex, Agreement)],
}

/// Reads `{ url = "https://tracker.example/p?click={sub_id}&amount={payout}", on = ["sold"] }`.
pub(super) fn read(
    node: &Node<'_>,
    fields: &SellerFields<'_, '_>,
    (options, endpoints): (&CompileOptions<'_>, &mut Endpoints),
) -> Option<Postback> {
    let table = node.table()?;
    let url = table.require("url", "\"https://tracker.example.org/p?click={sub_id}&amount={payout}\"");
    let mut method = PostbackMethod::Get;
    set(&mut method, table.get("method"), |node| {
        node.one_of(&[("GET", PostbackMethod::Get), ("POST", PostbackMethod::Post)])
    });
    let on = match table.get("on") {
        Some(node) => read_on(&node),
        None => Some([EventKind::LeadSold].into()),
    };
    let url = url.and_then(|url| {
        let pieces = read_template(&url, fields)?;
        let (endpoint, template) = endpoints.read_template(&url, &pieces, options)?;
        Some((endpoint, template))
    });
    table.finish();
    let (endpoint, template) = url?;
    Some(Postback { endpoint, template, method, on: on? })
}

fn read_on(node: &Node<'_>) -> Option<Box<[EventKind]>> {
    let items = node.items(ON.len())?;
    if items.is_empty() {
        node.error("names nothing, so it would never be called", "at least one, such as [\"sold\"]");
    }
    Some(items.iter().filter_map(|item| item.one_of(&ON)).collect())
}

/// Splits a template at its places.
fn read_template(node: &Node<'_>, fields: &SellerFields<'_, '_>) -> Option<Vec<PostbackPiece>> {
    let mut rest = node.text_within(limits::URL_BYTES_MAX)?;
    let mut pieces = Vec::new();
    let mut good = true;
    while let Some((text, after)) = rest.split_once('{') {
        let Some((name, after)) = after.split_once('}') else {
            node.error("has a place without an end", "such as {sub_id}");
            return None;
        };
        pieces.push(PostbackPiece::Text(text.into()));
        match read_place(node, name, fields) {
            Some(place) => pieces.push(PostbackPiece::Place(place)),
            None => good = false,
        }
        rest = after;
    }
    pieces.push(PostbackPiece::Text(rest.into()));
    good.then_some(pieces)
}

fn read_place(node: &Node<'_>, name: &str, fields: &SellerFields<'_, '_>) -> Option<PostbackPlace> {
    if let Some(field) = name.strip_prefix(PostbackPlace::FIELD_PREFIX) {
        return fields.read(node, field).map(|()| PostbackPlace::Field(field.into()));
    }
    let found = PostbackPlace::NAMED.into_iter().find(|(known, _)| *known == name);
    if found.is_none() {
        let known = PostbackPlace::NAMED.iter().map(|(known, _)| *known);
        let remedy = suggestion::remedy(name, known);
        node.error(format!("has an unknown place \"{{{}}}\"", name.escape_debug()), remedy);
    }
    found.map(|(_, place)| place)
}

impl SellerFields<'_, '_> {
    /// Looks a field up that a template names: one of the seller's verticals has it, and in none it is personal.
    fn read(&self, node: &Node<'_>, name: &str) -> Option<()> {
        let of_seller = || {
            let drafts = self.agreements.iter().filter_map(|(index, _)| self.verticals.get(index.at()));
            drafts.flat_map(|draft| draft.vertical.fields.iter())
        };
        let mut found = of_seller().filter(|field| &*field.name == name).peekable();
        if found.peek().is_none() {
            let open = of_seller().filter(|field| !field.personal).map(|field| &*field.name);
            let what =
                format!("names \"{}\", which is no field of the seller's verticals", name.escape_debug());
            node.error(what, suggestion::remedy(name, open));
            return None;
        }
        if found.any(|field| field.personal) {
            node.error(
                format!("shows the personal field \"{name}\" to a tracker"),
                "leave it out: {lead_id}, {seller_ref} or {sub_id} tells which lead it is",
            );
            return None;
        }
        Some(())
    }
}
