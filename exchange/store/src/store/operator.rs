//! What an operator reads: everything, and whether the ledger is right.

use std::sync::Arc;

use exchange_protocol::{BalanceChange, Record, SlotRef, decode_record};
use exchange_types::Uuid7;

use super::posts;
use super::{Operator, SaleRef, Scoped, Store};
use crate::ledger::{self, CheckpointKey, EntryView, LedgerReport, VerifyError};
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, id_bytes, of_list, signed, wide};
use crate::view::{
    ApiKeyView, AuctionView, BalanceView, ErasureView, LeadFilter, LeadView, LedgerFilter, SaleFilter,
    SaleView, SealedPart, Violation, ViolationKind,
};
use crate::{Listed, Page, QueryError};

impl Scoped<Operator> {
    /// Finds a lead or ping.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn lead(&self, id: Uuid7) -> Result<Option<LeadView>, QueryError> {
        self.store.lead_by(id).await
    }

    /// Lists leads and pings, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn leads(&self, filter: &LeadFilter, page: &Page) -> Result<Listed<LeadView>, QueryError> {
        self.store.list_leads(filter, page).await
    }

    /// Returns what ciphertexts of a lead are left.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sealed(&self, id: Uuid7) -> Result<Vec<SealedPart>, QueryError> {
        self.store.sealed_of(id).await
    }

    /// Finds a whole auction.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn auction(&self, id: Uuid7) -> Result<Option<AuctionView>, QueryError> {
        let Some(lead) = self.store.lead_by(id).await? else { return Ok(None) };
        let story = self.store.story_of(id).await?;
        let names = Arc::new(self.store.names_of(lead.catalog_version).await?);
        let posts = self.store.posts_of(id).await?;
        Ok(Some(AuctionView { lead, story, names, posts }))
    }

    /// Finds a post or sale.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale(&self, id: SaleRef) -> Result<Option<SaleView>, QueryError> {
        self.store.sale_by(id).await
    }

    /// Lists sales, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn sales(&self, filter: &SaleFilter, page: &Page) -> Result<Listed<SaleView>, QueryError> {
        let base = Select::new(posts::SELECT).that("sale IS NOT NULL");
        self.store.list_posts(base, filter, page).await
    }

    /// Returns what happened to a sale since it was made, oldest first: changes and disputes.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn sale_records(&self, sale: &SaleView) -> Result<Vec<Record>, QueryError> {
        let rows = Select::new("SELECT record FROM sale_records")
            .with("auction = ", id_bytes(sale.auction))
            .with("candidate = ", i64::from(sale.candidate.0))
            .then(" ORDER BY sequence")
            .all(&self.store.pool)
            .await?;
        rows.iter().map(|row| Ok(decode_record(Columns::of(row).bytes()?)?.0)).collect()
    }

    /// Lists the posts whose outcome nobody knows, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn unknowns(&self, page: &Page) -> Result<Listed<SaleView>, QueryError> {
        self.store.list_unknowns(page).await
    }

    /// Lists the leads of a person, newest first, by the keyed digests of its phone and e-mail address.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn person(&self, prints: &[u128], page: &Page) -> Result<Listed<Uuid7>, QueryError> {
        self.store.leads_of_person(prints, page).await
    }

    /// Lists the bearer keys, the last made first, revoked ones too.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn api_keys(&self, page: &Page) -> Result<Listed<ApiKeyView>, QueryError> {
        self.store.list_api_keys(page).await
    }

    /// Lists erasures, newest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn erasures(&self, page: &Page) -> Result<Listed<ErasureView>, QueryError> {
        self.store.list_erasures(page, None).await
    }

    /// Returns the erasures of a lead, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn erasures_of(&self, lead: Uuid7) -> Result<Vec<ErasureView>, QueryError> {
        self.store.erasures_of(lead).await
    }

    /// Returns every key under which something of a lead was sealed, whether the ciphertext is left or not.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn slots(&self, lead: Uuid7) -> Result<Vec<SlotRef>, QueryError> {
        self.store.slots_of(lead).await
    }

    /// Returns every vertical in which there was a lead: digests of persons are made for each.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn verticals(&self) -> Result<Vec<Box<str>>, QueryError> {
        self.store.verticals().await
    }

    /// Finds a movement of a prepaid balance by its id.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn balance_change(&self, id: u128) -> Result<Option<BalanceChange>, QueryError> {
        let select = Select::new("SELECT record FROM balance_changes").with("id = ", wide(id));
        let Some(row) = select.one(&self.store.pool).await? else { return Ok(None) };
        let Record::Balance(change) = decode_record(Columns::of(&row).bytes()?)?.0 else {
            return Err(QueryError::Damaged { column: "balance_changes.record" });
        };
        Ok(Some(change))
    }

    /// Returns what every account holds.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read.
    pub async fn balances(&self) -> Result<Vec<BalanceView>, QueryError> {
        self.store.balances_of("").await
    }

    /// Lists the ledger's entries, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn ledger(&self, filter: &LedgerFilter, page: &Page) -> Result<Listed<EntryView>, QueryError> {
        ledger::list(&self.store.pool, filter, page).await
    }

    /// Recomputes the whole ledger: chain, signatures, sums, balances, and each charge's intent and evidence,
    /// as they stand at one moment. Takes as long as reading it does.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read. A ledger that is wrong is no error: the report names the first fault.
    pub async fn verify_ledger(&self, key: &CheckpointKey) -> Result<LedgerReport, VerifyError> {
        ledger::verify(&self.store.pool, self.store.backend, key).await
    }

    /// Lists what was found of which no charge came, oldest first.
    ///
    /// # Errors
    ///
    /// Says why the store cannot be read, or that the page's cursor is none.
    pub async fn violations(&self, page: &Page) -> Result<Listed<Violation>, QueryError> {
        let after = page.key_or(Key::FIRST)?;
        let after = u64::try_from(after.id).unwrap_or(u64::MAX);
        let rows = Select::new("SELECT sequence, kind, auction, candidate, at FROM violations")
            .with("sequence > ", signed(after))
            .first("sequence", page.limit().saturating_add(1))
            .all(&self.store.pool)
            .await?;
        let violations = rows.iter().map(|row| {
            let mut from = Columns::of(row);
            let sequence = from.unsigned("sequence")?;
            let kind = of_list(&ViolationKind::ALL, Some(from.number()?), "kind")?;
            let kind = kind.ok_or(QueryError::Damaged { column: "kind" })?;
            let (auction, candidate) = (from.id("auction")?, from.candidate()?);
            Ok(Violation { sequence, kind, auction, candidate, at: from.time()? })
        });
        let violations = violations.collect::<Result<Vec<_>, QueryError>>()?;
        Ok(Listed::of(violations, page, |one| Key { id: u128::from(one.sequence), number: 0 }))
    }
}

impl Store {
    /// Returns the accounts of a partner, or all of them where its name is empty.
    pub(super) async fn balances_of(&self, partner: &str) -> Result<Vec<BalanceView>, QueryError> {
        // A name ends at the blank before the account's kind: no name is the beginning of another's account.
        let prefix = if partner.is_empty() { String::new() } else { format!("{partner} ") };
        let rows = Select::new("SELECT name, currency, balance FROM accounts")
            .then(" ORDER BY name, currency")
            .all(&self.pool)
            .await?;
        let all = rows.iter().map(|row| {
            let mut from = Columns::of(row);
            let (account, currency) = (from.text()?.into(), from.currency()?);
            let micros = from.array("balance").map(i128::from_be_bytes)?;
            Ok(BalanceView { account, currency, micros })
        });
        let all = all.collect::<Result<Vec<_>, QueryError>>()?;
        Ok(all.into_iter().filter(|balance| balance.account.starts_with(&prefix)).collect())
    }
}
