//! Values are read strictly, and every mistake is named at once.

use axum::http::{HeaderMap, HeaderValue};
use exchange_types::{Amount, UtcMicros};

use super::*;
use crate::limits;

/// Reads the one member `a` of a body and returns its value, or the word for what is wrong.
#[expect(clippy::needless_pass_by_value, reason = "the cases read better so")]
fn check<T: core::fmt::Debug + PartialEq>(
    json: &str,
    read: impl FnOnce(&RawValue) -> Result<T, Fault>,
    expected: Result<T, &'static str>,
) {
    let mut fields =
        Fields::of_body(format!(r#"{{"a": {json}}}"#).as_bytes()).unwrap_or_else(|_| panic!("{json}"));
    let value = fields.required("a", read);
    let found = fields.finish(value).map_err(|ProblemResponse(problem)| problem.errors[0].code);
    assert_eq!(found, expected, "{json}");
}

fn errors_of(problem: ProblemResponse) -> Vec<(String, &'static str)> {
    let ProblemResponse(problem) = problem;
    problem.errors.into_iter().map(|error| (error.field, error.code)).collect()
}

#[test]
fn amounts_are_read_from_their_digits() {
    let micros = |micros| Ok(Amount::from_micros(micros));
    check(r#""31.50""#, amount, micros(31_500_000));
    check("31.50", amount, micros(31_500_000));
    check("25.0001", amount, micros(25_000_100));
    check("-1", amount, micros(-1_000_000));
    for json in [r#""12,50""#, "1e2", r#""""#, "25.00001", r#""+1""#, r#"" 1""#] {
        check(json, amount, Err("malformed"));
    }
    check("99999999999999999999", amount, Err("out_of_range"));
    for json in ["null", "true", "[1]", "{}"] {
        check(json, amount, Err("wrong_type"));
    }
}

#[test]
fn words_are_given_short_and_printable() {
    check(r#""ok\nyes""#, words(6), Ok("ok\nyes".to_owned()));
    check(r#""1234567""#, words(6), Err("too_long"));
    check(r#""  ""#, words(6), Err("empty"));
    check(r#""a\u0000""#, words(6), Err("malformed"));
    check("7", words(6), Err("wrong_type"));
    check(r#""a b""#, token(6), Err("malformed"));
    check(r#""a-b""#, token(6), Ok("a-b".into()));
}

#[test]
fn times_and_numbers_are_read() {
    check(r#""1970-01-01T01:00:01+01:00""#, time, Ok(UtcMicros(1_000_000)));
    for json in [r#""1970-01-01""#, r#""1970-01-01T00:00:01""#, r#""yesterday""#] {
        check(json, time, Err("malformed"));
    }
    check("7", whole_number(9), Ok(7));
    check(r#""9""#, whole_number(9), Ok(9));
    for json in ["0", "10", "-1", "1.0", "1e0", r#""+1""#, r#""""#, "null", "70000"] {
        check(json, whole_number(9), Err("out_of_range"));
    }
}

#[test]
fn a_word_out_of_a_list_is_taken_and_no_other() {
    let read = || one_of(&["one", "two"], |word| word);
    check(r#""two""#, read(), Ok("two"));
    check(r#""Two""#, read(), Err("not_in_enum"));
    check("2", read(), Err("wrong_type"));
    check(r#""EUR""#, |raw| currency(raw).map(|currency| currency.code().to_owned()), Ok("EUR".to_owned()));
    check(r#""eur""#, |raw| currency(raw).map(|_| ()), Err("not_in_enum"));
}

#[test]
fn every_mistake_is_named_at_once() {
    let body = br#"{"price": "x", "tset": 1, "inner": {"floor": true, "odd": 1, "bids": [{"bid": 1}, 5]}}"#;
    let mut fields = Fields::of_body(body).expect("an object");
    let price = fields.required("price", amount);
    let reason = fields.required("reason", words(9));
    fields.object("inner", |inner| {
        inner.optional("floor", amount);
        inner.objects("bids", 9, |bid| bid.required("campaign", name).zip(bid.required("bid", amount)))
    });
    let problem = fields.finish(price.zip(reason)).expect_err("mistakes");
    let expected = [
        ("price", "malformed"),
        ("reason", "missing"),
        ("inner.floor", "wrong_type"),
        ("inner.bids.0.campaign", "missing"),
        ("inner.bids.1", "wrong_type"),
        ("inner.odd", "unknown_key"),
        ("tset", "unknown_key"),
    ];
    assert_eq!(errors_of(problem), expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn a_body_that_is_no_object_with_each_key_once_is_malformed() {
    let many = format!(
        "{{{}}}",
        (0..=MEMBERS_MAX).map(|key| format!(r#""{key}": 1"#)).collect::<Vec<_>>().join(",")
    );
    for body in ["", "[]", "7", "null", r#"{"a": 1, "a": 1}"#, r#"{"a": 1"#, "{} {}", &many] {
        let Err(ProblemResponse(problem)) = Fields::of_body(body.as_bytes()) else { panic!("{body}") };
        assert_eq!(problem.kind, ProblemKind::MalformedBody, "{body}");
    }
    assert!(Fields::of_body(b"{}").is_ok_and(|fields| fields.finish(Some(())).is_ok()));
}

#[test]
fn lists_have_a_limit() {
    check("[1, 2]", |raw| elements(raw, 2).map(|all| all.len()), Ok(2));
    check("[1, 2, 3]", |raw| elements(raw, 2).map(|all| all.len()), Err("out_of_range"));
    check(r#"{"0": 1}"#, |raw| elements(raw, 2).map(|all| all.len()), Err("wrong_type"));
}

#[test]
fn a_query_is_read_like_a_body_of_texts() {
    let uri: Uri = "/v1/sales?limit=5&vertical=solar%20plus&cursor=&odd=1&limit=6".parse().expect("a URI");
    let mut query = Fields::of_query(&uri).expect("a query");
    assert_eq!(query.optional("limit", whole_number(9)), Some(5));
    assert_eq!(query.optional("vertical", name).as_deref(), Some("solar plus"));
    assert_eq!(query.optional("cursor", token(limits::CURSOR_BYTES_MAX)), None);
    let expected = [("limit", "repeated"), ("cursor", "empty"), ("odd", "unknown_key")];
    let found = errors_of(query.finish(Some(())).expect_err("mistakes"));
    assert_eq!(found, expected.map(|(field, code)| (field.to_owned(), code)));
}

#[test]
fn an_idempotency_key_is_visible_ascii_and_stands_there_once() {
    let read = |values: &[&str]| {
        let mut headers = HeaderMap::new();
        for value in values {
            headers.append("idempotency-key", HeaderValue::from_str(value).expect("a header"));
        }
        idempotency_key(&headers).map_err(|(code, _)| code)
    };
    assert_eq!(read(&[]), Ok(None));
    assert_eq!(read(&["crm-7"]), Ok(Some("crm-7".into())));
    assert_eq!(read(&[&"k".repeat(128)]), Ok(Some("k".repeat(128).into())));
    for bad in [&*"k".repeat(129), "", "a b", "é"] {
        assert_eq!(read(&[bad]), Err("malformed"), "{bad}");
    }
    assert_eq!(read(&["a", "b"]), Err("repeated"));
}
