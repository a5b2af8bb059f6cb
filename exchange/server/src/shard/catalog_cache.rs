//! [`CatalogCache`]: what a shard prepares once for each catalog.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::rc::Rc;
use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_transport::{BuyerClient, EndpointHandle};
use exchange_types::{BuyerIndex, CampaignIndex, EndpointIndex, SellerIndex};
use exchange_wire::{Pseudonym, Signer};

/// Catalogs that a shard keeps prepared. Auctions of older ones end within minutes; if more change in that
/// time, the oldest is prepared anew.
const CACHES_MAX: usize = 8;
/// Pairs of buyer and seller whose pseudonym is remembered; beyond, it is made anew each time.
const REFS_MAX: usize = 65_536;

/// A catalog with its connections, signing keys and pseudonyms at hand.
#[derive(Debug)]
pub(crate) struct CatalogCache {
    snapshot: Arc<Snapshot>,
    handles: Vec<EndpointHandle>,
    signers: Vec<Signer>,
    source_refs: RefCell<BTreeMap<(BuyerIndex, SellerIndex), Pseudonym>>,
}

impl CatalogCache {
    /// Returns the connections of an endpoint.
    pub(crate) fn handle(&self, endpoint: EndpointIndex) -> Option<&EndpointHandle> {
        self.handles.get(endpoint.at())
    }

    /// Returns the signer of a campaign.
    pub(crate) fn signer(&self, campaign: CampaignIndex) -> Option<&Signer> {
        self.signers.get(campaign.at())
    }

    /// Returns the pseudonym of a seller for a buyer, made by `make` at its first use.
    pub(crate) fn source_ref(
        &self,
        buyer: BuyerIndex,
        seller: SellerIndex,
        make: impl FnOnce() -> Pseudonym,
    ) -> Pseudonym {
        if let Some(known) = self.source_refs.borrow().get(&(buyer, seller)) {
            return *known;
        }
        let fresh = make();
        let mut refs = self.source_refs.borrow_mut();
        if refs.len() < REFS_MAX {
            refs.insert((buyer, seller), fresh);
        }
        fresh
    }
}

/// The catalogs of a shard's auctions.
#[derive(Debug, Default)]
pub(crate) struct CatalogCaches {
    latest_last: VecDeque<Rc<CatalogCache>>,
}

impl CatalogCaches {
    /// Returns what is prepared for a catalog, and prepares it at its first use.
    pub(crate) fn of(&mut self, snapshot: &Arc<Snapshot>, client: &BuyerClient) -> Rc<CatalogCache> {
        let known = self.latest_last.iter().rev().find(|cache| Arc::ptr_eq(&cache.snapshot, snapshot));
        if let Some(known) = known {
            return Rc::clone(known);
        }
        let cache = Rc::new(CatalogCache {
            snapshot: Arc::clone(snapshot),
            handles: snapshot.endpoints.iter().map(|endpoint| client.endpoint(endpoint)).collect(),
            signers: snapshot.campaigns.iter().map(|campaign| Signer::new(&campaign.secrets)).collect(),
            source_refs: RefCell::default(),
        });
        if self.latest_last.len() >= CACHES_MAX {
            self.latest_last.pop_front();
        }
        self.latest_last.push_back(Rc::clone(&cache));
        cache
    }
}
