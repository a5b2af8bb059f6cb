//! Where a person is to be sent: told as long as the lead lives, kept as ciphertext, gone with the lead.

use serde_json::Value;

use crate::catalog::{Campaign, CatalogText};
use crate::exchange::{Exchange, stderr, stdout};
use crate::killed::each_file;
use crate::lead::{CANARY, lead, phone, ping, post};
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Answer, Request};

/// A sale under an idempotency key.
struct Sold {
    path: String,
    body: Value,
    key: &'static str,
    first: Answer,
}

fn market(more: &str) -> Market {
    market_of("", more)
}

fn market_of(buyer: &str, more: &str) -> Market {
    let profile = format!(
        "[[buyer]]\nname = \"north\"\nprice = {{ fixed = \"40.00\" }}\n{buyer}\npost = [{{ redirect_url = \"https://{CANARY}.example/thanks\" }}]\n"
    );
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"\npost_timeout = \"10s\"")
        .with("north", Campaign::default());
    Market::open_with(&profile, &catalog, more)
}

fn send(exchange: &Exchange, path: &str, body: &Value, key: &'static str) -> Answer {
    exchange.seller("acme").call(&Request::post(path, body).with_header("Idempotency-Key", key))
}

fn link(answer: &Answer) -> Value {
    answer.json()["sales"][0]["redirect_url"].clone()
}

impl Sold {
    fn sell(exchange: &Exchange, path: String, body: Value, key: &'static str) -> Self {
        let first = send(exchange, &path, &body, key);
        assert_eq!(link(&first), format!("https://{CANARY}.example/thanks"), "{}", first.text());
        Self { path, body, key, first }
    }

    fn one_call(exchange: &Exchange, serial: u64, key: &'static str) -> Self {
        Self::sell(exchange, "/v1/leads".to_owned(), lead(serial), key)
    }

    fn two_steps(exchange: &Exchange, serial: u64, key: &'static str) -> Self {
        let offered = exchange.seller("acme").call(&Request::post("/v1/pings", &ping(serial)));
        let path = format!("/v1/pings/{}/post", offered.member("ping_id"));
        Self::sell(exchange, path, post(serial), key)
    }

    fn again(&self, exchange: &Exchange) -> Answer {
        send(exchange, &self.path, &self.body, self.key)
    }

    fn read(&self, exchange: &Exchange) -> Answer {
        let path = format!("/v1/leads/{}", self.first.member("lead_id"));
        exchange.seller("acme").call(&Request::new("GET", &path))
    }

    fn check_told(&self, exchange: &Exchange) {
        let again = self.again(exchange);
        assert_eq!(again.json()["sales"], self.first.json()["sales"], "{}", again.text());
        assert_eq!(link(&self.read(exchange)), link(&self.first));
    }

    fn check_erased(&self, exchange: &Exchange) {
        let again = self.again(exchange);
        assert_eq!((again.status, again.text().contains("lead_erased")), (409, true), "{}", again.text());
        let read = self.read(exchange);
        assert_eq!((read.outcome().as_str(), link(&read)), ("sold", Value::Null), "{}", read.text());
    }
}

fn check(more: &str) {
    let mut market = market(more);
    let sales = [
        Sold::one_call(&market.exchange, 1, "k-1"),
        Sold::two_steps(&market.exchange, 2, "k-2"),
        Sold::one_call(&market.exchange, 3, "k-3"),
    ];
    let [erased @ .., kept] = &sales;
    eventually("the store has followed", || market.exchange.journal_is_even());
    for sold in &sales {
        sold.check_told(&market.exchange);
    }
    market.exchange.kill();
    market.exchange.start_again();
    for sold in &sales {
        sold.check_told(&market.exchange);
    }
    for serial in [1, 2] {
        let output = market.exchange.ask(&["person", "erase"], &phone(serial));
        assert!(output.status.success(), "{}", stderr(&output));
    }
    eventually("the store has followed", || market.exchange.journal_is_even());
    let check_all = |market: &Market| {
        for sold in erased {
            sold.check_erased(&market.exchange);
        }
        kept.check_told(&market.exchange);
    };
    check_all(&market);
    market.exchange.kill();
    market.exchange.start_again();
    check_all(&market);
    market.exchange.stop();
    let rebuilt = market.exchange.inspect(&["store", "rebuild"]);
    assert!(rebuilt.status.success(), "{}", stderr(&rebuilt));
    market.exchange.start_again();
    check_all(&market);
    market.exchange.stop();
    each_file(market.exchange.data_dir(), &mut |path, bytes| {
        let found = bytes.windows(CANARY.len()).any(|window| window.eq_ignore_ascii_case(CANARY.as_bytes()));
        assert!(!found, "{} holds personal data in clear", path.display());
    });
    let dumped = stdout(&Exchange::journal(market.exchange.data_dir(), &["dump"]));
    assert!(dumped.contains("\"sealed:") && !dumped.contains(CANARY), "{dumped}");
}

#[test]
fn a_link_is_told_again_until_its_lead_is_erased() {
    check("");
}

#[test]
fn a_link_that_has_left_the_memory_is_told_again_until_its_lead_is_erased() {
    check("[limits]\nhistory_max = 1\n");
}

#[test]
fn a_link_that_comes_after_its_lead_was_erased_is_not_kept() {
    let mut market = market_of("post_latency = { fixed = \"5s\" }", "");
    let answer = std::thread::scope(|scope| {
        let selling = scope.spawn(|| market.exchange.seller("acme").lead(&lead(1)));
        eventually("the post is out", || market.buyers.log_so_far().posts().next().is_some());
        let output = market.exchange.ask(&["person", "erase"], &phone(1));
        assert!(output.status.success() && !selling.is_finished(), "{}", stderr(&output));
        selling.join().expect("an answer")
    });
    assert_eq!((answer.outcome().as_str(), link(&answer)), ("sold", Value::Null), "{}", answer.text());
    market.exchange.stop();
    let dumped = stdout(&Exchange::journal(market.exchange.data_dir(), &["dump"]));
    assert!(dumped.contains("Outcome") && !dumped.contains("\"sealed:"), "{dumped}");
}
