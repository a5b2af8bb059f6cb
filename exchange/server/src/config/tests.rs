//! Tables of configurations: good ones, and bad ones with their exact diagnostics.

use super::given::Given;
use super::raw::{
    BuyersToml, JournalToml, LimitsToml, ListenerToml, PersonalDataToml, RedisToml, StoreToml, TlsToml,
    ValidationToml,
};
use super::*;

const REFERENCE: &str = include_str!("../../../../configs/exchange.toml");

fn load_with(text: &str, variable: &dyn Fn(&str) -> Option<String>) -> Result<Config, Vec<Diagnostic>> {
    let file = SourceFile { name: "exchange.toml".to_owned(), text: text.to_owned() };
    Config::load(Some(&file), Surroundings { cores: 8, variable })
}

fn load(text: &str) -> Config {
    load_with(text, &|_| None).expect("a valid configuration")
}

fn check(text: &str, expected: &[&str]) {
    let found = load_with(text, &|_| None).expect_err(text);
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    assert_eq!(found, expected, "{text}");
}

#[test]
fn without_a_file_the_defaults_hold() {
    let config = Config::load(None, Surroundings { cores: 8, variable: &|_| None }).expect("valid");
    assert_eq!(config, load(""));
    assert_eq!(config.shards, 7);
    assert_eq!(config.seller.listen.to_string(), "127.0.0.1:8080");
    assert_eq!(
        config.buyers,
        Buyers { allow_addresses: Vec::new(), allow_http: false, late_answers: Duration::from_secs(30) }
    );
    let one_core = Config::load(None, Surroundings { cores: 1, variable: &|_| None }).expect("valid");
    assert_eq!(one_core.shards, 1);
}

#[test]
fn the_reference_shows_every_key_with_its_default() {
    assert_eq!(load(REFERENCE), load(""));
    // What has no default is shown behind a `#`.
    let shown = [
        "shards =",
        "[seller.tls]",
        "[control.tls]",
        "certificate =",
        "key =",
        "client_ca =",
        "client_certificates =",
    ];
    let text = shown.iter().fold(REFERENCE.to_owned(), |text, key| text.replace(&format!("# {key}"), key));
    let file = SourceFile { name: String::new(), text };
    let raw = ConfigToml::read(&file, &mut Findings::default());
    let ConfigToml {
        file: _,
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
    assert!(data_dir.is_some() && shards.is_some() && log.is_some() && log_format.is_some());
    for ListenerToml { listen, allow_clear_text, tls } in [seller, control] {
        assert!(listen.is_some() && allow_clear_text.is_some());
        let Some(Given { value: TlsToml { certificate, key, client_ca, client_certificates }, place: _ }) =
            tls
        else {
            panic!("the reference shows the certificates of both listeners");
        };
        for text in [certificate, key, client_ca, client_certificates] {
            assert!(text.is_some());
        }
    }
    assert_every_limit_is_shown(limits);
    let BuyersToml { allow_addresses, allow_http, late_answers } = buyers;
    assert!(allow_addresses.is_some() && allow_http.is_some() && late_answers.is_some());
    let JournalToml {
        durability,
        segment_bytes,
        free_bytes_min,
        ballast_bytes,
        archive_dir,
        archive_ciphertext,
        keep,
        checkpoint_records,
    } = journal;
    for text in [durability, segment_bytes, free_bytes_min, ballast_bytes, archive_dir, keep] {
        assert!(text.is_some());
    }
    assert!(archive_ciphertext.is_some() && checkpoint_records.is_some());
    let StoreToml { url, lag_max } = store;
    assert!(url.is_some() && lag_max.is_some());
    let PersonalDataToml { master_key, lead_retention, consent_retention } = personal_data;
    let ValidationToml { disposable_domains } = validation;
    for text in [master_key, lead_retention, consent_retention, disposable_domains] {
        assert!(text.is_some());
    }
    let RedisToml { url, password, ca, every, timeout } = redis;
    assert!([url, password, ca, every, timeout].iter().all(Option::is_some));
}

fn assert_every_limit_is_shown(limits: LimitsToml) {
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
    } = limits;
    let counts = [
        auctions_max,
        history_max,
        fingerprints_max,
        suppressions_max,
        unknowns_max,
        mesh_queue_max,
        cells_max,
        connections_max,
        handshakes_per_turn,
    ];
    for count in counts {
        assert!(count.is_some());
    }
    let times = [header_timeout, request_timeout, idle_timeout];
    let others = [filter_bytes, body_bytes_max, rate_per_address, rate_per_key, memory_max];
    for text in times.into_iter().chain(others) {
        assert!(text.is_some());
    }
}

