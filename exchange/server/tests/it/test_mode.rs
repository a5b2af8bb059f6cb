//! Tests of sellers: every outcome, in one call and in two steps, of which nothing counts; and one real campaign with
//! the key of whoever may have it tested.

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::scripted::{Asked, ScriptedBuyer};
use crate::seller::{Answer, Caller, Request};

const BUYERS: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n\
                      [[buyer]]\nname = \"south\"\nprice = { fixed = \"29.00\" }\n";
/// One sale and north is full; it bids most.
const ONE_SALE: &str = "caps.sold = { total = 1 }";

fn market(vertical: &str) -> Market {
    let vertical = format!("offers_held = 2\n{vertical}");
    let catalog = CatalogText::new(&vertical)
        .with("north", Campaign { keys: ONE_SALE, ..Campaign::default() })
        .with("south", Campaign::default());
    Market::open(BUYERS, &catalog)
}

fn usual() -> Market {
    market("bid_window = \"5s\"\nanswer_by = \"20s\"")
}

fn with_test(mut body: Value, test: &Value) -> Value {
    if !test.is_null() {
        body["test"] = test.clone();
    }
    body
}

#[track_caller]
fn outcome(answer: &Answer) -> String {
    if answer.status == 200 { answer.outcome() } else { answer.problem() }
}

/// What a test in one call is told, and what becomes of it.
struct Case {
    test: Value,
    told: &'static str,
    says: &'static [(&'static str, &'static str)],
    sales: usize,
    becomes: &'static str,
}

fn case(
    test: Value,
    told: &'static str,
    says: &'static [(&'static str, &'static str)],
    sales: usize,
) -> Case {
    Case { test, told, says, sales, becomes: told }
}

fn cases() -> Vec<Case> {
    vec![
        case(json!(true), "sold", &[("payout", "\"16.00\"")], 1),
        case(json!("true"), "sold", &[], 1),
        case(json!("sold"), "sold", &[("payout", "\"16.00\"")], 1),
        case(json!("unsold"), "unsold", &[("reason", "\"no_bid\"")], 0),
        case(json!("duplicate"), "duplicate", &[("scope", "\"own\"")], 0),
        case(json!("invalid"), "invalid", &[("payout", "\"0.00\"")], 0),
        // The first buyer, which bids 20.00, refuses it.
        case(json!("cascade"), "sold", &[("payout", "\"8.00\"")], 1),
        case(json!("slow"), "sold", &[("payout", "\"16.00\"")], 1),
        Case { becomes: "sold", ..case(json!("pending"), "pending", &[("reason", "\"post_in_flight\"")], 0) },
    ]
}

/// Whatever tests were made: the real market is as it was. The caps have their room, nothing was asked of a buyer,
/// nothing is on any account.
fn assert_nothing_counted(market: Market) {
    let operator = market.exchange.operator();
    for path in ["/v1/sales", "/v1/ledger", "/v1/balances", "/v1/unknowns"] {
        let listed = operator.call(&Request::new("GET", path));
        assert_eq!(listed.json()["items"], json!([]), "{path}: {}", listed.text());
    }
    // The same person, who is no duplicate, gets the one place of the cap.
    let seller = market.exchange.seller("acme");
    let sold = seller.lead(&lead(1));
    assert_eq!(
        (sold.outcome().as_str(), sold.member("payout").as_str()),
        ("sold", "24.00"),
        "{}",
        sold.text()
    );
    assert_eq!(sold.json()["test"], Value::Null, "{}", sold.text());
    let next = seller.lead(&lead(2));
    assert_eq!(next.member("payout"), "23.20", "the cap has counted one: {}", next.text());
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (3, 2), "of real leads alone");
}

#[test]
fn every_outcome_comes_in_one_call_and_counts_for_nothing() {
    let market = market("bid_window = \"300ms\"\nanswer_by = \"1s\"");
    let seller = market.exchange.seller("acme");
    let test_key = market.exchange.new_key(&["--owner", "seller:acme", "--test"]);
    for caller in [seller.clone(), seller.with_key(&test_key)] {
        for Case { test, told, says, sales, becomes } in cases() {
            let answer = caller.lead(&with_test(lead(1), &test));
            let body = answer.json();
            assert_eq!(outcome(&answer), told, "{test}: {body}");
            assert_eq!(body["test"], json!(true), "{test}: {body}");
            for (key, value) in says {
                assert_eq!(body[key].to_string(), *value, "{test}: {key} of {body}");
            }
            assert_eq!(body["sales"].as_array().map(Vec::len), Some(sales), "{test}: {body}");
            assert_eq!(told == "invalid", body["errors"].is_array(), "{test}: {body}");
            let url = format!("/v1/leads/{}", answer.member("lead_id"));
            let shown = || caller.call(&Request::new("GET", &url));
            eventually("it becomes what it is to be", || shown().outcome() == becomes);
            assert_eq!(shown().json()["test"], json!(true), "{test}");
        }
    }
    let slow = seller.lead(&with_test(lead(1), &json!("slow")));
    let elapsed = slow.json()["elapsed_ms"].as_u64().unwrap_or_default();
    assert!((700..=1_050).contains(&elapsed), "as late as it may be: {}", slow.text());
    assert_nothing_counted(market);
}

