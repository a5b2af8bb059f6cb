//! What the values of a configuration may be, alone and together.

mod keeping;
mod listener;
mod redis;
mod value;

use core::net::SocketAddr;
use core::time::Duration;
use std::path::PathBuf;

use exchange_transport::Network;
use tracing_subscriber::EnvFilter;

use super::findings::Findings;
use super::given::{Given, Place};
use super::length_of_time::LengthOfTime;
use super::raw::{BuyersToml, ConfigToml, LimitsToml, ValidationToml};
use super::{Buyers, ByteCount, Config, Limits, Listener, LogFormat, MemoryPlan, Validation};
use keeping::{check_journal, check_personal_data, check_store};
use listener::check_listener;
use redis::check_redis;
use value::{length, one_of, pace, path, place_of, size, within};

/// Shards: as many as an id can name.
const SHARDS_MAX: u16 = 4_096;
/// Counters: what a reservation can name.
const CELLS_MAX: u32 = 4_000_000;
/// Networks: each of a large company, many times over.
const NETWORKS_MAX: usize = 256;

/// Turns what is written into what holds. Whatever is wrong is reported and stands as its default, so that the
/// rest is still checked.
pub(super) fn check(raw: ConfigToml, cores: usize, findings: &mut Findings) -> Config {
    let ConfigToml {
        file,
        data_dir,
        shards,
        log,
        log_format,
        seller,
        control,
        limits,
        buyers,
        journal,
        store,
        personal_data,
        validation,
        redis,
    } = raw;
    let defaults = Config::defaults(cores);
    let control_place = place_of(control.listen.as_ref(), &file, "control.listen");
    let memory_place = place_of(limits.memory_max.as_ref(), &file, "limits.memory_max");
    let request_place = place_of(limits.request_timeout.as_ref(), &file, "limits.request_timeout");
    let config = Config {
        data_dir: check_data_dir(data_dir, defaults.data_dir, findings),
        seller: check_listener("seller", seller, &defaults.seller, findings),
        control: check_listener("control", control, &defaults.control, findings),
        shards: within(shards, [1, SHARDS_MAX], defaults.shards, findings),
        limits: check_limits(limits, defaults.limits, findings),
        buyers: check_buyers(buyers, &defaults.buyers, findings),
        journal: check_journal(journal, &defaults.journal, findings),
        store: check_store(store, defaults.store, findings),
        personal_data: check_personal_data(personal_data, &defaults.personal_data, findings),
        validation: check_validation(validation, findings),
        redis: check_redis(redis, findings),
        log: check_log(log, defaults.log, findings),
        log_format: one_of(
            log_format,
            &[("text", LogFormat::Text), ("json", LogFormat::Json)],
            defaults.log_format,
            findings,
        ),
    };
    // Port zero is chosen by the system, so two of them never meet.
    if config.seller.listen == config.control.listen && config.seller.listen.port() != 0 {
        let remedy = "another port, such as 127.0.0.1:8081";
        findings.error(&control_place, "is the address of the seller listener", remedy);
    }
    check_times(&config, &request_place, findings);
    check_memory(&config, &memory_place, findings);
    config
}

impl Config {
    /// Returns the configuration of an empty file.
    fn defaults(cores: usize) -> Self {
        let local = |port| Listener { listen: SocketAddr::from(([127, 0, 0, 1], port)), tls: None };
        let shards = u16::try_from(cores.saturating_sub(1)).unwrap_or(u16::MAX);
        Self {
            data_dir: PathBuf::from("exchange-data"),
            seller: local(8_080),
            control: local(8_081),
            shards: shards.clamp(1, SHARDS_MAX),
            limits: Limits {
                auctions_max: 20_000,
                history_max: 100_000,
                fingerprints_max: 1_000_000,
                suppressions_max: 100_000,
                filter_bytes: ByteCount::from_kib(32 << 10),
                unknowns_max: 10_000,
                mesh_queue_max: 1_024,
                cells_max: 200_000,
                body_bytes_max: 16 * 1_024,
                connections_max: 10_000,
                handshakes_per_turn: 2,
                header_timeout: Duration::from_secs(5),
                request_timeout: Duration::from_secs(10),
                idle_timeout: Duration::from_mins(1),
                rate_per_address: None,
                rate_per_key: None,
                memory_max: ByteCount::from_kib(2 << 20),
            },
            buyers: Buyers {
                allow_addresses: Vec::new(),
                allow_http: false,
                late_answers: Duration::from_secs(30),
            },
            journal: keeping::journal_defaults(),
            store: keeping::store_defaults(),
            personal_data: keeping::personal_data_defaults(),
            validation: Validation::default(),
            redis: None,
            log: "info".to_owned(),
            log_format: LogFormat::Text,
        }
    }
}

fn check_data_dir(given: Option<Given<String>>, default: PathBuf, findings: &mut Findings) -> PathBuf {
    let Some(Given { value, place }) = given else { return default };
    if value.is_empty() || value.contains('\0') {
        findings.error(&place, "is no path", "a folder such as \"/var/lib/exchange\"");
        return default;
    }
    PathBuf::from(value)
}

