//! What buyers answer when nothing is wrong with them.

use std::collections::BTreeMap;

use crate::buyer_client::{body, exchange, ping, post, start};

#[track_caller]
fn check_ping(buyer: &str, expected: &str) {
    let buyers = start(&format!("[[buyer]]\nname = \"a\"\n{buyer}"), None);
    let answer =
        exchange(buyers.addresses().listening, "/a/ping", None, &ping("p", "{}")).expect("an answer");
    assert_eq!(body(&answer), expected, "{buyer}\n{answer}");
}

#[test]
fn bids_have_the_form_asked_for() {
    check_ping("", r#"{"bid":"10.00"}"#);
    check_ping("price = { fixed = \"31.5\" }\nexclusive = true", r#"{"bid":"31.50","exclusive":true}"#);
    check_ping(
        "currency = \"EUR\"\nexpires_in = \"5s\"",
        r#"{"bid":"10.00","expires_in_ms":5000,"currency":"EUR"}"#,
    );
    check_ping(
        "entries = [{ max_buyers = 1 }, { max_buyers = 3, share = \"33.3%\" }, { share = \"10%\" }]",
        r#"{"bids":[{"bid":"10.00","max_buyers":1},{"bid":"3.33","max_buyers":3},{"bid":"1.00"}]}"#,
    );
    check_ping(
        "sellers = [{ name = \"A \\\"B\\\" GmbH\" }]",
        r#"{"bid":"10.00","sellers":[{"name":"A \"B\" GmbH"}]}"#,
    );
    check_ping("bid_probability = \"0%\"", "");
    check_ping("bid_probability = \"0%\"\nno_bid = \"zero\"", r#"{"bid":0,"reason":"not_interested"}"#);
}

#[track_caller]
fn check_post(rule: &str, status: &str, expected: &str) {
    let buyers = start(&format!("[[buyer]]\nname = \"a\"\npost = [{{ {rule} }}]"), None);
    let answer =
        exchange(buyers.addresses().listening, "/a/post", Some("k"), &post("k", "{}")).expect("an answer");
    assert!(answer.starts_with(&format!("HTTP/1.1 {status} ")), "{rule}: {answer}");
    assert!(body(&answer).starts_with(expected), "{rule}: {answer}");
}

#[test]
fn posts_are_answered_as_the_rule_says() {
    check_post("", "200", r#"{"status":"accepted","buyer_ref":"a-"#);
    check_post("answer = \"rejected\", reason = \"full\"", "200", r#"{"status":"rejected","reason":"full"}"#);
    check_post("answer = \"duplicate\"", "200", r#"{"status":"duplicate"}"#);
    check_post("status = 503", "503", r#"{"status":"rejected"}"#);
    check_post("status = 500, answer = \"accepted\"", "500", r#"{"status":"accepted""#);
    let buyers =
        start("[[buyer]]\nname = \"a\"\npost = [{ price = \"90%\", redirect_url = \"https://x\" }]", None);
    let answer =
        exchange(buyers.addresses().listening, "/a/post", Some("k"), &post("k", "{}")).expect("an answer");
    assert!(answer.ends_with(r#","redirect_url":"https://x","price":"18.00"}"#), "{answer}");
}

#[test]
fn what_the_contract_does_not_allow_is_refused() {
    let buyers = start("[[buyer]]\nname = \"a\"", None);
    let status = |path: &str, key: Option<&str>, message: &str| {
        let answer = exchange(buyers.addresses().listening, path, key, message).expect("an answer");
        answer.split(' ').nth(1).map(str::to_owned).expect("a status")
    };
    // A constant answer is given without reading the ping, so the ping has to be read by another buyer.
    let picky = start("[[buyer]]\nname = \"a\"\nbid_ids = true", None);
    let picky = exchange(picky.addresses().listening, "/a/ping", None, "{}").expect("an answer");
    assert!(picky.starts_with("HTTP/1.1 400 ") && picky.contains("missing field `v`"), "{picky}");
    assert_eq!(status("/a/post", Some("k"), "{}"), "400");
    assert_eq!(status("/a/post", Some("other"), &post("k", "{}")), "400");
    assert_eq!(status("/a/post", None, &post("k", "{}")), "400");
    assert_eq!(status("/b/ping", None, "{}"), "404");
    assert_eq!(status("/a/pong", None, "{}"), "404");
    assert_eq!(status("/health", None, ""), "404");
}

/// Pings many leads in an order and returns the bid for each.
fn bids(seed: u64, order: impl Iterator<Item = u32>, run: &str) -> BTreeMap<u32, String> {
    let profile = format!(
        "seed = {seed}\n[[buyer]]\nname = \"a\"\nbid_ids = true\nbid_probability = \"80%\"\n\
         price = {{ uniform = {{ min = \"1.00\", max = \"99.00\" }} }}"
    );
    let buyers = start(&profile, None);
    let bid = |lead| {
        let ping = ping(&format!("{run}-{lead}"), &format!(r#"{{"zip":"{lead}"}}"#));
        let answer = exchange(buyers.addresses().listening, "/a/ping", None, &ping).expect("an answer");
        (lead, body(&answer).to_owned())
    };
    order.map(bid).collect()
}

#[test]
fn a_lead_gets_the_same_bid_in_every_run_and_order() {
    let first = bids(1, 0..40, "first");
    assert_eq!(first, bids(1, (0..40).rev(), "second"));
    assert_ne!(first, bids(2, 0..40, "third"));
}
