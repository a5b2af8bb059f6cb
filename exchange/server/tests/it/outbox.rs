//! What receivers are told, whether they listen or not.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Value, json};

use crate::catalog::{Campaign, CatalogText};
use crate::inbox::{Event, Inbox, signature};
use crate::lead::{lead, ping, post};
use crate::market::Market;
use crate::metrics::metric;
use crate::process::eventually;
use crate::seller::Request;
use crate::tracker::{Call, Tracker};

const NORTH: &str = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.00\" }\n";

/// Returns the bytes that the contract documents, with what only the exchange can know taken from the event.
fn documented(event: &Event, kind: &str, more: &str, payout: &str) -> String {
    let text =
        |at: &str| event.body.pointer(at).and_then(|text| text.as_str()).unwrap_or_default().to_owned();
    format!(
        "{{\"event_id\":\"{}\",\"type\":\"{kind}\",\"created_at\":\"{}\",\"data\":{{\"lead_id\":\"{}\"{more},\
         \"payout\":\"{payout}\",\"currency\":\"EUR\"}}}}",
        text("/event_id"),
        text("/created_at"),
        text("/data/lead_id"),
    )
}

fn leads(events: &[Event]) -> Vec<String> {
    let lead = |event: &Event| event.body["data"]["lead_id"].as_str().unwrap_or_default().to_owned();
    events.iter().map(lead).collect()
}

#[test]
fn every_lead_is_told_once_and_in_order_with_the_bytes_of_the_contract() {
    let (inbox, choosy) = (Inbox::open(0), Inbox::open(0));
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"10s\"\nhold_time = \"1s\"")
        .with("north", Campaign::default())
        .with_webhook("acme", inbox.address())
        .with_webhook("other", choosy.address())
        .with_tables("webhook_events = [\"lead.unsold\"]\n");
    let market = Market::open(NORTH, &catalog);
    let seller = market.exchange.seller("acme");
    let asking = |serial: u64| {
        let mut asking = lead(serial);
        asking["floor"] = "100.00".into();
        asking
    };
    let unposted = seller.call(&Request::post("/v1/pings", &ping(9))).member("ping_id");
    let path = format!("/v1/pings/{unposted}");
    let first = seller.lead(&lead(1));
    let second = seller.lead(&asking(2));
    assert_eq!((first.outcome(), second.outcome()), ("sold".to_owned(), "unsold".to_owned()));
    let offered = seller.call(&Request::post("/v1/pings", &ping(3)));
    let posting = format!("/v1/pings/{}/post", offered.member("ping_id"));
    let third = seller.call(&Request::post(&posting, &post(3)));
    assert_eq!(third.outcome(), "sold", "{}", third.text());
    eventually("the offers are over", || {
        seller.call(&Request::new("GET", &path)).text().contains("offers_expired")
    });
    let last = seller.lead(&lead(4));
    let other = market.exchange.seller("other");
    let (_, unsold) = (other.lead(&lead(5)), other.lead(&asking(6)));
    inbox.wait_for("lead.sold", &last.member("lead_id"));
    choosy.wait_for("lead.unsold", &unsold.member("lead_id"));
    let came = inbox.came();
    let told: Vec<_> = [&first, &second, &third, &last].map(|answer| answer.member("lead_id")).into();
    assert_eq!(leads(&came), told, "a ping that was never posted is no lead");
    let sold = ("lead.sold", "", "32.00");
    let expected = [sold, ("lead.unsold", ",\"reason\":\"below_floor\"", "0.00"), sold, sold];
    for (event, (kind, more, payout)) in came.iter().zip(expected) {
        assert_eq!(String::from_utf8_lossy(&event.bytes), documented(event, kind, more, payout));
    }
    assert_eq!(leads(&choosy.came()), [unsold.member("lead_id")], "it wants nothing else");
}

