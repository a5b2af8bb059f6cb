//! What sellers are told.

use exchange_protocol::{AnswerStatus, Record, ReturnReason, SaleChange, SaleStep, decode_record};
use exchange_types::{EventKind, SaleId};

use super::Store;
use crate::QueryError;
use crate::select::Select;
use crate::values::{Columns, of_list, signed};
use crate::view::EventView;

impl Store {
    pub(super) async fn events_of(
        &self,
        seller: &str,
        after: u64,
        limit: u16,
    ) -> Result<Vec<EventView>, QueryError> {
        let base = "SELECT events.sequence, events.id, kind, seller, lead, sale_id, payout, currency, at, record \
             FROM events LEFT JOIN sale_records ON sale_records.sequence = events.sequence";
        let rows = Select::new(base)
            .with("seller = ", seller.to_owned())
            .with("events.sequence > ", signed(after))
            .first("events.sequence", i64::from(limit))
            .all(&self.pool)
            .await?;
        let mut events = rows.iter().map(read).collect::<Result<Vec<_>, _>>()?;
        for event in events.iter_mut().filter(|event| event.kind == EventKind::LeadUnsold) {
            event.reason = match self.answer_of(event.lead).await?.map(|answer| answer.status) {
                Some(AnswerStatus::Unsold(reason)) => Some(reason.name()),
                _ => None,
            };
        }
        Ok(events)
    }
}

fn read(row: &sqlx::any::AnyRow) -> Result<EventView, QueryError> {
    let mut from = Columns::of(row);
    let (sequence, id) = (from.unsigned("sequence")?, from.wide("id")?);
    let kind = of_list(&EventKind::ALL, Some(from.number()?), "kind")?;
    let (seller, lead) = (from.text()?.into(), from.id("lead")?);
    let sale_id = from.optional_id("sale_id")?.map(SaleId);
    let (payout, currency, at) = (from.amount()?, from.currency()?, from.time()?);
    let kind = kind.ok_or(QueryError::Damaged { column: "kind" })?;
    let reason = match from.optional_bytes()?.map(decode_record).transpose()? {
        Some((Record::SaleChanged(SaleChange { step: SaleStep::Returned { reason, .. }, .. }), _)) => {
            Some(ReturnReason::name(reason))
        }
        _ => None,
    };
    Ok(EventView { sequence, id, kind, seller, lead, sale_id, reason, payout, currency, at })
}
