//! One stop, which is there whatever is asked.

use exchange_control::{ListError, Listed, Page, StopError, Stopped, Stops, Unavailable, WantedStop};
use exchange_protocol::{Stop, StopKind};
use exchange_types::{StopId, Uuid7};

use super::deals::AT;
use super::{MadeUp, Seen};

pub(crate) fn stop_id() -> StopId {
    StopId(Uuid7::new(AT, 9))
}

fn stop(kind: StopKind, name: &str) -> Stop {
    Stop {
        id: stop_id().0,
        kind,
        name: name.into(),
        on: true,
        by: "operator:ada".into(),
        reason: "wrong prices".into(),
        at: AT,
    }
}

impl Stops for MadeUp {
    fn stops(&self, _: Page) -> Result<Listed<Stop>, ListError> {
        self.answers()?;
        Ok(Listed { items: vec![stop(StopKind::Campaign, "coast")], next: None })
    }

    async fn stop(&self, wanted: WantedStop) -> Result<Stopped, StopError> {
        self.note(Seen::Stop(wanted.clone()));
        self.answers().map_err(|_| StopError::Unavailable)?;
        match self.fails.stop {
            Some(refused) => Err(refused),
            None => Ok(Stopped { stop: stop(wanted.kind, &wanted.name), replayed: self.fails.replayed }),
        }
    }

    async fn start(&self, id: StopId, by: Box<str>) -> Result<Option<Stop>, Unavailable> {
        self.note(Seen::Start(by.into()));
        self.answers()?;
        Ok((id == stop_id()).then(|| stop(StopKind::Campaign, "coast")))
    }
}
