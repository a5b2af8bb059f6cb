//! Whether the process may open as many sockets as its limits allow.

use exchange_catalog::Snapshot;
use exchange_transport::LATE_MAX;
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::config::Config;

/// Handles besides connections: listeners, files, the runtimes' own.
const HANDLES_OF_ITS_OWN: u64 = 64;

/// Raises the limit of open handles to what the configuration and the catalog may need, as far as the system
/// lets it, and warns where it does not.
pub(crate) fn raise(config: &Config, snapshot: &Snapshot) {
    let needed = needed(config, snapshot);
    let limit = getrlimit(Resource::Nofile);
    let enough = |current: Option<u64>| current.is_none_or(|current| current >= needed);
    if enough(limit.current) {
        return;
    }
    let raised = limit.maximum.map_or(needed, |most| most.min(needed));
    let wanted = Rlimit { current: Some(raised), ..limit };
    if setrlimit(Resource::Nofile, wanted).is_err() || raised < needed {
        let allowed = getrlimit(Resource::Nofile).current;
        tracing::warn!(
            needed,
            allowed,
            "too few open files are allowed: raise `ulimit -n`, or lower the limits"
        );
    }
}

/// Returns how many handles sellers' and buyers' connections may take together.
fn needed(config: &Config, snapshot: &Snapshot) -> u64 {
    let of_buyers = snapshot
        .endpoints
        .iter()
        .map(|endpoint| u64::from(endpoint.concurrency_max).saturating_add(LATE_MAX));
    let of_buyers = of_buyers.fold(0_u64, u64::saturating_add).saturating_mul(u64::from(config.shards));
    u64::from(config.limits.connections_max).saturating_add(of_buyers).saturating_add(HANDLES_OF_ITS_OWN)
}
