//! Stopping a part of the market at once, and starting it again.
//!
//! A stop is in force before it is on disk, a start only afterwards: whatever fails, nothing is sold that was to be
//! stopped.

use exchange_control::{ListError, Listed, Page, StopError, Stopped, Stops, Unavailable, WantedStop};
use exchange_node::can_stop;
use exchange_protocol::Stop;
use exchange_types::{StopId, Uuid7};

use super::ControlBackend;
use super::failures::unwritten;
use crate::desk::DeskError;
use crate::entropy::Entropy;
use crate::wall_clock;

impl Stops for ControlBackend {
    fn stops(&self, page: Page) -> Result<Listed<Stop>, ListError> {
        let before = match &page.cursor {
            Some(cursor) => Some(cursor.parse::<StopId>().map_err(|_| ListError::Cursor)?.0),
            None => None,
        };
        let stops = self.shared.stops();
        let mut items: Vec<&Stop> =
            stops.iter().filter(|stop| before.is_none_or(|before| stop.id < before)).collect();
        items.sort_unstable_by_key(|stop| core::cmp::Reverse(stop.id));
        let limit = usize::from(page.limit);
        let more = items.len() > limit;
        items.truncate(limit);
        let last = items.last().map(|stop| StopId(stop.id).to_string().into());
        Ok(Listed { next: last.filter(|_| more), items: items.into_iter().cloned().collect() })
    }

    async fn stop(&self, wanted: WantedStop) -> Result<Stopped, StopError> {
        let mut turn = self.desk.turn().await;
        let stops = self.shared.stops();
        let WantedStop { kind, name, reason, by } = wanted;
        let known = stops.get(kind, &name).cloned();
        let replayed = known.is_some();
        let stop = match known {
            Some(stop) => stop,
            None if stops.len() >= exchange_node::Stops::COUNT_MAX => return Err(StopError::TooMany),
            None if !can_stop(&self.shared.current().snapshot, kind, &name) => {
                return Err(StopError::NotFound);
            }
            None => {
                let at = wall_clock::utc_now();
                let id = Uuid7::new(at, Entropy::new().bits());
                Stop { id, kind, name, on: true, by, reason, at }
            }
        };
        self.shared.take_stop(&stop);
        // A repeat is written again: nobody knows whether the first one has reached the disk.
        if let Err(error) = turn.write(&[stop.clone().into()]).await {
            // Of a disk that does not answer nobody knows, and it stays stopped; else nothing was handed over.
            if matches!(error, DeskError::Journal(_)) && !replayed {
                self.shared.take_stop(&Stop { on: false, ..stop });
            }
            let Unavailable = unwritten(&error);
            return Err(StopError::Unavailable);
        }
        Ok(Stopped { stop, replayed })
    }

    async fn start(&self, id: StopId, by: Box<str>) -> Result<Option<Stop>, Unavailable> {
        let mut turn = self.desk.turn().await;
        let Some(stop) = self.shared.stops().find(id.0).cloned() else { return Ok(None) };
        let start = Stop { on: false, by, reason: Box::default(), at: wall_clock::utc_now(), ..stop.clone() };
        turn.write(&[start.clone().into()]).await.map_err(|error| unwritten(&error))?;
        self.shared.take_stop(&start);
        Ok(Some(stop))
    }
}
