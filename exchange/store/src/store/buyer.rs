//! What a buyer reads: its own posts and sales without the seller's part, what it owes.

use exchange_protocol::SaleState;

use super::{Buyer, SaleRef, Scoped, posts};
use crate::page::Key;
use crate::select::Select;
use crate::values::{number_in, wide};
use crate::view::{BalanceView, BuyerSale, ErasureView, SaleFilter, SaleView};
use crate::{Listed, Page, QueryError};

impl Scoped<Buyer> {
    /// Finds a post or sale.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale(&self, id: SaleRef) -> Result<Option<BuyerSale>, QueryError> {
        Ok(self.own(id).await?.map(BuyerSale::from))
    }

    /// Finds a post or sale with all that a change of it needs: for the exchange's own use, never to be shown.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale_to_change(&self, id: SaleRef) -> Result<Option<SaleView>, QueryError> {
        self.own(id).await
    }

    async fn own(&self, id: SaleRef) -> Result<Option<SaleView>, QueryError> {
        let found = self.store.sale_by(id).await?;
        Ok(found.filter(|sale| *sale.buyer == *self.reader.name))
    }

    /// Lists posts and sales, newest first. The cursor is made of sale ids: an auction's id is not for buyers.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn sales(&self, filter: &SaleFilter, page: &Page) -> Result<Listed<BuyerSale>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let rows = Select::new(posts::SELECT)
            .with("buyer = ", self.reader.name.as_ref())
            .with("sale_id < ", wide(after.id))
            .maybe("vertical = ", filter.vertical.as_deref())
            .maybe("sale = ", filter.state.map(|state| number_in(&SaleState::ALL, &state)))
            .maybe("sale_id >= ", filter.from.map(posts::id_from))
            .maybe("sale_id < ", filter.to.map(posts::id_from))
            .first("sale_id DESC", page.limit().saturating_add(1))
            .all(&self.store.pool)
            .await?;
        let sales =
            rows.iter().map(|row| posts::read(row).map(BuyerSale::from)).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(sales, page, |sale| Key { id: sale.sale_id.0.as_u128(), number: 0 }))
    }

    /// Lists the erasures of leads that the buyer may have got, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn erasures(&self, page: &Page) -> Result<Listed<ErasureView>, QueryError> {
        self.store.list_erasures(page, Some(&self.reader.name)).await
    }

    /// Returns what the buyer owes, or holds in advance, in each currency.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn balances(&self) -> Result<Vec<BalanceView>, QueryError> {
        self.store.balances_of(&format!("buyer:{}", self.reader.name)).await
    }
}
