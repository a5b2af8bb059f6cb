//! Suppression lists: raw, hashed and suppressed entries meet, before a ping where the person is known and always before
//! an intent.

use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{stderr, stdout};
use crate::lead::{lead, phone, ping, post};
use crate::market::Market;
use crate::seller::{Answer, Request};

/// Two buyers that bid 31 and 30.
const BUYERS: &str = r#"
[[buyer]]
name = "north"
price = { fixed = "31.00" }
[[buyer]]
name = "south"
price = { fixed = "30.00" }
"#;

fn market() -> Market {
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\noffers_held = 2")
        .with("north", Campaign::default())
        .with("south", Campaign::default());
    Market::open(BUYERS, &catalog)
}

fn hex(text: &str) -> String {
    Sha256::digest(text).iter().fold(String::new(), |hex, byte| hex + &format!("{byte:02x}"))
}

fn email(serial: u64) -> String {
    format!("lead-{serial}@example.org")
}

/// Returns a ping that names its person in one way, or not at all.
fn named_ping(serial: u64, identity: &str) -> Value {
    let mut ping = ping(serial);
    match identity {
        "phone" => ping["identity"] = json!({ "phone_sha256": hex(&phone(serial)) }),
        "email" => ping["identity"] = json!({ "email_sha256": hex(&email(serial)) }),
        _ => {}
    }
    ping
}

fn change(market: &Market, owner: &str, method: &str, body: &Value) -> Answer {
    market.exchange.partner(owner).call(&Request::with_body(method, "/v1/suppressions", body))
}

fn add(market: &Market, owner: &str, entry: &Value) {
    let list = if owner.starts_with("buyer") { "own" } else { "do_not_call" };
    let answer = change(market, owner, "POST", &json!({ "list": list, "entries": [entry] }));
    assert_eq!(
        (answer.status, answer.json()),
        (200, json!({ "list": list, "added": 1 })),
        "{}",
        answer.text()
    );
}

fn pinged(market: &Market, ping: &Value) -> Answer {
    market.exchange.seller("acme").call(&Request::post("/v1/pings", ping))
}

/// Every way to name somebody on a list, met by every way to name somebody in a submission.
#[test]
fn raw_hashed_and_suppressed_entries_meet() {
    let market = market();
    let mut serial = 0;
    for owner in ["operator:ops", "buyer:north"] {
        for entry in ["phone", "email", "phone_sha256", "email_sha256"] {
            for given in ["lead", "phone", "email", "post"] {
                serial += 1;
                let listed = match entry {
                    "phone" => json!({ "phone": phone(serial).replace("+49891", "+49 (0) 89 1") }),
                    "email" => json!({ "email": email(serial).to_uppercase() }),
                    "phone_sha256" => json!({ "phone_sha256": hex(&phone(serial)) }),
                    _ => json!({ "email_sha256": hex(&email(serial)) }),
                };
                add(&market, owner, &listed);
                let shown = format!("{owner} {entry} {given}");
                // A digest of the other address says nothing at the ping; the post tells both.
                let known = given == "lead" || entry.starts_with(given);
                check_barred(&market, (serial, given), (owner == "operator:ops", known), &shown);
            }
        }
    }
    let log = market.buyers.stop();
    log.assert_well_formed();
    // Nobody of the exchange's list was posted to anybody, and nobody of its own list to the buyer north.
    let posts: Vec<(u64, String)> =
        log.posts().map(|post| (post.serial(), post.buyer().to_owned())).collect();
    let expected: Vec<(u64, String)> = (17..=32).map(|serial| (serial, "south".to_owned())).collect();
    assert_eq!(posts, expected);
}

fn check_barred(
    market: &Market,
    (serial, given): (u64, &str),
    (by_exchange, known): (bool, bool),
    shown: &str,
) {
    let acme = market.exchange.seller("acme");
    if given == "lead" {
        let answer = acme.lead(&lead(serial));
        if by_exchange {
            assert_eq!(
                (answer.outcome(), answer.member("reason")),
                ("unsold".into(), "suppressed".into()),
                "{shown}"
            );
        } else {
            check_reason(market, &answer, shown);
        }
        return;
    }
    let offered = pinged(market, &named_ping(serial, given));
    if by_exchange && known {
        let found = (offered.outcome(), offered.member("reason"));
        return assert_eq!(found, ("no_offer".into(), "suppressed".into()), "{shown}: {}", offered.text());
    }
    let offers = offered.json()["offers"].as_array().map_or(0, Vec::len);
    assert_eq!(offers, if !by_exchange && known { 1 } else { 2 }, "{shown}: {}", offered.text());
    let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let answer = acme.call(&Request::post(&path, &post(serial)));
    if by_exchange {
        assert_eq!(
            (answer.outcome(), answer.member("reason")),
            ("unsold".into(), "suppressed".into()),
            "{shown}"
        );
    } else {
        check_reason(market, &answer, shown);
    }
}

