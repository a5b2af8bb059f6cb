//! Sales that were made, and what happens to them afterwards.

use exchange_control::{
    Bought, ChangeSale, ChangeSaleError, Filter, ListError, Listed, Page, Parties, Sale, SaleChanged, Sales,
    Scope, Sold, Unavailable, WantedChange,
};
use exchange_protocol::{
    Record, ReturnReason, ReturnRefused, ReturnTerms, SaleChange, SaleFacts, SaleState, SaleStep,
    judge_return, sale_changes,
};
use exchange_store::{SaleFilter, SaleRef, SaleView};
use exchange_types::{LeadId, SaleId, UtcMicros};

use super::{ControlBackend, listed, store_page};
use crate::wall_clock;

impl Sales for ControlBackend {
    async fn sales(&self, scope: &Scope, filter: Filter, page: Page) -> Result<Listed<Sale>, ListError> {
        let wanted = SaleFilter {
            seller: scope.seller().map(Into::into).or(filter.seller),
            buyer: scope.buyer().map(Into::into).or(filter.buyer),
            vertical: filter.vertical,
            state: filter.status.and_then(SaleState::named),
            from: filter.from,
            to: filter.to,
        };
        // The operator's read under the caller's own name: the side that the caller may not know is left out
        // here, and once more by the listener.
        let found = self.fresh_store().await.as_operator().sales(&wanted, &store_page(page)).await;
        listed(found, |sale| self.sale_of(scope, sale))
    }

    async fn sale(&self, scope: &Scope, id: SaleId) -> Result<Option<Sale>, Unavailable> {
        let found = self.store.as_operator().sale(SaleRef::Sale(id)).await.map_err(|_| Unavailable)?;
        let visible = found.filter(|sale| sale.sale.is_some() && concerns(scope, sale));
        Ok(visible.map(|sale| self.sale_of(scope, sale)))
    }

    async fn change_sale(&self, change: ChangeSale) -> Result<SaleChanged, ChangeSaleError> {
        let unavailable = || ChangeSaleError::Unavailable;
        let operator = self.store.as_operator();
        // One decision at a time, and each sees what the one before has led to.
        let mut turn = self.desk.turn().await;
        turn.settled().await.map_err(|_| unavailable())?;
        let sale = self.find_sale(&change).await?;
        let state = sale.sale.ok_or(ChangeSaleError::NotFound)?;
        let earlier = operator.sale_records(&sale).await.map_err(|_| unavailable())?;
        if is_repeated(change.change, change.digest, state, &earlier) {
            return Ok(SaleChanged { sale: self.sale_of(&change.scope, sale), replayed: true });
        }
        let now = wall_clock::utc_now();
        let step = self.judge(&sale, state, change.change, now)?;
        let record = SaleChange {
            auction: sale.auction,
            candidate: sale.candidate,
            step,
            at: now,
            by: change.scope.owner(),
            digest: change.digest,
        };
        turn.write(&[record.into()]).await.map_err(|_| unavailable())?;
        self.move_counters(&sale, step);
        turn.settled().await.map_err(|_| unavailable())?;
        let sale = self.find_sale(&change).await?;
        Ok(SaleChanged { sale: self.sale_of(&change.scope, sale), replayed: false })
    }
}

impl ControlBackend {
    async fn find_sale(&self, change: &ChangeSale) -> Result<SaleView, ChangeSaleError> {
        let found = self.store.as_operator().sale(SaleRef::Sale(change.sale)).await;
        let found = found.map_err(|_| ChangeSaleError::Unavailable)?;
        found.filter(|sale| concerns(&change.scope, sale)).ok_or(ChangeSaleError::NotFound)
    }

    fn judge(
        &self,
        sale: &SaleView,
        state: SaleState,
        wanted: WantedChange,
        now: UtcMicros,
    ) -> Result<SaleStep, ReturnRefused> {
        let settles_at = sale.settles_at.unwrap_or(sale.intent_at);
        let facts = SaleFacts { state, price: sale.price, payout: sale.payout, settles_at };
        let step = match wanted {
            WantedChange::Return(reason) => {
                // The window was fixed with the sale; reasons and room follow the campaign as it is today.
                let snapshot = &self.shared.current().snapshot;
                let campaign =
                    snapshot.campaign_named(&sale.campaign).and_then(|index| snapshot.campaign(index));
                let counts = |reason: &ReturnReason| {
                    campaign.is_none_or(|campaign| campaign.return_reasons.contains_name(reason.name()))
                };
                let reasons: Vec<_> = ReturnReason::ALL.into_iter().filter(counts).collect();
                let terms = ReturnTerms {
                    return_until: sale.settles_at.filter(|until| Some(*until) > sale.outcome_at),
                    reasons: &reasons,
                    restores: campaign.is_some_and(|campaign| campaign.returns_restore),
                };
                return judge_return(&facts, reason, &terms, now);
            }
            WantedChange::Adjust { price, payout } => SaleStep::Adjusted { price, payout },
            WantedChange::Reverse => SaleStep::Reversed,
        };
        facts.after(step)?;
        Ok(step)
    }

    /// Gives back what a sale took from counters and balance, as far as the step does.
    fn move_counters(&self, sale: &SaleView, step: SaleStep) {
        let current = self.shared.current();
        let Some(campaign) = current.snapshot.campaign_named(&sale.campaign) else { return };
        if let Some(moved) = step.moved(sale.price) {
            current.caps.charge(campaign, moved.charge);
            if moved.restores {
                current.caps.give_back(campaign, sale.intent_at, sale.price);
            }
        }
    }

    pub(super) fn sale_of(&self, scope: &Scope, sale: SaleView) -> Sale {
        let (operator, seller, buyer) =
            (scope.is_everything(), scope.seller().is_some(), scope.buyer().is_some());
        let buyer_ref = self.pseudonyms.buyer_ref(&sale.seller, &sale.buyer).to_string();
        Sale {
            id: sale.sale_id,
            vertical: sale.vertical,
            currency: sale.currency,
            state: sale.sale.unwrap_or(SaleState::Accepted),
            exclusive: sale.exclusive,
            at: sale.intent_at,
            settles_at: sale.settles_at,
            bought: (operator || buyer).then_some(Bought {
                buyer: sale.buyer,
                campaign: sale.campaign,
                post: sale.post_id,
                price: sale.price,
            }),
            sold: (operator || seller).then(|| Sold {
                seller: sale.seller,
                lead: LeadId(sale.auction),
                buyer_ref: buyer_ref.into(),
                payout: sale.payout,
            }),
        }
    }
}

fn concerns(scope: &Scope, sale: &SaleView) -> bool {
    scope.sees(Parties { seller: &sale.seller, buyer: Some(&sale.buyer) })
}

/// Returns whether a change was made before: a sale is returned and reversed once, and adjusted once by each
/// request.
fn is_repeated(wanted: WantedChange, digest: [u8; 16], state: SaleState, earlier: &[Record]) -> bool {
    match wanted {
        WantedChange::Return(_) => state == SaleState::Returned,
        WantedChange::Reverse => state == SaleState::Reversed,
        WantedChange::Adjust { .. } => sale_changes(earlier).any(|change| change.digest == digest),
    }
}
