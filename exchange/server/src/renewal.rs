//! What has to be made anew while the process runs: windows, schedules, and what is read again at a SIGHUP.

use core::time::Duration;
use std::sync::Arc;

use exchange_control::{Backend as _, Reloaded};
use exchange_node::Shared;
use exchange_types::Nanos;
use tokio::signal::unix::{SignalKind, signal};

use crate::control_backend::ControlBackend;
use crate::wall_clock;

/// How often it is looked whether a window has closed.
const WINDOWS_LOOK: Duration = Duration::from_secs(5);
/// How often the instants of schedules are computed anew; they are known for some weeks ahead.
const SCHEDULES_EVERY: Nanos = Nanos::from_secs(24 * 3_600);

/// Makes the next windows' counters before they open, and once a day schedules' instants before they run out.
pub(crate) async fn keep_windows_open(shared: Arc<Shared>) {
    let mut looks = tokio::time::interval(WINDOWS_LOOK);
    let mut refreshed = wall_clock::utc_now();
    loop {
        looks.tick().await;
        let now = wall_clock::utc_now();
        let schedules = now >= refreshed.saturating_add(SCHEDULES_EVERY);
        if !schedules && now < shared.current().caps.next_boundary() {
            continue;
        }
        if schedules {
            refreshed = now;
        }
        let renewed = Arc::clone(&shared);
        // Thousands of windows take milliseconds, which the control plane's thread has other use for.
        let renewing = tokio::task::spawn_blocking(move || {
            if schedules { renewed.refresh_schedules(now) } else { renewed.refresh_windows(now) }
        });
        if renewing.await.is_err() {
            tracing::error!("the windows of caps could not be renewed");
        }
        let without_cell = shared.current().caps.rows_without_cell();
        if without_cell > 0 {
            tracing::error!(
                without_cell,
                "caps have no counter and so no room: raise limits.cells_max and restart"
            );
        }
    }
}

/// Reads again at every SIGHUP what may change without a restart.
pub(crate) async fn reload_on_hangup(backend: Arc<ControlBackend>) {
    let Ok(mut hangup) = signal(SignalKind::hangup()) else { return };
    while hangup.recv().await.is_some() {
        match backend.reload().await {
            Ok(Reloaded { changed, keys, catalog_version }) => {
                tracing::info!(?changed, keys, catalog_version, "read again");
            }
            Err(error) => tracing::error!(%error, "what is in force stays"),
        }
    }
}
