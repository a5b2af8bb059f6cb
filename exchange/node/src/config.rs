//! [`NodeConfig`]: the limits of a node.

/// The limits of a node. Each bounds memory; see the formula in `docs/operations.md`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NodeConfig {
    /// Shards of the process.
    pub shards: u16,
    /// Auctions of one shard that are in flight or hold offers. One takes about 6 KiB with ten campaigns.
    pub auctions_max: u32,
    /// Finished auctions that one shard remembers, for repeats and for operators. One takes about 3 KiB.
    pub history_max: usize,
    /// Fingerprints of persons that one shard remembers. One takes about 100 bytes.
    pub fingerprints_max: usize,
    /// Bytes of the filters of what has left the memory: idempotency keys of the last 72 hours, and persons.
    /// Too few make the filters ask the store more often than they must.
    pub filter_bytes: usize,
    /// Posts of one shard whose outcome nobody knows and whose leads are kept to be posted again. One takes as
    /// much as a lead. Beyond it they wait for a status, a report or a person.
    pub unknowns_max: usize,
    /// Requests of one shard that wait for the store.
    pub parked_max: usize,
    /// Messages that wait from one shard to another.
    pub mesh_queue_max: usize,
}

impl Default for NodeConfig {
    fn default() -> Self {
        Self {
            shards: 1,
            auctions_max: 20_000,
            history_max: 20_000,
            fingerprints_max: 1_000_000,
            filter_bytes: 16 * 1_024 * 1_024,
            unknowns_max: 10_000,
            parked_max: 1_024,
            mesh_queue_max: 1_024,
        }
    }
}