/// What a ping and the post of it are told.
struct Steps {
    ping: Value,
    pinged: &'static str,
    post: Value,
    posted: &'static str,
}

fn steps(ping: Value, pinged: &'static str, post: Value, posted: &'static str) -> Steps {
    Steps { ping, pinged, post, posted }
}

#[test]
fn every_outcome_comes_in_two_steps_and_counts_for_nothing() {
    let market = market("bid_window = \"300ms\"\nanswer_by = \"1s\"");
    let seller = market.exchange.seller("acme");
    let test_key = market.exchange.new_key(&["--owner", "seller:acme", "--test"]);
    let by_test_key = seller.with_key(&test_key);
    let (yes, none) = (json!(true), Value::Null);
    let table = [
        (&seller, steps(yes.clone(), "offers", yes.clone(), "sold")),
        (&seller, steps(json!("sold"), "offers", json!("unsold"), "unsold")),
        (&seller, steps(json!("cascade"), "offers", yes.clone(), "sold")),
        (&seller, steps(json!("slow"), "offers", yes.clone(), "sold")),
        (&seller, steps(json!("pending"), "offers", yes.clone(), "pending")),
        (&seller, steps(yes.clone(), "offers", json!("pending"), "pending")),
        (&seller, steps(yes.clone(), "offers", json!("duplicate"), "duplicate")),
        (&seller, steps(yes.clone(), "offers", json!("invalid"), "invalid")),
        (&seller, steps(json!("unsold"), "no_offer", yes.clone(), "")),
        (&seller, steps(json!("duplicate"), "duplicate", yes.clone(), "")),
        (&seller, steps(json!("invalid"), "invalid", yes.clone(), "")),
        // Only a test may follow a test.
        (&seller, steps(yes.clone(), "offers", none.clone(), "ping_field_changed")),
        (&seller, steps(yes, "offers", json!(false), "ping_field_changed")),
        // With a key for tests everything is one.
        (&by_test_key, steps(none.clone(), "offers", none.clone(), "sold")),
        (&by_test_key, steps(json!(false), "offers", json!(false), "sold")),
        (&by_test_key, steps(json!("cascade"), "offers", none, "sold")),
    ];
    for (caller, Steps { ping: first, pinged, post: second, posted }) in table {
        let answer = caller.call(&Request::post("/v1/pings", &with_test(ping(1), &first)));
        assert_eq!(outcome(&answer), pinged, "{first}: {}", answer.text());
        assert_eq!(answer.json()["test"], json!(true), "{first}: {}", answer.text());
        if pinged != "offers" {
            continue;
        }
        let id = answer.member("ping_id");
        assert_eq!(answer.json()["offers"].as_array().map(Vec::len), Some(2), "{}", answer.text());
        let path = format!("/v1/pings/{id}/post");
        let answer = caller.call(&Request::post(&path, &with_test(post(1), &second)));
        assert_eq!(outcome(&answer), posted, "{first}, {second}: {}", answer.text());
        if answer.status == 200 {
            assert_eq!(answer.json()["test"], json!(true), "{first}, {second}: {}", answer.text());
        }
        if posted == "pending" {
            let url = answer.member("status_url");
            eventually("it is sold later", || caller.call(&Request::new("GET", &url)).outcome() == "sold");
        }
    }
    // Nor may a test follow a ping that is none.
    let live = seller.call(&Request::post("/v1/pings", &ping(1)));
    let path = format!("/v1/pings/{}/post", live.member("ping_id"));
    for (caller, body) in [(&seller, with_test(post(1), &json!(true))), (&by_test_key, post(1))] {
        let refused = caller.call(&Request::post(&path, &body));
        assert_eq!(
            (refused.status, outcome(&refused).as_str()),
            (409, "ping_field_changed"),
            "{}",
            refused.text()
        );
        assert_eq!(refused.json()["errors"][0]["field"], json!("test"), "{}", refused.text());
    }
    let given_back = seller.call(&Request::new("DELETE", &format!("/v1/pings/{}", live.member("ping_id"))));
    assert_eq!(given_back.outcome(), "no_offer");
    let log_before = 2;
    let seller = market.exchange.seller("other");
    assert_eq!(seller.lead(&lead(1)).member("payout"), "24.00", "north has its room and knows nobody");
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (log_before + 2, 1), "of real leads alone");
}

