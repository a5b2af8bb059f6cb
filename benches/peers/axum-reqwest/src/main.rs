//! The auction of the load comparison as one would write it first: axum takes the lead, reqwest asks ten buyers at
//! once over kept connections, the best bid gets the post. Everything is a `serde_json::Value`.
//!
//! It has the messages and the outcome of the exchange and none of its promises: no keys, no schema, no caps, no
//! duplicates, no journal, no unknown outcomes.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::State;
use axum::routing::post;
use axum::{Json, Router};
use futures::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use uuid::Uuid;

const BUYERS: usize = 10;
const PING_TIMEOUT: Duration = Duration::from_secs(1);
const POST_TIMEOUT: Duration = Duration::from_secs(5);

struct Auctioneer {
    client: Client,
    buyers: Vec<Buyer>,
}

struct Buyer {
    name: String,
    ping_url: String,
    post_url: String,
}

#[tokio::main]
async fn main() {
    let mut arguments = std::env::args().skip(1);
    let (Some(listen), Some(buyers)) = (arguments.next(), arguments.next()) else {
        eprintln!("usage: axum-reqwest-peer LISTEN BUYERS (two addresses with their ports)");
        std::process::exit(64);
    };
    let buyer = |number| Buyer {
        name: format!("buyer-{number}"),
        ping_url: format!("http://{buyers}/buyer-{number}/ping"),
        post_url: format!("http://{buyers}/buyer-{number}/post"),
    };
    let client = Client::builder().tcp_nodelay(true).no_proxy().build().expect("a client without TLS");
    let auctioneer = Auctioneer { client, buyers: (1..=BUYERS).map(buyer).collect() };
    let app = Router::new().route("/v1/leads", post(sell)).with_state(Arc::new(auctioneer));
    let listener = TcpListener::bind(&listen).await.expect("the address is free");
    println!("{}", json!({ "seller": listener.local_addr().expect("a bound address").to_string() }));
    axum::serve(listener, app).await.expect("the listener serves");
}

/// Sells a lead to the best of the bids that came in time.
async fn sell(State(auctioneer): State<Arc<Auctioneer>>, Json(lead): Json<Value>) -> Json<Value> {
    let received = std::time::Instant::now();
    let lead_ref = Uuid::now_v7().simple().to_string();
    let ping = ping_of(&lead, &lead_ref);
    let bids = join_all(auctioneer.buyers.iter().map(|buyer| ask(&auctioneer.client, buyer, &ping))).await;
    let best = bids.into_iter().flatten().max_by_key(|(_, _, cents)| *cents);
    let id = Uuid::now_v7().simple();
    let mut answer = json!({ "lead_id": format!("lead_{id}"), "auction_id": format!("auc_{id}") });
    match best {
        None => {
            answer["status"] = json!("unsold");
            answer["reason"] = json!("no_bid");
        }
        Some((buyer, bid, cents)) => {
            let sale_id = format!("sale_{}", Uuid::now_v7().simple());
            match deliver(&auctioneer.client, buyer, &lead, &lead_ref, &bid, &sale_id).await {
                Some(reply) if reply["status"] == "accepted" => {
                    // The exchange's agreement in the comparison: a fifth stays with it.
                    let payout = format!("{}.{:02}", cents * 80 / 100 / 100, cents * 80 / 100 % 100);
                    answer["status"] = json!("sold");
                    answer["sales"] = json!([{
                        "sale_id": sale_id, "buyer_ref": buyer.name, "payout": payout, "exclusive": true,
                        "redirect_url": reply["redirect_url"],
                    }]);
                    answer["payout"] = json!(payout);
                }
                _ => {
                    answer["status"] = json!("unsold");
                    answer["reason"] = json!("posts_rejected");
                }
            }
        }
    }
    answer["currency"] = json!("USD");
    answer["elapsed_ms"] = json!(received.elapsed().as_millis() as u64);
    Json(answer)
}

/// Returns what every buyer sees of a lead.
fn ping_of(lead: &Value, lead_ref: &str) -> Value {
    let fields = &lead["fields"];
    let text =
        |name: &str, length: usize| fields[name].as_str().and_then(|it| it.get(..length)).unwrap_or("");
    json!({
        "v": 1,
        "timeout_ms": PING_TIMEOUT.as_millis() as u64,
        "vertical": lead["vertical"],
        "currency": "USD",
        "max_buyers": 1,
        "created_at": lead["consent"]["captured_at"],
        "test": false,
        "fields": {
            "zip": text("zip", 3),
            "state": fields["state"],
            "birth_date": text("birth_date", 4),
            "gender": fields["gender"],
            "credit": fields["credit"],
            "home_owner": fields["home_owner"],
            "insured": fields["insured"],
            "carrier": fields["carrier"],
            "policy_months": fields["policy_months"],
            "vehicle_year": fields["vehicle_year"],
            "vehicle_make": fields["vehicle_make"],
            "vehicle_model": fields["vehicle_model"],
            "annual_mileage": fields["annual_mileage"],
            "incidents": fields["incidents"],
        },
        "prior_sales": 0,
        "consent": {
            "model": "general",
            "proofs": ["jornaya"],
            "captured_at": lead["consent"]["captured_at"],
            "jornaya_lead_id": lead["consent"]["jornaya_lead_id"],
        },
        "lead_ref": lead_ref,
        "source": { "ref": "web", "sub_ref": lead["sub_ids"][0], "channel": lead["source"]["channel"] },
    })
}

/// Asks one buyer; returns its reply with its bid in cents.
async fn ask<'a>(client: &Client, buyer: &'a Buyer, ping: &Value) -> Option<(&'a Buyer, Value, u64)> {
    let mut ping = ping.clone();
    ping["ping_id"] = json!(format!("ping_{}", Uuid::now_v7().simple()));
    ping["campaign_id"] = json!(buyer.name);
    let response = client.post(&buyer.ping_url).json(&ping).timeout(PING_TIMEOUT).send().await.ok()?;
    let bid: Value = response.error_for_status().ok()?.json().await.ok()?;
    let (whole, cents) = bid["bid"].as_str()?.split_once('.')?;
    let cents = whole.parse::<u64>().ok()? * 100 + cents.parse::<u64>().ok()?;
    Some((buyer, bid, cents))
}

/// Posts the lead to the buyer that won it.
async fn deliver(
    client: &Client,
    buyer: &Buyer,
    lead: &Value,
    lead_ref: &str,
    bid: &Value,
    sale_id: &str,
) -> Option<Value> {
    let post_id = format!("post_{}", Uuid::now_v7().simple());
    let message = json!({
        "v": 1,
        "post_id": post_id,
        "sale_id": sale_id,
        "campaign_id": buyer.name,
        "vertical": lead["vertical"],
        "lead_ref": lead_ref,
        "price": bid["bid"],
        "currency": "USD",
        "exclusive": true,
        "timeout_ms": POST_TIMEOUT.as_millis() as u64,
        "created_at": lead["consent"]["captured_at"],
        "source": { "ref": "web", "sub_ref": lead["sub_ids"][0], "channel": lead["source"]["channel"] },
        "fields": lead["fields"],
        "consent": lead["consent"],
        "test": false,
    });
    let request = client.post(&buyer.post_url).header("idempotency-key", &post_id).json(&message);
    request.timeout(POST_TIMEOUT).send().await.ok()?.json().await.ok()
}
