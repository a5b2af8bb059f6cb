//! Every endpoint with every role, against one table; and what of other tenants' things an answer holds.

use std::collections::BTreeSet;

use exchange_control::ENDPOINTS;
use exchange_types::AuctionId;

use crate::account;
use crate::client::{Reply, send, start};
use crate::made_up::MadeUp;
use crate::made_up::deals::{DEALS, Deal, FIRST, SECOND};
use crate::made_up::stops::stop_id;

/// Who asks: nobody, the seller and another, the buyer and another, an operator.
const CALLERS: [Option<&str>; 6] = [
    None,
    Some("seller-acme"),
    Some("seller-beta"),
    Some("buyer-north"),
    Some("buyer-south"),
    Some("operator-ada"),
];

/// An endpoint, asked for something of `acme` that `north` bought, and what each caller gets.
struct Row {
    endpoint: (&'static str, &'static str),
    id: String,
    body: &'static str,
    statuses: [u16; 6],
}

const OPEN: [u16; 6] = [200; 6];
const OPERATORS: [u16; 6] = [401, 403, 403, 403, 403, 200];
const OR_BUYERS: [u16; 6] = [401, 403, 403, 200, 200, 200];
const EVERYBODY: [u16; 6] = [401, 200, 200, 200, 200, 200];

fn row(
    method: &'static str,
    path: &'static str,
    id: &dyn ToString,
    body: &'static str,
    statuses: [u16; 6],
) -> Row {
    Row { endpoint: (method, path), id: id.to_string(), body, statuses }
}

fn plain(method: &'static str, path: &'static str, statuses: [u16; 6]) -> Row {
    row(method, path, &"", "", statuses)
}

fn table() -> Vec<Row> {
    let mut table = of_the_process();
    table.extend(of_leads_and_money());
    table
}