/// The buyer south has the lead, and north was left out.
#[track_caller]
fn check_reason(market: &Market, answer: &Answer, shown: &str) {
    assert_eq!(
        (answer.outcome(), answer.member("payout")),
        ("sold".into(), "24.00".into()),
        "{shown}: {}",
        answer.text()
    );
    let account = market.exchange.account(&answer.member("lead_id").replace("lead_", "auc_"));
    let reasons: Vec<&str> = account["campaigns"]
        .as_array()
        .expect("campaigns")
        .iter()
        .filter_map(|one| one["reason"].as_str())
        .collect();
    assert_eq!(reasons, ["suppressed"], "{shown}: {account}");
}

#[test]
fn lists_outlive_kill_and_restart_and_name_who_changed_them() {
    let mut market = market();
    let folder = tempfile::tempdir().expect("a folder");
    let file = folder.path().join("list.txt");
    let lines = format!("# three\n{}\n{}\n{}\n", phone(1), email(2), hex(&phone(3)));
    std::fs::write(&file, lines).expect("written");
    let file = file.to_str().expect("a path");
    let run = |market: &Market, what: &str| {
        let ran = market.exchange.ask(&["suppress", what, file, "--list", "litigator"], "");
        assert!(ran.status.success(), "{}", stderr(&ran));
        stdout(&ran)
    };
    assert_eq!(run(&market, "import"), "3 of 3 entries were added to litigator\n");
    assert_eq!(run(&market, "import"), "0 of 3 entries were added to litigator\n");
    add(&market, "buyer:north", &json!({ "phone": phone(4) }));
    let outcomes = |market: &Market, from: u64| -> Vec<String> {
        let acme = market.exchange.seller("acme");
        (1..=4)
            .map(|serial| {
                let answer = acme.lead(&lead(serial));
                assert_eq!(answer.status, 200, "{from} {serial}: {}", answer.text());
                answer.outcome() + &answer.member("payout")
            })
            .collect()
    };
    let barred = ["unsold0.00", "unsold0.00", "unsold0.00", "sold24.00"];
    assert_eq!(outcomes(&market, 0), barred);
    market.exchange.kill();
    market.exchange.start_again();
    let still = ["unsold0.00", "unsold0.00", "unsold0.00", "duplicate0.00"];
    assert_eq!(outcomes(&market, 1), still);
    // After a stop in good order a checkpoint holds them.
    market.exchange.stop();
    market.exchange.start_again();
    assert_eq!(outcomes(&market, 2), still);

    let listed =
        market.exchange.operator().call(&Request::new("GET", "/v1/suppressions?list=litigator")).json();
    let items = listed["items"].as_array().expect("items").clone();
    assert_eq!(items.len(), 3, "{listed}");
    assert!(items.iter().all(|item| item["by"] == "operator:ops"), "{listed}");
    let own = market.exchange.partner("buyer:north").call(&Request::new("GET", "/v1/suppressions")).json();
    assert_eq!(own["items"].as_array().map(Vec::len), Some(1), "{own}");
    let others = market.exchange.partner("buyer:south").call(&Request::new("GET", "/v1/suppressions")).json();
    assert_eq!(others["items"], json!([]));

    assert_eq!(run(&market, "remove"), "3 of 3 entries were removed from litigator\n");
    market.exchange.kill();
    market.exchange.start_again();
    assert_eq!(outcomes(&market, 3), ["sold24.80", "sold24.80", "sold24.80", "duplicate0.00"]);
    market.exchange.stop();
    let exported = crate::exchange::Exchange::journal(market.exchange.data_dir(), &["export"]);
    let kinds: Vec<Value> = stdout(&exported)
        .lines()
        .map(|line| serde_json::from_str::<Value>(line).expect("JSON"))
        .filter(|line| line["kind"].as_str().is_some_and(|kind| kind.ends_with("suppressed")))
        .map(|line| json!([line["kind"], line["list"], line["entries"], line["by"]]))
        .collect();
    let by = "operator:ops";
    let expected = json!([
        ["suppressed", "litigator", 3, by],
        ["suppressed", "litigator", 3, by],
        ["suppressed", "own", 1, "buyer:north"],
        ["unsuppressed", "litigator", 3, by],
    ]);
    assert_eq!(Value::from(kinds), expected);
    assert!(!market.exchange.log().contains(&phone(1)), "the log holds a person");
}

