//! One sale of the demo: the lead is sent, and its account fetched.

use anyhow::Context as _;
use serde_json::Value;

use super::account::Account;
use super::market::Market;
use super::sample::Sample;
use super::screen;
use crate::http;

/// Sells a lead, shows what came of it, and returns the account of its auction, if it had one.
///
/// # Errors
///
/// Fails if the exchange answers with anything but a business outcome.
pub(crate) fn sell(market: &Market, sample: &Sample) -> anyhow::Result<Option<Account>> {
    let key = market.seller_key(&sample.seller)?;
    let answer = if sample.two_step {
        let offers = http::post(market.seller, "/v1/pings", key, &sample.ping())?;
        print!("{}", offers_text(&offers));
        let ping = text(&offers, "ping_id").context("the answer to the ping has no `ping_id`")?;
        http::post(market.seller, &format!("/v1/pings/{ping}/post"), key, &sample.post())?
    } else {
        http::post(market.seller, "/v1/leads", key, &sample.lead())?
    };
    println!("   {}", answer_text(&answer));
    let Some(auction) = text(&answer, "auction_id") else { return Ok(None) };
    let account = http::get(market.control, &format!("/v1/auctions/{auction}"), &market.operator_key)?;
    let account = Account::read(&account).with_context(|| format!("the account of {auction}"))?;
    // Nobody is considered for a person who is known already.
    if !account.status.starts_with("duplicate") {
        print!("{}{}", screen::table(&account), screen::posts(&account));
    }
    Ok(Some(account))
}

/// Returns the offers of a ping, one a line.
fn offers_text(answer: &Value) -> String {
    let offers = answer.get("offers").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let currency = text(answer, "currency").unwrap_or_default();
    let offer = |(offer, number)| {
        let payout = text(offer, "payout").unwrap_or_default();
        let buyer = text(offer, "buyer_ref").unwrap_or_default();
        format!("   offer {number}: the seller would earn {payout} {currency} from buyer {buyer}\n")
    };
    offers.iter().zip(1..).map(offer).collect()
}

/// Returns what the seller is answered, in one line.
fn answer_text(answer: &Value) -> String {
    let part = |key: &str| text(answer, key).unwrap_or_default().to_owned();
    let mut line = part("status").to_uppercase();
    let details = ["reason", "scope"].map(part);
    for detail in details.iter().filter(|it| !it.is_empty()) {
        line = format!("{line}, {detail}");
    }
    if let Some(elapsed) = answer.get("elapsed_ms").and_then(Value::as_u64) {
        line = format!("{line} after {elapsed} ms");
    }
    let id = if part("auction_id").is_empty() { part("lead_id") } else { part("auction_id") };
    format!("{line}: the seller earns {} {} ({id})", part("payout"), part("currency"))
}

fn text<'a>(body: &'a Value, key: &str) -> Option<&'a str> {
    body.get(key).and_then(Value::as_str)
}
