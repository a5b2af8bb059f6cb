//! What outlives a process, and what no two processes may share.

use serde_json::Value;

use crate::buyers::Buyers;
use crate::catalog::{Campaign, CatalogText, SECRET};
use crate::exchange::{Exchange, stderr};
use crate::lead::lead;
use crate::process::eventually;
use crate::seller::Request;

#[test]
fn keys_and_the_catalog_in_force_outlive_the_process() {
    let dir = tempfile::tempdir().expect("a folder");
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"31.00\" }\n\
                   [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n";
    let buyers = Buyers::start(dir.path(), profile, &[]);
    let catalog = |name: &str| {
        let text =
            CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with(name, Campaign::default());
        text.for_buyers_at(buyers.address())
    };
    let mut exchange = Exchange::start(dir.path(), &catalog("north"), "");
    let applied = exchange.apply("next.toml", &catalog("south"));
    assert!(applied.status.success(), "{}", stderr(&applied));
    let second = exchange.serve_beside();
    assert!(!second.status.success(), "two processes cannot share a folder");
    let revoked = exchange.new_key(&["--owner", "seller:acme"]);
    exchange.revoke(&revoked);
    eventually("the store has the keys in force", || {
        listed_first(&exchange, &revoked)["revoked_at"].is_string()
    });
    exchange.terminate();
    assert!(exchange.ended().success());
    exchange.start_again();
    assert_eq!(exchange.catalog_version(), 2);
    let answer = exchange.seller("acme").lead(&lead(1));
    assert_eq!((answer.outcome().as_str(), answer.member("payout").as_str()), ("sold", "24.00"));
    let with_revoked = exchange.seller("acme").with_key(&revoked).call(&Request::post("/v1/leads", &lead(2)));
    assert_eq!(with_revoked.status, 401);
    assert_eq!(listed_first(&exchange, &revoked)["owner"], "seller:acme");
}

/// Returns what is listed of the key that was made last. Nobody is shown a key.
pub(crate) fn listed_first(exchange: &Exchange, key: &str) -> Value {
    let listed = exchange.operator().call(&Request::new("GET", "/v1/keys?limit=1"));
    assert_eq!(listed.status, 200, "{}", listed.text());
    assert!(!listed.text().contains(key), "{}", listed.text());
    let first = listed.json()["items"][0].clone();
    let prefix = first["prefix"].as_str().unwrap_or("the store has none yet");
    if key.starts_with(prefix) { first } else { Value::Null }
}

#[test]
fn secrets_beside_the_catalog_are_found_again_after_a_restart() {
    let dir = tempfile::tempdir().expect("a folder");
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"31.00\" }\n";
    let buyers = Buyers::start(dir.path(), profile, &[]);
    std::fs::write(dir.path().join("north.secret"), SECRET).expect("the secret can be written");
    let catalog = |keys: &str| {
        let text = CatalogText::new(&format!("bid_window = \"5s\"\nanswer_by = \"20s\"\n{keys}"));
        let text = text.with("north", Campaign::default()).for_buyers_at(buyers.address());
        text.replace(SECRET, "file:north.secret")
    };
    let mut exchange = Exchange::start(dir.path(), &catalog(""), "");
    assert_eq!(exchange.seller("acme").lead(&lead(1)).outcome(), "sold");
    exchange.stop();
    exchange.start_again();
    assert_eq!(exchange.seller("acme").lead(&lead(2)).outcome(), "sold");
    // A catalog that is applied finds them in the same place, and so does the next start.
    let applied = exchange.apply("next.toml", &catalog("max_buyers = 1"));
    assert!(applied.status.success(), "{}", stderr(&applied));
    exchange.kill();
    exchange.start_again();
    assert_eq!(exchange.catalog_version(), 2);
    assert_eq!(exchange.seller("acme").lead(&lead(3)).outcome(), "sold");
}