#[test]
fn a_receiver_that_is_down_holds_up_nobody_else_and_is_told_after_a_kill() {
    let (down, well) = (Inbox::open(usize::MAX), Inbox::open(0));
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"10s\"")
        .with("north", Campaign::default())
        .with_webhook("acme", down.address())
        .with_webhook("other", well.address());
    let mut market = Market::open(NORTH, &catalog);
    let acme = market.exchange.seller("acme");
    let mut owed: Vec<String> = (1..=20).map(|serial| acme.lead(&lead(serial)).member("lead_id")).collect();
    eventually("it is tried", || !down.came().is_empty());
    let other = market.exchange.seller("other");
    let told: Vec<String> = (31..=35).map(|serial| other.lead(&lead(serial)).member("lead_id")).collect();
    eventually("the other seller is told", || leads(&well.came()) == told);
    let waiting = "exchange_outbox_receivers_waiting{channel=\"webhook\"}";
    eventually("the backlog shows", || metric(&market.exchange, waiting) == "1");
    let lag = metric(&market.exchange, "exchange_outbox_lag_seconds{channel=\"webhook\"}");
    assert!(lag.parse::<f64>().is_ok_and(|lag| lag > 0.0), "{lag}");
    let refused = "exchange_outbox_messages_total{channel=\"webhook\",outcome=\"refused\"}";
    assert_ne!(metric(&market.exchange, refused), "0");
    market.exchange.kill();
    market.exchange.start_again();
    owed.push(market.exchange.seller("acme").lead(&lead(21)).member("lead_id"));
    down.take_all();
    eventually("it is told what it missed", || leads(&down.taken()).len() >= owed.len());
    assert_eq!(leads(&down.taken()), owed, "all of it, in order");
    let came = down.came();
    let of_first = || came.iter().filter(|event| leads(std::slice::from_ref(*event)) == owed[..1]);
    assert!(of_first().count() > 1, "it was tried before");
    assert!(
        of_first().all(|event| event.id == came[0].id && event.bytes == came[0].bytes),
        "one id, one text"
    );
    eventually("nothing waits any more", || metric(&market.exchange, waiting) == "0");
    assert_eq!(leads(&well.taken()), told, "nobody else is told anything twice");
}

#[test]
fn a_tracker_is_called_once_taken_with_every_value_in_its_place() {
    let (gets, posts) = (Tracker::open(1), Tracker::open(0));
    let tables = format!(
        "\n[sellers.acme]\npostback = {{ url = \"http://{}/p?click={{sub_id}}&two={{sub_id_2}}&ref={{seller_ref}}\
         &amount={{payout}}&currency={{currency}}&roof={{fields.roof}}&lead={{lead_id}}\" }}\n\
         [sellers.other]\npostback = {{ url = \"http://{}/u?why={{reason}}&event={{event}}&lead={{lead_id}}\", \
         method = \"POST\", on = [\"unsold\"] }}\n",
        gets.address(),
        posts.address(),
    );
    let catalog = CatalogText::new("bid_window = \"5s\"\nanswer_by = \"10s\"")
        .with("north", Campaign::default())
        .with_tables(&tables);
    let mut market = Market::open(NORTH, &catalog);
    let mut told = lead(1);
    told["sub_ids"] = json!(["a&b=c/\u{fc} 1"]);
    told["seller_ref"] = "crm#7".into();
    let sold = market.exchange.seller("acme").lead(&told);
    assert_eq!(sold.outcome(), "sold", "{}", sold.text());
    let mut asking = lead(2);
    asking["floor"] = "100.00".into();
    let unsold = market.exchange.seller("other").lead(&asking);
    eventually("the tracker is called", || !gets.calls().is_empty() && !posts.calls().is_empty());
    market.exchange.kill();
    market.exchange.start_again();
    eventually("it is called again", || !gets.taken().is_empty());
    let last = market.exchange.seller("acme").lead(&lead(3)).member("lead_id");
    eventually("the next one comes", || gets.taken().len() == 2);
    let refused = gets.calls().into_iter().next().expect("a call");
    let lines: Vec<String> = [refused].into_iter().chain(gets.taken()).map(|call| call.line).collect();
    let first = format!(
        "GET /p?click=a%26b%3Dc%2F%C3%BC%201&two=&ref=crm%237&amount=32.00&currency=EUR&roof=pitched&lead={}",
        sold.member("lead_id")
    );
    let next = format!("GET /p?click=&two=&ref=&amount=32.00&currency=EUR&roof=pitched&lead={last}");
    assert_eq!(lines, [first.clone(), first, next]);
    let calls = posts.taken();
    let [call] = calls.as_slice() else { panic!("one call: {calls:?}") };
    assert_eq!(call.line, "POST /u");
    assert_eq!(call.header("content-type"), "application/x-www-form-urlencoded");
    let form = format!("why=below_floor&event=lead.unsold&lead={}", unsold.member("lead_id"));
    assert_eq!(call.text(), form);
}

/// Returns the notices of calls whose signatures hold.
fn notices(calls: &[Call]) -> Vec<Value> {
    let notices = calls.iter().flat_map(|call| {
        let (id, timestamp) = (call.header("webhook-id"), call.header("webhook-timestamp"));
        assert_eq!(call.header("webhook-signature"), signature(id, timestamp, &call.body));
        let body: Value = serde_json::from_slice(&call.body).expect("JSON");
        assert_eq!(body["v"], 1);
        body["notices"].as_array().expect("a list").clone()
    });
    notices.collect()
}