fn check_limits(raw: LimitsToml, default: Limits, findings: &mut Findings) -> Limits {
    let LimitsToml {
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
        handshakes_per_turn,
        header_timeout,
        request_timeout,
        idle_timeout,
        rate_per_address,
        rate_per_key,
        memory_max,
    } = raw;
    let body_range = [ByteCount::from_kib(1), ByteCount::from_kib(64)];
    let body_bytes = size(body_bytes_max, body_range, ByteCount(u64::from(default.body_bytes_max)), findings);
    let (second, ten_minutes) = (Duration::from_secs(1), Duration::from_mins(10));
    Limits {
        auctions_max: within(auctions_max, [1, 10_000_000], default.auctions_max, findings),
        history_max: within(history_max, [1, 100_000_000], default.history_max, findings),
        fingerprints_max: within(fingerprints_max, [1, 1_000_000_000], default.fingerprints_max, findings),
        suppressions_max: within(suppressions_max, [1, 100_000_000], default.suppressions_max, findings),
        filter_bytes: size(
            filter_bytes,
            [ByteCount::from_kib(1 << 10), ByteCount::from_kib(16 << 20)],
            default.filter_bytes,
            findings,
        ),
        unknowns_max: within(unknowns_max, [1, 1_000_000], default.unknowns_max, findings),
        mesh_queue_max: within(mesh_queue_max, [16, 65_536], default.mesh_queue_max, findings),
        cells_max: within(cells_max, [1, CELLS_MAX], default.cells_max, findings),
        body_bytes_max: u32::try_from(body_bytes.0).unwrap_or(default.body_bytes_max),
        connections_max: within(connections_max, [1, 1_000_000], default.connections_max, findings),
        handshakes_per_turn: within(handshakes_per_turn, [1, 1_000], default.handshakes_per_turn, findings),
        header_timeout: length(header_timeout, [second, ten_minutes], default.header_timeout, findings),
        request_timeout: length(request_timeout, [second, ten_minutes], default.request_timeout, findings),
        idle_timeout: length(idle_timeout, [second, Duration::from_hours(1)], default.idle_timeout, findings),
        rate_per_address: pace(rate_per_address, findings),
        rate_per_key: pace(rate_per_key, findings),
        memory_max: size(
            memory_max,
            [ByteCount::from_kib(1 << 14), ByteCount(u64::MAX)],
            default.memory_max,
            findings,
        ),
    }
}

fn check_times(config: &Config, place: &Place, findings: &mut Findings) {
    let (request, header) = (config.limits.request_timeout, config.limits.header_timeout);
    if request < header {
        let (request, header) = (LengthOfTime(request), LengthOfTime(header));
        findings.error(
            place,
            format!("{request} is less than header_timeout ({header}), which is a part of it"),
            format!("at least {header}"),
        );
    }
}

fn check_memory(config: &Config, place: &Place, findings: &mut Findings) {
    let plan = MemoryPlan::of(config);
    let (total, memory_max) = (plan.total().rounded_up(), config.limits.memory_max);
    if total > memory_max {
        findings.error(
            place,
            format!("the limits allow {total} and memory_max is {memory_max}: {plan}"),
            format!("at least \"{total}\", or lower limits"),
        );
    }
}

fn check_buyers(raw: BuyersToml, default: &Buyers, findings: &mut Findings) -> Buyers {
    let BuyersToml { allow_addresses, allow_http, late_answers } = raw;
    let networks = allow_addresses.unwrap_or_default();
    if let Some(first) = networks.first().filter(|_| networks.len() > NETWORKS_MAX) {
        let message = format!("is the first of {} networks", networks.len());
        findings.error(&first.place, message, format!("at most {NETWORKS_MAX}"));
    }
    let mut allowed = Vec::new();
    for Given { value, place } in networks.into_iter().take(NETWORKS_MAX) {
        match value.parse::<Network>() {
            Ok(network) => allowed.push(network),
            Err(error) => findings.error(
                &place,
                format!("\"{}\" is no network: {error}", value.escape_debug()),
                "such as \"127.0.0.0/8\" or \"fd00::/8\"",
            ),
        }
    }
    Buyers {
        allow_addresses: allowed,
        allow_http: allow_http.map_or(default.allow_http, |given| given.value),
        late_answers: length(
            late_answers,
            [Duration::ZERO, Duration::from_mins(10)],
            default.late_answers,
            findings,
        ),
    }
}

fn check_validation(raw: ValidationToml, findings: &mut Findings) -> Validation {
    let ValidationToml { disposable_domains } = raw;
    Validation { disposable_domains: path(disposable_domains, "/etc/exchange/disposable.txt", findings) }
}

fn check_log(given: Option<Given<String>>, default: String, findings: &mut Findings) -> String {
    let Some(Given { value, place }) = given else { return default };
    if value.trim().is_empty() || EnvFilter::try_new(&value).is_err() {
        let remedy = "a level such as \"info\", or \"info,exchange_node=debug\"";
        findings.error(&place, format!("\"{}\" is no log filter", value.escape_debug()), remedy);
        return default;
    }
    value
}
