//! The keys of the mirror. `docs/redis.md` documents them; what changes here changes there.

use exchange_catalog::snapshot::CapKind;
use exchange_counters::{CellKey, Owner, Reading};
use exchange_types::UtcMicros;

/// The key of the mirror itself.
pub(crate) const MIRROR: &str = "px:1:mirror";
/// Its field that tells one batch from every other.
pub(crate) const MARK: &str = "mark";
/// Its field with the time, in milliseconds since 1970, at which everything in the mirror was read or still held.
pub(crate) const AT_MS: &str = "at_ms";
/// Its field with the milliseconds between two looks at the counters.
pub(crate) const EVERY_MS: &str = "every_ms";

/// How long a key stays after its window, and after its last writing where its window never ends: yesterday's end
/// can be read for a weekend.
pub(crate) const KEPT_SECONDS: i64 = 48 * 3_600;

/// Returns the key of a counter, such as `px:1:campaign:north:budget:2026-11-20`.
pub(crate) fn key(cell: &CellKey) -> String {
    let (owner, name) = match &cell.owner {
        Owner::Campaign(name) => ("campaign", name),
        Owner::Buyer(name) => ("buyer", name),
    };
    let kind = match cell.kind {
        CapKind::Sent => "sent",
        CapKind::Sold => "sold",
        CapKind::Budget => "budget",
        CapKind::Balance => "balance",
    };
    format!("px:1:{owner}:{name}:{kind}:{}", cell.window)
}

/// Returns the second at which a key expires; nothing where its window never ends.
pub(crate) fn expires_at(closes: UtcMicros) -> Option<i64> {
    let ends = closes.0 != i64::MAX;
    ends.then(|| closes.0.div_euclid(1_000_000).saturating_add(KEPT_SECONDS))
}

/// Writes a counter into a pipeline.
pub(crate) fn write(pipeline: &mut redis::Pipeline, cell: &CellKey, reading: Reading) {
    let key = key(cell);
    let fields = [("posted", reading.posted), ("pending", reading.pending), ("limit", reading.limit)];
    set(pipeline, &key, &fields);
    match expires_at(reading.closes) {
        Some(second) => pipeline.expire_at(&key, second).ignore(),
        None => pipeline.expire(&key, KEPT_SECONDS).ignore(),
    };
}

/// Sets fields of a key. The library's own call for several fields sends a command that is deprecated.
pub(crate) fn set(pipeline: &mut redis::Pipeline, key: &str, fields: &[(&str, i64)]) {
    pipeline.cmd("HSET").arg(key).arg(fields).ignore();
}

#[cfg(test)]
mod tests {
    use exchange_catalog::snapshot::{WeekStart, WindowKind};
    use exchange_counters::window_at;

    use super::*;

    #[test]
    fn keys_name_owner_kind_and_window() {
        let at = UtcMicros(1_763_683_200_000_000);
        let name = |kind, window_kind, owner: Owner| {
            let window = window_at(&jiff_utc(), window_kind, WeekStart::Monday, at);
            let cell = CellKey { owner, kind, window_kind, window: window.id };
            (key(&cell), expires_at(window.closes))
        };
        let campaign = || Owner::Campaign("north".into());
        let (key, expires) = name(CapKind::Budget, WindowKind::Day, campaign());
        assert_eq!(key, "px:1:campaign:north:budget:2025-11-21");
        assert_eq!(expires, Some(1_763_683_200 + 86_400 + 172_800));
        let (key, expires) = name(CapKind::Balance, WindowKind::Total, Owner::Buyer("south".into()));
        assert_eq!((key.as_str(), expires), ("px:1:buyer:south:balance:total", None));
        let (key, _) = name(CapKind::Sent, WindowKind::Hour, campaign());
        assert_eq!(key, "px:1:campaign:north:sent:2025-11-21T00+00:00");
        let (key, _) = name(CapKind::Sold, WindowKind::Week, campaign());
        assert_eq!(key, "px:1:campaign:north:sold:2025-W47");
    }

    fn jiff_utc() -> jiff::tz::TimeZone {
        jiff::tz::TimeZone::UTC
    }
}