/// Returns what a tracker was told, without what only the exchange can know.
fn shown(tracker: &Tracker) -> Vec<Value> {
    let mut known = BTreeSet::new();
    let mut shown = notices(&tracker.taken());
    // A message that was on its way at the kill may come again, perhaps with others.
    shown.retain(|notice| known.insert(notice["notice_id"].to_string()));
    for notice in &mut shown {
        let members = notice.as_object_mut().expect("an object");
        let id = members.remove("notice_id").expect("an id");
        assert!(id.as_str().is_some_and(|id| id.starts_with("ntc_") && id.len() == 36), "{id}");
        assert!(members.remove("at").is_some_and(|at| at.as_str().is_some_and(|at| at.ends_with('Z'))));
    }
    shown
}

#[test]
fn buyers_are_told_what_became_of_their_bids() {
    let names = ["north", "south", "west"];
    let trackers = [Tracker::open(usize::MAX), Tracker::open(0), Tracker::open(0)];
    let vertical = "bid_window = \"5s\"\nanswer_by = \"10s\"\nhold_time = \"1s\"\n\
                    disclose_minimum_to_win = true\nminimum_to_win_delay = \"0s\"";
    let mut catalog = CatalogText::new(vertical);
    for (name, tracker) in names.iter().zip(&trackers) {
        let flat = if *name == "west" { "filter = { field = \"roof\", equals = \"flat\" }\n" } else { "" };
        let keys =
            format!("{flat}notices = {{ url = \"http://{}/notices\", batch_max = 2 }}", tracker.address());
        catalog = catalog.with(name, Campaign { keys: &keys, ..Campaign::default() });
    }
    let buyers = "[[buyer]]\nname = \"north\"\nprice = { fixed = \"40.20\" }\n\
                  [[buyer]]\nname = \"south\"\nprice = { fixed = \"30.00\" }\n\
                  [[buyer]]\nname = \"west\"\nprice = { fixed = \"20.00\" }\n";
    let mut market = Market::open(buyers, &catalog);
    let seller = market.exchange.seller("acme");
    assert_eq!(seller.lead(&lead(1)).outcome(), "sold", "two companies bid");
    let mut flat = lead(2);
    flat["fields"]["roof"] = "flat".into();
    assert_eq!(seller.lead(&flat).outcome(), "sold", "three companies bid");
    assert_eq!(seller.call(&Request::post("/v1/pings", &ping(3))).outcome(), "offers");
    let [north, south, west] = &trackers;
    eventually("south is told", || notices(&south.taken()).len() == 3);
    eventually("west is told", || notices(&west.taken()).len() == 1);
    eventually("north is tried", || notices(&north.calls()).len() >= 2);
    assert!(
        south.calls().iter().all(|call| notices(std::slice::from_ref(call)).len() <= 2),
        "at most so many at once"
    );
    market.exchange.kill();
    market.exchange.start_again();
    north.take_all();
    eventually("north is told", || shown(north).len() == 3);
    let mut by_id: BTreeMap<String, Value> = BTreeMap::new();
    for notice in notices(&north.calls()) {
        let before = by_id.insert(notice["notice_id"].to_string(), notice.clone());
        assert!(before.is_none_or(|before| before == notice), "one id, one notice");
    }
    assert_eq!(by_id.len(), 3);
    let log = market.buyers.stop();
    let expected = |buyer: &str, told: Value| {
        let pings: Vec<String> = log
            .pings()
            .filter(|ping| ping.buyer() == buyer)
            .map(|ping| ping.text("ping_id").to_owned())
            .collect();
        let mut told = told.as_array().expect("a list").clone();
        assert_eq!(told.len(), pings.len(), "{buyer}");
        for (notice, ping) in told.iter_mut().zip(pings) {
            notice["campaign_id"] = buyer.into();
            notice["currency"] = "EUR".into();
            notice["ping_id"] = ping.into();
        }
        told
    };
    let won = json!({"outcome": "won", "reason": "accepted", "bid": "40.20", "price": "40.20"});
    let void = |bid: &str| json!({"outcome": "void", "reason": "not_posted", "bid": bid});
    assert_eq!(shown(north), expected("north", json!([won, won, void("40.20")])));
    let outbid = json!({"outcome": "lost", "reason": "outbid", "bid": "30.00"});
    let told = json!({"outcome": "lost", "reason": "outbid", "bid": "30.00", "minimum_to_win": "40.50"});
    assert_eq!(shown(south), expected("south", json!([outbid, told, void("30.00")])));
    let told = json!({"outcome": "lost", "reason": "outbid", "bid": "20.00", "minimum_to_win": "40.50"});
    assert_eq!(shown(west), expected("west", json!([told])));
}
