//! Leads with how they stand, and the ciphertexts that they own.

use exchange_protocol::{
    CatalogNames, CompletedRecord, LeadRecord, Record, Sealed, SealedText, SlotRef, Story, decode_record,
};
use exchange_types::Uuid7;
use sqlx::any::AnyRow;

use super::Store;
use super::posts::id_from;
use crate::page::Key;
use crate::select::Select;
use crate::values::{Columns, id_bytes, number_in, of_list, signed, wide};
use crate::view::{LeadFilter, LeadState, LeadView, SealedPart};
use crate::{Listed, Page, QueryError};

/// The columns of [`read`], in its order.
const SELECT: &str = "SELECT leads.id, leads.seller, leads.vertical, leads.currency, leads.record, leads.erased_at, \
     auctions.state, auctions.payout FROM leads LEFT JOIN auctions ON auctions.id = leads.id";

fn read(row: &AnyRow) -> Result<LeadView, QueryError> {
    let mut from = Columns::of(row);
    let id = from.id("id")?;
    let (seller, vertical, currency) = (from.text()?.into(), from.text()?.into(), from.currency()?);
    let record = lead_record(from.bytes()?)?;
    let erased_at = from.optional_time()?;
    let state = lead_state(from.optional_number()?)?;
    let payout = from.optional_number()?.unwrap_or(0);
    Ok(LeadView {
        id,
        kind: record.kind,
        seller,
        vertical,
        test: record.test,
        currency,
        catalog_version: record.catalog_version,
        admitted: record.admitted,
        state,
        payout: exchange_types::Amount::from_micros(payout),
        erased_at,
    })
}

/// Returns the state of a number; an auction without a row is still running.
pub(super) fn lead_state(number: Option<i64>) -> Result<LeadState, QueryError> {
    Ok(of_list(&LeadState::ALL, number, "state")?.unwrap_or(LeadState::Running))
}

pub(super) fn lead_record(bytes: &[u8]) -> Result<LeadRecord, QueryError> {
    let Record::Lead(lead) = decode_record(bytes)?.0 else {
        return Err(QueryError::Damaged { column: "leads.record" });
    };
    Ok(lead)
}

fn completed_record(bytes: &[u8]) -> Result<CompletedRecord, QueryError> {
    let Record::Completed(post) = decode_record(bytes)?.0 else {
        return Err(QueryError::Damaged { column: "completions.record" });
    };
    Ok(post)
}

pub(super) fn story(bytes: Option<&[u8]>) -> Result<Option<Story>, QueryError> {
    let Some(bytes) = bytes else { return Ok(None) };
    let Record::Closed(story) = decode_record(bytes)?.0 else {
        return Err(QueryError::Damaged { column: "auctions.story" });
    };
    Ok(Some(story))
}

pub(crate) fn catalog_names(bytes: &[u8]) -> Result<CatalogNames, QueryError> {
    let Record::Catalog(names) = decode_record(bytes)?.0 else {
        return Err(QueryError::Damaged { column: "catalog_versions.names" });
    };
    Ok(names)
}

impl Store {
    pub(super) async fn lead_by(&self, id: Uuid7) -> Result<Option<LeadView>, QueryError> {
        let row = Select::new(SELECT).with("leads.id = ", id_bytes(id)).one(&self.pool).await?;
        row.as_ref().map(read).transpose()
    }

    pub(super) async fn list_leads(
        &self,
        filter: &LeadFilter,
        page: &Page,
    ) -> Result<Listed<LeadView>, QueryError> {
        let after = page.key_or(Key::LAST)?;
        let base = Select::new(SELECT);
        let base = match filter.state {
            Some(LeadState::Running) => base.that("auctions.state IS NULL"),
            state => base.maybe("auctions.state = ", state.map(|state| number_in(&LeadState::ALL, &state))),
        };
        let rows = base
            .with("leads.id < ", wide(after.id))
            .maybe("leads.seller = ", filter.seller.as_deref())
            .maybe("leads.vertical = ", filter.vertical.as_deref())
            .maybe("leads.id >= ", filter.from.map(id_from))
            .maybe("leads.id < ", filter.to.map(id_from))
            .first("leads.id DESC", page.limit().saturating_add(1))
            .all(&self.pool)
            .await?;
        let leads = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        Ok(Listed::of(leads, page, |lead| Key { id: lead.id.as_u128(), number: 0 }))
    }

