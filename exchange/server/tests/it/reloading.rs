//! What may change without a restart: certificates, limits, log lines, secrets; and what may not.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};

use serde_json::json;

use crate::authority::Authority;
use crate::buyers::Buyers;
use crate::catalog::{Campaign, CatalogText, SECRET};
use crate::exchange::{Exchange, stderr, stdout};
use crate::http2_client::Http2Client;
use crate::lead::lead;
use crate::process::eventually;
use crate::restart::listed_first;
use crate::seller::{Caller, Request};

/// Two buyers' worth of nothing but a bid that always wins.
const PROFILE: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n";

/// Starts an exchange that sells to one buyer, in a folder.
fn open(dir: &Path, profile: &str, secret: &str, more: &str) -> (Exchange, Buyers) {
    let buyers = Buyers::start(dir, profile, &[]);
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let catalog = catalog.for_buyers_at(buyers.address()).replace(SECRET, secret);
    (Exchange::start(dir, &catalog, more), buyers)
}

/// Has the exchange read everything again, and returns what the command says.
#[track_caller]
fn reload(exchange: &Exchange) -> String {
    let ran = exchange.ask(&["reload"], "");
    assert!(ran.status.success(), "{ran:?}");
    stdout(&ran).trim().to_owned()
}

/// The same where it is refused.
#[track_caller]
fn reload_refused(exchange: &Exchange) -> String {
    let ran = exchange.ask(&["reload"], "");
    assert_eq!(ran.status.code(), Some(1), "{ran:?}");
    stderr(&ran).trim().to_owned()
}

fn hang_up(exchange: &Exchange) {
    let sent = Command::new("kill").args(["-HUP", &exchange.pid().to_string()]).status();
    assert!(sent.expect("`kill` can be run").success(), "the exchange is there");
}

fn is_let_in(seller: &Caller) -> bool {
    let answer = seller.connect().try_call(&Request::new("GET", "/health/live"));
    answer.is_some_and(|answer| answer.status == 200)
}

/// Sells leads over connections that stay open, of both protocols, for as long as something else takes.
fn meanwhile(exchange: &Exchange, authority: &Authority, act: impl FnOnce()) -> u64 {
    let (over, next) = (AtomicBool::new(false), AtomicU64::new(0));
    let seller = exchange.seller("other").secured(authority.client(None, "http/1.1"));
    let http2 = authority.client(None, "h2");
    let sold = || next.fetch_add(1, Ordering::Relaxed);
    std::thread::scope(|scope| {
        let mut sellers = Vec::new();
        for _ in 0..2 {
            sellers.push(scope.spawn(|| {
                let mut connection = seller.connect();
                while !over.load(Ordering::Relaxed) {
                    let answer = connection.lead(&lead(sold()));
                    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
                }
            }));
            sellers.push(scope.spawn(|| {
                let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
                runtime.expect("a runtime").block_on(async {
                    let address = exchange.seller_address();
                    let client = Http2Client::connect(address, Arc::clone(&http2), seller.key()).await;
                    let mut client = client.expect("a connection");
                    while !over.load(Ordering::Relaxed) {
                        let (status, body) =
                            client.post("/v1/leads", &lead(sold())).await.expect("an answer");
                        assert_eq!((status, &body["status"]), (200, &json!("sold")), "{body}");
                    }
                });
            }));
        }
        eventually("leads are sold", || next.load(Ordering::Relaxed) > 20);
        act();
        let after = next.load(Ordering::Relaxed);
        eventually("leads are still sold", || next.load(Ordering::Relaxed) > after + 20);
        over.store(true, Ordering::Relaxed);
        for seller in sellers {
            seller.join().expect("every lead is sold");
        }
    });
    next.into_inner()
}

#[test]
fn certificates_change_while_leads_are_sold() {
    let dir = tempfile::tempdir().expect("a folder");
    let (old, new) = (Authority::new(dir.path(), "old"), Authority::new(dir.path(), "new"));
    let listener = old.sign("listener.pem");
    let (exchange, buyers) = open(dir.path(), PROFILE, SECRET, &listener.table("seller", ""));
    let seller = exchange.seller("acme");
    let old_client = seller.clone().secured(old.client(None, "http/1.1"));
    let new_client = seller.secured(new.client(None, "http/1.1"));
    let sold = meanwhile(&exchange, &old, || {
        assert!(is_let_in(&old_client) && !is_let_in(&new_client));
        fs::copy(&new.sign("listener.pem").0, &listener.0).expect("the test's folder can be written");
        hang_up(&exchange);
        eventually("the new certificate is shown", || is_let_in(&new_client));
        assert!(!is_let_in(&old_client), "the old one is not");
        // What cannot be used changes nothing, and is named.
        fs::write(&listener.0, "").expect("the test's folder can be written");
        let refused = reload_refused(&exchange);
        let expected = format!("seller.tls.certificate: {}: holds no certificate", listener.0.display());
        assert!(refused.contains(&expected), "{refused}");
        assert!(is_let_in(&new_client));
        fs::copy(&old.sign("again.pem").0, &listener.0).expect("the test's folder can be written");
        reload(&exchange);
        assert!(is_let_in(&old_client) && !is_let_in(&new_client));
    });
    assert_eq!(u64::try_from(buyers.stop().posts().count()), Ok(sold), "each lead was posted once");
}

