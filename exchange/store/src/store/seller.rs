//! What a seller reads: its own leads, its own sales without their price, what it is owed.

use exchange_types::{SaleId, Uuid7};

use super::{SaleRef, Scoped, Seller, posts};
use crate::select::Select;
use crate::view::{BalanceView, LeadFilter, LeadView, SaleFilter, SellerSale};
use crate::{Listed, Page, QueryError};

impl Scoped<Seller> {
    /// Finds a lead or ping.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn lead(&self, id: Uuid7) -> Result<Option<LeadView>, QueryError> {
        Ok(self.store.lead_by(id).await?.filter(|lead| *lead.seller == *self.reader.name))
    }

    /// Lists leads and pings, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn leads(&self, filter: &LeadFilter, page: &Page) -> Result<Listed<LeadView>, QueryError> {
        let own = LeadFilter { seller: Some(self.reader.name.as_ref().into()), ..filter.clone() };
        self.store.list_leads(&own, page).await
    }

    /// Finds a sale.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale(&self, id: SaleId) -> Result<Option<SellerSale>, QueryError> {
        let found = self.store.sale_by(SaleRef::Sale(id)).await?;
        Ok(found.filter(|sale| *sale.seller == *self.reader.name).and_then(SellerSale::of))
    }

    /// Lists sales, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn sales(&self, filter: &SaleFilter, page: &Page) -> Result<Listed<SellerSale>, QueryError> {
        let own =
            SaleFilter { seller: Some(self.reader.name.as_ref().into()), buyer: None, ..filter.clone() };
        let base = Select::new(posts::SELECT).that("sale IS NOT NULL");
        let listed = self.store.list_posts(base, &own, page).await?;
        let items = listed.items.into_iter().filter_map(SellerSale::of).collect();
        Ok(Listed { items, next: listed.next })
    }

    /// Returns what the seller is owed: pending and payable, in each currency.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn balances(&self) -> Result<Vec<BalanceView>, QueryError> {
        self.store.balances_of(&format!("seller:{}", self.reader.name)).await
    }
}
