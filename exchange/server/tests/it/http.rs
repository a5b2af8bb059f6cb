//! HTTP as sellers' programs speak it.

use serde_json::json;

use crate::catalog::{Campaign, CatalogText};
use crate::lead::lead;
use crate::market::Market;
use crate::seller::Request;

fn market() -> Market {
    let catalog =
        CatalogText::new("bid_window = \"5s\"\nanswer_by = \"20s\"").with("north", Campaign::default());
    Market::open("[[buyer]]\nname = \"north\"\nprice = { fixed = \"30.00\" }\n", &catalog)
}

#[test]
fn requests_that_come_together_are_answered_in_order() {
    let market = market();
    let mut connection = market.exchange.seller("acme").connect();
    for serial in 1..=5 {
        let mut lead = lead(serial);
        lead["seller_ref"] = json!(format!("crm-{serial}"));
        connection.begin(&Request::post("/v1/leads", &lead));
    }
    let ids: Vec<String> = (1..=5)
        .map(|_| {
            let answer = connection.read().expect("an answer comes");
            assert_eq!(answer.outcome(), "sold");
            answer.member("lead_id")
        })
        .collect();
    for (serial, id) in (1..).zip(ids) {
        let mut lead = lead(serial);
        lead["seller_ref"] = json!(format!("crm-{serial}"));
        assert_eq!(connection.lead(&lead).member("lead_id"), id, "the answers came in order");
    }
}

#[test]
fn a_body_may_come_in_chunks() {
    let market = market();
    let seller = market.exchange.seller("acme");
    let body = lead(1).to_string();
    let (first, second) = body.split_at(40);
    let mut sent = format!(
        "POST /v1/leads HTTP/1.1\r\nHost: exchange\r\nAuthorization: bearer {}\r\n\
         Content-Type: application/json; charset=utf-8\r\nTransfer-Encoding: chunked\r\n\r\n",
        seller.key()
    );
    for chunk in [first, second, ""] {
        sent.push_str(&[&format!("{:x}", chunk.len()), "\r\n", chunk, "\r\n"].concat());
    }
    let mut connection = seller.connect();
    connection.send(sent.as_bytes()).expect("the request can be sent");
    let answer = connection.read().expect("an answer comes");
    assert_eq!(answer.outcome(), "sold", "{}", answer.text());
}
