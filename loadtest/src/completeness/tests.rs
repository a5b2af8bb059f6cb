use super::*;

const LEAD: &str = "lead_019ad3c4000070008000000000000001";
const SALE: &str = "sale_019ad3c4000070008000000000000001";
const PING: &str = "ping_019ad3c4000070008000000000000001";
const OFFER: &str = "ofr_019ad3c4000070008000000000000001";

/// Checks an answer and compares its outcome and the promises that it breaks.
fn check_answer(kind: CallKind, status: u16, body: &str, outcome: &str, broken: &[&str]) {
    let body = body.replace("LEAD", LEAD).replace("SALE", SALE).replace("PING", PING).replace("OFFER", OFFER);
    let received = Received {
        status,
        content_type: (status >= 400).then(|| "application/problem+json".to_owned()),
        retry_after: (status == 503).then(|| "1".to_owned()),
        body: body.clone().into(),
    };
    let expected = Expected {
        kind,
        currency: Currency::parse("EUR").expect("a known currency"),
        within: Duration::from_millis(2_050),
    };
    let verdict = check(&expected, &received, Duration::from_millis(2_050));
    let rules: Vec<_> = verdict.violations.iter().map(|violation| violation.rule).collect();
    assert_eq!((verdict.outcome.as_str(), rules.as_slice()), (outcome, broken), "{status} {body}");
}

fn check_lead(body: &str, outcome: &str, broken: &[&str]) {
    check_answer(CallKind::Lead, 200, body, outcome, broken);
}

#[test]
fn complete_answers_pass() {
    let sold = r#"{"lead_id":"LEAD","status":"sold","payout":"31.50","currency":"EUR","elapsed_ms":9,"sales":[
        {"sale_id":"SALE","buyer_ref":"b1","payout":"30.00","exclusive":false},
        {"sale_id":"SALE","sellers":[],"payout":"1.50","exclusive":false}]}"#;
    check_lead(sold, "sold", &[]);
    let unsold =
        r#"{"lead_id":"LEAD","status":"unsold","reason":"no_bid","payout":"0.00","sales":[],"elapsed_ms":9}"#;
    check_lead(unsold, "unsold/no_bid", &[]);
    let pending = r#"{"lead_id":"LEAD","status":"pending","reason":"post_unknown","status_url":"/v1/leads/LEAD",
        "settles_by":"2026-11-20T08:15:30.125Z","retry_after_ms":500,"elapsed_ms":9}"#;
    check_lead(pending, "pending/post_unknown", &[]);
    check_lead(
        r#"{"lead_id":"LEAD","status":"duplicate","scope":"own","elapsed_ms":0}"#,
        "duplicate/own",
        &[],
    );
    check_lead(r#"{"status":"duplicate","scope":"exchange","elapsed_ms":0}"#, "duplicate/exchange", &[]);
    let invalid = r#"{"lead_id":"LEAD","status":"invalid","errors":[{"field":"fields.phone","code":"impossible"}],"elapsed_ms":0}"#;
    check_lead(invalid, "invalid", &[]);
}