#[test]
fn limits_and_log_lines_change_without_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let more = "[limits]\nbody_bytes_max = \"16 KiB\"\nidle_timeout = \"1m\"\n";
    let (exchange, _buyers) = open(dir.path(), PROFILE, SECRET, more);
    let mut large = lead(1);
    for field in 0..10 {
        // What the vertical does not know is left out, with a warning.
        large["fields"][format!("more_{field}")] = json!("x".repeat(200));
    }
    let mut open = exchange.seller("acme").connect();
    assert_eq!(open.lead(&large).outcome(), "sold");
    assert_eq!(
        reload(&exchange),
        "nothing changed in the configuration; 6 keys and catalog version 1 are in force"
    );
    assert!(exchange.log().contains("read again"), "{}", exchange.log());

    exchange.configure("data_dir", "log = \"error\"\ndata_dir");
    exchange.configure("body_bytes_max = \"16 KiB\"", "body_bytes_max = \"1 KiB\"");
    let said = reload(&exchange);
    assert!(said.starts_with("log, limits.body_bytes_max changed in the configuration; "), "{said}");
    let length = exchange.log().len();
    // On a connection that was open before; it is closed, for what follows the head is not read.
    eventually("the limit is in force", || {
        let answer = exchange.seller("acme").lead(&large);
        answer.status == 413
    });
    assert_eq!(open.lead(&large).problem(), "payload_too_large");
    reload(&exchange);
    assert_eq!(exchange.log().len(), length, "no line below an error: {}", exchange.log());

    // What takes a restart is named, and nothing of the rest changes either.
    exchange.configure("shards = 2", "shards = 3");
    exchange.configure("body_bytes_max = \"1 KiB\"", "body_bytes_max = \"16 KiB\"\nauctions_max = 9");
    let refused = reload_refused(&exchange);
    assert!(refused.ends_with("a change of shards, other limits takes a restart"), "{refused}");
    exchange.configure("shards = 3", "shards = many");
    assert!(reload_refused(&exchange).contains("exchange.toml:"), "a mistake is named with its place");
    assert_eq!(exchange.seller("acme").lead(&large).status, 413);
}

#[test]
fn keys_change_without_a_restart_and_the_store_lists_them() {
    let dir = tempfile::tempdir().expect("a folder");
    let (exchange, _buyers) = open(dir.path(), PROFILE, SECRET, "");
    let by_command: fn(&Exchange) = |exchange| {
        assert!(reload(exchange).starts_with("nothing changed in the configuration; 7 keys and "));
    };
    for (number, read_again) in (0..).zip([by_command, hang_up]) {
        let key = exchange.unread_key(&["--owner", "seller:acme"]);
        let seller = exchange.seller("acme").with_key(&key);
        assert_eq!(seller.lead(&lead(number)).status, 401, "the key was not read yet");
        assert!(listed_first(&exchange, &key).is_null());
        read_again(&exchange);
        eventually("the store has the key", || listed_first(&exchange, &key)["owner"] == "seller:acme");
        assert_eq!(seller.lead(&lead(number)).outcome(), "sold");
    }
}

#[test]
fn secrets_change_without_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let secret = dir.path().join("north.secret");
    fs::write(&secret, SECRET).expect("the test's folder can be written");
    let profile = format!("{PROFILE}secret = \"{SECRET}\"\n");
    let (exchange, buyers) = open(dir.path(), &profile, "file:north.secret", "");
    let seller = exchange.seller("acme");
    assert_eq!(seller.lead(&lead(1)).outcome(), "sold");
    assert!(reload(&exchange).ends_with("catalog version 1 are in force"), "the same secret");
    let other = SECRET.replace("ZGVtby1", "b3RoZXI");
    fs::write(&secret, other).expect("the test's folder can be written");
    assert!(reload(&exchange).ends_with("catalog version 2 are in force"), "another secret");
    seller.lead(&lead(2));
    fs::remove_file(&secret).expect("the test's folder can be written");
    let refused = reload_refused(&exchange);
    assert!(refused.contains("what is in force stays: "), "{refused}");
    assert_eq!(exchange.catalog_version(), 2);
    let log = buyers.stop();
    let signatures: Vec<String> = log.pings().map(|ping| ping.text("signature").to_owned()).collect();
    assert_eq!(signatures.first().map(String::as_str), Some("ok"));
    assert!(signatures.len() == 2 && signatures[1] != "ok", "signed with another secret: {signatures:?}");
}
