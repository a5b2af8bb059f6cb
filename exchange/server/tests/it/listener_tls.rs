//! Listeners that hold certificates: sellers over HTTP/1.1 and HTTP/2, operators, and who is not let in.

use std::process::{Command, Output};

use serde_json::json;

use crate::authority::{Authority, Signed};
use crate::buyers::Buyers;
use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::http2_client::Http2Client;
use crate::lead::lead;
use crate::market::{Market, sell};
use crate::seller::{Caller, Request};

const PROFILE: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";

/// Starts an exchange that sells to one buyer; `more` is added to its configuration.
fn open(more: &str) -> Market {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    Market::open_with(PROFILE, &catalog, more)
}

/// Runs async code to its end.
fn block_on<T>(test: impl Future<Output = T>) -> T {
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(test)
}

#[test]
fn sellers_sell_over_http1_and_http2() {
    let dir = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(dir.path(), "ours");
    let market = open(&authority.sign("listener.pem").table("seller", ""));
    let seller = market.exchange.seller("acme").secured(authority.client(None, "http/1.1"));
    for (serial, answer) in sell(&seller, 4, 0..20, lead) {
        assert_eq!(answer.outcome(), "sold", "lead {serial}: {}", answer.text());
    }
    block_on(async {
        let settings = authority.client(None, "h2");
        let client = Http2Client::connect(market.exchange.seller_address(), settings, seller.key()).await;
        let mut client = client.expect("a connection");
        let selling: Vec<_> = (20..60)
            .map(|serial| {
                let mut client = client.clone();
                tokio::spawn(async move { client.post("/v1/leads", &lead(serial)).await })
            })
            .collect();
        for answer in selling {
            let (status, body) = answer.await.expect("a task").expect("an answer");
            assert_eq!((status, &body["status"]), (200, &json!("sold")), "{body}");
        }
        // Both steps over one connection, and what HTTP/1.1 is told, HTTP/2 is told too.
        let (status, ping) = client.post("/v1/pings", &lead(60)).await.expect("an answer");
        assert_eq!((status, &ping["status"]), (200, &json!("offers")), "{ping}");
        let path = format!("/v1/pings/{}/post", ping["ping_id"].as_str().expect("an id"));
        let fields = json!({ "fields": lead(60)["fields"] });
        let (status, body) = client.post(&path, &fields).await.expect("an answer");
        assert_eq!((status, &body["status"]), (200, &json!("sold")), "{body}");
        let (status, body) =
            client.post("/v1/leads", &json!({ "x": "y".repeat(20_000) })).await.expect("an answer");
        assert_eq!((status, &body["type"]), (413, &json!("/problems/payload_too_large")), "{body}");
        let (status, body) = client.post("/v1/nothing", &json!({})).await.expect("an answer");
        assert_eq!((status, &body["type"]), (404, &json!("/problems/not_found")), "{body}");
    });
    // Clear text gets no answer at all.
    let clear = market.exchange.seller("acme").connect().try_call(&Request::new("GET", "/health/live"));
    assert!(clear.is_none_or(|answer| answer.status == 0), "no answer in clear text");
    let Market { buyers, .. } = market;
    assert_eq!(buyers.stop().posts().count(), 61);
}

/// Runs `curl` against the listener for sellers; nothing where this machine has none that speaks HTTP/2.
fn curl(arguments: &[&str]) -> Option<Output> {
    let version = Command::new("curl").arg("--version").output().ok()?;
    if !stdout(&version).contains("HTTP2") {
        return None;
    }
    Command::new("curl").args(["--silent", "--show-error"]).args(arguments).output().ok()
}

#[test]
fn curl_speaks_with_the_listener() {
    let dir = tempfile::tempdir().expect("a folder");
    let authority = Authority::new(dir.path(), "ours");
    let market = open(&authority.sign("listener.pem").table("seller", ""));
    let url = format!("https://{}/health/live", market.exchange.seller_address());
    let ca = authority.ca.display().to_string();
    for (option, version) in [("--http1.1", "1.1 200"), ("--http2", "2 200")] {
        let written = "%{http_version} %{http_code}";
        let Some(ran) =
            curl(&[option, "--cacert", &ca, "--output", "/dev/null", "--write-out", written, &url])
        else {
            return;
        };
        assert_eq!(stdout(&ran), version, "{ran:?}");
    }
    let ran = curl(&[&url]).expect("it ran before");
    assert_eq!(ran.status.code(), Some(60), "an authority that is not known: {ran:?}");
}