#[test]
fn what_is_written_holds() {
    let config = load(
        r#"
data_dir = "/var/lib/exchange"
shards = 2
log = "info,exchange_node=debug"
log_format = "json"
[seller]
listen = "0.0.0.0:80"
allow_clear_text = true
[control]
listen = "[::1]:9000"
[limits]
body_bytes_max = "64 KiB"
memory_max = "4 GiB"
header_timeout = "1500ms"
[buyers]
allow_addresses = ["127.0.0.0/8", "fd00::/8"]
allow_http = true
late_answers = "0s"
[journal]
durability = "os"
checkpoint_records = 5000
archive_dir = "/archive"
keep = "30d"
[store]
url = "postgres://exchange@localhost/exchange"
[personal_data]
lead_retention = "90d"
[validation]
disposable_domains = "/etc/domains.txt"
[redis]
url = "rediss://mirror@cache.example/3"
password = "env:CACHE_PASSWORD"
ca = "/etc/ca.pem"
every = "250ms"
"#,
    );
    assert_eq!(config.data_dir, PathBuf::from("/var/lib/exchange"));
    assert_eq!((config.shards, config.log_format), (2, LogFormat::Json));
    assert_eq!(config.seller.listen.to_string(), "0.0.0.0:80");
    assert_eq!(config.control.listen.to_string(), "[::1]:9000");
    assert_eq!(config.limits.body_bytes_max, 65_536);
    assert_eq!(config.limits.header_timeout, Duration::from_millis(1_500));
    assert_eq!(config.buyers.allow_addresses.len(), 2);
    assert_eq!(config.journal.durability, Durability::Os);
    assert_eq!(config.journal.archive_dir, Some(PathBuf::from("/archive")));
    assert_eq!(config.buyers.late_answers, Duration::ZERO);
    assert_eq!(config.journal.keep, Duration::from_hours(24 * 30));
    assert_eq!(config.journal.checkpoint_records, 5_000);
    assert_eq!(config.store.url, "postgres://exchange@localhost/exchange");
    assert_eq!(config.personal_data.lead_retention, Duration::from_hours(24 * 90));
    assert_eq!(config.validation.disposable_domains, Some(PathBuf::from("/etc/domains.txt")));
    let redis = config.redis.expect("a mirror");
    assert_eq!(redis.address.to_string(), "rediss://cache.example:6379/3");
    assert_eq!(redis.password.as_deref(), Some("env:CACHE_PASSWORD"));
    assert_eq!(redis.ca, Some(PathBuf::from("/etc/ca.pem")));
    assert_eq!((redis.every, redis.timeout), (Duration::from_millis(250), Duration::from_millis(500)));
}

#[test]
fn the_environment_comes_before_the_file() {
    let variable = |name: &str| match name {
        "EXCHANGE_DATA_DIR" => Some("/data".to_owned()),
        "EXCHANGE_SHARDS" => Some("3".to_owned()),
        "EXCHANGE_LOG" => Some("warn".to_owned()),
        "EXCHANGE_LOG_FORMAT" => Some("json".to_owned()),
        "EXCHANGE_SELLER_LISTEN" => Some("127.0.0.1:1".to_owned()),
        "EXCHANGE_CONTROL_LISTEN" => Some("127.0.0.1:2".to_owned()),
        "EXCHANGE_REDIS_URL" => Some("redis://cache.example".to_owned()),
        _ => None,
    };
    let config = load_with("shards = 2\nlog = \"error\"", &variable).expect("valid");
    assert_eq!((config.shards, &*config.log, config.log_format), (3, "warn", LogFormat::Json));
    assert_eq!((config.seller.listen.port(), config.control.listen.port()), (1, 2));
    assert_eq!(config.data_dir, PathBuf::from("/data"));
    let redis = config.redis.map(|redis| redis.address.to_string());
    assert_eq!(redis.as_deref(), Some("redis://cache.example:6379/0"));

    let wrong = |name: &str| (name == "EXCHANGE_SHARDS").then(|| "many".to_owned());
    let found = load_with("", &wrong).expect_err("no number");
    assert_eq!(
        found.iter().map(ToString::to_string).collect::<Vec<_>>(),
        ["environment:1:1: error: EXCHANGE_SHARDS: is no whole number; a number such as 4"]
    );
}

