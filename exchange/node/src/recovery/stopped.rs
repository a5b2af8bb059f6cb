//! The bytes of [`Stops`] in a checkpoint.

use exchange_protocol::{Stop, StopKind};
use exchange_types::{UtcMicros, Uuid7};

use super::CheckpointError;
use super::bytes::{Reader, Writer};
use crate::Stops;

pub(super) fn write(stops: &Stops, to: &mut Writer<'_>) {
    to.count(stops.len());
    for stop in stops.iter() {
        to.u128(stop.id.as_u128());
        to.u8(stop.kind.code());
        to.text(&stop.name);
        to.text(&stop.by);
        to.text(&stop.reason);
        to.i64(stop.at.0);
    }
}

pub(super) fn read(from: &mut Reader<'_>) -> Result<Stops, CheckpointError> {
    let mut stops = Stops::default();
    for _ in 0..from.count()? {
        let id = Uuid7::from_u128(from.u128()?).ok_or_else(|| from.damaged())?;
        let kind = StopKind::from_code(from.u8()?).ok_or_else(|| from.damaged())?;
        stops.take(&Stop {
            id,
            kind,
            name: from.text()?.into(),
            on: true,
            by: from.text()?.into(),
            reason: from.text()?.into(),
            at: UtcMicros(from.i64()?),
        });
    }
    Ok(stops)
}
