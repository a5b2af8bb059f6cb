//! Limits of the control listener, each with its reason.

use core::time::Duration;

/// Bytes of a catalog that is put: some four thousand campaigns.
pub const CATALOG_BYTES_MAX: usize = 4 * 1_024 * 1_024;
/// Bytes of any other body: a page of text, and a replay's changes of 256 campaigns.
pub const BODY_BYTES_MAX: usize = 32 * 1_024;
/// Bytes of a cursor: two numbers and a name, written out.
pub const CURSOR_BYTES_MAX: usize = 256;
/// Items of a page where the caller does not say: a screenful of a table.
pub const PAGE_ITEMS_DEFAULT: u16 = 100;
/// The most items of a page: what a list's answer of 256 KiB holds.
pub const PAGE_ITEMS_MAX: u16 = 200;
/// Bytes of a reason, note or reference that somebody writes: it goes into a record and stays.
pub const NOTE_BYTES_MAX: usize = 512;
/// Bytes of a name of the catalog.
pub const NAME_BYTES_MAX: usize = exchange_catalog::limits::NAME_BYTES_MAX;
/// Bytes of a phone or e-mail address: the longest address that mail takes has 254 (RFC 5321, section 4.5.3.1.3).
pub const PERSON_BYTES_MAX: usize = 254;
/// Entries of a suppression list in one request: they stand in one record.
pub const SUPPRESSION_ENTRIES_MAX: usize = exchange_protocol::Suppression::DIGESTS_MAX;
/// Bytes of such a request: as many of the longest addresses, and the words around them.
pub const SUPPRESSIONS_BYTES_MAX: usize = 512 * 1_024;
/// Campaigns in one list of a replay's changes: what one auction may ping.
pub const REPLAY_CAMPAIGNS_MAX: usize = exchange_types::limits::PINGED_CAMPAIGNS_MAX;
/// Connections at a time: some operators, a load balancer's health checks and a monitor, many times over.
pub const CONNECTIONS_MAX: usize = 256;
/// For a TLS handshake.
pub const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(5);
/// For the header of a request, and so also for an idle connection.
pub const HEADER_TIMEOUT: Duration = Duration::from_secs(5);
/// For the body of a request: four megabytes over a slow line.
pub const BODY_TIMEOUT: Duration = Duration::from_secs(10);
/// For an answer out of the shards; they answer within milliseconds unless they are in trouble.
pub const SHARD_TIMEOUT: Duration = Duration::from_secs(5);
/// For a page, a search or a replay: a scan of a store with millions of rows.
pub const STORE_TIMEOUT: Duration = Duration::from_secs(10);
/// For a walk over the whole ledger: ten million entries at a quarter million a second, three times over.
pub const VERIFY_TIMEOUT: Duration = Duration::from_mins(2);
/// For a change to be durable; it goes on after that, and a repeat answers what came of it.
pub const COMMAND_TIMEOUT: Duration = Duration::from_secs(10);
/// For the requests that run when the listener stops.
pub const DRAIN_TIMEOUT: Duration = Duration::from_secs(5);
/// Before the next try where no socket could be had (no file handles, for one).
pub const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// Bytes that a connection keeps for reading; a header is refused beyond it.
pub const HEADER_BYTES_MAX: usize = exchange_types::limits::HEADER_BYTES_MAX;
