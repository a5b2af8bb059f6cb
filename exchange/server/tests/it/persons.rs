//! The complaint call: what is held about a person, and erasing it for good.

use std::fs;
use std::path::Path;

use serde_json::{Map, Value, json};
use sqlx::{Connection as _, Executor as _};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::killed::each_file;
use crate::lead::{CANARY, canary_lead, lead, phone};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n";

fn market() -> Market {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with("north", Campaign::default())
        .with_buyer("south", "");
    Market::open(NORTH, &catalog)
}

fn person(exchange: &Exchange, what: &str, body: &Value) -> Answer {
    let answer = exchange.operator().call(&Request::post(&format!("/v1/persons/{what}"), body));
    assert_eq!(answer.status, 200, "{what}: {}", answer.text());
    answer
}

fn leads(answer: &Answer) -> Vec<Value> {
    answer.json()["leads"].as_array().expect("leads").clone()
}

/// Sells two leads, one of them of the person that is erased, and returns their ids.
fn sell_two(market: &Market) -> [String; 2] {
    let seller = market.exchange.seller("acme");
    let answers = [seller.lead(&canary_lead(1)), seller.lead(&lead(2))];
    for answer in &answers {
        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    }
    eventually("the store has followed", || market.exchange.journal_is_even());
    answers.map(|answer| answer.member("lead_id"))
}

/// Fails if anything about the first person can still be read, or anything of the other cannot.
fn check_erased(exchange: &Exchange, [erased, kept]: &[String; 2]) {
    let exported = person(exchange, "export", &json!({"phone": phone(1)}));
    assert!(!exported.text().contains(CANARY), "{}", exported.text());
    for found in leads(&exported) {
        assert_eq!(
            (found["lead_id"].as_str(), found["data"].as_object().map(Map::len)),
            (Some(&**erased), Some(0)),
            "{found}"
        );
        assert!(found["erased_at"].is_string(), "{found}");
    }
    let other = person(exchange, "export", &json!({"phone": phone(2)}));
    assert_eq!(leads(&other)[0]["lead_id"], **kept);
    assert_eq!(leads(&other)[0]["data"]["fields.phone"], phone(2), "nobody else is erased: {}", other.text());
    let read = exchange.seller("acme").call(&Request::new("GET", &format!("/v1/leads/{erased}")));
    assert!(!read.text().contains(CANARY), "{}", read.text());
    let account = exchange.operator().call(&Request::new("GET", &format!("/v1/auctions/{erased}")));
    assert_eq!(account.outcome(), "sold", "what was sold is still on record: {}", account.text());
    assert!(!account.text().contains(CANARY), "{}", account.text());
}

#[test]
fn a_person_is_found_by_phone_and_by_address_and_exported() {
    let market = market();
    let [first, _] = sell_two(&market);
    let address = format!("{}-1@Example.org", CANARY.to_uppercase());
    for body in [json!({"phone": "+49 891 000 0001"}), json!({"email": address})] {
        let found = person(&market.exchange, "find", &body);
        assert_eq!(leads(&found).len(), 1, "{}", found.text());
        assert_eq!(leads(&found)[0]["lead_id"], *first);
        assert_eq!(leads(&found)[0]["buyers"][0]["buyer"], "north");
        assert!(!found.text().contains(CANARY), "{}", found.text());
        let exported = person(&market.exchange, "export", &body);
        let data = &leads(&exported)[0]["data"];
        assert_eq!(data["fields.phone"], phone(1), "{data}");
        assert_eq!(data["consent.text"], format!("{CANARY}-text"), "{data}");
    }
    let output = market.exchange.ask(&["person", "find"], &phone(1));
    assert!(stdout(&output).contains(&first), "{}{}", stdout(&output), stderr(&output));
    let nobody = person(&market.exchange, "find", &json!({"phone": phone(77)}));
    assert!(leads(&nobody).is_empty());
    for owner in ["seller:acme", "buyer:north"] {
        let asked = Request::post("/v1/persons/find", &json!({"phone": phone(1)}));
        assert_eq!(market.exchange.partner(owner).call(&asked).status, 403, "{owner}");
    }
    assert!(!market.exchange.log().contains(&phone(1)), "the log holds a person");
}

/// While something keeps the store from following, a complaint is refused and told to come again: an answer would
/// leave out the lead that was sold last.
#[test]
fn a_person_is_not_looked_up_in_a_store_that_lags() {
    let market = market();
    sell_two(&market);
    let lock = Lock::of(&market.exchange.data_dir().join("store.db"));
    assert_eq!(market.exchange.seller("acme").lead(&lead(3)).outcome(), "sold");
    let body = json!({"phone": phone(3)});
    for what in ["find", "export", "erase"] {
        let refused = market.exchange.operator().call(&Request::post(&format!("/v1/persons/{what}"), &body));
        assert_eq!((refused.status, refused.problem().as_str()), (503, "overloaded"), "{}", refused.text());
        assert!(refused.text().contains("behind the journal"), "{what}: {}", refused.text());
        assert_eq!(refused.header("retry-after"), Some("1"), "{what}");
    }
    lock.release();
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(leads(&person(&market.exchange, "find", &body)).len(), 1);
}

/// The one place from which a database is written, held by somebody else.
struct Lock {
    runtime: tokio::runtime::Runtime,
    connection: sqlx::AnyConnection,
}

impl Lock {
    fn of(database: &Path) -> Self {
        sqlx::any::install_default_drivers();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        let connection = runtime.block_on(async {
            let url = format!("sqlite://{}", database.display());
            let mut connection = sqlx::AnyConnection::connect(&url).await.expect("the store opens");
            connection.execute("BEGIN IMMEDIATE").await.expect("nobody else writes");
            connection
        });
        Self { runtime, connection }
    }

