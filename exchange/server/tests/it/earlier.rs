//! A data directory of each release is kept, with every kind of record in its journal, and every later release has to
//! read it: into its tables, into its counters and answers, and on.
//!
//! `UPDATE_FIXTURES=1` writes the one of the present version anew, with what is read of it; see `docs/testing.md`.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::{Path, PathBuf};

use serde_json::{Map, Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::killed::each_file;
use crate::lead::{lead, phone, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const BUYERS: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n\
                      post = [{ redirect_url = \"https://north.example/thanks\" }]\n\
                      [[buyer]]\nname = \"south\"\nprice = { fixed = \"50.00\" }\npost = [{ fault = \"reset_after_accept\" }]\n";
/// Every kind of record.
const KINDS: [&str; 15] = [
    "Intent",
    "Outcome",
    "Closed",
    "Lead",
    "Completed",
    "Offered",
    "Resolved",
    "Disputed",
    "SaleChanged",
    "Balance",
    "Catalog",
    "Erased",
    "Acknowledged",
    "Stopped",
    "Suppressed",
];
/// What is kept of a data directory. The store is made anew, and without the slot files every lead is noise.
const KEPT: [&str; 3] = ["journal", "catalog/1", "secret.key"];
/// The version that these tests are of. Once it is released, its directory is not written again.
const PRESENT: &str = env!("CARGO_PKG_VERSION");
/// A port at which no test and no program of these listens.
const NOBODY: &str = "127.0.0.1:9";
/// A segment is kept up to its last batch, in blocks of this many bytes.
const BLOCK: usize = 4096;
const SEGMENT: &str = "[journal]\nsegment_bytes = \"1 MiB\"\nballast_bytes = \"0 B\"\n";

fn fixtures() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/fixtures/releases")
}

fn copy(from: &Path, to: &Path) {
    if from.is_file() {
        fs::create_dir_all(to.parent().expect("a folder")).expect("a folder");
        fs::copy(from, to).expect("a file can be copied");
        // A checkout makes every file readable by all, and keys have to be their owner's alone.
        fs::set_permissions(to, fs::Permissions::from_mode(0o600)).expect("a mode can be set");
        return;
    }
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        copy(&entry.path(), &to.join(entry.file_name()));
    }
}

fn ok(answer: Answer) -> Answer {
    assert_eq!(answer.status, 200, "{}", answer.text());
    answer
}

fn sale_of(answer: &Answer) -> String {
    answer.json()["sales"][0]["sale_id"].as_str().expect("a sale").to_owned()
}

/// Has everything happen of which there is a record, ends every sale for good, and returns the leads.
fn live(market: &Market) -> [String; 3] {
    let exchange = &market.exchange;
    let seller = exchange.seller("acme");
    let as_owner = |owner: &str, path: &str, body: &Value| {
        exchange.partner(owner).call(&Request::post(path, body).with_header("Idempotency-Key", path))
    };
    // South may be sent one lead, and nobody hears its answer: it reports, and contradicts itself.
    let unknown = seller.lead(&lead(1));
    assert_eq!(unknown.outcome(), "pending", "{}", unknown.text());
    let log = market.buyers.log_so_far();
    let outcome = format!("/v1/posts/{}/outcome", log.posts().next().expect("a post").text("post_id"));
    let say = |status: &str| {
        exchange.partner("buyer:south").call(&Request::post(&outcome, &json!({"status": status})))
    };
    eventually("the report is taken", || say("accepted").status == 200);
    assert_eq!(ok(say("rejected")).member("result"), "disputed");
    // North gives one lead back; the other, sold in two steps, is taken back and erased.
    let sold = seller.lead(&lead(2));
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    eventually("the store has followed", || exchange.journal_is_even());
    let returned = format!("/v1/sales/{}/returns", sale_of(&sold));
    ok(as_owner("buyer:north", &returned, &json!({"reason": "fraud"})));
    let offered = seller.call(&Request::post("/v1/pings", &ping(3)));
    let in_two =
        seller.call(&Request::post(&format!("/v1/pings/{}/post", offered.member("ping_id")), &post(3)));
    assert_eq!(in_two.outcome(), "sold", "{}", in_two.text());
    eventually("the store has followed", || exchange.journal_is_even());
    let sale = sale_of(&in_two);
    ok(as_owner("operator:ops", &format!("/v1/sales/{sale}/reversals"), &json!({"reason": "a test"})));
    let erased = exchange.ask(&["person", "erase"], &phone(3));
    assert!(erased.status.success(), "{}", stderr(&erased));
    ok(as_owner("buyer:north", &format!("/v1/erasures/{sale}/acknowledgements"), &json!({})));
    let deposit =
        json!({"kind": "deposit", "amount": "120.00", "currency": "EUR", "reference": "statement 17"});
    ok(as_owner("operator:ops", "/v1/buyers/east/balance", &deposit));
    let stop = json!({"kind": "buyer", "name": "east", "reason": "a test"});
    ok(as_owner("operator:ops", "/v1/stops", &stop));
    eventually("what nobody may give back is settled", || {
        let listed = exchange.operator().call(&Request::new("GET", "/v1/ledger?limit=200"));
        listed.text().contains("settled")
    });
    [unknown, sold, in_two].map(|answer| answer.member("lead_id"))
}

fn generate(directory: &Path) {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"10s\"\npost_timeout = \"400ms\"")
        .with("north", Campaign { keys: "return_reasons = [\"fraud\"]", ..Campaign::default() })
        .with(
            "south",
            Campaign {
                keys: "idempotent = false\nreturn_window = \"0s\"\ncaps = { sent = { total = 1 } }",
                ..Campaign::default()
            },
        )
        .with_buyer("east", "prepaid = true")
        .with_campaign_of("east", "east", Campaign { keys: "paused = true", ..Campaign::default() });
    let mut market = Market::open_with(BUYERS, &catalog, SEGMENT);
    let leads = live(&market);
    // What a restart forgets of an auction, its leads being noise, is not asked for.
    market.exchange.stop();
    market.exchange.start_again();
    let read = read(&market.exchange, &leads);
    market.exchange.stop();
    if directory.exists() {
        fs::remove_dir_all(directory).expect("the fixture of before");
    }
    for name in KEPT {
        copy(&market.exchange.data_dir().join(name), &directory.join("data").join(name));
    }
    drop(fs::remove_file(directory.join("data/journal/lock")));
    each_file(&directory.join("data/journal"), &mut |path, bytes| {
        let written = bytes.len() - bytes.iter().rev().take_while(|byte| **byte == 0).count();
        let kept = written.next_multiple_of(BLOCK).min(bytes.len());
        fs::write(path, &bytes[..kept]).expect("a segment can be cut");
    });
    each_file(&directory.join("data/catalog"), &mut |path, bytes| {
        let text = String::from_utf8_lossy(bytes).replace(&market.buyers.address().to_string(), NOBODY);
        fs::write(path, text).expect("a catalog can be written");
    });
    let text = serde_json::to_string_pretty(&read).expect("JSON");
    fs::write(directory.join("read.json"), text + "\n").expect("what is read");
}

/// Returns what a seller and an operator read, by path.
fn read(exchange: &Exchange, leads: &[String]) -> Map<String, Value> {
    eventually("the store has followed", || exchange.journal_is_even());
    let mut read = Map::new();
    let lists = ["balances", "ledger?limit=200", "sales", "unknowns", "erasures", "stops", "suppressions"]
        .map(|list| format!("/v1/{list}"));
    let accounts = leads.iter().map(|lead| format!("/v1/auctions/{}", lead.replace("lead_", "auc_")));
    for path in lists.into_iter().chain(accounts) {
        let answer = ok(exchange.operator().call(&Request::new("GET", &path)));
        read.insert(path, answer.json());
    }
    for lead in leads {
        let path = format!("/v1/leads/{lead}");
        let mut answer = ok(exchange.seller("acme").call(&Request::new("GET", &path))).json();
        // Its key is not kept.
        if let Some(sale) = answer["sales"][0].as_object_mut() {
            sale.remove("redirect_url");
        }
        read.insert(path, answer);
    }
    read
}

/// Fails where something that was read before is missing or another one. More may be told.
fn check_told(before: &Value, now: &Value, place: &str) {
    match (before, now) {
        (Value::Object(before), Value::Object(now)) => {
            for (key, value) in before {
                check_told(value, now.get(key).unwrap_or(&Value::Null), &format!("{place}.{key}"));
            }
        }
        (Value::Array(before), Value::Array(now)) => {
            assert_eq!(before.len(), now.len(), "{place}");
            for (at, (before, now)) in before.iter().zip(now).enumerate() {
                check_told(before, now, &format!("{place}[{at}]"));
            }
        }
        _ => assert_eq!(before, now, "{place}"),
    }
}

#[test]
fn the_data_directory_of_every_release_is_read_and_goes_on() {
    if std::env::var_os("UPDATE_FIXTURES").is_some() {
        generate(&fixtures().join(PRESENT));
    }
    let mut versions = Vec::new();
    for entry in fs::read_dir(fixtures()).expect("a folder") {
        let version = entry.expect("an entry").file_name().into_string().expect("a version");
        goes_on(&version);
        versions.push(version);
    }
    assert!(versions.iter().any(|version| version == PRESENT), "{versions:?} without the present {PRESENT}");
}

/// Reads the data directory of a release, as it is and from a new store, and takes a lead.
fn goes_on(version: &str) {
    let fixture = fixtures().join(version);
    let dir = tempfile::tempdir().expect("a folder");
    let data = dir.path().join("data");
    copy(&fixture.join("data"), &data);
    if version == PRESENT {
        let dumped = stdout(&Exchange::journal(&data, &["dump"]));
        for kind in KINDS {
            let written =
                [format!("{kind}("), format!("{kind} {{")].iter().any(|begin| dumped.contains(begin));
            assert!(written, "no record of the kind {kind}: {dumped}");
        }
    }
    let mut exchange = Exchange::reopen(dir.path(), SEGMENT);
    let before = fs::read_to_string(fixture.join("read.json")).expect("what was read");
    let before: Value = serde_json::from_str(&before).expect("JSON");
    let paths = before.as_object().expect("answers by path").keys();
    let leads: Vec<String> =
        paths.filter_map(|path| path.strip_prefix("/v1/leads/")).map(str::to_owned).collect();
    assert_eq!(leads.len(), 3, "{version}");
    let check = |exchange: &Exchange| check_told(&before, &Value::Object(read(exchange, &leads)), version);
    check(&exchange);
    exchange.stop();
    let rebuilt = exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    exchange.start_again();
    check(&exchange);
    let unsold = exchange.seller("acme").lead(&lead(4));
    assert_eq!(unsold.outcome(), "unsold", "nobody is at the buyers' addresses: {}", unsold.text());
    eventually("the journal goes on", || exchange.journal_is_even());
}
