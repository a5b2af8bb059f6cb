//! What follows when the journal is full or has failed.

use core::time::Duration;
use std::sync::Arc;

use exchange_journal::{State, WriterHandle};
use exchange_node::{Admission, Shared};
use tokio::sync::watch;

/// How often the journal's state is read; leads that come in between are answered `pending` at worst.
const LOOK_EVERY: Duration = Duration::from_millis(20);
/// Bytes that may wait for the disk before no new lead is taken: what a slow disk writes in about a second.
const BACKLOG_BYTES_MAX: u64 = 16 << 20;

/// What stands against taking leads besides the journal.
#[derive(Debug)]
pub(crate) struct StoreLag {
    /// Up to which record the store has followed, and when it last caught up.
    pub(crate) behind: watch::Receiver<bool>,
}

/// Opens and closes the admission by the state of journal and store; returns when the journal has failed, with
/// the reason.
///
/// # Cancel safety
///
/// Cancel-safe: nothing is held between two looks.
pub(crate) async fn watch_journal(writer: WriterHandle, shared: Arc<Shared>, lag: StoreLag) -> String {
    let mut looks = tokio::time::interval(LOOK_EVERY);
    let mut before = Admission::Open;
    loop {
        looks.tick().await;
        let admission = match writer.state() {
            State::Failed(failure) => {
                shared.set_admission(Admission::Draining);
                return failure.to_string();
            }
            State::Full { .. } => Admission::DiskFull,
            State::Running | State::Stopped if writer.backlog_bytes() > BACKLOG_BYTES_MAX => {
                Admission::DiskFull
            }
            State::Running | State::Stopped if *lag.behind.borrow() => Admission::ProjectorLag,
            State::Running | State::Stopped => Admission::Open,
        };
        if admission != before {
            before = admission;
            shared.set_admission(admission);
            match admission {
                Admission::Open => tracing::info!("new leads are taken again"),
                Admission::DiskFull | Admission::ProjectorLag | Admission::Draining => {
                    tracing::error!(
                        ?admission,
                        "new leads are refused: see the disk of the journal and the store"
                    );
                }
            }
        }
    }
}
