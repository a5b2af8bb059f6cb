//! [`Seller`]: who submits leads.

use exchange_types::{EndpointIndex, EventKind, VerticalIndex};

use super::{Agreement, Postback, SupplyLimits};
use crate::SigningSecret;

/// A seller.
#[derive(Debug, Clone)]
pub struct Seller {
    /// The name by which keys and records know it.
    pub name: Box<str>,
    /// Agreements by vertical, ordered by index. Only these verticals are open to the seller.
    pub agreements: Box<[(VerticalIndex, Agreement)]>,
    /// The most open holds at a time.
    pub holds_max: u32,
    /// How much it may send.
    pub limits: SupplyLimits,
    /// Where it is told what becomes of its leads.
    pub webhook: Option<Webhook>,
    /// Which URL of its tracker is called.
    pub postback: Option<Postback>,
}

/// Where a seller is told of events.
#[derive(Debug, Clone)]
pub struct Webhook {
    /// Where they go.
    pub endpoint: EndpointIndex,
    /// The secret that signs them.
    pub secret: SigningSecret,
    /// Which events go there.
    pub events: Box<[EventKind]>,
}

impl Seller {
    /// Returns the agreement in a vertical, if there is one.
    pub fn agreement(&self, vertical: VerticalIndex) -> Option<&Agreement> {
        let position = self.agreements.binary_search_by_key(&vertical, |&(index, _)| index).ok()?;
        self.agreements.get(position).map(|(_, agreement)| agreement)
    }
}
