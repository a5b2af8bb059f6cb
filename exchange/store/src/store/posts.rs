//! Posts and sales: one table, read whole and then shown as far as the reader may see.

use exchange_protocol::{CandidateIndex, ResolvedBy, SaleState};
use exchange_types::{Nanos, PostId, SaleId, UtcMicros, Uuid7};
use sqlx::any::AnyRow;

use super::{SaleRef, Store};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, id_bytes, number_in, of_list, wide};
use crate::view::{BuyerSale, SaleFilter, SaleView, SellerSale};
use crate::{Listed, Page, PostState, QueryError};

/// The columns of [`read`], in its order.
pub(super) const SELECT: &str = "SELECT auction, candidate, post_id, sale_id, campaign, buyer, seller, vertical, \
     currency, price_now, payout_now, price, payout, exclusive, intent_sequence, intent_at, give_up_at, state, reason, sale, \
     outcome_at, settles_at, digest, resolved_by, note, disputed FROM posts";

/// Returns the least id of a time: ids begin with their milliseconds.
pub(super) fn id_from(at: UtcMicros) -> Vec<u8> {
    wide(u128::from(at.as_millis().max(0).unsigned_abs()) << 80)
}

pub(super) fn read(row: &AnyRow) -> Result<SaleView, QueryError> {
    let mut from = Columns::of(row);
    Ok(SaleView {
        auction: from.id("auction")?,
        candidate: from.candidate()?,
        post_id: PostId(from.id("post_id")?),
        sale_id: SaleId(from.id("sale_id")?),
        campaign: from.text()?.into(),
        buyer: from.text()?.into(),
        seller: from.text()?.into(),
        vertical: from.text()?.into(),
        currency: from.currency()?,
        price: from.amount()?,
        payout: from.amount()?,
        price_agreed: from.amount()?,
        payout_agreed: from.amount()?,
        exclusive: from.flag()?,
        intent_sequence: from.unsigned("intent_sequence")?,
        intent_at: from.time()?,
        give_up_at: from.time()?,
        state: state(from.number()?, from.number()?)?,
        sale: sale_state(from.optional_number()?)?,
        outcome_at: from.optional_time()?,
        settles_at: from.optional_time()?,
        digest: from.array("digest")?,
        resolved_by: resolved_by(from.optional_number()?)?,
        note: from.text()?.into(),
        disputed: from.flag()?,
    })
}

pub(crate) fn state(state: i64, reason: i64) -> Result<PostState, QueryError> {
    PostState::of_numbers(state, reason).ok_or(QueryError::Damaged { column: "state" })
}

pub(crate) fn sale_state(number: Option<i64>) -> Result<Option<SaleState>, QueryError> {
    of_list(&SaleState::ALL, number, "sale")
}

pub(crate) fn resolved_by(number: Option<i64>) -> Result<Option<ResolvedBy>, QueryError> {
    of_list(&ResolvedBy::ALL, number, "resolved_by")
}

impl Store {
    /// Finds a post by an id of it. Such an id shares the milliseconds of its auction, which is how the few
    /// rows among which it stands are found without an index.
    pub(super) async fn sale_by(&self, id: SaleRef) -> Result<Option<SaleView>, QueryError> {
        let (condition, id) = match id {
            SaleRef::Sale(id) => ("sale_id = ", id.0),
            SaleRef::Post(id) => ("post_id = ", id.0),
        };
        let at = UtcMicros(i64::try_from(id.as_u128() >> 80).unwrap_or(i64::MAX).saturating_mul(1_000));
        let row = Select::new(SELECT)
            .with("auction >= ", id_from(at))
            .with("auction < ", id_from(at.saturating_add(Nanos::from_millis(1))))
            .with(condition, id_bytes(id))
            .one(&self.pool)
            .await?;
        row.as_ref().map(read).transpose()
    }

    pub(super) async fn posts_of(&self, auction: Uuid7) -> Result<Vec<SaleView>, QueryError> {
        let select = Select::new(SELECT).with("auction = ", id_bytes(auction));
        let rows = select.then(" ORDER BY candidate").all(&self.pool).await?;
        rows.iter().map(read).collect()
    }

    /// Lists posts, newest first; those that became sales where the filter asks for a state.
    pub(super) async fn list_posts(
        &self,
        base: Select,
        filter: &SaleFilter,
        page: &Page,
    ) -> Result<Listed<SaleView>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let rows = base
            .pair("(auction, candidate) < ", wide(after.id), i64::from(after.number))
            .maybe("seller = ", filter.seller.as_deref())
            .maybe("vertical = ", filter.vertical.as_deref())
            .maybe("buyer = ", filter.buyer.as_deref())
            .maybe("sale = ", filter.state.map(|state| number_in(&SaleState::ALL, &state)))
            .maybe("auction >= ", filter.from.map(id_from))
            .maybe("auction < ", filter.to.map(id_from))
            .first("auction DESC, candidate DESC", page.limit().saturating_add(1))
            .all(&self.pool)
            .await?;
        let sales = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(sales, page, |sale| key(sale.auction, sale.candidate)))
    }
}

fn key(auction: Uuid7, candidate: CandidateIndex) -> Key {
    Key { id: auction.as_u128(), number: candidate.0 }
}

impl From<SaleView> for BuyerSale {
    fn from(sale: SaleView) -> Self {
        Self {
            sale_id: sale.sale_id,
            post_id: sale.post_id,
            campaign: sale.campaign,
            vertical: sale.vertical,
            currency: sale.currency,
            price: sale.price,
            exclusive: sale.exclusive,
            state: sale.state,
            sale: sale.sale,
            at: sale.intent_at,
            settles_at: sale.settles_at,
        }
    }
}

impl SellerSale {
    /// Returns a post as its seller may see it: only where it became a sale.
    pub(super) fn of(post: SaleView) -> Option<Self> {
        Some(Self {
            lead: post.auction,
            sale_id: post.sale_id,
            buyer: post.buyer,
            vertical: post.vertical,
            currency: post.currency,
            payout: post.payout,
            exclusive: post.exclusive,
            sale: post.sale?,
            at: post.intent_at,
            settles_at: post.settles_at,
        })
    }
}