#[test]
fn sellers_show_the_certificates_that_are_asked_for() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ours, other) = (Authority::new(dir.path(), "ours"), Authority::new(dir.path(), "other"));
    let (known, unknown) = (ours.sign("known.pem"), other.sign("unknown.pem"));
    let listener = ours.sign("listener.pem");
    // Who is let in: without a certificate, with one of ours, with one of somebody else's.
    for (word, let_in) in [("asked", [true, true, false]), ("required", [false, true, false])] {
        let more = format!("client_ca = \"{}\"\nclient_certificates = \"{word}\"", ours.ca.display());
        let market = open(&listener.table("seller", &more));
        let (seller, address) = (market.exchange.seller("acme"), market.exchange.seller_address());
        for (shows, expected) in [None, Some(&known), Some(&unknown)].into_iter().zip(let_in) {
            let secured = seller.clone().secured(ours.client(shows, "http/1.1"));
            let answer = secured.connect().try_call(&Request::new("GET", "/health/live"));
            assert_eq!(answer.is_some_and(|answer| answer.status == 200), expected, "{word}, {shows:?}");
            let sold = block_on(async {
                let settings = ours.client(shows, "h2");
                let mut client = Http2Client::connect(address, settings, seller.key()).await.ok()?;
                client.post("/v1/leads", &lead(1)).await.ok()
            });
            assert_eq!(sold.is_some_and(|(status, _)| status == 200), expected, "{word}, {shows:?}");
        }
        // A certificate opens the connection and nothing else.
        let nobody = seller.with_key("px_live_x").secured(ours.client(Some(&known), "http/1.1"));
        assert_eq!(nobody.lead(&lead(2)).problem(), "unauthorized");
    }
}

/// Runs a command of the operator's at a URL.
fn ask(exchange: &Exchange, url: &str, more: &[&str]) -> Output {
    exchange.ask_at(url, &[&["unknown", "list"], more].concat(), "")
}

#[test]
fn operators_come_over_tls_too() {
    let dir = tempfile::tempdir().expect("a folder");
    let (ours, other) = (Authority::new(dir.path(), "ours"), Authority::new(dir.path(), "other"));
    let (Signed(known), Signed(unknown)) = (ours.sign("known.pem"), other.sign("unknown.pem"));
    let more = format!("client_ca = \"{}\"\nclient_certificates = \"required\"", ours.ca.display());
    let buyers = Buyers::start(dir.path(), PROFILE, &[]);
    let catalog = CatalogText::new("").with("north", Campaign::default()).for_buyers_at(buyers.address());
    let exchange = Exchange::start(dir.path(), &catalog, &ours.sign("listener.pem").table("control", &more));
    let address = exchange.control_address();
    let (url, clear) = (format!("https://{address}"), format!("http://{address}"));
    let path = |path: &std::path::Path| path.display().to_string();
    let (ca, other_ca) = (path(&ours.ca), path(&other.ca));
    let (known, unknown) = (path(&known), path(&unknown));
    let ran = ask(&exchange, &url, &["--ca", &ca, "--certificate", &known]);
    assert!(ran.status.success(), "{ran:?}");
    let ran = ask(&exchange, &url, &["--certificate", &known]);
    assert!(stderr(&ran).contains("no TLS connection to 127.0.0.1: "), "public authorities: {ran:?}");
    for wrong in [
        &[&*url, "--ca", &other_ca, "--certificate", &known][..],
        &[&*url, "--ca", &ca, "--certificate", &unknown],
        &[&*url, "--ca", &ca],
        &[&*url, "--ca", &known, "--certificate", &ca],
        &[&*clear],
    ] {
        let ran = ask(&exchange, wrong[0], &wrong[1..]);
        assert_eq!(ran.status.code(), Some(1), "{wrong:?}: {ran:?}");
    }
    // The seller's listener is as it was.
    assert_eq!(exchange.seller("acme").call(&Request::new("GET", "/health/live")).status, 200);
    let operator: Caller = exchange.operator().secured(ours.client(Some(&Signed(known.into())), "http/1.1"));
    assert_eq!(operator.call(&Request::new("GET", "/health/ready")).status, 200);
}
