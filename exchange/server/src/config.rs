//! [`Config`]: what an operator may set, read from one TOML file and a few environment variables.
//!
//! `configs/exchange.toml` in the repository documents every key. Every key has a default that is safe, so an
//! empty file is a configuration; [`Config::load`] finds every mistake at once. The file is read in two steps:
//! `raw` knows which keys there are and of what type, `check` knows what their values may be.

mod byte_count;
mod check;
mod findings;
mod given;
mod length_of_time;
mod memory_plan;
mod raw;
mod section;

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use exchange_catalog::{Diagnostic, SourceFile};
use exchange_cluster::Address;
use exchange_node::GateLimits;
use exchange_transport::{ClientCertificates, Network};
use exchange_types::Pace;

pub use byte_count::ByteCount;
pub use memory_plan::MemoryPlan;

use findings::Findings;
use raw::ConfigToml;

/// What an operator may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Config {
    /// Where secrets, keys and the catalog are kept. Default `exchange-data`. Made at the first start; two
    /// processes cannot share it.
    pub data_dir: PathBuf,
    /// Where sellers call.
    pub seller: Listener,
    /// Where operators call.
    pub control: Listener,
    /// Threads that run auctions. Default: the cores less one, at least one. More than there are cores make
    /// every answer later.
    pub shards: u16,
    /// What bounds memory, sockets and waiting.
    pub limits: Limits,
    /// Whom the exchange may call.
    pub buyers: Buyers,
    /// Where records go.
    pub journal: Journal,
    /// Where the tables are that operators ask.
    pub store: Store,
    /// How personal data is kept.
    pub personal_data: PersonalData,
    /// What leads are checked with besides the catalog.
    pub validation: Validation,
    /// Where others read the counters; nothing where nobody does. Default nothing.
    pub redis: Option<Redis>,
    /// Which log lines are written, as `tracing` filters them. Default `info`.
    pub log: String,
    /// How they are written. Default text.
    pub log_format: LogFormat,
}

/// A listener.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Listener {
    /// The address. Defaults `127.0.0.1:8080` for sellers and `127.0.0.1:8081` for operators.
    pub listen: SocketAddr,
    /// Its certificates. Default none: it speaks clear text, which is taken on loopback addresses only unless
    /// `allow_clear_text` says otherwise.
    pub tls: Option<Tls>,
}

/// The certificates of a listener: files in PEM.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Tls {
    /// Its own certificate, and those between it and an authority that clients know.
    pub certificate: PathBuf,
    /// The key of the first of them.
    pub key: PathBuf,
    /// The authorities whose clients may connect; there where clients are asked.
    pub client_ca: Option<PathBuf>,
    /// Whether clients need a certificate. Default no.
    pub client_certificates: ClientCertificates,
}

/// What bounds memory, sockets and waiting. Counts hold for the whole process.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Auctions that are in flight or hold offers. Default 20,000. Beyond it leads are answered 503
    /// `overloaded`.
    pub auctions_max: u32,
    /// Finished auctions that are kept in memory for repeats, reads and operators. Default 100,000. Older ones
    /// are asked of the store.
    pub history_max: u32,
    /// Fingerprints of persons that are kept in memory for the recognition of duplicates. Default 1,000,000.
    /// Older ones are asked of the store.
    pub fingerprints_max: u32,
    /// Entries of suppression lists, of the exchange and of all buyers together. Default 100,000. Beyond it entries are
    /// refused; those of persons who are erased are taken nevertheless.
    pub suppressions_max: u32,
    /// Memory of the filter that knows which idempotency keys and persons the store has to be asked for. Default
    /// 32 MiB, for 25 million of them. A filter that is too small asks the store more often than it needs to.
    pub filter_bytes: ByteCount,
    /// Posts whose outcome nobody knows and whose leads are kept in memory to be posted again. Default 10,000.
    /// Beyond it they wait for a status, a report or a person.
    pub unknowns_max: u32,
    /// Messages that wait from one shard to another. Default 1,024. Beyond it requests are answered 503.
    pub mesh_queue_max: u32,
    /// Counters of caps and budgets over all windows. Default 200,000. Beyond it a catalog is refused.
    pub cells_max: u32,
    /// Bytes of a seller's body. Default 16 KiB, at most 64 KiB. A larger one is answered 413.
    pub body_bytes_max: u32,
    /// Open connections of sellers, and requests beyond the first of an HTTP/2 connection. Default 10,000. The next
    /// connection waits, such a request is answered 503.
    pub connections_max: u32,
    /// Steps of TLS handshakes with sellers that a turn of a shard's loop takes. Default 2. More let sellers in
    /// sooner after a restart, and hold up auctions longer meanwhile.
    pub handshakes_per_turn: u32,
    /// For a TLS handshake, and from the first byte of a request to the end of its header. Default 5 s.
    pub header_timeout: Duration,
    /// From the first byte of a request to the end of its body. Default 10 s.
    pub request_timeout: Duration,
    /// For a connection without a request. Default 60 s.
    pub idle_timeout: Duration,
    /// How fast requests of sellers may come from one address, known key or not. Default no limit: behind a proxy all
    /// of them come from one. Beyond it requests are answered 429.
    pub rate_per_address: Option<Pace>,
    /// How fast requests may come with one key that has no rate of its own. Default no limit.
    pub rate_per_key: Option<Pace>,
    /// Bytes that all of these may take together; see [`MemoryPlan`]. Default 2 GiB. A configuration that needs
    /// more is refused.
    pub memory_max: ByteCount,
}