#[test]
fn every_mistake_is_named_at_once_with_its_place() {
    check(
        "shard = 4\nlog = 5\n[limits]\nbody_bytes_max = \"16\"\nheader_timeout = \"5 min\"\n[seller]\nport = 80\n",
        &[
            "exchange.toml:1:1: error: unknown key \"shard\"; valid here: data_dir, shards, log, log_format, \
             seller, control, limits, buyers, journal, store, personal_data, validation, redis",
            "exchange.toml:2:7: error: log: is a whole number; expected a text in quotes",
            "exchange.toml:4:18: error: limits.body_bytes_max: \"16\" is no size; a whole number with its unit, \
             such as \"16 KiB\", \"512 MiB\" or \"2 GiB\"",
            "exchange.toml:5:18: error: limits.header_timeout: \"5 min\" is no length of time; a whole number \
             with its unit, such as \"200us\", \"80ms\", \"5s\", \"2m\" or \"30d\"",
            "exchange.toml:7:1: error: seller: unknown key \"port\"; valid here: listen, allow_clear_text, tls",
        ],
    );
}

#[test]
fn values_out_of_range_are_refused() {
    let cases = [
        ("shards = 0", "exchange.toml:1:10: error: shards: 0 is out of range; from 1 to 4096"),
        ("shards = 4097", "exchange.toml:1:10: error: shards: 4097 is out of range; from 1 to 4096"),
        ("shards = -1", "exchange.toml:1:10: error: shards: -1 is out of range; from 1 to 4096"),
        (
            "limits.body_bytes_max = \"65 KiB\"",
            "exchange.toml:1:25: error: limits.body_bytes_max: 65 KiB is out of range; from 1 KiB to 64 KiB",
        ),
        (
            "limits.idle_timeout = \"2h\"",
            "exchange.toml:1:23: error: limits.idle_timeout: 2h is out of range; from 1s to 1h",
        ),
        (
            "store.lag_max = \"2d\"",
            "exchange.toml:1:17: error: store.lag_max: 2d is out of range; from 1s to 1d",
        ),
        (
            "redis.every = \"10ms\"",
            "exchange.toml:1:15: error: redis.every: 10ms is out of range; from 100ms to 1m",
        ),
        (
            "redis.timeout = \"1m\"",
            "exchange.toml:1:17: error: redis.timeout: 1m is out of range; from 10ms to 10s",
        ),
        (
            "limits.request_timeout = \"3s\"",
            "exchange.toml:1:26: error: limits.request_timeout: 3s is less than header_timeout (5s), which is a \
             part of it; at least 5s",
        ),
    ];
    for (text, expected) in cases {
        check(text, &[expected]);
    }
}

