//! What the exchange itself reads: what admission asks, what is due, what waits to be delivered.

use exchange_protocol::{Answer, CatalogNames};
use exchange_types::{UtcMicros, Uuid7};

use super::{Exchange, SaleRef, Scoped, persons, posts};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, wide};
use crate::view::{
    ApiKeyView, ClaimFound, ClosingView, DueSale, EventView, HadView, LeadView, OpenUnknown, PersonSeen,
    ReceiverView, SaleView, SealedPart,
};
use crate::{Listed, Page, QueryError};

impl Scoped<Exchange> {
    /// Finds what came under an idempotency key, by the key's digest.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn claim(&self, claim: u128) -> Result<Option<ClaimFound>, QueryError> {
        self.store.claim_of(claim).await
    }

    /// Returns the present answer of a lead or ping; nothing while its auction runs.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn answer(&self, id: Uuid7) -> Result<Option<Answer>, QueryError> {
        self.store.answer_of(id).await
    }

    /// Returns the leads of a person that may count against it, by the keyed digest of its phone or e-mail
    /// address: those that were sold or may have been before those that were not, each newest first. At most
    /// [`Page::LIMIT_MAX`], so that no number of vain attempts hides a sale.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn person(&self, print: u128) -> Result<Vec<PersonSeen>, QueryError> {
        // In the words of the table: sold and pending, then unsold.
        let rows = Select::new(persons::SELECT)
            .that("auctions.state IN (1, 2, 3)")
            .with("persons.print = ", wide(print))
            .first("auctions.state = 2, leads.id DESC", i64::from(Page::LIMIT_MAX))
            .all(&self.store.pool)
            .await?;
        rows.iter().map(persons::read).collect()
    }

    /// Returns the posts after which their buyers had a person, or may have had it, by the keyed digest of its phone or
    /// e-mail address.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn buyers_of_person(&self, print: u128) -> Result<Vec<HadView>, QueryError> {
        self.store.buyers_of_person(print).await
    }

    /// Makes the table of bearer keys equal to their file, whose order the list has.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be written; the table is as before then.
    pub async fn keep_api_keys(&self, keys: &[ApiKeyView]) -> Result<(), QueryError> {
        self.store.keep_api_keys(keys).await
    }

    /// Returns the sales whose return window is over, the longest due first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn due(&self, now: UtcMicros, limit: u16) -> Result<Vec<DueSale>, QueryError> {
        // Accepted and adjusted sales, in the words of the index.
        let rows = Select::new("SELECT auction, candidate, settles_at FROM posts")
            .that("sale IN (0, 2)")
            .with("settles_at <= ", now.0)
            .first("settles_at, auction, candidate", i64::from(limit))
            .all(&self.store.pool)
            .await?;
        let due = rows.iter().map(|row| {
            let mut from = Columns::of(row);
            Ok(DueSale {
                auction: from.id("auction")?,
                candidate: from.candidate()?,
                settles_at: from.time()?,
            })
        });
        due.collect()
    }

    /// Lists the posts whose outcome nobody knows, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn unknowns(&self, page: &Page) -> Result<Listed<OpenUnknown>, QueryError> {
        self.store.list_unknowns(page).await
    }

    /// Finds a post or sale.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale(&self, id: SaleRef) -> Result<Option<SaleView>, QueryError> {
        self.store.sale_by(id).await
    }

    /// Returns the names of a catalog's version.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn names(&self, version: u64) -> Result<CatalogNames, QueryError> {
        self.store.names_of(version).await
    }

    /// Returns what a seller is told by the records after one, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn events_of(
        &self,
        seller: &str,
        after: u64,
        limit: u16,
    ) -> Result<Vec<EventView>, QueryError> {
        self.store.events_of(seller, after, limit).await
    }

    /// Returns the auctions of a vertical in which somebody bid and that ended after a record, in the order in which
    /// they did, and the posts of such auctions that were resolved.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn closings_of(
        &self,
        vertical: &str,
        after: u64,
        limit: u16,
    ) -> Result<Vec<ClosingView>, QueryError> {
        self.store.closings_of(vertical, after, limit).await
    }

    /// Finds a lead.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn lead(&self, id: Uuid7) -> Result<Option<LeadView>, QueryError> {
        self.store.lead_by(id).await
    }

    /// Returns what ciphertexts of a lead are left.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sealed(&self, id: Uuid7) -> Result<Vec<SealedPart>, QueryError> {
        self.store.sealed_of(id).await
    }

    /// Makes the table of receivers hold these and no others, and returns how far each has been told. One that is new
    /// begins with what comes from now on; in a store that never had any, with the first record.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be written; the table is as before then.
    pub async fn keep_receivers(&self, names: &[Box<str>]) -> Result<Vec<ReceiverView>, QueryError> {
        self.store.keep_receivers(names).await
    }

    /// Notes how far a receiver has been told, and when what comes next is tried again.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be written.
    pub async fn mark_receiver(&self, receiver: &ReceiverView) -> Result<(), QueryError> {
        self.store.mark_receiver(receiver).await
    }
}

impl super::Store {
    pub(super) async fn list_unknowns(&self, page: &Page) -> Result<Listed<OpenUnknown>, QueryError> {
        let after = page.key_or(Key::FIRST)?;
        // In the words of the index: sending and unknown.
        let rows = Select::new(posts::SELECT)
            .that("state IN (0, 3)")
            .pair("(auction, candidate) > ", wide(after.id), i64::from(after.number))
            .first("auction, candidate", page.limit().saturating_add(1))
            .all(&self.pool)
            .await?;
        let open = rows.iter().map(posts::read).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(open, page, |post| Key { id: post.auction.as_u128(), number: post.candidate.0 }))
    }
}