#[test]
fn a_test_that_is_refused_names_its_place() {
    let market = usual();
    let seller = market.exchange.seller("acme");
    for test in [json!("sale"), json!(7), json!([true]), json!({})] {
        let answer = seller.lead(&with_test(lead(1), &test));
        assert_eq!(
            (answer.status, outcome(&answer).as_str()),
            (422, "validation"),
            "{test}: {}",
            answer.text()
        );
        assert_eq!(answer.json()["errors"][0]["field"], json!("test"), "{test}: {}", answer.text());
    }
    // The rules of the vertical hold for tests too.
    let mut wrong = with_test(lead(1), &json!(true));
    wrong["fields"]["zip"] = json!("1");
    assert_eq!(outcome(&seller.lead(&wrong)), "validation");
    let mut invalid = with_test(lead(1), &json!("sold"));
    invalid["fields"]["phone"] = json!("+49000000");
    let answer = seller.lead(&invalid);
    assert_eq!(outcome(&answer), "invalid", "{}", answer.text());
    assert_eq!(answer.json()["errors"][0]["field"], json!("fields.phone"), "{}", answer.text());
}

#[test]
fn tests_have_idempotency_keys_of_their_own() {
    let market = usual();
    let seller = market.exchange.seller("acme");
    let send = |caller: &Caller, body: &Value| {
        caller.call(&Request::post("/v1/leads", body).with_header("Idempotency-Key", "one"))
    };
    let test = with_test(lead(1), &json!(true));
    let first = send(&seller, &test);
    let again = send(&seller, &test);
    assert_eq!((first.text(), true), (again.text(), again.is_replayed()));
    let other = send(&seller, &with_test(lead(1), &json!("unsold")));
    assert_eq!(outcome(&other), "idempotency_key_reused");
    let real = send(&seller, &lead(1));
    assert_eq!((outcome(&real).as_str(), real.is_replayed()), ("sold", false), "{}", real.text());
    // The very bytes of a lead, with a key for tests, are another submission.
    let test_key = market.exchange.new_key(&["--owner", "seller:acme", "--test"]);
    let answer = send(&seller.with_key(&test_key), &lead(1));
    assert_eq!(outcome(&answer), "idempotency_key_reused", "the first test had another body");
}

#[test]
fn a_campaign_is_tested_by_its_buyer_or_an_operator_alone() {
    let market = usual();
    let buyer = |name: &str| {
        let key = market.exchange.new_key(&["--owner", &format!("buyer:{name}")]);
        market.exchange.seller("acme").with_key(&key)
    };
    let operator = market.exchange.seller("acme").with_key(market.exchange.key("operator:ops"));
    let (north, south) = (buyer("north"), buyer("south"));
    let seller = market.exchange.seller("acme");
    let of_north = with_test(lead(1), &json!("campaign:north"));
    let table: [(&Caller, Value, &str, &str); 8] = [
        (&seller, of_north.clone(), "forbidden", ""),
        (&seller, with_test(lead(1), &json!("campaign:nobody")), "forbidden", ""),
        (&south, of_north.clone(), "validation", "names no campaign of yours"),
        (&north, with_test(lead(1), &json!("campaign:nobody")), "validation", "names no campaign of yours"),
        (
            &operator,
            with_test(lead(1), &json!("campaign:nobody")),
            "validation",
            "names no campaign of yours",
        ),
        (&operator, with_test(lead(1), &json!("sold")), "forbidden", "others may test a campaign"),
        (&north, lead(1), "forbidden", "others may test a campaign"),
        (&north, with_test(ping(1), &json!("campaign:north")), "validation", ""),
    ];
    for (caller, body, told, says) in table {
        let answer = caller.lead(&body);
        assert_eq!(outcome(&answer), told, "{body}: {}", answer.text());
        assert!(answer.text().contains(says), "{body}: {}", answer.text());
    }
    let answer = north.call(&Request::post("/v1/pings", &with_test(ping(1), &json!("campaign:north"))));
    assert_eq!(outcome(&answer), "forbidden", "in one call only");
    for caller in [&north, &operator] {
        for _ in 0..2 {
            let answer = caller.lead(&of_north);
            assert_eq!(outcome(&answer), "sold", "{}", answer.text());
            assert_eq!(answer.json()["test"], json!(true));
            assert_eq!(answer.member("payout"), "0.00", "nobody sells it");
        }
    }
    let log = market.buyers.stop();
    assert!(log.pings().chain(log.posts()).all(|message| message.buyer() == "north"));
    assert_eq!((log.pings().count(), log.posts().count()), (4, 4));
}