    pub(super) async fn lead_record_of(&self, id: Uuid7) -> Result<Option<LeadRecord>, QueryError> {
        let select = Select::new("SELECT record FROM leads").with("id = ", id_bytes(id));
        let row = select.one(&self.pool).await?;
        row.as_ref().map(|row| lead_record(Columns::of(row).bytes()?)).transpose()
    }

    pub(super) async fn story_of(&self, id: Uuid7) -> Result<Option<Story>, QueryError> {
        let select = Select::new("SELECT story FROM auctions").with("id = ", id_bytes(id));
        let Some(row) = select.one(&self.pool).await? else { return Ok(None) };
        story(Columns::of(&row).optional_bytes()?)
    }

    pub(super) async fn names_of(&self, version: u64) -> Result<CatalogNames, QueryError> {
        let select = Select::new("SELECT names FROM catalog_versions").with("version = ", signed(version));
        let row = select.one(&self.pool).await?.ok_or(QueryError::Damaged { column: "catalog_version" })?;
        catalog_names(Columns::of(&row).bytes()?)
    }

    /// Returns every key under which something of a lead was sealed, whether the ciphertext is left or not.
    pub(super) async fn slots_of(&self, id: Uuid7) -> Result<Vec<SlotRef>, QueryError> {
        let mut slots = Vec::new();
        if let Some(lead) = self.lead_record_of(id).await? {
            slots.push(lead.sealed.slot);
            slots.extend(lead.consent.map(|consent| consent.slot));
        }
        let select = Select::new("SELECT record FROM completions").with("lead = ", id_bytes(id));
        if let Some(row) = select.one(&self.pool).await? {
            let post = completed_record(Columns::of(&row).bytes()?)?;
            slots.push(post.sealed.slot);
            slots.extend(post.consent.map(|consent| consent.slot));
        }
        let posts = self.story_of(id).await?.map(|story| story.posts).unwrap_or_default();
        let links = posts.iter().filter_map(|post| SealedText::read(&post.redirect_url));
        slots.extend(links.map(|link| link.sealed.slot));
        Ok(slots)
    }

    /// Returns every vertical in which there was a lead.
    pub(super) async fn verticals(&self) -> Result<Vec<Box<str>>, QueryError> {
        let rows =
            Select::new("SELECT DISTINCT vertical FROM leads ORDER BY vertical").all(&self.pool).await?;
        rows.iter().map(|row| Ok(Columns::of(row).text()?.into())).collect()
    }

    /// Returns what ciphertexts of a lead are left: those of its admission, then those of its seller's post.
    pub(super) async fn sealed_of(&self, id: Uuid7) -> Result<Vec<SealedPart>, QueryError> {
        let mut parts = Vec::new();
        let select = Select::new("SELECT record, sealed, consent FROM leads").with("id = ", id_bytes(id));
        if let Some(row) = select.one(&self.pool).await? {
            let mut from = Columns::of(&row);
            let record = lead_record(from.bytes()?)?;
            push_part(&mut parts, Some(record.sealed), from.optional_bytes()?);
            push_part(&mut parts, record.consent, from.optional_bytes()?);
        }
        let select = Select::new("SELECT record, sealed, consent FROM completions");
        if let Some(row) = select.with("lead = ", id_bytes(id)).one(&self.pool).await? {
            let mut from = Columns::of(&row);
            let record = completed_record(from.bytes()?)?;
            push_part(&mut parts, Some(record.sealed), from.optional_bytes()?);
            push_part(&mut parts, record.consent, from.optional_bytes()?);
        }
        Ok(parts)
    }
}

fn push_part(parts: &mut Vec<SealedPart>, sealed: Option<Sealed>, ciphertext: Option<&[u8]>) {
    if let (Some(sealed), Some(ciphertext)) = (sealed, ciphertext) {
        parts.push(SealedPart { sealed, ciphertext: ciphertext.to_vec() });
    }
}