    fn release(self) {
        let Self { runtime, mut connection } = self;
        runtime.block_on(async {
            connection.execute("ROLLBACK").await.expect("the lock was held");
            connection.close().await.expect("the store closes");
        });
    }
}

#[test]
fn an_erased_person_stays_erased_over_restart_rebuild_and_restored_keys() {
    let mut market = market();
    let ids = sell_two(&market);
    let backup = tempfile::tempdir().expect("a folder");
    let keyslots = market.exchange.data_dir().join("keyslots");
    copy(&keyslots, backup.path());
    let output = market.exchange.ask(&["person", "erase"], &phone(1));
    assert!(output.status.success(), "{}", stderr(&output));
    eventually("the store has followed", || market.exchange.journal_is_even());
    assert_eq!(destroyed(backup.path(), &keyslots), 1, "the key of one lead");
    check_erased(&market.exchange, &ids);
    market.exchange.kill();
    market.exchange.start_again();
    check_erased(&market.exchange, &ids);
    market.exchange.stop();
    let rebuilt = market.exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    market.exchange.start_again();
    check_erased(&market.exchange, &ids);
    market.exchange.stop();
    // An old copy of the keys is put back, as after a restore.
    copy(backup.path(), &keyslots);
    assert_eq!(destroyed(backup.path(), &keyslots), 0, "it is back");
    market.exchange.start_again();
    assert_eq!(destroyed(backup.path(), &keyslots), 1, "and gone again");
    check_erased(&market.exchange, &ids);
    market.exchange.stop();
    each_file(market.exchange.data_dir(), &mut |path, bytes| {
        let found = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
        assert!(!found, "{} holds personal data in clear", path.display());
    });
    let dumped = stdout(&Exchange::journal(market.exchange.data_dir(), &["dump"]));
    assert!(dumped.contains("Erased") && !dumped.contains(CANARY) && !dumped.contains(&phone(1)), "{dumped}");
}

#[test]
fn buyers_are_told_of_an_erasure_and_acknowledge_it() {
    let mut market = market();
    let [erased, _] = sell_two(&market);
    let answer = person(&market.exchange, "erase", &json!({"phone": phone(1)}));
    assert_eq!(leads(&answer)[0]["lead_id"], *erased);
    assert_eq!(leads(&answer)[0]["buyers"][0]["buyer"], "north", "{}", answer.text());
    eventually("the store has followed", || market.exchange.journal_is_even());
    let list = |owner: &str| {
        market.exchange.partner(owner).call(&Request::new("GET", "/v1/erasures")).json()["items"].clone()
    };
    let told = list("buyer:north");
    assert_eq!(told.as_array().map(Vec::len), Some(1), "{told}");
    assert!(told[0]["lead_id"].is_null() && told[0]["seller"].is_null(), "a buyer learns neither: {told}");
    assert_eq!(list("buyer:south"), json!([]));
    let sale = told[0]["buyers"][0]["sale_id"].as_str().expect("a sale").to_owned();
    let path = format!("/v1/erasures/{sale}/acknowledgements");
    let acknowledge = |owner: &str| market.exchange.partner(owner).call(&Request::post(&path, &json!({})));
    assert_eq!(acknowledge("buyer:south").status, 404);
    assert_eq!(acknowledge("operator:ops").status, 403);
    let first = acknowledge("buyer:north");
    assert_eq!((first.status, first.is_replayed()), (200, false), "{}", first.text());
    let again = acknowledge("buyer:north");
    assert_eq!((again.status, again.is_replayed()), (200, true), "{}", again.text());
    assert_eq!(again.member("acknowledged_at"), first.member("acknowledged_at"));
    market.exchange.kill();
    market.exchange.start_again();
    let tracked = market.exchange.operator().call(&Request::new("GET", "/v1/erasures")).json();
    assert_eq!(
        tracked["items"][0]["buyers"][0]["acknowledged_at"],
        *first.member("acknowledged_at"),
        "{tracked}"
    );
    assert_eq!(tracked["items"][0]["lead_id"], *erased);
}

/// Copies a folder of a running exchange. Files that it is about to make are left out: they get their name when they
/// are whole.
fn copy(from: &Path, to: &Path) {
    fs::create_dir_all(to).expect("a folder");
    for entry in fs::read_dir(from).expect("a folder") {
        let entry = entry.expect("an entry");
        if entry.path().extension().is_some_and(|extension| extension == "new") {
            continue;
        }
        let target = to.join(entry.file_name());
        if entry.path().is_dir() {
            copy(&entry.path(), &target);
        } else {
            fs::copy(entry.path(), target).expect("a file can be copied");
        }
    }
}

/// Returns how many keys of leads of a copy are overwritten with zeros now.
fn destroyed(copy: &Path, now: &Path) -> usize {
    /// Bytes of a key as it is kept.
    const SLOT_BYTES: usize = 64;
    let mut count = 0;
    for entry in fs::read_dir(copy.join("leads")).expect("a folder") {
        let entry = entry.expect("an entry");
        let (before, after) = (fs::read(entry.path()), fs::read(now.join("leads").join(entry.file_name())));
        let (before, after) = (before.expect("a file"), after.expect("the file is there still"));
        let slots = before.chunks(SLOT_BYTES).zip(after.chunks(SLOT_BYTES));
        let is_zero = |slot: &[u8]| slot.iter().all(|byte| *byte == 0);
        count += slots.filter(|(before, after)| !is_zero(before) && is_zero(after)).count();
    }
    count
}