fn of_the_process() -> Vec<Row> {
    vec![
        plain("get", "/health/live", OPEN),
        plain("get", "/health/ready", OPEN),
        plain("get", "/metrics", OPERATORS),
        plain("get", "/v1/journal", OPERATORS),
        plain("get", "/v1/catalog", OPERATORS),
        row("put", "/v1/catalog", &"", r#"{"files": []}"#, OPERATORS),
        plain("get", "/v1/keys", OPERATORS),
        plain("post", "/v1/keys/reload", OPERATORS),
        plain("post", "/v1/reload", OPERATORS),
    ]
}

fn of_leads_and_money() -> Vec<Row> {
    let (sale, post) = (FIRST.sale(), FIRST.post());
    vec![
        plain("get", "/v1/leads", [401, 200, 200, 403, 403, 200]),
        row("get", "/v1/leads/{id}", &FIRST.lead(), "", [401, 200, 404, 403, 403, 200]),
        plain("get", "/v1/auctions", OPERATORS),
        row("get", "/v1/auctions/{id}", &AuctionId(account::id()), "", OPERATORS),
        row("post", "/v1/auctions/{id}/replay", &AuctionId(account::id()), "{}", OPERATORS),
        plain("get", "/v1/unknowns", OPERATORS),
        row(
            "post",
            "/v1/posts/{id}/resolve",
            &post,
            r#"{"outcome": "rejected", "reason": "by phone"}"#,
            OPERATORS,
        ),
        row(
            "post",
            "/v1/posts/{id}/outcome",
            &post,
            r#"{"status": "accepted"}"#,
            [401, 403, 403, 200, 404, 403],
        ),
        plain("get", "/v1/sales", EVERYBODY),
        row("get", "/v1/sales/{id}", &sale, "", [401, 200, 404, 200, 404, 200]),
        row(
            "post",
            "/v1/sales/{id}/returns",
            &sale,
            r#"{"reason": "fraud"}"#,
            [401, 403, 403, 200, 404, 200],
        ),
        row(
            "post",
            "/v1/sales/{id}/adjustments",
            &sale,
            r#"{"price": "20.00", "payout": "16.00", "reason": "agreed"}"#,
            OPERATORS,
        ),
        row("post", "/v1/sales/{id}/reversals", &sale, r#"{"reason": "test lead"}"#, OPERATORS),
        plain("get", "/v1/balances", EVERYBODY),
        row(
            "post",
            "/v1/buyers/{name}/balance",
            &"north",
            r#"{"kind": "deposit", "amount": "5", "currency": "EUR", "reference": "bank"}"#,
            OPERATORS,
        ),
        plain("get", "/v1/ledger", EVERYBODY),
        plain("post", "/v1/ledger/verify", OPERATORS),
        row("post", "/v1/persons/find", &"", r#"{"phone": "+498912345678"}"#, OPERATORS),
        row("post", "/v1/persons/export", &"", r#"{"phone": "+498912345678"}"#, OPERATORS),
        row("post", "/v1/persons/erase", &"", r#"{"phone": "+498912345678"}"#, OPERATORS),
        plain("get", "/v1/erasures", OR_BUYERS),
        row("post", "/v1/erasures/{id}/acknowledgements", &sale, "", [401, 403, 403, 200, 404, 403]),
        plain("get", "/v1/stops", OPERATORS),
        row("post", "/v1/stops", &"", r#"{"kind": "buyer", "name": "a", "reason": "b"}"#, OPERATORS),
        row("delete", "/v1/stops/{id}", &stop_id(), "", OPERATORS),
        plain("get", "/v1/suppressions", OR_BUYERS),
        row("post", "/v1/suppressions", &"", r#"{"entries": []}"#, [401, 403, 403, 200, 200, 422]),
        row(
            "delete",
            "/v1/suppressions",
            &"",
            r#"{"list": "revoked", "entries": []}"#,
            [401, 403, 403, 422, 422, 200],
        ),
    ]
}

async fn ask(row: &Row, caller: Option<&str>) -> Reply {
    let running = start(MadeUp { account: Some(account::account()), ..MadeUp::default() }).await;
    let (method, path) = row.endpoint;
    let path = path.replace("{id}", &row.id).replace("{name}", &row.id);
    let key = caller.map_or("X-None: 1".to_owned(), |key| format!("Authorization: Bearer {key}"));
    let head = format!(
        "{} {path} HTTP/1.1\n{key}\nContent-Type: application/json\nIdempotency-Key: one",
        method.to_uppercase()
    );
    send(running.address, &head, row.body).await
}

/// What a caller may never read: everybody else's names, ids and side of the money.
fn hidden_from(caller: &str) -> Vec<String> {
    let digits = |deal: Deal| deal.lead().to_string().replace("lead_", "");
    let mut hidden = Vec::new();
    for deal in DEALS {
        hidden.push(deal.margin.to_owned());
        if caller != format!("seller-{}", deal.seller) {
            let lead = digits(deal);
            hidden.extend([deal.seller.into(), deal.payout.into(), deal.buyer_ref.into(), lead]);
        }
        if caller != format!("buyer-{}", deal.buyer) {
            let post = deal.post().to_string();
            hidden.extend([deal.buyer.into(), deal.campaign.into(), deal.price.into(), post]);
        }
        if caller != format!("seller-{}", deal.seller) && caller != format!("buyer-{}", deal.buyer) {
            hidden.push(deal.sale().to_string());
        }
    }
    // The running numbers tell how much others sell.
    hidden.extend(["4711".to_owned(), "cdcdcd".to_owned(), "operator:ada".to_owned()]);
    hidden
}

#[test]
fn the_table_holds_every_endpoint_once() {
    let listed: Vec<_> = table().iter().map(|row| row.endpoint).collect();
    assert_eq!(listed.len(), ENDPOINTS.len());
    assert_eq!(listed.into_iter().collect::<BTreeSet<_>>(), ENDPOINTS.iter().copied().collect());
}

#[tokio::test]
async fn every_endpoint_takes_the_roles_of_the_table_and_no_other() {
    for row in table() {
        for (caller, status) in CALLERS.into_iter().zip(row.statuses) {
            let reply = ask(&row, caller).await;
            assert_eq!(reply.status, status, "{:?} as {caller:?}: {}", row.endpoint, reply.body);
            let kind = match status {
                401 => Some("unauthorized"),
                403 => Some("forbidden"),
                404 => Some("not_found"),
                _ => None,
            };
            if let Some(kind) = kind {
                assert_eq!(reply.json()["type"], format!("/problems/{kind}"), "{:?}", row.endpoint);
            }
        }
    }
}

#[tokio::test]
async fn a_partner_reads_nothing_of_another_tenant() {
    for row in table() {
        for caller in CALLERS.into_iter().flatten().filter(|caller| !caller.starts_with("operator")) {
            let reply = ask(&row, Some(caller)).await;
            for hidden in hidden_from(caller) {
                // What the caller sent itself comes back in no answer either, so the whole body is looked at.
                assert!(
                    !reply.body.contains(&hidden),
                    "{:?} as {caller}: {hidden} in {}",
                    row.endpoint,
                    reply.body
                );
            }
        }
    }
}

#[tokio::test]
async fn an_operator_reads_both_sides() {
    let sale = table().into_iter().find(|row| row.endpoint == ("get", "/v1/sales")).expect("the row");
    let reply = ask(&sale, Some("operator-ada")).await;
    for deal in [FIRST, SECOND] {
        for shown in [deal.seller, deal.buyer, deal.campaign, deal.price, deal.payout, deal.margin] {
            assert!(reply.body.contains(shown), "{shown} in {}", reply.body);
        }
    }
}

#[tokio::test]
async fn a_test_key_opens_nothing() {
    for row in table().iter().filter(|row| row.statuses != OPEN) {
        for caller in ["seller-test-acme", "buyer-test-north", "operator-test-ada"] {
            let reply = ask(row, Some(caller)).await;
            assert_eq!(reply.status, 403, "{:?} as {caller}: {}", row.endpoint, reply.body);
        }
    }
}