impl Limits {
    /// Returns how fast requests may come.
    pub(crate) const fn gate(&self) -> GateLimits {
        GateLimits { per_address: self.rate_per_address, per_key: self.rate_per_key }
    }
}

/// Whom the exchange may call.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Buyers {
    /// Addresses that buyers may have although they are private, loopback or otherwise not public. Default
    /// none.
    pub allow_addresses: Vec<Network>,
    /// Whether the catalog may name endpoints in clear `http`. Default no; for development only, since leads
    /// would travel in clear.
    pub allow_http: bool,
    /// How long the answer to a post that was given up is listened for. Default 30 s; zero closes its connection at
    /// once.
    pub late_answers: Duration,
}

/// Where records go, and what is done for their safety.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Journal {
    /// What an acknowledgement means. Default `sync`.
    pub durability: Durability,
    /// The size of a segment. Default 64 MiB. Smaller ones are archived sooner and cost more files.
    pub segment_bytes: ByteCount,
    /// Free space of the disk below which no new lead is taken. Default 256 MiB.
    pub free_bytes_min: ByteCount,
    /// Room kept for the outcomes of posts that are out when the disk is full: nothing, or at least a segment.
    /// Default 64 MiB.
    pub ballast_bytes: ByteCount,
    /// Where segments go that nothing needs any more; empty where they are deleted. Default empty.
    pub archive_dir: Option<PathBuf>,
    /// Whether archived segments keep their ciphertexts. Default yes; without them an archive holds no personal
    /// data, and a store rebuilt from it none either.
    pub archive_ciphertext: bool,
    /// How long a segment stays in place after its last record. Default 7 days.
    pub keep: Duration,
    /// Records after which a checkpoint is made. Default a million: as many as a start reads in a few seconds.
    /// Segments go when two checkpoints hold them.
    pub checkpoint_records: u64,
}

/// What an acknowledgement of the journal means.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Durability {
    /// The record is on the disk: a power cut loses nothing that was acknowledged.
    Sync,
    /// The record is with the operating system: a killed process loses nothing, a power cut the last seconds.
    Os,
}

/// Where the tables are that operators ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Store {
    /// `sqlite` for a file in the data directory, or the URL of a PostgreSQL database. Default `sqlite`.
    pub url: String,
    /// How far it may fall behind the journal before no new lead is taken. Default 60 s.
    pub lag_max: Duration,
}

/// How personal data is kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PersonalData {
    /// The file of the master key; it is made where it is missing. Default `master.key` in the data directory.
    /// Keep it apart from the backups of the journal: with both anyone reads what was erased from neither.
    pub master_key: Option<PathBuf>,
    /// How long leads can be read. Default 365 days.
    pub lead_retention: Duration,
    /// How long the evidence of consent can be read. Default 1,826 days, five years.
    pub consent_retention: Duration,
}

/// What leads are checked with besides the catalog.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Validation {
    /// A file that adds to the bundled list of domains of throw-away addresses, or takes out of it. Default none.
    pub disposable_domains: Option<PathBuf>,
}

/// A Redis in which others read the counters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redis {
    /// Where it is.
    pub address: Address,
    /// Where its password stands: `env:NAME` or `file:PATH`. Default none. Read for every connection.
    pub password: Option<String>,
    /// The file of the authorities whose certificates it may show, in PEM. Default the public ones.
    pub ca: Option<PathBuf>,
    /// How often it is looked which counters have changed. Default 1 s. More often costs processor time for each
    /// counter, less often makes the mirror older.
    pub every: Duration,
    /// How long it may take to connect, and to take a batch. Default 500 ms. Nobody else waits for it.
    pub timeout: Duration,
}

/// How log lines are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// One object a line.
    Json,
}

/// What a configuration is read from, besides its file.
#[derive(Clone, Copy)]
pub struct Surroundings<'a> {
    /// Cores of the machine, for the default of `shards`.
    pub cores: usize,
    /// Looks up an environment variable.
    pub variable: &'a dyn Fn(&str) -> Option<String>,
}

impl core::fmt::Debug for Surroundings<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Surroundings").field("cores", &self.cores).finish_non_exhaustive()
    }
}

impl Config {
    /// Reads and checks a configuration; without a file, the defaults with what the environment says.
    ///
    /// # Errors
    ///
    /// Returns every mistake, each with its place and what would be right.
    pub fn load(file: Option<&SourceFile>, surroundings: Surroundings<'_>) -> Result<Self, Vec<Diagnostic>> {
        let mut findings = Findings::default();
        let mut raw = file.map_or_else(ConfigToml::default, |file| ConfigToml::read(file, &mut findings));
        raw.override_from(surroundings.variable, &mut findings);
        let config = check::check(raw, surroundings.cores, &mut findings);
        findings.finish().map(|()| config)
    }
}

#[cfg(test)]
mod tests;
