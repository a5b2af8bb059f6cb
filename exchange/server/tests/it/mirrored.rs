//! The mirror of the counters in Redis: what it shows, and that no seller is the worse for it.

use serde_json::json;

use crate::catalog::{Campaign, CatalogText};
use crate::killed::each_file;
use crate::lead::{CANARY, canary_lead, lead, phone, ping};
use crate::market::{Market, sell};
use crate::metrics::metric;
use crate::process::eventually;
use crate::redis_server::RedisServer;
use crate::seller::Request;

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"7.00\" }\n";
const VERTICAL: &str = "bid_window = \"5s\"\nanswer_by = \"20s\"";

/// An exchange that mirrors into a Redis, which need not run.
fn market(redis: &RedisServer, profile: &str, caps: &str) -> Market {
    let catalog = CatalogText::new(VERTICAL)
        .with_buyer("north", "caps = { sold = { week = 10_000 } }")
        .with_campaign_of("north", "north", Campaign { keys: caps, ..Campaign::default() });
    Market::open_with(profile, &catalog, &redis.config())
}

fn running() -> RedisServer {
    let mut redis = RedisServer::new();
    redis.start();
    redis
}

#[test]
fn redis_shows_what_the_buyer_has_counted() {
    let redis = running();
    let profile = format!("{NORTH}post = [{{ weight = 6 }}, {{ weight = 4, answer = \"rejected\" }}]\n");
    let caps =
        "caps = { sold = { total = 1_000 }, sent = { day = 5_000 }, budget = { month = \"9000.00\" } }";
    let market = market(&redis, &profile, caps);
    sell(&market.exchange.seller("acme"), 8, 0..60, lead);
    let log = market.buyers.log_so_far();
    let sold = i64::try_from(log.posts().filter(|post| post.is_taken()).count()).expect("few");
    let sent = i64::try_from(log.posts().count()).expect("few");
    assert!(0 < sold && sold < sent, "some were rejected: {sold} of {sent}");
    let posted = |key: &str| redis.sum(key, "posted");
    eventually("every sale is mirrored", || posted("px:1:campaign:north:sold:total") == sold);
    eventually("every sale is mirrored", || {
        [posted("px:1:campaign:north:sent:*"), posted("px:1:buyer:north:sold:*")] == [sent, sold]
    });
    eventually("in micros", || posted("px:1:campaign:north:budget:*") == sold * 7_000_000);
    eventually("nothing is open", || redis.sum("px:1:*:*", "pending") == 0);
    assert_eq!(redis.sum("px:1:campaign:north:sold:total", "limit"), 1_000);
    assert_eq!(metric(&market.exchange, "exchange_redis_mirror_following"), "1");
    assert_eq!(metric(&market.exchange, "exchange_sales_total"), sold.to_string());
}

#[test]
fn an_offer_that_is_held_is_pending_until_it_is_given_back() {
    let redis = running();
    let market = market(&redis, NORTH, "caps = { sold = { total = 100 } }");
    let seller = market.exchange.seller("acme");
    let offered = seller.call(&Request::post("/v1/pings", &ping(1)));
    assert_eq!(offered.outcome(), "offers");
    let pending = || redis.sum("px:1:campaign:north:sold:total", "pending");
    eventually("the hold is mirrored", || pending() == 1);
    let path = format!("/v1/pings/{}", offered.member("ping_id"));
    assert_eq!(seller.call(&Request::new("DELETE", &path)).outcome(), "no_offer");
    eventually("its end is mirrored", || pending() == 0);
}

/// Has something happen to Redis while leads are sold, and undoes it. The cap is reached and never passed, every seller
/// is answered as ever, and in the end Redis shows it.
fn check(error: &str, trouble: fn(&mut RedisServer), heal: fn(&mut RedisServer)) {
    let mut redis = running();
    let market = market(&redis, NORTH, "caps = { sold = { total = 50 } }");
    let seller = market.exchange.seller("acme");
    let mut answers = sell(&seller, 4, 0..10, lead);
    eventually("the sales are mirrored", || redis.sum("px:1:campaign:north:sold:*", "posted") == 10);
    trouble(&mut redis);
    answers.extend(sell(&seller, 4, 10..30, lead));
    if !error.is_empty() {
        let errors = format!("exchange_redis_mirror_errors_total{{reason=\"{error}\"}}");
        eventually("the trouble shows", || metric(&market.exchange, &errors) != "0");
        assert_eq!(metric(&market.exchange, "exchange_redis_mirror_following"), "0");
        let lag = || metric(&market.exchange, "exchange_redis_mirror_lag_seconds");
        eventually("the lag grows", || lag().parse::<f64>().is_ok_and(|seconds| seconds > 1.0));
    }
    answers.extend(sell(&seller, 4, 30..60, lead));
    let ready = market.exchange.operator().call(&Request::new("GET", "/health/ready"));
    assert_eq!(ready.status, 200, "{}", ready.text());
    heal(&mut redis);
    answers.extend(sell(&seller, 4, 60..70, lead));
    let outcomes = |status: &str| answers.iter().filter(|(_, answer)| answer.outcome() == status).count();
    assert_eq!((outcomes("sold"), outcomes("unsold")), (50, 20), "no seller sees anything of it");
    eventually("the mirror is even again", || {
        redis.sum("px:1:campaign:north:sold:*", "posted") == 50
            && redis.sum("px:1:buyer:north:sold:*", "posted") == 50
            && metric(&market.exchange, "exchange_redis_mirror_following") == "1"
    });
    let log = market.buyers.stop();
    log.assert_well_formed();
    assert_eq!(log.posts().filter(|post| post.is_taken()).count(), 50);
}