#[test]
fn each_broken_promise_has_its_name() {
    let sold = |sales: &str, payout: &str| {
        format!(
            r#"{{"lead_id":"LEAD","status":"sold","payout":{payout},"currency":"EUR","elapsed_ms":9,"sales":[{sales}]}}"#
        )
    };
    let sale = r#"{"sale_id":"SALE","buyer_ref":"b","payout":"30.00","exclusive":true}"#;
    check_lead(&sold("", "\"0.00\""), "sold", &["sold_has_sales"]);
    check_lead(&sold(sale, "\"30.01\""), "sold", &["payout_is_the_sum_of_sales"]);
    check_lead(&sold(sale, "30"), "unreadable", &["answer_has_its_shape"]);
    check_lead(&sold(&sale.replace("SALE", "sale_1"), "\"30.00\""), "sold", &["ids_are_well_formed"]);
    check_lead(&sold(&sale.replace("buyer_ref", "buyer"), "\"30.00\""), "sold", &["sale_names_its_buyer"]);
    let negative = sold(&sale.replace("30.00", "-30.00"), "\"0.00\"");
    check_lead(&negative, "sold", &["amounts_are_decimals"]);
    check_lead(&sold(sale, "\"30.00\"").replace("EUR", "USD"), "sold", &["currency_is_the_verticals"]);
    check_lead(
        &sold(sale, "\"30.00\"").replace("\"sold\"", "\"gone\""),
        "gone",
        &["status_known", "only_sold_has_sales"],
    );
    check_lead(
        r#"{"lead_id":"LEAD","status":"unsold","reason":"bad_luck","elapsed_ms":1}"#,
        "unsold/bad_luck",
        &["unsold_reason_known"],
    );
    check_lead(
        r#"{"lead_id":"LEAD","status":"pending","reason":"post_unknown","elapsed_ms":1}"#,
        "pending/post_unknown",
        &["pending_says_where_and_when"],
    );
    check_lead(
        r#"{"lead_id":"LEAD","status":"duplicate","elapsed_ms":1}"#,
        "duplicate",
        &["duplicate_scope_known"],
    );
    check_lead(r#"{"status":"invalid","elapsed_ms":1}"#, "invalid", &["invalid_names_its_errors"]);
    check_lead(
        r#"{"status":"unsold","reason":"no_bid"}"#,
        "unsold/no_bid",
        &["lead_id_present", "elapsed_ms_present"],
    );
    check_lead("<html>", "unreadable", &["answer_has_its_shape"]);
}

#[test]
fn pings_are_checked_offer_by_offer() {
    let check_ping = |body: &str, outcome: &str, broken: &[&str]| {
        check_answer(CallKind::Ping, 200, body, outcome, broken);
    };
    let offers = r#"{"ping_id":"PING","status":"offers","expires_at":"x","offers":[
        {"offer_id":"OFFER","payout":"20.00","max_buyers":1,"buyer_ref":"b","expires_at":"x"}]}"#;
    check_ping(offers, "offers", &[]);
    check_ping(&offers.replace("\"max_buyers\":1", "\"max_buyers\":0"), "offers", &["offer_is_complete"]);
    check_ping(&offers.replace("OFFER", "PING"), "offers", &["ids_are_well_formed"]);
    check_ping(r#"{"ping_id":"PING","status":"offers","offers":[]}"#, "offers", &["offers_are_there"]);
    check_ping(r#"{"ping_id":"PING","status":"no_offer","reason":"no_bid"}"#, "no_offer/no_bid", &[]);
    check_ping(r#"{"ping_id":"PING","status":"no_offer"}"#, "no_offer", &[]);
    let unknown = r#"{"ping_id":"PING","status":"no_offer","reason":"bad_luck"}"#;
    check_ping(unknown, "no_offer/bad_luck", &["no_offer_reason_known"]);
    check_ping(r#"{"status":"duplicate"}"#, "duplicate", &[]);
    check_ping(r#"{"status":"no_offer"}"#, "no_offer", &["ping_id_present"]);
}

#[test]
fn refusals_are_problem_documents() {
    let problem = r#"{"type":"https://example.org/problems/overloaded","status":503}"#;
    check_answer(CallKind::Lead, 503, problem, "http_503/overloaded", &[]);
    check_answer(
        CallKind::Lead,
        429,
        r#"{"type":"too_many"}"#,
        "http_429/too_many",
        &["refusal_says_when_to_retry"],
    );
    check_answer(
        CallKind::Lead,
        422,
        r#"{"type":"bad_fields"}"#,
        "http_422/bad_fields",
        &["no_unexpected_refusal"],
    );
    check_answer(CallKind::Post, 409, r#"{"type":"ping_expired"}"#, "http_409/ping_expired", &[]);
    check_answer(
        CallKind::Lead,
        500,
        "oops",
        "http_500",
        &["refusal_is_a_problem_document", "no_unexpected_refusal"],
    );
    check_answer(CallKind::GiveBack, 204, "", "given_back", &[]);
}

#[test]
fn a_late_answer_is_a_violation() {
    let received = Received { status: 204, content_type: None, retry_after: None, body: bytes::Bytes::new() };
    let expected = Expected {
        kind: CallKind::GiveBack,
        currency: Currency::parse("EUR").expect("a known currency"),
        within: Duration::from_millis(100),
    };
    let late = |millis| check(&expected, &received, Duration::from_millis(millis)).violations.len();
    assert_eq!((late(100), late(101)), (0, 1));
}
