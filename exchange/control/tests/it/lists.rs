//! Lists, page by page.

use std::sync::Arc;

use exchange_control::{Filter, Page, limits};
use exchange_types::UtcMicros;
use serde_json::json;

use crate::client::ask;
use crate::made_up::deals::FIRST;
use crate::made_up::{Fails, MadeUp, Seen};

async fn query_of(request: &str) -> (Filter, Page) {
    let backend = MadeUp::default();
    let seen = Arc::clone(&backend.seen);
    let reply = ask(backend, "operator-ada", request, "").await;
    assert_eq!(reply.status, 200, "{request}: {}", reply.body);
    let seen = seen.lock().expect("no panic");
    let [Seen::Query(filter, page)] = seen.as_slice() else { panic!("{seen:?}") };
    (filter.clone(), page.clone())
}

#[tokio::test]
async fn a_list_is_narrowed_as_its_query_says() {
    let request = "GET /v1/sales?from=2026-11-20T00:00:00Z&to=2026-11-20T02:00:00%2B01:00&status=settled\
        &vertical=solar&seller=acme&buyer=north&limit=200&cursor=abc";
    let (filter, page) = query_of(request).await;
    let expected = Filter {
        from: Some(UtcMicros(1_795_132_800_000_000)),
        to: Some(UtcMicros(1_795_136_400_000_000)),
        status: Some("settled"),
        vertical: Some("solar".into()),
        seller: Some("acme".into()),
        buyer: Some("north".into()),
    };
    assert_eq!(
        (filter, page),
        (expected, Page { cursor: Some("abc".into()), limit: limits::PAGE_ITEMS_MAX })
    );
    let (filter, page) = query_of("GET /v1/leads").await;
    assert_eq!((filter, page), (Filter::default(), Page { cursor: None, limit: limits::PAGE_ITEMS_DEFAULT }));
    let (filter, _) = query_of("GET /v1/auctions?status=no_offer&seller=acme").await;
    assert_eq!((filter.status, filter.seller.as_deref()), (Some("no_offer"), Some("acme")));
}

#[tokio::test]
async fn wrong_queries_are_refused_with_every_mistake() {
    let long = format!("GET /v1/leads?cursor={}", "c".repeat(limits::CURSOR_BYTES_MAX + 1));
    let cases = [
        (
            "operator-ada",
            "GET /v1/leads?limit=0&status=gone&x=1",
            vec![("status", "not_in_enum"), ("limit", "out_of_range"), ("x", "unknown_key")],
        ),
        ("operator-ada", "GET /v1/leads?limit=201", vec![("limit", "out_of_range")]),
        ("operator-ada", &*long, vec![("cursor", "too_long")]),
        ("operator-ada", "GET /v1/leads?buyer=north", vec![("buyer", "unknown_key")]),
        (
            "operator-ada",
            "GET /v1/sales?from=2026-11-20T00:00:00Z&to=2026-11-20T00:00:00Z",
            vec![("to", "out_of_range")],
        ),
        ("operator-ada", "GET /v1/unknowns?status=open", vec![("status", "unknown_key")]),
        ("operator-ada", "GET /v1/sales?cursor=stale", vec![("cursor", "malformed")]),
        // Whoever could narrow by the other side would learn who it is.
        ("seller-acme", "GET /v1/sales?buyer=north", vec![("buyer", "unknown_key")]),
        ("buyer-north", "GET /v1/sales?seller=acme", vec![("seller", "unknown_key")]),
        ("seller-acme", "GET /v1/ledger?buyer=north", vec![("buyer", "unknown_key")]),
    ];
    for (bearer, request, expected) in cases {
        let reply = ask(MadeUp::default(), bearer, request, "").await;
        let expected: Vec<_> =
            expected.into_iter().map(|(field, code)| (field.to_owned(), code.to_owned())).collect();
        assert_eq!((reply.status, reply.errors()), (422, expected), "{request}");
    }
}

#[tokio::test]
async fn a_seller_sees_its_leads_with_their_sales() {
    let reply = ask(MadeUp::default(), "seller-acme", "GET /v1/leads", "").await;
    let lead = json!({
        "lead_id": FIRST.lead().to_string(),
        "auction_id": FIRST.lead().to_string().replace("lead_", "auc_"),
        "ping_id": FIRST.lead().to_string().replace("lead_", "ping_"),
        "kind": "two_step", "seller": "acme", "vertical": "solar", "status": "sold", "payout": "25.20",
        "currency": "EUR", "catalog_version": 7, "admitted_at": "2026-11-20T00:00:00.000Z",
    });
    assert_eq!(reply.json(), json!({"items": [lead], "next": "after-these"}));
    let reply = ask(MadeUp::default(), "seller-acme", &format!("GET /v1/leads/{}", FIRST.lead()), "").await;
    let body = reply.json();
    assert_eq!((&body["status"], &body["sales"][0]["payout"]), (&json!("sold"), &json!("25.20")));
    assert_eq!(body["sales"][0].get("price"), None);
}

#[tokio::test]
async fn a_store_that_does_not_answer_is_503() {
    let requests = ["leads", "auctions", "sales", "unknowns", "balances", "ledger", "erasures"];
    for list in requests {
        let silent = MadeUp::failing(Fails { silent: true, ..Fails::default() });
        let reply = ask(silent, "operator-ada", &format!("GET /v1/{list}"), "").await;
        assert_eq!(reply.problem(), (503, "overloaded".to_owned()), "{list}");
        assert_eq!(reply.header("retry-after"), Some("1"), "{list}");
    }
}
