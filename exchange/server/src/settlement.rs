//! Settlement: what a seller has earned by a sale is due when the sale can no longer be given back.

use core::time::Duration;
use std::sync::Arc;

use exchange_protocol::{SaleChange, SaleStep};
use exchange_store::{DueSale, Exchange, Scoped};
use exchange_types::UtcMicros;
use tokio::time::{MissedTickBehavior, interval};

use crate::desk::Desk;
use crate::wall_clock;

/// How often it is looked what is due: one look at an index. A seller whose campaign takes no returns is told at once.
const LOOK_EVERY: Duration = Duration::from_secs(5);
/// Sales that are settled with one batch, so that others have their turn at the desk in between.
const SALES_A_TIME: u16 = 200;

/// Settles what is due until the process stops.
///
/// # Cancel safety
///
/// Cancel-safe: what was not written is still due at the next start.
pub(crate) async fn keep_settling(desk: Arc<Desk>, store: Scoped<Exchange>) {
    let mut looks = interval(LOOK_EVERY);
    looks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    loop {
        looks.tick().await;
        let mut settled = Vec::new();
        loop {
            match settle_some(&desk, &store, wall_clock::utc_now()).await {
                Ok(due) if due.is_empty() => break,
                Ok(due) if due == settled => {
                    tracing::error!(sales = due.len(), "sales are due again although they were settled");
                    break;
                }
                Ok(due) => {
                    tracing::debug!(sales = due.len(), "sales were settled");
                    settled = due;
                }
                Err(error) => {
                    tracing::error!(error = format!("{error:#}"), "sales cannot be settled");
                    break;
                }
            }
        }
    }
}

/// Settles sales that are due and returns them.
async fn settle_some(desk: &Desk, store: &Scoped<Exchange>, now: UtcMicros) -> anyhow::Result<Vec<DueSale>> {
    // Returns and corrections are decided in the same turns, so none of these sales changes meanwhile.
    let mut turn = desk.turn().await;
    turn.settled().await?;
    let due = store.due(now, SALES_A_TIME).await?;
    if due.is_empty() {
        return Ok(due);
    }
    let records: Vec<_> = due.iter().map(|sale| settlement(sale, now).into()).collect();
    turn.write(&records).await?;
    turn.settled().await?;
    Ok(due)
}

fn settlement(sale: &DueSale, now: UtcMicros) -> SaleChange {
    SaleChange {
        auction: sale.auction,
        candidate: sale.candidate,
        step: SaleStep::Settled,
        at: now,
        by: "exchange".into(),
        // Nobody asked for it: the time that stands in the sale itself has come.
        digest: [0; 16],
    }
}
