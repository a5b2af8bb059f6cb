use super::*;

fn eur() -> Currency {
    Currency::parse("EUR").expect("a currency")
}

fn reply(status: u16, body: &str) -> PingReply {
    parse_ping(status, body.as_bytes(), eur(), Amount::from_micros(10_000_000_000))
}

/// Checks that a reply has these entries: amount in micros, companies, and the buyer's id.
fn check_bids(body: &str, expected: &[(i64, u16, &str)]) {
    let PingReply::Bids(entries) = reply(200, body) else { panic!("{body}: {:?}", reply(200, body)) };
    let entries = entries.as_slice().iter();
    let entries =
        entries.map(|entry| (entry.amount.micros(), entry.max_buyers, entry.bid_id.as_str().to_owned()));
    let expected = expected.iter().map(|&(micros, buyers, id)| (micros, buyers, id.to_owned()));
    assert_eq!(entries.collect::<Vec<_>>(), expected.collect::<Vec<_>>(), "{body}");
}

fn check(body: &str, expected: &PingReply) {
    assert_eq!(&reply(200, body), expected, "{body}");
}

#[test]
fn bids_are_read_from_texts_and_digits() {
    check_bids(
        r#"{"bids":[{"bid":"60.00","max_buyers":1,"bid_id":"a"},{"bid":30.5,"max_buyers":3}],"currency":"EUR"}"#,
        &[(60_000_000, 1, "a"), (30_500_000, 3, "")],
    );
    check_bids(r#"{"bid":"31.50"}"#, &[(31_500_000, 0, "")]);
    check_bids(r#"{"bid":0.0001}"#, &[(100, 0, "")]);
    check_bids(r#"{"bid":31.1,"exclusive":true,"bid_id":"x\"y"}"#, &[(31_100_000, 1, "x\"y")]);
    check_bids(r#"{"bid":1,"exclusive":false,"max_buyers":2}"#, &[(1_000_000, 2, "")]);
    check_bids(r#"{"bid":1,"max_buyers":70000}"#, &[(1_000_000, u16::MAX, "")]);
    check_bids("\n {\"bid\" : 10000.00 } \n", &[(10_000_000_000, 0, "")]);
}

#[test]
fn unknown_keys_are_passed_over() {
    check_bids(
        r#"{"x":{"y":[1,{"z":null}]},"bid":"5","expires_in_ms":500,"sellers":[{"name":"N"}],"reason":"r"}"#,
        &[(5_000_000, 0, "")],
    );
}

#[test]
fn declining_is_no_bid() {
    assert_eq!(reply(204, ""), PingReply::NoBid);
    assert_eq!(reply(204, "whatever"), PingReply::NoBid);
    for body in [
        r#"{"bid":0}"#,
        r#"{"bid":"0.00","reason":"full"}"#,
        r#"{"bids":[{"bid":"0.00"}]}"#,
        r#"{"bids":[]}"#,
        r#"{"bid":-0}"#,
    ] {
        check(body, &PingReply::NoBid);
    }
}

#[test]
fn prices_that_cannot_be_used_are_bad_prices() {
    for price in [
        r#""-50.00""#,
        "-1",
        r#""50.00001""#,
        "50.00001",
        r#""50,00""#,
        r#""1e3""#,
        "1e400",
        "1E2",
        r#""NaN""#,
        r#""Infinity""#,
        r#""0x10""#,
        r#""""#,
        r#"" 5""#,
        r#""+5""#,
        r#"".5""#,
        r#""5.""#,
        r#""٣""#,
        "10000.0001",
        "99999999999999999999999999",
        "null",
        "true",
        "[]",
        r#"{"amount":5}"#,
    ] {
        check(&format!("{{\"bid\":{price}}}"), &PingReply::BadPrice);
        check(&format!("{{\"bids\":[{{\"bid\":{price}}}]}}"), &PingReply::BadPrice);
    }
    check(r#"{"bid":5,"currency":"USD"}"#, &PingReply::BadPrice);
    check(r#"{"bid":5,"currency":"eur"}"#, &PingReply::BadPrice);
    check(r#"{"bid":5,"currency":"???"}"#, &PingReply::BadPrice);
}

#[test]
fn replies_that_cannot_be_read_are_bad_replies() {
    for body in [
        "",
        "{}",
        "[]",
        "5",
        "not json",
        "<xml/>",
        r#"{"bid":NaN}"#,
        r#"{"bid":Infinity}"#,
        r#"{"bid":.5}"#,
        r#"{"bid":05}"#,
        r#"{"bid":5"#,
        r#"{"bid":5} {"bid":6}"#,
        r#"{"bid":5,"bid":6}"#,
        r#"{"bid":5,"x":{"a":1,"a":2}}"#,
        r#"{"bid":5,"bids":[{"bid":5}]}"#,
        r#"{"bids":{"bid":5}}"#,
        r#"{"bids":[5]}"#,
        r#"{"bids":[{"max_buyers":1}]}"#,
        r#"{"bid":5,"max_buyers":0}"#,
        r#"{"bid":5,"max_buyers":-1}"#,
        r#"{"bid":5,"max_buyers":1.5}"#,
        r#"{"bid":5,"max_buyers":"1"}"#,
        r#"{"bid":5,"exclusive":"yes"}"#,
        r#"{"bid":5,"exclusive":true,"max_buyers":2}"#,
        r#"{"bid":5,"bid_id":7}"#,
        r#"{"bid":5,"currency":978}"#,
        r#"{"bids":[{"bid":1},{"bid":2},{"bid":3},{"bid":4},{"bid":5}]}"#,
    ] {
        check(body, &PingReply::BadReply);
    }
    check(&format!("{{\"bid\":5,\"bid_id\":\"{}\"}}", "x".repeat(65)), &PingReply::BadReply);
    check(&format!("{{\"bid\":5,\"x\":{}{}}}", "[".repeat(40), "]".repeat(40)), &PingReply::BadReply);
    check(&format!("{{\"bid\":5,\"x\":\"{}\"}}", "x".repeat(9_000)), &PingReply::BadReply);
    for status in [201, 202, 301, 400, 404, 408, 429, 500, 503] {
        assert_eq!(reply(status, r#"{"bid":5}"#), PingReply::BadReply, "{status}");
    }
}

#[test]
fn one_bad_entry_spoils_the_reply_and_the_worst_names_it() {
    check(r#"{"bids":[{"bid":30},{"bid":0}]}"#, &PingReply::NoBid);
    check(r#"{"bids":[{"bid":30},{"bid":-1}]}"#, &PingReply::BadPrice);
    check(r#"{"bids":[{"bid":-1},{"bid":0}]}"#, &PingReply::BadPrice);
    check(r#"{"bids":[{"bid":-1},{"max_buyers":2}]}"#, &PingReply::BadReply);
}