#[test]
fn values_without_meaning_are_refused() {
    let cases = [
        (
            "data_dir = \"\"",
            "exchange.toml:1:12: error: data_dir: is no path; a folder such as \"/var/lib/exchange\"",
        ),
        (
            "log_format = \"xml\"",
            "exchange.toml:1:14: error: log_format: \"xml\" is not known here; valid: \"text\", \"json\"",
        ),
        (
            "journal.durability = \"memory\"",
            "exchange.toml:1:22: error: journal.durability: \"memory\" is not known here; valid: \"sync\", \"os\"",
        ),
        (
            "store.url = \"mysql://u:secret@host/db\"",
            "exchange.toml:1:13: error: store.url: is no store; \"sqlite\", or \"postgres://USER@HOST/DATABASE\"",
        ),
        (
            "redis.url = \"valkyrie://hush@host\"",
            "exchange.toml:1:13: error: redis.url: is no address of a Redis; \"redis://HOST:PORT/DATABASE\", \
             \"rediss://...\" over TLS, or \"unix:///PATH\"",
        ),
        (
            "redis.url = \"redis://:hush@host\"",
            "exchange.toml:1:13: error: redis.url: holds a password, which listings and logs would show; \
             redis.password = \"env:NAME\" or \"file:PATH\"",
        ),
        (
            "redis.password = \"hush\"",
            "exchange.toml:1:18: error: redis.password: names no place of a password; \"env:NAME\" or \"file:PATH\"",
        ),
        (
            "seller.listen = \"localhost\"",
            "exchange.toml:1:17: error: seller.listen: \"localhost\" is no address; an address with its port, such \
             as \"127.0.0.1:8080\"",
        ),
        (
            "buyers.allow_addresses = [\"10.0.0.0/8\", \"ten\"]",
            "exchange.toml:1:41: error: buyers.allow_addresses[1]: \"ten\" is no network: no IP address before the slash; such as \"127.0.0.0/8\" or \
             \"fd00::/8\"",
        ),
        (
            "buyers.allow_addresses = [\"10.1.0.0/8\"]",
            "exchange.toml:1:27: error: buyers.allow_addresses[0]: \"10.1.0.0/8\" is no network: address has bits set \
             beyond the prefix; such as \"127.0.0.0/8\" or \"fd00::/8\"",
        ),
        (
            "log = \"\"",
            "exchange.toml:1:7: error: log: \"\" is no log filter; a level such as \"info\", or \
             \"info,exchange_node=debug\"",
        ),
        (
            "log = \"exchange=loud\"",
            "exchange.toml:1:7: error: log: \"exchange=loud\" is no log filter; a level such as \"info\", or \
             \"info,exchange_node=debug\"",
        ),
        ("limits = 3", "exchange.toml:1:10: error: limits: is a whole number; expected a table"),
        (
            "buyers.allow_http = \"yes\"",
            "exchange.toml:1:21: error: buyers.allow_http: is a text; expected true or false",
        ),
        ("shards = 1\nshards = 2", "exchange.toml:2:1: error: duplicate key"),
    ];
    for (text, expected) in cases {
        check(text, &[expected]);
    }
}

#[test]
fn listeners_in_clear_text_stay_on_this_machine_unless_allowed() {
    check(
        "control.listen = \"0.0.0.0:8081\"",
        &[
            "exchange.toml:1:18: error: control.listen: 0.0.0.0:8081 is open to the network, and the listener speaks \
           clear text; certificates in [control.tls], a loopback address behind a proxy that speaks TLS, or \
           control.allow_clear_text = true on a trusted network",
        ],
    );
    check(
        "control.listen = \"127.0.0.1:8080\"",
        &[
            "exchange.toml:1:18: error: control.listen: is the address of the seller listener; another port, such as \
           127.0.0.1:8081",
        ],
    );
    let both_chosen = "seller.listen = \"127.0.0.1:0\"\ncontrol.listen = \"127.0.0.1:0\"";
    assert_eq!(load(both_chosen).seller, load(both_chosen).control);
}

#[test]
fn certificates_open_a_listener_to_the_network() {
    let config = load(
        r#"
seller.listen = "0.0.0.0:443"
[seller.tls]
certificate = "seller.pem"
key = "seller-key.pem"
client_ca = "partners.pem"
client_certificates = "asked"
[control.tls]
certificate = "control.pem"
key = "control-key.pem"
"#,
    );
    let seller = Tls {
        certificate: "seller.pem".into(),
        key: "seller-key.pem".into(),
        client_ca: Some("partners.pem".into()),
        client_certificates: ClientCertificates::Asked,
    };
    assert_eq!(config.seller.tls, Some(seller));
    let control = Tls {
        certificate: "control.pem".into(),
        key: "control-key.pem".into(),
        client_ca: None,
        client_certificates: ClientCertificates::No,
    };
    assert_eq!(config.control.tls, Some(control));
}

