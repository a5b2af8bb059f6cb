//! Leads and auctions, as the store holds them.

use exchange_control::{
    Filter, Lead, LeadStatus, ListError, Listed, Lists, Page, Parties, Sale, Scope, Unavailable,
};
use exchange_store::{AuctionView, LeadFilter, LeadState, LeadView};
use exchange_types::{LeadId, Uuid7};

use super::failures::{unreadable, unwritten};
use super::{ControlBackend, listed, store_page};

impl Lists for ControlBackend {
    async fn leads(&self, scope: &Scope, filter: Filter, page: Page) -> Result<Listed<Lead>, ListError> {
        let wanted = lead_filter(scope.seller().map(Into::into).or(filter.seller.clone()), filter);
        let found = self.fresh_store().await.as_operator().leads(&wanted, &store_page(page)).await;
        let mut found = listed(found, |lead| lead)?;
        found.items.retain(|lead| concerns(scope, lead));
        Ok(Listed { items: found.items.into_iter().map(lead_of).collect(), next: found.next })
    }

    async fn lead(&self, scope: &Scope, id: LeadId) -> Result<Option<(Lead, Vec<Sale>)>, Unavailable> {
        let Some(auction) = self.auction(id.0).await? else { return Ok(None) };
        let AuctionView { lead, posts, .. } = auction;
        if !concerns(scope, &lead) {
            return Ok(None);
        }
        let sold = posts.into_iter().filter(|post| post.sale.is_some());
        let sales = sold.map(|sale| self.sale_of(scope, sale)).collect();
        Ok(Some((lead_of(lead), sales)))
    }

    async fn auctions(&self, filter: Filter, page: Page) -> Result<Listed<Lead>, ListError> {
        let wanted = lead_filter(filter.seller.clone(), filter);
        listed(self.fresh_store().await.as_operator().leads(&wanted, &store_page(page)).await, lead_of)
    }
}

impl ControlBackend {
    /// Finds an auction; one that is so new that the store has not followed yet is waited for.
    pub(super) async fn auction(&self, id: Uuid7) -> Result<Option<AuctionView>, Unavailable> {
        let operator = self.store.as_operator();
        let found = operator.auction(id).await.map_err(|error| unreadable(&error))?;
        if found.as_ref().is_some_and(|auction| auction.story.is_some()) {
            return Ok(found);
        }
        self.desk.turn().await.settled().await.map_err(|error| unwritten(&error))?;
        operator.auction(id).await.map_err(|error| unreadable(&error))
    }
}

fn lead_filter(seller: Option<Box<str>>, filter: Filter) -> LeadFilter {
    let state = filter.status.and_then(LeadState::named);
    LeadFilter { seller, vertical: filter.vertical, state, from: filter.from, to: filter.to }
}

/// Returns whether a caller may know of a lead: its seller and operators; no buyer knows the id of a lead.
fn concerns(scope: &Scope, lead: &LeadView) -> bool {
    scope.sees(Parties { seller: &lead.seller, buyer: None })
}

fn lead_of(lead: LeadView) -> Lead {
    Lead {
        id: LeadId(lead.id),
        kind: lead.kind,
        seller: lead.seller,
        vertical: lead.vertical,
        test: lead.test,
        currency: lead.currency,
        catalog_version: lead.catalog_version,
        status: status_of(lead.state),
        payout: lead.payout,
        admitted: lead.admitted,
        erased: lead.erased_at,
    }
}

fn status_of(state: LeadState) -> LeadStatus {
    match state {
        LeadState::Running => LeadStatus::Running,
        LeadState::Sold => LeadStatus::Sold,
        LeadState::Unsold => LeadStatus::Unsold,
        LeadState::Pending => LeadStatus::Pending,
        LeadState::Duplicate => LeadStatus::Duplicate,
        LeadState::Offers => LeadStatus::Offers,
        LeadState::NoOffer => LeadStatus::NoOffer,
        LeadState::Invalid => LeadStatus::Invalid,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_listener_and_the_store_call_a_state_the_same() {
        for state in LeadState::ALL {
            assert_eq!(status_of(state).name(), state.name());
        }
        assert_eq!(LeadState::ALL.len(), LeadStatus::ALL.len());
    }
}
