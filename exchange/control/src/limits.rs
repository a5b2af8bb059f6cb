//! Limits of the control listener, each with its reason.

use core::time::Duration;

/// Bytes of a catalog that is put: some four thousand campaigns.
pub const CATALOG_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Connections at a time: some operators, a load balancer's health checks and a monitor, many times over.
pub const CONNECTIONS_MAX: usize = 256;
/// For the header of a request, and so also for an idle connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// For the body of a request: four megabytes over a slow line.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// For an answer out of the shards; they answer within milliseconds unless they are in trouble.
pub const SHARD_TIMEOUT: Duration = Duration::from_secs(5);
/// For the requests that run when the listener stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Before the next try where no socket could be had (no file handles, for one).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bytes that a connection keeps for reading; a header is refused beyond it.
pub const HEADER_BYTES_MAX: usize = exchange_types::limits::HEADER_BYTES_MAX;