#[test]
fn certificates_that_do_not_fit_together_are_refused() {
    let cases = [
        (
            "seller.tls.certificate = \"c.pem\"",
            "exchange.toml:1:8: error: seller.tls: has no key; seller.tls.key = \"FILE\"",
        ),
        (
            "control.tls = { key = \"k.pem\" }",
            "exchange.toml:1:15: error: control.tls: has no certificate; control.tls.certificate = \"FILE\"",
        ),
        (
            "seller.tls = { certificate = \"\", key = \"k.pem\" }",
            "exchange.toml:1:30: error: seller.tls.certificate: is no path; a file in PEM, such as \
             \"/etc/exchange/tls.pem\"",
        ),
        (
            "seller.tls = { certificate = \"c.pem\", key = \"k.pem\", client_ca = \"a.pem\" }",
            "exchange.toml:1:66: error: seller.tls.client_ca: clients are not asked for a certificate; \
             seller.tls.client_certificates = \"asked\" or \"required\" beside it",
        ),
        (
            "seller.tls = { certificate = \"c.pem\", key = \"k.pem\", client_certificates = \"required\" }",
            "exchange.toml:1:76: error: seller.tls.client_certificates: nobody says whose certificates are good; \
             seller.tls.client_ca = \"FILE\" beside it",
        ),
        (
            "seller.tls = { certificate = \"c.pem\", key = \"k.pem\", client_certificates = \"yes\" }",
            "exchange.toml:1:76: error: seller.tls.client_certificates: \"yes\" is not known here; valid: \"no\", \
             \"asked\", \"required\"",
        ),
        (
            "seller = { allow_clear_text = true, tls = { certificate = \"c.pem\", key = \"k.pem\" } }",
            "exchange.toml:1:31: error: seller.allow_clear_text: the listener speaks TLS; without it, or without \
             [seller.tls]",
        ),
        (
            "seller.tls = { certificate = \"c.pem\", key = \"k.pem\", ca = \"a.pem\" }",
            "exchange.toml:1:54: error: seller.tls: unknown key \"ca\"; valid here: certificate, key, client_ca, \
             client_certificates",
        ),
    ];
    for (text, expected) in cases {
        check(text, &[expected]);
    }
}

#[test]
fn limits_that_need_more_than_the_memory_are_refused_with_their_numbers() {
    let numbers = "auctions_max 20000 x 22 KiB = 430 MiB, connections_max 10000 x 48 KiB = 469 MiB, \
                   history_max 100000 x 3 KiB = 293 MiB, fingerprints_max 1000000 x 200 B = 191 MiB, \
                   suppressions_max 100000 x 160 B = 16 MiB, filter_bytes 33554432 x 1 B = 32 MiB, unknowns_max 10000 x 17 KiB = 167 MiB, \
                   cells_max 200000 x 192 B = 37 MiB, mesh_queue_max 65536 x 96 B = 6 MiB";
    check(
        "limits.memory_max = \"1 GiB\"",
        &[&format!(
            "exchange.toml:1:21: error: limits.memory_max: the limits allow 1639 MiB and memory_max is 1 GiB: \
             {numbers}; at least \"1639 MiB\", or lower limits"
        )],
    );
    assert_eq!(load("limits.memory_max = \"1639 MiB\"").limits.memory_max.to_string(), "1639 MiB");
    // With TLS for sellers every connection takes more.
    check(
        "limits.memory_max = \"1639 MiB\"\nseller.tls = { certificate = \"c.pem\", key = \"k.pem\" }",
        &[&format!(
            "exchange.toml:1:21: error: limits.memory_max: the limits allow 2029 MiB and memory_max is 1639 MiB: \
             {}; at least \"2029 MiB\", or lower limits",
            numbers.replace("x 48 KiB = 469 MiB", "x 88 KiB = 860 MiB")
        )],
    );
    let found = load_with("limits.history_max = 100_000_000", &|_| None).expect_err("too much");
    let text = found.first().map(ToString::to_string).expect("one mistake");
    assert!(
        text.starts_with("exchange.toml:1:1: error: limits.memory_max: the limits allow 294314 MiB"),
        "{text}"
    );
}

#[test]
fn the_defaults_come_to_what_the_manual_says() {
    let total = MemoryPlan::of(&load("shards = 1")).total().rounded_up();
    let (number, unit) =
        total.to_string().split_once(' ').map(|(a, b)| (a.to_owned(), b.to_owned())).expect("a size");
    let thousands = number.len().saturating_sub(3);
    let said = format!(
        "With one shard the defaults come to {},{} {unit}.",
        &number[..thousands],
        &number[thousands..]
    );
    let manual = include_str!("../../../../docs/operations.md");
    assert!(manual.contains(&said), "{said}");
}

#[test]
fn a_mirror_needs_memory_for_what_it_has_told() {
    let total = |text: &str| MemoryPlan::of(&load(text)).total().0;
    let each = total("redis.url = \"unix:///run/redis.sock\"") - total("");
    assert_eq!(each, 200_000 * 192);
    assert_eq!(total("redis.url = \"\""), total(""));
}
