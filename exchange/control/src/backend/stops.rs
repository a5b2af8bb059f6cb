//! [`Stops`]: stopping a part of the market at once, and starting it again.

use core::future::Future;

use exchange_protocol::{Stop, StopKind};
use exchange_types::StopId;

use super::{ListError, Listed, Page};
use crate::Unavailable;

/// Stopping a part of the market at once, and starting it again.
pub trait Stops: Send + Sync + 'static {
    /// Lists what is stopped; latest first.
    ///
    /// # Errors
    ///
    /// Says that the cursor is none of this list.
    fn stops(&self, page: Page) -> Result<Listed<Stop>, ListError>;

    /// Stops a part of the market. No intent is written against it from now on; it answers when that is durable. What
    /// is stopped already stays as it is.
    ///
    /// # Errors
    ///
    /// Says that there is no such part, that too much is stopped, or that the exchange cannot write; it may be stopped
    /// nevertheless then.
    fn stop(&self, wanted: WantedStop) -> impl Future<Output = Result<Stopped, StopError>> + Send;

    /// Starts again what a stop has stopped, once that is durable. Nothing where no such stop is in force.
    ///
    /// # Errors
    ///
    /// Says that the exchange cannot write; the stop stays in force then.
    fn start(
        &self,
        id: StopId,
        by: Box<str>,
    ) -> impl Future<Output = Result<Option<Stop>, Unavailable>> + Send;
}

/// What an operator wants to stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WantedStop {
    /// What kind of part.
    pub kind: StopKind,
    /// Which.
    pub name: Box<str>,
    /// Why.
    pub reason: Box<str>,
    /// Who: `operator:NAME`.
    pub by: Box<str>,
}

/// A part of the market is stopped.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Stopped {
    /// The stop in force.
    pub stop: Stop,
    /// Whether it was in force before.
    pub replayed: bool,
}

/// Why nothing was stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum StopError {
    /// The catalog has no such part.
    #[error("the catalog has nothing of this kind and name")]
    NotFound,
    /// As much is stopped as may be.
    #[error("as much is stopped as may be")]
    TooMany,
    /// The exchange cannot write.
    #[error("the exchange cannot write")]
    Unavailable,
}
