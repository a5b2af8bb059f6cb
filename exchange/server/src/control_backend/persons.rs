//! What is held about a person, and erasing it.

mod erasing;
mod prints;

use std::sync::Arc;

use exchange_catalog::Snapshot;
use exchange_control::{
    Acknowledged, ErasedId, ErasedLead, ErasureId, LeadBuyer, ListError, Listed, Page, Person, PersonErased,
    PersonError, PersonExport, PersonLead, Persons, Scope, ToldBuyer, Unavailable,
};
use exchange_store::{AuctionView, ErasureView, SaleView, SealedPart};
use exchange_types::{LeadId, Uuid7};
use exchange_vault::Vault;

use super::failures::unreadable;
use super::{ControlBackend, listed, store_page};
use crate::held;

impl Persons for ControlBackend {
    async fn find_person(&self, person: Person, page: Page) -> Result<Listed<PersonLead>, PersonError> {
        let prints = self.prints_of(&self.named(person)?).await?;
        let Listed { items, next } = self.leads_of(&prints, page).await?;
        Ok(Listed { items: self.views_of(items.into_iter()).await?, next })
    }

    async fn export_person(&self, person: Person, page: Page) -> Result<Listed<PersonExport>, PersonError> {
        let prints = self.prints_of(&self.named(person)?).await?;
        let Listed { items, next } = self.leads_of(&prints, page).await?;
        let operator = self.store.as_operator();
        let mut locked = Vec::new();
        for id in items {
            let found = operator.auction(id).await.map_err(|error| unanswered(unreadable(&error)))?;
            let Some(auction) = found else { continue };
            let mut parts = operator.sealed(id).await.map_err(|error| unanswered(unreadable(&error)))?;
            if auction.lead.erased_at.is_some() {
                parts.clear();
            }
            let version = auction.lead.catalog_version;
            let snapshot = self.old_catalogs.snapshot_beside(&self.shared, version);
            locked.push(Locked { auction, parts, snapshot });
        }
        let vault = self.vault.clone();
        // Every key is read from its file.
        let opening =
            tokio::task::spawn_blocking(move || locked.into_iter().map(|lead| lead.open(&vault)).collect());
        let items = opening.await.unwrap_or(Err(PersonError::Unavailable))?;
        Ok(Listed { items, next })
    }

    async fn erase_person(&self, person: Person, by: Box<str>) -> Result<PersonErased, PersonError> {
        let person = self.named(person)?;
        let prints = self.prints_of(&person).await?;
        self.suppress_erased(&person, by.clone()).await.map_err(unanswered)?;
        self.erase(&prints, by).await.map_err(unanswered)
    }

    async fn erasures(&self, scope: &Scope, page: Page) -> Result<Listed<ErasedLead>, ListError> {
        let page = store_page(page);
        let store = self.fresh_store().await;
        let found = match scope.buyer() {
            Some(buyer) => store.as_buyer(buyer).erasures(&page).await,
            None => store.as_operator().erasures(&page).await,
        };
        let mut found = listed(found, erased_lead)?;
        // A seller has no list of erasures.
        found.items.retain(|_| scope.seller().is_none());
        Ok(found)
    }

    async fn acknowledge_erasure(
        &self,
        buyer: Box<str>,
        erased: ErasedId,
    ) -> Result<Option<Acknowledged>, Unavailable> {
        self.acknowledge(buyer, erased).await
    }
}

/// A lead with what is left of its ciphertexts.
struct Locked {
    auction: AuctionView,
    parts: Vec<SealedPart>,
    snapshot: Option<Arc<Snapshot>>,
}

impl Locked {
    fn open(self, vault: &Vault) -> Result<PersonExport, PersonError> {
        let opened = held::open_lead(vault, self.auction.lead.id, &self.parts).map_err(|error| {
            tracing::error!(error = %crate::projection::error_chain(&error), "a lead cannot be opened for its person");
            PersonError::Unavailable
        })?;
        let data = opened.map(|lead| held::in_clear(&lead, self.snapshot.as_deref())).unwrap_or_default();
        Ok(PersonExport { lead: view_of(&self.auction), data })
    }
}

impl ControlBackend {
    /// Returns the leads of a person, newest first.
    async fn leads_of(&self, prints: &[u128], page: Page) -> Result<Listed<Uuid7>, PersonError> {
        let found = self.store.as_operator().person(prints, &store_page(page)).await;
        Ok(listed(found, |lead| lead)?)
    }

    async fn views_of(&self, leads: impl Iterator<Item = Uuid7>) -> Result<Vec<PersonLead>, PersonError> {
        let operator = self.store.as_operator();
        let mut views = Vec::new();
        for id in leads {
            let found = operator.auction(id).await.map_err(|error| unanswered(unreadable(&error)))?;
            views.extend(found.as_ref().map(view_of));
        }
        Ok(views)
    }
}

fn erased_lead(erasure: ErasureView) -> ErasedLead {
    let told = erasure.buyers.into_iter().map(|got| ToldBuyer {
        buyer: got.buyer,
        post: got.post_id,
        sale: got.sale_id,
        acknowledged: got.acknowledged,
    });
    ErasedLead {
        request: ErasureId(erasure.request),
        lead: LeadId(erasure.lead),
        seller: erasure.seller,
        vertical: erasure.vertical,
        at: erasure.at,
        by: erasure.by,
        told: told.collect(),
    }
}

fn view_of(auction: &AuctionView) -> PersonLead {
    let got = auction.posts.iter().filter(|post| may_have_it(post)).map(|post| LeadBuyer {
        buyer: post.buyer.clone(),
        campaign: post.campaign.clone(),
        post: post.post_id,
        sale: post.sale_id,
        state: post.sale,
    });
    let lead = &auction.lead;
    PersonLead {
        lead: LeadId(lead.id),
        seller: lead.seller.clone(),
        vertical: lead.vertical.clone(),
        admitted: lead.admitted,
        buyers: got.collect(),
        erased: lead.erased_at,
    }
}

/// Returns whether a post may have carried the lead to its buyer, whatever the buyer said to it.
fn may_have_it(post: &SaleView) -> bool {
    post.state.may_have_it()
}

fn unanswered(Unavailable: Unavailable) -> PersonError {
    PersonError::Unavailable
}
