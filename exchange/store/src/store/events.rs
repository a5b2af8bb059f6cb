//! Webhooks to sellers: what is due, and what was tried.

use exchange_protocol::{Record, SaleChange, SaleStep, decode_record};
use exchange_types::{SaleId, UtcMicros};

use super::Store;
use crate::QueryError;
use crate::select::Select;
use crate::values::{Columns, of_list, wide};
use crate::view::{EventKind, EventView};

impl Store {
    pub(super) async fn events_due(
        &self,
        now: UtcMicros,
        since: UtcMicros,
        limit: u16,
    ) -> Result<Vec<EventView>, QueryError> {
        let base = "SELECT events.id, kind, seller, lead, sale_id, payout, currency, at, attempts, record FROM events \
             LEFT JOIN deliveries ON deliveries.event = events.id \
             LEFT JOIN sale_records ON sale_records.sequence = events.sequence";
        let rows = Select::new(base)
            .with("at >= ", since.0)
            .that("delivered_at IS NULL")
            // An event that was given up has attempts and no next one.
            .with("(attempts IS NULL OR next_at <= ", now.0)
            .then(")")
            .first("at, events.sequence, events.id", i64::from(limit))
            .all(&self.pool)
            .await?;
        rows.iter().map(read).collect()
    }

    /// Counts an attempt, and notes what came of it.
    pub(super) async fn mark(
        &self,
        event: u128,
        next_at: Option<UtcMicros>,
        delivered_at: Option<UtcMicros>,
    ) -> Result<(), QueryError> {
        let text = "INSERT INTO deliveries (event, attempts, next_at, delivered_at) VALUES ($1, 1, $2, $3) \
             ON CONFLICT (event) DO UPDATE SET attempts = deliveries.attempts + 1, \
             next_at = excluded.next_at, delivered_at = excluded.delivered_at";
        let query = sqlx::query(text).bind(wide(event));
        let query = query.bind(next_at.map(|at| at.0)).bind(delivered_at.map(|at| at.0));
        query.execute(&self.pool).await?;
        Ok(())
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<EventView, QueryError> {
    let mut from = Columns::of(row);
    let id = from.wide("id")?;
    let kind = of_list(&EventKind::ALL, Some(from.number()?), "kind")?;
    let (seller, lead) = (from.text()?.into(), from.id("lead")?);
    let sale_id = from.optional_id("sale_id")?.map(SaleId);
    let (payout, currency, at) = (from.amount()?, from.currency()?, from.time()?);
    let attempts = u32::try_from(from.optional_number()?.unwrap_or(0)).unwrap_or(u32::MAX);
    let kind = kind.ok_or(QueryError::Damaged { column: "kind" })?;
    let reason = match from.optional_bytes()?.map(decode_record).transpose()? {
        Some((Record::SaleChanged(SaleChange { step: SaleStep::Returned { reason, .. }, .. }), _)) => {
            Some(reason)
        }
        _ => None,
    };
    Ok(EventView { id, kind, seller, lead, sale_id, reason, payout, currency, at, attempts })
}