/// Between ping and post somebody comes onto a list: no intent is written, restart or not.
#[test]
fn a_list_comes_before_the_intent_of_an_offer() {
    let mut market = market();
    let offers: Vec<String> = [(1, "phone"), (2, "phone"), (3, "email")]
        .iter()
        .map(|(serial, identity)| pinged(&market, &named_ping(*serial, identity)).member("ping_id"))
        .collect();
    add(&market, "operator:ops", &json!({ "phone": phone(1) }));
    add(&market, "buyer:north", &json!({ "phone": phone(2) }));
    // The post names another phone; that the ping named this address still counts.
    add(&market, "operator:ops", &json!({ "email": email(3) }));
    market.exchange.kill();
    market.exchange.start_again();
    let acme = market.exchange.seller("acme");
    let posted =
        |at: usize, body: &Value| acme.call(&Request::post(&format!("/v1/pings/{}/post", offers[at]), body));
    let mut other = post(3);
    other["fields"]["email"] = json!("somebody-else@example.org");
    for (at, body) in [(0, post(1)), (2, other)] {
        let answer = posted(at, &body);
        let found = (answer.outcome(), answer.member("reason"));
        assert_eq!(found, ("unsold".into(), "suppressed".into()), "{}", answer.text());
    }
    check_reason(&market, &posted(1, &post(2)), "the buyer's list");
    assert_eq!(market.buyers.stop().posts().count(), 1);
}

#[test]
fn lists_are_bounded_and_an_erased_person_stands_on_one_all_the_same() {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let market = Market::open_with(BUYERS, &catalog, "[limits]\nsuppressions_max = 2\n");
    let entries =
        |from: u64, to: u64| (from..=to).map(|serial| json!({ "phone": phone(serial) })).collect::<Vec<_>>();
    let add = |from, to| {
        change(&market, "operator:ops", "POST", &json!({ "list": "revoked", "entries": entries(from, to) }))
    };
    let full = add(1, 3);
    assert_eq!((full.status, &*full.problem()), (422, "validation"), "{}", full.text());
    assert_eq!(add(1, 2).json()["added"], 2, "at the limit");
    assert_eq!(add(2, 3).status, 422, "one past it");
    assert_eq!(add(1, 2).json()["added"], 0, "who stands there takes no room");
    let bad = change(
        &market,
        "operator:ops",
        "POST",
        &json!({
            "list": "revoked", "entries": [{"phone": phone(1)}, {"phone": "089 1"}, {"email": "ada"}],
        }),
    );
    let fields: Vec<Value> =
        bad.json()["errors"].as_array().expect("errors").iter().map(|error| error["field"].clone()).collect();
    assert_eq!((bad.status, fields), (422, vec![json!("entries.1"), json!("entries.2")]), "{}", bad.text());
    assert!(!bad.text().contains("089"), "{}", bad.text());

    let acme = market.exchange.seller("acme");
    assert_eq!(acme.lead(&lead(9)).outcome(), "sold");
    let erased =
        market.exchange.operator().call(&Request::post("/v1/persons/erase", &json!({ "phone": phone(9) })));
    assert_eq!(erased.status, 200, "{}", erased.text());
    let again = acme.lead(&lead(9));
    assert_eq!(
        (again.outcome(), again.member("reason")),
        ("unsold".into(), "suppressed".into()),
        "{}",
        again.text()
    );
    let listed = market.exchange.operator().call(&Request::new("GET", "/v1/suppressions?list=erased")).json();
    assert_eq!(listed["items"].as_array().map(Vec::len), Some(1), "{listed}");
}