#[test]
fn a_redis_that_dies_in_the_middle_changes_nothing_for_sellers() {
    check("away", RedisServer::kill, RedisServer::start);
}

#[test]
fn a_redis_that_hangs_changes_nothing_for_sellers() {
    check("slow", |redis| redis.signal("-STOP"), |redis| redis.signal("-CONT"));
}

#[test]
fn a_redis_that_is_made_read_only_changes_nothing_for_sellers() {
    check(
        "read_only",
        |redis| redis.order(&["REPLICAOF", "127.0.0.1", "1"]),
        |redis| redis.order(&["REPLICAOF", "NO", "ONE"]),
    );
}

#[test]
fn a_redis_that_is_wiped_changes_nothing_for_sellers() {
    check("", |redis| redis.order(&["FLUSHALL"]), |redis| redis.order(&["FLUSHALL"]));
}

#[test]
fn a_redis_that_says_something_else_changes_nothing_for_sellers() {
    let lie = |redis: &mut RedisServer| {
        for (field, value) in [("posted", "1000000"), ("limit", "0")] {
            redis.ask(&["HSET", "px:1:campaign:north:sold:total", field, value]);
        }
    };
    // Nobody corrects what does not change for five minutes, so it is emptied in the end.
    check("", lie, |redis| redis.order(&["FLUSHALL"]));
}

#[test]
fn a_redis_that_comes_after_the_exchange_is_filled() {
    let mut redis = RedisServer::new();
    let market = market(&redis, NORTH, "caps = { sold = { total = 5 } }");
    let seller = market.exchange.seller("acme");
    let answers = sell(&seller, 2, 0..8, lead);
    assert_eq!(answers.iter().filter(|(_, answer)| answer.outcome() == "sold").count(), 5);
    redis.start();
    eventually("the sales are mirrored", || redis.sum("px:1:campaign:north:sold:total", "posted") == 5);
}

#[test]
fn a_killed_exchange_mirrors_what_it_has_recovered() {
    let redis = running();
    let mut market =
        market(&redis, NORTH, "caps = { sold = { total = 100 }, budget = { day = \"900.00\" } }");
    sell(&market.exchange.seller("acme"), 4, 0..12, lead);
    market.exchange.kill();
    redis.order(&["FLUSHALL"]);
    market.exchange.start_again();
    eventually("the sales are mirrored", || redis.sum("px:1:campaign:north:sold:total", "posted") == 12);
    let budget = || redis.sum("px:1:campaign:north:budget:*", "posted");
    eventually("and what they cost", || budget() == 12 * 7_000_000);
}

#[test]
fn neither_redis_nor_the_metrics_hold_anything_of_a_person() {
    let redis = running();
    let market = market(&redis, NORTH, "caps = { sold = { day = 100 }, sent = { hour = 100 } }");
    let seller = market.exchange.seller("acme");
    assert_eq!(seller.lead(&canary_lead(1)).outcome(), "sold");
    assert_eq!(seller.lead(&canary_lead(1)).outcome(), "sold", "the same answer again");
    let mut again = canary_lead(1);
    again["seller_ref"] = json!(format!("{CANARY}-other"));
    assert_eq!(seller.lead(&again).outcome(), "duplicate");
    eventually("the sale is mirrored", || redis.sum("px:1:campaign:north:sold:*", "posted") == 1);
    let mut files = 0;
    each_file(&redis.written(), &mut |path, bytes| {
        files += 1;
        for canary in [CANARY, &phone(1)] {
            let found =
                bytes.windows(canary.len()).any(|window| window.eq_ignore_ascii_case(canary.as_bytes()));
            assert!(!found, "{} holds personal data", path.display());
        }
    });
    assert!(files > 0, "Redis has written down what it was told");
    let shown = market.exchange.operator().call(&Request::new("GET", "/metrics")).text().to_lowercase();
    assert!(shown.contains("exchange_sales_total 1"), "{shown}");
    for hidden in [CANARY, &phone(1), "acme", "north", "solar"] {
        assert!(!shown.contains(hidden), "{hidden}: {shown}");
    }
}
