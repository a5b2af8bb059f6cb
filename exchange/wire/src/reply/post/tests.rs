use exchange_types::PostOutcome::{Accepted, Duplicate, Refused, Rejected, Unknown};

use super::*;

const ACCEPTED: PostOutcome = Accepted { price: None };

fn eur() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn unreadable(status: u16) -> PostOutcome {
    Unknown(UnknownCause::Unreadable { status })
}

fn check(status: u16, body: &str, expected: PostOutcome) {
    let mut scratch = String::new();
    let reply = parse_post(status, body.as_bytes(), Unmatched::Unknown, eur(), &mut scratch);
    assert_eq!(reply.outcome, expected, "{status} {body}");
}

#[test]
fn bodies_of_2xx_decide() {
    check(200, r#"{"status":"accepted"}"#, ACCEPTED);
    check(201, r#"{"status":"accepted"}"#, ACCEPTED);
    check(200, r#"{"status":"rejected","reason":"full"}"#, Rejected);
    check(200, r#"{"status":"duplicate"}"#, Duplicate);
    check(200, r#"{"x":[{}],"status":"\u0061ccepted","y":null}"#, ACCEPTED);
    for body in [
        "",
        "OK",
        "{}",
        "[]",
        r#"{"status":"Accepted"}"#,
        r#"{"status":"sold"}"#,
        r#"{"status":true}"#,
        r#"{"status":["accepted"]}"#,
        r#"{"status":"accepted""#,
        r#"{"status":"accepted"} x"#,
        r#"{"status":"accepted","status":"rejected"}"#,
        r#"{"status":"accepted","currency":"USD"}"#,
    ] {
        check(200, body, unreadable(200));
    }
    check(204, "", unreadable(204));
}

#[test]
fn price_is_read_from_digits_or_nobody_knows() {
    let with = |price: &str| format!("{{\"status\":\"accepted\",\"price\":{price}}}");
    let priced = |micros: i64| Accepted { price: Some(Amount::from_micros(micros)) };
    check(200, &with("\"30.00\""), priced(30_000_000));
    check(200, &with("30.5"), priced(30_500_000));
    check(200, &with("0"), priced(0));
    check(200, &with("-1"), priced(-1_000_000));
    check(200, &with("99999999999999999999"), Accepted { price: Some(Amount::MAX) });
    check(200, &with("null"), ACCEPTED);
    for price in ["\"30,00\"", "1e3", "1e400", "\"NaN\"", "true", "{}", "0.1234567", "-99999999999999999999"]
    {
        check(200, &with(price), unreadable(200));
    }
    // What a refusal says of a price does not matter.
    check(200, r#"{"status":"rejected","price":"x"}"#, Rejected);
}

#[test]
fn statuses_are_classified_as_promised() {
    for status in [400, 401, 403, 404, 405, 407, 409, 410, 413, 415, 422, 429, 499, 503] {
        check(status, "", Refused { status });
        check(status, "{\"error\":1}", Refused { status });
        check(status, r#"{"status":"duplicate"}"#, Duplicate);
        check(status, r#"{"status":"rejected"}"#, Rejected);
        // The body contradicts the status.
        check(status, r#"{"status":"accepted"}"#, unreadable(status));
    }
    for status in [100, 199, 300, 301, 302, 304, 307, 408, 500, 501, 502, 504, 599] {
        for body in ["", r#"{"status":"accepted"}"#, r#"{"status":"rejected"}"#] {
            check(status, body, unreadable(status));
        }
    }
}

#[test]
fn campaign_may_say_that_unmatched_means_rejected() {
    for (status, body) in [(200, "OK"), (500, ""), (302, ""), (408, ""), (200, "{")] {
        let mut scratch = String::new();
        let reply = parse_post(status, body.as_bytes(), Unmatched::Rejected, eur(), &mut scratch);
        assert_eq!(reply.outcome, Rejected, "{status} {body}");
    }
}

#[test]
fn texts_are_borrowed_or_unescaped() {
    let body = br#"{"status":"accepted","buyer_ref":"B-\u00fc","redirect_url":"https:\/\/b.example\/x","reason":"fine"}"#;
    let mut scratch = String::from("what stood here before");
    let reply = parse_post(200, body, Unmatched::Unknown, eur(), &mut scratch);
    assert_eq!(reply.buyer_ref, "B-ü");
    assert_eq!(reply.redirect_url, "https://b.example/x");
    assert_eq!(reply.reason, "fine");
    // sha256sum of the body, its first half.
    assert_eq!(reply.digest, first_half(Sha256::digest(body).into()));
}

#[test]
fn texts_that_cannot_be_used_are_dropped_and_the_sale_stays() {
    let redirect = |url: &str| {
        let body = format!("{{\"status\":\"accepted\",\"redirect_url\":\"{url}\"}}");
        let mut scratch = String::new();
        let reply = parse_post(200, body.as_bytes(), Unmatched::Unknown, eur(), &mut scratch);
        assert_eq!(reply.outcome, ACCEPTED, "{url}");
        reply.redirect_url.to_owned()
    };
    assert_eq!(redirect("http://b.example/"), "http://b.example/");
    assert_eq!(redirect("HTTPS://b.example/"), "HTTPS://b.example/");
    let longest = format!("https://b.example/{}", "x".repeat(2_048 - 18));
    assert_eq!(redirect(&longest), longest);
    for dropped in [
        format!("{longest}x"),
        "javascript:alert(1)".to_owned(),
        "//b.example".to_owned(),
        "https:/b.example".to_owned(),
        "https://b.example/\\r\\nSet-Cookie: a".to_owned(),
        "https://b.example/a b".to_owned(),
        "ftp://b.example".to_owned(),
    ] {
        assert_eq!(redirect(&dropped), "", "{dropped}");
    }
    let long = format!(
        "{{\"status\":\"accepted\",\"buyer_ref\":\"{}\",\"reason\":\"{}\"}}",
        "x".repeat(129),
        "é".repeat(200)
    );
    let mut scratch = String::new();
    let reply = parse_post(200, long.as_bytes(), Unmatched::Unknown, eur(), &mut scratch);
    assert_eq!((reply.outcome, reply.buyer_ref), (ACCEPTED, ""));
    assert_eq!(reply.reason.len(), 256);
}

#[test]
fn redirect_of_a_refusal_is_not_passed_on() {
    let body = br#"{"status":"rejected","redirect_url":"https://b.example/"}"#;
    let mut scratch = String::new();
    assert_eq!(parse_post(200, body, Unmatched::Unknown, eur(), &mut scratch).redirect_url, "");
}

#[test]
fn oversized_reply_is_not_read() {
    let body = format!("{{\"status\":\"accepted\",\"x\":\"{}\"}}", "x".repeat(limits::POST_REPLY_BYTES_MAX));
    check(200, &body, unreadable(200));
}

#[test]
fn a_repeat_is_judged_by_its_body_only() {
    let read = |status, body: &str| {
        let mut scratch = String::new();
        let again = parse_repost(status, body.as_bytes(), eur(), &mut scratch).outcome;
        assert_ne!(again, Rejected, "nothing that is not read is a rejection: {status} {body}");
        again
    };
    assert_eq!(read(200, r#"{"status":"accepted"}"#), ACCEPTED);
    assert_eq!(read(500, ""), unreadable(500));
    assert_eq!(read(200, "OK"), unreadable(200));
    assert_eq!(read(503, ""), Refused { status: 503 });
}

#[test]
fn a_status_url_says_what_became_of_a_post_or_nothing() {
    let check = |status, body: &str, expected| {
        let mut scratch = String::new();
        let reply = parse_status(status, body.as_bytes(), eur(), &mut scratch);
        assert_eq!(reply.outcome, expected, "{status} {body}");
        assert_ne!(reply.digest, [0; 16], "the evidence is named");
    };
    let priced = Accepted { price: Some(Amount::from_micros(12_500_000)) };
    check(200, r#"{"status":"accepted"}"#, ACCEPTED);
    check(200, r#"{"status":"accepted","price":"12.50","currency":"EUR"}"#, priced);
    check(200, r#"{"status":"rejected"}"#, Rejected);
    check(200, r#"{"status":"duplicate"}"#, Duplicate);
    check(200, r#"{"status":"unknown"}"#, unreadable(200));
    check(200, "", unreadable(200));
    for status in [301, 400, 404, 410, 422, 429, 500, 503] {
        check(status, r#"{"status":"rejected"}"#, unreadable(status));
        check(status, "", unreadable(status));
    }
}
