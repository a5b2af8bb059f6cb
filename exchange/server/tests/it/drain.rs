//! What happens to leads when the exchange is told to stop.

use std::net::TcpStream;
use std::sync::atomic::{AtomicU64, Ordering};

use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::Market;
use crate::process::eventually;
use crate::seller::{Caller, Request};

const BUYERS: &str = r#"
[[buyer]]
name = "north"
price = { fixed = "30.00" }
latency = { fixed = "700ms" }
post_latency = { fixed = "50ms" }
"#;

#[test]
fn leads_that_are_on_their_way_are_answered_and_no_more_are_taken() {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let mut market = Market::open(BUYERS, &catalog);
    let acme = market.exchange.seller("acme");
    let operator = market.exchange.operator();
    let ready = Request::new("GET", "/health/ready");
    assert_eq!(operator.call(&ready).status, 200);
    let (mut under_way, mut idle, mut watching) = (acme.connect(), acme.connect(), operator.connect());
    assert_eq!(idle.call(&ready).status, 200);
    assert_eq!(watching.call(&ready).status, 200);
    let first = lead(1);
    under_way.begin(&Request::post("/v1/leads", &first));
    eventually("the buyer is asked", || market.buyers.log_so_far().pings().count() == 1);
    market.exchange.terminate();
    eventually("sellers are no longer let in", || {
        TcpStream::connect(market.exchange.seller_address()).is_err()
    });
    // A connection that was open is closed, or told that the exchange is stopping.
    if let Some(answer) = idle.try_call(&Request::post("/v1/leads", &lead(2))) {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "not_ready"), "{}", answer.text());
    }
    if let Some(answer) = watching.try_call(&ready) {
        assert_eq!((answer.status, answer.problem().as_str()), (503, "not_ready"), "{}", answer.text());
    }
    let answer = under_way.read().expect("the lead that was on its way is answered");
    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
    let status = market.exchange.ended();
    assert!(status.success(), "the exchange ends with {status}");
    let log = market.buyers.stop();
    assert_eq!((log.pings().count(), log.posts().count()), (1, 1));
}

/// Sells leads over one connection until the exchange takes no more, and returns how many were sold.
fn sell_until_refused(seller: &Caller, next: &AtomicU64) -> usize {
    let mut connection = seller.connect();
    let mut sold = 0;
    loop {
        let serial = next.fetch_add(1, Ordering::Relaxed);
        // A connection may be closed between two requests; then nothing has become of the second.
        let Some(answer) = connection.try_call(&Request::post("/v1/leads", &lead(serial))) else {
            return sold;
        };
        if answer.status == 503 {
            assert_eq!(answer.problem(), "not_ready");
            return sold;
        }
        assert_eq!(answer.outcome(), "sold", "{}", answer.text());
        sold += 1;
    }
}

#[test]
fn every_sale_before_the_end_is_answered() {
    let profile = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n\
                   latency = { uniform = [\"1ms\", \"60ms\"] }\n";
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    let mut market = Market::open(profile, &catalog);
    let seller = market.exchange.seller("acme");
    let next = AtomicU64::new(0);
    let sold: usize = std::thread::scope(|scope| {
        let sellers: Vec<_> = (0..16).map(|_| scope.spawn(|| sell_until_refused(&seller, &next))).collect();
        eventually("leads are sold", || market.buyers.log_so_far().posts().count() > 50);
        market.exchange.terminate();
        sellers.into_iter().map(|seller| seller.join().expect("a seller sells")).sum()
    });
    let status = market.exchange.ended();
    assert!(status.success(), "the exchange ends with {status}");
    let taken = market.buyers.stop().posts().filter(|post| post.is_taken()).count();
    assert_eq!(sold, taken, "sellers and buyers agree on what was sold");
}
