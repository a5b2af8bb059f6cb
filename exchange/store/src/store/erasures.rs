//! Erasures, each with the buyers that may have got the lead.

use exchange_types::{PostId, Reason, SaleId, Uuid7};
use sqlx::any::AnyRow;

use super::Store;
use super::posts::state;
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, id_bytes, wide};
use crate::view::{ErasedAt, ErasureView};
use crate::{Listed, Page, PostState, QueryError};

/// The columns of [`read`], in its order.
const SELECT: &str = "SELECT erasures.sequence, erasures.lead, erasures.request, erasures.by_whom, erasures.at, \
     leads.seller, leads.vertical FROM erasures JOIN leads ON leads.id = erasures.lead";

impl Store {
    /// Lists erasures, newest first: all of them, or those of leads that a buyer may have got.
    pub(super) async fn list_erasures(
        &self,
        page: &Page,
        buyer: Option<&str>,
    ) -> Result<Listed<ErasureView>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let mut select =
            Select::new(SELECT).with("erasures.sequence < ", i64::try_from(after.id).unwrap_or(i64::MAX));
        if let Some(buyer) = buyer {
            let posted = "EXISTS (SELECT 1 FROM posts WHERE posts.auction = erasures.lead AND posts.buyer = ";
            // A post that failed before its first byte brought nothing, and its buyer is told nothing.
            let (failed, unsent) = PostState::Failed(Reason::PostFailed).numbers();
            select = select.with(posted, buyer).with("NOT (posts.state = ", failed);
            select = select.with("posts.reason = ", unsent).then("))");
        }
        let rows =
            select.first("erasures.sequence DESC", page.limit().saturating_add(1)).all(&self.pool).await?;
        let mut erasures = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.add_buyers(&mut erasures).await?;
        if let Some(buyer) = buyer {
            // What another company got is not this one's business.
            for erasure in &mut erasures {
                erasure.buyers.retain(|told| *told.buyer == *buyer);
                erasure.by = Box::default();
            }
        }
        Ok(Listed::of(erasures, page, |erasure| Key { id: u128::from(erasure.sequence), number: 0 }))
    }

    /// Returns the erasures of a lead, oldest first.
    pub(super) async fn erasures_of(&self, lead: Uuid7) -> Result<Vec<ErasureView>, QueryError> {
        let select = Select::new(SELECT).with("erasures.lead = ", id_bytes(lead));
        let rows = select.then(" ORDER BY erasures.sequence").all(&self.pool).await?;
        let mut erasures = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        self.add_buyers(&mut erasures).await?;
        Ok(erasures)
    }

    /// Adds every buyer whose post may have carried the lead, each with its acknowledgement.
    async fn add_buyers(&self, erasures: &mut [ErasureView]) -> Result<(), QueryError> {
        if erasures.is_empty() {
            return Ok(());
        }
        let base = "SELECT posts.auction, posts.buyer, posts.state, posts.reason, posts.post_id, posts.sale_id, \
             acknowledgements.at FROM posts LEFT JOIN acknowledgements \
             ON acknowledgements.lead = posts.auction AND acknowledgements.buyer = posts.buyer";
        let leads = erasures.iter().map(|erasure| wide(erasure.lead.as_u128()));
        let select = Select::new(base).one_of("posts.auction IN ", leads);
        let rows = select.then(" ORDER BY posts.auction, posts.candidate").all(&self.pool).await?;
        for row in &rows {
            let mut from = Columns::of(row);
            let (lead, buyer) = (from.id("auction")?, from.text()?);
            let may_have_it = state(from.number()?, from.number()?)?.may_have_it();
            let (post_id, sale_id) = (PostId(from.id("post_id")?), SaleId(from.id("sale_id")?));
            let acknowledged = from.optional_time()?;
            for erasure in erasures.iter_mut().filter(|erasure| erasure.lead == lead) {
                if may_have_it && erasure.buyers.iter().all(|told| *told.buyer != *buyer) {
                    erasure.buyers.push(ErasedAt { buyer: buyer.into(), post_id, sale_id, acknowledged });
                }
            }
        }
        Ok(())
    }
}

fn read(row: &AnyRow) -> Result<ErasureView, QueryError> {
    let mut from = Columns::of(row);
    let sequence = from.unsigned("sequence")?;
    let (lead, request) = (from.id("lead")?, from.id("request")?);
    let (by, at) = (from.text()?.into(), from.time()?);
    let (seller, vertical) = (from.text()?.into(), from.text()?.into());
    Ok(ErasureView { sequence, request, lead, by, at, seller, vertical, buyers: Vec::new() })
}
