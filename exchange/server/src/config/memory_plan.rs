//! [`MemoryPlan`]: the most memory that the limits allow.

use core::fmt;

use exchange_node::Gate;

use super::{ByteCount, Config, Limits};

/// The most memory that the limits allow, by what takes it:
///
/// ```text
/// auctions_max x (slot + body) + connections_max x (header + body + answer + TLS)
///     + history_max x entry + fingerprints_max x fingerprint + suppressions_max x suppression + filter_bytes
///     + unknowns_max x (entry + body) + cells_max x cell
///     + (shards + 1)^2 x mesh_queue_max x message
///     + addresses x address, where rate_per_address bounds them
///     + cells_max x mirrored, where there is a mirror in Redis
/// ```
///
/// The program, the catalog and the connections to buyers come on top: they follow from the catalog, which may
/// change while the exchange runs.
#[derive(Clone, Debug)]
pub struct MemoryPlan([Part; 11]);

#[derive(Clone, Copy, Debug)]
struct Part {
    name: &'static str,
    count: u64,
    bytes_each: u64,
}

/// An auction with ten campaigns, without its lead.
const AUCTION_BYTES: u64 = 6 * 1_024;
/// The record of a finished auction with ten campaigns, its places in the indices, and its look among near-duplicates.
const HISTORY_BYTES: u64 = 3 * 1_024;
/// A post whose outcome nobody knows, without its lead.
const UNKNOWN_BYTES: u64 = 1_024;
/// A fingerprint with its place in a hash table that is half full, and the buyer that had the person.
const FINGERPRINT_BYTES: u64 = 200;
/// An entry of a suppression list with its place in a hash table that is half full, and its place in the checkpoint
/// that is made now and then.
const SUPPRESSION_BYTES: u64 = 160;
/// A counter, padded to a cache line of its own, with its key.
const CELL_BYTES: u64 = 192;
/// What Redis was told of a counter: key and values in a tree whose nodes are half full.
const MIRRORED_BYTES: u64 = 192;
/// What a connection writes at most at a time: an answer with every offer and sale.
const ANSWER_BYTES: u64 = 16 * 1_024;
/// What TLS keeps for a connection: keys, and a record of each direction.
const TLS_BYTES: u64 = 40 * 1_024;
/// What is known of an address, with its place in a hash table that is half full.
const ADDRESS_BYTES: u64 = 64;
/// A message between two shards in its queue; a lead in it stands behind a pointer and is counted as its auction.
const MESSAGE_BYTES: u64 = 96;

// A queue keeps a stamp of eight bytes beside each message, and aligns both.
const _: () = assert!(
    size_of::<exchange_node::Message>() <= 80,
    "invariant: a message fits into what is counted for it"
);

impl MemoryPlan {
    /// Returns what the limits, the number of shards, TLS for sellers and the mirror come to.
    pub fn of(config: &Config) -> Self {
        let Limits {
            auctions_max,
            history_max,
            fingerprints_max,
            suppressions_max,
            filter_bytes,
            unknowns_max,
            mesh_queue_max,
            cells_max,
            body_bytes_max,
            connections_max,
            handshakes_per_turn: _,
            header_timeout: _,
            request_timeout: _,
            idle_timeout: _,
            rate_per_address,
            rate_per_key: _,
            memory_max: _,
        } = config.limits;
        let addresses = if rate_per_address.is_some() { Gate::ADDRESSES_MAX } else { 0 };
        let addresses = u64::try_from(addresses).unwrap_or(u64::MAX);
        let mirrored = if config.redis.is_some() { cells_max } else { 0 };
        let body_bytes = u64::from(body_bytes_max);
        let header_bytes = u64::try_from(exchange_types::limits::HEADER_BYTES_MAX).unwrap_or(u64::MAX);
        let tls_bytes = if config.seller.tls.is_some() { TLS_BYTES } else { 0 };
        let connection_bytes =
            header_bytes.saturating_add(body_bytes).saturating_add(ANSWER_BYTES).saturating_add(tls_bytes);
        // The control plane has a place of its own.
        let places = u64::from(config.shards).saturating_add(1);
        let messages_max = places.pow(2).saturating_mul(u64::from(mesh_queue_max));
        let part = |name, count, bytes_each| Part { name, count, bytes_each };
        Self([
            part("auctions_max", u64::from(auctions_max), AUCTION_BYTES.saturating_add(body_bytes)),
            part("connections_max", u64::from(connections_max), connection_bytes),
            part("history_max", u64::from(history_max), HISTORY_BYTES),
            part("fingerprints_max", u64::from(fingerprints_max), FINGERPRINT_BYTES),
            part("suppressions_max", u64::from(suppressions_max), SUPPRESSION_BYTES),
            part("filter_bytes", filter_bytes.0, 1),
            part("unknowns_max", u64::from(unknowns_max), UNKNOWN_BYTES.saturating_add(body_bytes)),
            part("cells_max", u64::from(cells_max), CELL_BYTES),
            part("mesh_queue_max", messages_max, MESSAGE_BYTES),
            part("rate_per_address", addresses, ADDRESS_BYTES),
            part("redis", u64::from(mirrored), MIRRORED_BYTES),
        ])
    }

    /// Returns the sum.
    pub fn total(&self) -> ByteCount {
        ByteCount(self.0.iter().fold(0, |sum, part| sum.saturating_add(part.bytes())))
    }
}

impl Part {
    const fn bytes(&self) -> u64 {
        self.count.saturating_mul(self.bytes_each)
    }
}

/// Writes every part: `auctions_max 20000 x 22 KiB = 430 MiB, ...`.
impl fmt::Display for MemoryPlan {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        for part in self.0.iter().filter(|part| part.count > 0) {
            let (each, bytes) = (ByteCount(part.bytes_each), ByteCount(part.bytes()).rounded_up());
            write!(f, "{separator}{} {} x {each} = {bytes}", part.name, part.count)?;
            separator = ", ";
        }
        Ok(())
    }
}
