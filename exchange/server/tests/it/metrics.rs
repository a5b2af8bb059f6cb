//! `GET /metrics`: the numbers of a process, for Prometheus.

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::Exchange;
use crate::lead::{lead, ping, post};
use crate::market::{Market, sell};
use crate::process::eventually;
use crate::redis_server::RedisServer;
use crate::seller::Request;

const OPERATIONS: &str = include_str!("../../../../docs/operations.md");

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"7.00\" }\n";

/// Returns the value of a sample by its name and labels.
#[track_caller]
pub(crate) fn metric(exchange: &Exchange, sample: &str) -> String {
    let text = exposition(exchange);
    let value = text.lines().find_map(|line| line.strip_prefix(sample)?.strip_prefix(' '));
    value.unwrap_or_else(|| panic!("no sample {sample}:\n{text}")).to_owned()
}

fn exposition(exchange: &Exchange) -> String {
    let answer = exchange.operator().call(&Request::new("GET", "/metrics"));
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer.text()
}

#[test]
fn the_numbers_are_those_of_what_was_sold() {
    let keys = "caps = { sold = { total = 8 } }";
    let vertical = "bid_window = \"5s\"\nanswer_by = \"20s\"\nhold_time = \"5m\"";
    let catalog = CatalogText::new(vertical).with("north", Campaign { keys, ..Campaign::default() });
    let market = Market::open(NORTH, &catalog);
    let seller = market.exchange.seller("acme");
    for serial in 1..=3 {
        let offered = seller.call(&Request::post("/v1/pings", &ping(serial)));
        let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
        if serial < 3 {
            assert_eq!(seller.call(&Request::post(&path, &post(serial))).outcome(), "sold");
        }
    }
    let body = lead(10);
    let request = Request::post("/v1/leads", &body).with_header("Idempotency-Key", "ten");
    assert_eq!(seller.call(&request).outcome(), "sold");
    assert!(seller.call(&request).is_replayed(), "a repeat is no lead of its own");
    assert_eq!(seller.lead(&lead(10)).outcome(), "duplicate");
    sell(&seller, 1, 11..17, lead);
    let expected = [
        ("exchange_leads_total{kind=\"one_call\"}", "8"),
        ("exchange_leads_total{kind=\"two_step\"}", "3"),
        ("exchange_auctions_total{kind=\"one_call\",status=\"sold\"}", "5"),
        ("exchange_auctions_total{kind=\"one_call\",status=\"unsold\",reason=\"no_eligible_buyer\"}", "2"),
        ("exchange_auctions_total{kind=\"one_call\",status=\"duplicate\"}", "1"),
        ("exchange_auctions_total{kind=\"two_step\",status=\"sold\"}", "2"),
        ("exchange_posts_total{outcome=\"accepted\"}", "7"),
        ("exchange_posts_total{outcome=\"unknown\"}", "0"),
        ("exchange_sales_total", "7"),
        ("exchange_requests_shed_total", "0"),
        ("exchange_auctions_open", "1"),
        ("exchange_posts_unknown_open", "0"),
        ("exchange_counters_used", "1"),
        ("exchange_catalog_version", "1"),
        ("exchange_ready", "1"),
        ("exchange_journal_running", "1"),
        ("exchange_projector_lag_records", "0"),
        ("exchange_projector_lag_seconds", "0.0"),
        ("exchange_journal_backlog_bytes", "0"),
        ("exchange_journal_segments", "1"),
    ];
    eventually("the store has followed", || market.exchange.journal_is_even());
    for (sample, value) in expected {
        eventually(sample, || metric(&market.exchange, sample) == value);
    }
    assert!(metric(&market.exchange, "exchange_journal_durable_sequence") != "0");
    assert!(metric(&market.exchange, "exchange_journal_free_bytes") != "0");
    assert!(!exposition(&market.exchange).contains("exchange_redis"), "nothing is mirrored");
}

#[test]
fn every_metric_is_documented() {
    let redis = RedisServer::new();
    let market = Market::open_with(NORTH, &CatalogText::new(""), &redis.config());
    let text = exposition(&market.exchange);
    let counters = text.lines().filter_map(|line| line.strip_prefix("# TYPE ")?.split_once(' '));
    let names: Vec<String> = counters
        .map(|(name, kind)| if kind == "counter" { format!("{name}_total") } else { name.to_owned() })
        .collect();
    assert!(names.len() > 15, "{text}");
    for name in &names {
        assert!(OPERATIONS.contains(&format!("| `{name}` |")), "docs/operations.md says nothing of {name}");
    }
    let documented = OPERATIONS.lines().filter_map(|line| line.strip_prefix("| `exchange_")?.split_once('`'));
    for (name, _) in documented {
        assert!(names.contains(&format!("exchange_{name}")), "exchange_{name} is documented and not there");
    }
}

#[test]
fn only_operators_read_the_numbers() {
    let market = Market::open(NORTH, &CatalogText::new(""));
    for owner in ["seller:acme", "buyer:north"] {
        assert_eq!(
            market.exchange.partner(owner).call(&Request::new("GET", "/metrics")).status,
            403,
            "{owner}"
        );
    }
    let seller = market.exchange.seller("acme").call(&Request::new("GET", "/metrics"));
    assert_eq!(seller.status, 404, "the listener of the sellers has none");
}