#[test]
fn messages_of_a_test_are_marked_and_nobody_asks_after_it() {
    let buyer = ScriptedBuyer::open(|asked, campaign| {
        assert_eq!(campaign, "north as a test");
        match asked {
            Asked::Ping => Some((200, "{\"bid\": \"30.00\"}".to_owned())),
            // Nobody knows what that says.
            Asked::Post => Some((200, "thanks".to_owned())),
        }
    });
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"")
        .with_buyer("north", "")
        .with_tables(&format!(
            "[campaigns.north]\nbuyer = \"north\"\nvertical = \"solar\"\n\
             ping.url = \"http://{0}/ping\"\npost.url = \"http://{0}/post\"\nunknown_max = 1\n\
             signing_secrets = [\"whsec_ZGVtby1vbmx5LW5vdC1hLXJlYWwtc2VjcmV0\"]\n",
            buyer.address()
        ));
    let market = Market::open(BUYERS, &catalog);
    let operator = market.exchange.seller("acme").with_key(market.exchange.key("operator:ops"));
    // An unknown post of a test opens no circuit.
    for _ in 0..3 {
        let answer = operator.lead(&with_test(lead(1), &json!("campaign:north")));
        assert_eq!(outcome(&answer), "pending", "{}", answer.text());
        assert_eq!(answer.member("reason"), "post_unknown", "{}", answer.text());
        let account = market.exchange.account(&answer.member("auction_id"));
        assert_eq!((&account["test"], &account["seller"]), (&json!(true), &json!("_test")), "{account}");
        assert_eq!(account["campaigns"][0]["campaign"], json!("north"), "{account}");
    }
    assert_eq!(buyer.take_posts("north as a test").len(), 3);
    assert_nothing_was_charged(&market);
}

fn assert_nothing_was_charged(market: &Market) {
    let operator = market.exchange.operator();
    for path in ["/v1/sales", "/v1/ledger", "/v1/unknowns"] {
        let listed = operator.call(&Request::new("GET", path));
        assert_eq!(listed.json()["items"], json!([]), "{path}: {}", listed.text());
    }
}

#[test]
fn tests_stay_apart_over_a_restart() {
    let mut market = usual();
    let seller = market.exchange.seller("acme");
    let sold = seller.call(
        &Request::post("/v1/leads", &with_test(lead(1), &json!(true))).with_header("Idempotency-Key", "one"),
    );
    let open = seller.call(&Request::post("/v1/pings", &with_test(ping(2), &json!(true))));
    assert_eq!((outcome(&sold).as_str(), outcome(&open).as_str()), ("sold", "offers"));
    // Nobody waits for the disk with a test, so it is waited for here.
    let listed = || market.exchange.operator().call(&Request::new("GET", "/v1/leads?status=sold"));
    eventually("the test is on record", || listed().json()["items"][0]["test"] == json!(true));
    market.exchange.kill();
    market.exchange.start_again();
    let seller = market.exchange.seller("acme");
    let again = seller.call(
        &Request::post("/v1/leads", &with_test(lead(1), &json!(true))).with_header("Idempotency-Key", "one"),
    );
    assert_eq!((again.outcome().as_str(), again.is_replayed()), ("sold", true), "{}", again.text());
    assert_eq!(again.json()["test"], json!(true), "{}", again.text());
    let gone = seller.call(&Request::new("GET", &format!("/v1/pings/{}", open.member("ping_id"))));
    assert_eq!(gone.status, 404, "what was under way is forgotten: {}", gone.text());
    let listed = market.exchange.operator().call(&Request::new("GET", "/v1/leads"));
    let tests =
        listed.json()["items"].as_array().into_iter().flatten().all(|lead| lead["test"] == json!(true));
    assert!(tests, "{}", listed.text());
    assert_nothing_counted(market);
}
