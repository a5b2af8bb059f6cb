use exchange_types::{Amount, ConsentKey, FieldIndex, Nanos, OfferId, SourceKey, UtcMicros, Uuid7, Value};

use super::*;
use crate::sample;

const POST: Mode = Mode::Post { vertical: sample::SOLAR };

fn parse_body(body: &[u8], mode: Mode) -> Result<(Submission, Parsed), Problem> {
    let mut out = Submission::default();
    parse(body, mode, sample::against(&sample::snapshot()), &mut out).map(|parsed| (out, parsed))
}

/// Checks that a body is refused as malformed.
fn check_malformed(body: &[u8], detail: &str) {
    for mode in [Mode::Lead, Mode::Ping, POST] {
        let shown = String::from_utf8_lossy(body);
        let problem = parse_body(body, mode).expect_err(&shown);
        assert_eq!(problem.kind, ProblemKind::MalformedBody, "{shown}");
        assert_eq!(problem.detail, detail, "{shown}");
        assert_eq!(problem.errors, [], "{shown}");
    }
}

/// Checks that a body is refused with exactly these fields and codes.
fn check_refused(body: &str, mode: Mode, expected: &[(&str, &str)]) -> Problem {
    let problem = parse_body(body.as_bytes(), mode).expect_err(body);
    let errors = problem.errors.iter().map(|error| (&*error.field, error.code)).collect::<Vec<_>>();
    assert_eq!(errors, expected, "{body}");
    assert_eq!(problem.status(), 422, "{body}");
    problem
}

/// Checks the errors of a lead that is right but for the key `key`, which has `value`.
fn check_key(key: &str, value: &str, expected: &[(&str, &str)]) {
    let fields = r#"{"zip":"80331","roof":"flat","first_name":"A","email":"a@b.de"}"#;
    let body = format!(r#"{{"vertical":"solar","fields":{fields},"{key}":{value}}}"#);
    if expected.is_empty() {
        parse_body(body.as_bytes(), Mode::Lead).expect(&body);
    } else {
        check_refused(&body, Mode::Lead, expected);
    }
}

/// Checks the errors of a ping that is right but for its field `name`.
fn check_field(name: &str, value: &str, code: Option<&str>) {
    let given =
        [("zip", r#""80331""#), ("roof", r#""flat""#)].into_iter().filter(|(known, _)| *known != name);
    let fields = given.chain([(name, value)]).map(|(name, value)| format!("\"{name}\":{value}"));
    let body = format!(r#"{{"vertical":"solar","fields":{{{}}}}}"#, fields.collect::<Vec<_>>().join(","));
    match code {
        None => {
            parse_body(body.as_bytes(), Mode::Ping).expect(&body);
        }
        Some(code) => {
            check_refused(&body, Mode::Ping, &[(&format!("fields.{name}"), code)]);
        }
    }
}

#[test]
fn whole_lead_is_taken() {
    let (lead, parsed) = parse_body(sample::WHOLE_LEAD.as_bytes(), Mode::Lead).expect("the lead is right");
    assert_eq!(parsed, Parsed::default());
    assert_eq!((lead.vertical, lead.seller), (sample::SOLAR, sample::SELLER));
    assert_eq!(lead.floor, Some(Amount::from_micros(20_000_000)));
    assert_eq!((lead.max_buyers, lead.prior_sales), (Some(2), 1));
    assert_eq!(lead.wait, Some(Nanos::from_millis(4_000)));
    assert_eq!(lead.session_ms, Some(41_000));
    assert_eq!(lead.seller_ref(), Some("canary-ref"));
    assert_eq!(lead.sub_ids().collect::<Vec<_>>(), ["canary-sub", "canary-click"]);
    assert_eq!(lead.named_sellers().collect::<Vec<_>>(), ["Canary GmbH", "North AG"]);
    let consent = lead.consent(ConsentKey::Ip).map(exchange_types::Pii::reveal);
    assert_eq!(consent, Some("203.0.113.77"));
    let device = lead.source(SourceKey::Device).map(exchange_types::Pii::reveal);
    assert_eq!(device, Some("canary-g"));
    assert_eq!(lead.value(FieldIndex(1)), Some(Value::Choice(0)));
    assert_eq!(lead.value(FieldIndex(2)), Some(Value::Integer(12_345)));
    assert_eq!(lead.value(FieldIndex(3)), Some(Value::Decimal(Amount::from_micros(62_500_000))));
    let Some(Value::Text(note)) = lead.value(FieldIndex(7)) else { panic!("a text") };
    assert_eq!(lead.text(note).reveal(), "canary-note \"\\\n");
}

#[test]
fn order_of_keys_does_not_matter() {
    let consent = r#""consent":{"text":"yes"}"#;
    let fields = r#""fields":{"zip":"80331","roof":"flat"}"#;
    let (lead, _) =
        parse_body(format!(r#"{{{fields},{consent},"vertical":"solar"}}"#).as_bytes(), Mode::Ping)
            .expect("the ping is right");
    assert_eq!(lead.consent(ConsentKey::Text).map(exchange_types::Pii::reveal), Some("yes"));
    assert_eq!(lead.value(FieldIndex(1)), Some(Value::Choice(1)));
}

#[test]
fn pooled_submission_keeps_nothing_of_the_lead_before() {
    let mut out = Submission::default();
    let snapshot = sample::snapshot();
    parse(sample::WHOLE_LEAD.as_bytes(), Mode::Lead, sample::against(&snapshot), &mut out).expect("right");
    let ping = br#"{"vertical":"solar","fields":{"zip":"80331","roof":"flat"}}"#;
    parse(ping, Mode::Ping, sample::against(&snapshot), &mut out).expect("right");
    let (fresh, _) = parse_body(ping, Mode::Ping).expect("right");
    assert!(out == fresh);
}

#[test]
fn what_is_no_strict_json_object_is_400_with_its_place() {
    check_malformed(b"", "line 1, column 1: expected an object");
    check_malformed(b"[]", "line 1, column 1: expected an object");
    check_malformed(b"\"vertical\"", "line 1, column 1: expected an object");
    check_malformed(b"null", "line 1, column 1: expected an object");
    check_malformed(
        b"{\"vertical\":\"solar\",\n\"fields\":{\"zip\":}}",
        "line 2, column 17: expected a value",
    );
    check_malformed(b"{} x", "line 1, column 4: expected the end of the body");
    check_malformed(b"{\"a\":NaN}", "line 1, column 6: expected a value");
    check_malformed(b"{\"fields\":{\"x\":1e}}", "line 1, column 16: not a number of JSON, such as 31.50");
    check_malformed(b"{\"a\":\"\xff\"}", "line 1, column 7: the body is not UTF-8");
    let duplicate = "line 1, column 18: the key \"zip\" stands twice in one object";
    check_malformed(br#"{"x":{"zip":"1", "zip":"2"}}"#, duplicate);
    let deep = format!("{{\"x\":{}", "[".repeat(40));
    check_malformed(deep.as_bytes(), "line 1, column 37: nested more than 32 levels deep");
}

#[test]
fn every_bad_field_is_named_at_once() {
    let body = r#"{"vertical":"solar","colour":1,"floor":"-1","max_buyers":0,"sub_ids":[1,"a"],
        "consent":{"captured_at":"yesterday","shoe_size":44},"source":{"session_ms":-5,"os":"x"},
        "fields":{"zip":80331,"roof":"round","kwh":1000000,"area":true,"owner":"maybe","birth_date":"1986-02-30",
                  "note":null,"email":"ada","phone":[1]}}"#;
    let expected = [
        ("colour", "unknown_key"),
        ("floor", "out_of_range"),
        ("max_buyers", "out_of_range"),
        ("sub_ids.0", "wrong_type"),
        ("consent.captured_at", "malformed"),
        ("consent.shoe_size", "unknown_key"),
        ("source.session_ms", "out_of_range"),
        ("source.os", "unknown_key"),
        ("fields.zip", "wrong_type"),
        ("fields.roof", "not_in_enum"),
        ("fields.kwh", "out_of_range"),
        ("fields.area", "wrong_type"),
        ("fields.owner", "wrong_type"),
        ("fields.birth_date", "malformed"),
        ("fields.note", "wrong_type"),
        ("fields.email", "malformed"),
        ("fields.phone", "wrong_type"),
        ("fields.first_name", "missing"),
    ];
    let problem = check_refused(body, Mode::Lead, &expected);
    assert_eq!(problem.kind, ProblemKind::Validation);
    assert_eq!(problem.detail, "18 fields are missing or wrong");
}

#[test]
fn messages_say_what_would_be_right() {
    let body = r#"{"vertical":"solar","fields":{"roof":"round","kwh":"many"},"floor":"12,50"}"#;
    let problem = parse_body(body.as_bytes(), Mode::Ping).expect_err("refused");
    let messages = problem.errors.iter().map(|error| format!("{} {}", error.field, error.message));
    let expected = [
        "fields.roof is none of pitched, flat",
        "fields.kwh is not a whole number",
        "floor is no amount such as \"31.50\": not a decimal number such as 31.50",
        "fields.zip has to be given: a postal code, as a text",
    ];
    assert_eq!(messages.collect::<Vec<_>>(), expected);
}

#[test]
fn envelope_values_have_types_and_bounds() {
    let long = |bytes: usize| format!("\"{}\"", "x".repeat(bytes));
    check_key("floor", "20", &[]);
    check_key("floor", "20.1234", &[]);
    check_key("floor", "\"0\"", &[]);
    check_key("floor", "20.12345", &[("floor", "malformed")]);
    check_key("floor", "1e3", &[("floor", "malformed")]);
    check_key("floor", "\"99999999999999999999\"", &[("floor", "malformed")]);
    check_key("floor", "{\"amount\":1}", &[("floor", "wrong_type")]);
    check_key("max_buyers", "256", &[]);
    check_key("max_buyers", "257", &[("max_buyers", "out_of_range")]);
    check_key("max_buyers", "-1", &[("max_buyers", "out_of_range")]);
    check_key("max_buyers", "1.0", &[("max_buyers", "wrong_type")]);
    check_key("max_buyers", "\"1\"", &[("max_buyers", "wrong_type")]);
    check_key("max_buyers", "99999999999999999999999", &[("max_buyers", "out_of_range")]);
    check_key("prior_sales", "0", &[]);
    check_key("prior_sales", "257", &[("prior_sales", "out_of_range")]);
    check_key("wait_ms", "300000", &[]);
    check_key("wait_ms", "300001", &[("wait_ms", "out_of_range")]);
    check_key("wait_ms", "0", &[("wait_ms", "out_of_range")]);
    check_key("seller_ref", &long(128), &[]);
    check_key("seller_ref", &long(129), &[("seller_ref", "too_long")]);
    check_key("seller_ref", "\"a\\u0000\"", &[("seller_ref", "malformed")]);
    check_key("test", "false", &[]);
    check_key("test", "true", &[]);
    check_key("test", "\"sold\"", &[]);
    check_key("test", "\"\"", &[]);
    check_key("test", "\"campaign:nobody\"", &[]);
    check_key("test", "\"sale\"", &[("test", "not_in_enum")]);
    check_key("test", "1", &[("test", "wrong_type")]);
    check_key("identity", "{}", &[("identity", "unknown_key")]);
    check_key("offer_ids", "[]", &[("offer_ids", "unknown_key")]);
    check_key("consent", "[]", &[("consent", "wrong_type")]);
    check_key("source", "null", &[("source", "wrong_type")]);
}

#[test]
fn lists_and_their_texts_are_bounded() {
    let list = |count: usize| format!("[{}]", vec!["\"n\""; count].join(","));
    check_key("sub_ids", &list(8), &[]);
    check_key("sub_ids", &list(9), &[("sub_ids", "too_long")]);
    check_key("sub_ids", "\"a\"", &[("sub_ids", "wrong_type")]);
    check_key("sub_ids", &format!("[\"{}\"]", "x".repeat(129)), &[("sub_ids.0", "too_long")]);
    let named = |list: &str| format!("{{\"named_sellers\":{list}}}");
    check_key("consent", &named(&list(64)), &[]);
    check_key("consent", &named(&list(65)), &[("consent.named_sellers", "too_long")]);
    check_key("consent", &named("[\"a\",{}]"), &[("consent.named_sellers.1", "wrong_type")]);
    let text = |bytes: usize| format!("{{\"text\":\"{}\"}}", "x".repeat(bytes));
    check_key("consent", &text(8_192), &[]);
    check_key("consent", &text(8_193), &[("consent.text", "too_long")]);
    let channel = |bytes: usize| format!("{{\"channel\":\"{}\"}}", "x".repeat(bytes));
    check_key("source", &channel(64), &[]);
    check_key("source", &channel(65), &[("source.channel", "too_long")]);
}

#[test]
fn fields_have_types_and_bounds() {
    check_field("zip", "80331", Some("wrong_type"));
    check_field("zip", r#""8033""#, Some("malformed"));
    check_field("zip", r#""""#, Some("empty"));
    check_field("zip", r#"{"code":"80331"}"#, Some("wrong_type"));
    check_field("roof", r#""Pitched""#, Some("not_in_enum"));
    check_field("kwh", "99999", None);
    check_field("kwh", "100000", Some("out_of_range"));
    check_field("kwh", "1.5", Some("wrong_type"));
    check_field("kwh", "1e3", Some("wrong_type"));
    check_field("kwh", r#""12345""#, None);
    check_field("area", "62.123456", None);
    check_field("area", "62.1234567", Some("wrong_type"));
    check_field("area", "500.1", Some("out_of_range"));
    check_field("owner", "true", None);
    check_field("owner", "1", Some("wrong_type"));
    check_field("birth_date", r#""1986-11-21""#, None);
    check_field("birth_date", r#""21.11.1986""#, Some("malformed"));
    check_field("note", &format!("\"{}\"", "x".repeat(41)), Some("too_long"));
    check_field("note", "5", Some("wrong_type"));
}

#[test]
fn vertical_has_to_be_known_and_open() {
    check_refused("{}", Mode::Lead, &[("vertical", "missing")]);
    check_refused(
        r#"{"vertical":"boats","fields":{"x":1}}"#,
        Mode::Lead,
        &[("vertical", "unknown_vertical")],
    );
    check_refused(r#"{"vertical":"auto"}"#, Mode::Ping, &[("vertical", "unknown_vertical")]);
    let both = [("vertical", "wrong_type"), ("floor", "malformed")];
    check_refused(r#"{"vertical":7,"floor":"x"}"#, Mode::Ping, &both);
    check_refused(
        r#"{"vertical":"solar"}"#,
        Mode::Ping,
        &[("fields.zip", "missing"), ("fields.roof", "missing")],
    );
    check_refused(
        r#"{"vertical":"solar","fields":[]}"#,
        Mode::Ping,
        &[("fields", "wrong_type"), ("fields.zip", "missing"), ("fields.roof", "missing")],
    );
}

#[test]
fn unknown_and_early_fields_are_dropped_with_a_warning() {
    let body = r#"{"vertical":"solar","fields":{"zip":"80331","shoe":{"size":[44]},"roof":"flat","email":"not even"}}"#;
    let (lead, parsed) = parse_body(body.as_bytes(), Mode::Ping).expect("the ping is right");
    let expected = [
        "fields.shoe: is not a field of this vertical and was dropped",
        "fields.email: is kept for the post and was dropped",
    ];
    assert_eq!(parsed.warnings, expected);
    assert_eq!(lead.value(FieldIndex(9)), None);
}

#[test]
fn warnings_are_bounded() {
    let unknown = (0..100).map(|number| format!("\"x{number}\":0")).collect::<Vec<_>>().join(",");
    let body = format!(r#"{{"vertical":"solar","fields":{{"zip":"80331","roof":"flat",{unknown}}}}}"#);
    let (_, parsed) = parse_body(body.as_bytes(), Mode::Ping).expect("the ping is right");
    assert_eq!(parsed.warnings.len(), 33);
    assert_eq!(parsed.warnings.last().map(String::as_str), Some("68 more fields were dropped"));
}

#[test]
fn identity_comes_with_pings_as_hashes() {
    let ping = |identity: &str| {
        format!(r#"{{"vertical":"solar","fields":{{"zip":"80331","roof":"flat"}},"identity":{identity}}}"#)
    };
    let hash = "0123456789abcdef".repeat(4);
    let (_, parsed) =
        parse_body(ping(&format!("{{\"phone_sha256\":\"{hash}\"}}")).as_bytes(), Mode::Ping).expect("right");
    let digest = parsed.identity.phone_sha256.expect("a digest");
    assert_eq!(digest.first_chunk(), Some(&[0x01, 0x23, 0x45, 0x67]));
    assert_eq!(parsed.identity.email_sha256, None);
    assert_eq!(format!("{:?}", parsed.identity), "Identity { phone: true, email: false }");
    for bad in
        [hash.to_uppercase(), hash.replacen('0', "", 1), format!("{hash}0"), hash.replacen('0', "g", 1)]
    {
        let body = ping(&format!("{{\"email_sha256\":\"{bad}\"}}"));
        check_refused(&body, Mode::Ping, &[("identity.email_sha256", "malformed")]);
    }
    check_refused(&ping("{\"phone\":1}"), Mode::Ping, &[("identity.phone", "unknown_key")]);
    check_refused(&ping("7"), Mode::Ping, &[("identity", "wrong_type")]);
}

fn offer(entropy: u128) -> OfferId {
    OfferId(Uuid7::new(UtcMicros(1), entropy))
}

#[test]
fn post_chooses_offers() {
    let (one, other) = (offer(1), offer(2));
    let body = format!(
        r#"{{"fields":{{"first_name":"Ada","email":"a@b.de"}},"consent":{{"text":"yes"}},
            "offer_ids":["{one}","{other}"],"fallback":"none","on_changed":"keep"}}"#
    );
    let (lead, parsed) = parse_body(body.as_bytes(), POST).expect("the post is right");
    let expected = PostRequest { offer_ids: vec![one, other], fallback: Some(false), keep_on_changed: true };
    assert_eq!(parsed.post, expected);
    assert_eq!(lead.vertical, sample::SOLAR);
    let plain = r#"{"fields":{"first_name":"Ada","email":"a@b.de"},"fallback":"offers"}"#;
    let (_, parsed) = parse_body(plain.as_bytes(), POST).expect("the post is right");
    assert_eq!(parsed.post, PostRequest { fallback: Some(true), ..PostRequest::default() });
}

#[test]
fn post_is_refused_with_its_own_words() {
    let with = |members: &str| format!(r#"{{"fields":{{"first_name":"Ada","email":"a@b.de"}},{members}}}"#);
    let problem =
        check_refused(&with(r#""offer_ids":["nonsense"]"#), POST, &[("offer_ids.0", "unknown_offer")]);
    assert_eq!(problem.kind, ProblemKind::UnknownOffer);
    let twice = format!("\"offer_ids\":[\"{0}\",\"{0}\"]", offer(1));
    check_refused(&with(&twice), POST, &[("offer_ids.1", "repeated")]);
    check_refused(&with(r#""offer_ids":[1]"#), POST, &[("offer_ids.0", "wrong_type")]);
    check_refused(&with(r#""offer_ids":[]"#), POST, &[("offer_ids", "out_of_range")]);
    check_refused(&with(r#""fallback":"maybe""#), POST, &[("fallback", "not_in_enum")]);
    check_refused(&with(r#""on_changed":true"#), POST, &[("on_changed", "wrong_type")]);
    check_refused(&with(r#""vertical":"solar""#), POST, &[("vertical", "unknown_key")]);
    check_refused(&with(r#""floor":"1""#), POST, &[("floor", "unknown_key")]);
    let many = (0..257).map(|entropy| format!("\"{}\"", offer(entropy))).collect::<Vec<_>>().join(",");
    check_refused(&with(&format!("\"offer_ids\":[{many}]")), POST, &[("offer_ids", "too_long")]);
    // Fields that may have come with the ping are not asked for here.
    check_refused("{}", POST, &[("fields.first_name", "missing"), ("fields.email", "missing")]);
}

#[test]
fn ping_and_post_together_have_to_be_complete() {
    let vertical = sample::vertical("solar");
    let (mut ping, _) =
        parse_body(br#"{"vertical":"solar","fields":{"zip":"80331","roof":"flat"}}"#, Mode::Ping)
            .expect("right");
    let problem = require_complete(&vertical, &ping).expect_err("the post is missing");
    let fields = problem.errors.iter().map(|error| (&*error.field, error.code)).collect::<Vec<_>>();
    assert_eq!(fields, [("fields.first_name", "missing"), ("fields.email", "missing")]);
    let (post, _) = parse_body(br#"{"fields":{"first_name":"Ada","email":"a@b.de"}}"#, POST).expect("right");
    ping.complete_with(&post);
    assert_eq!(require_complete(&vertical, &ping), Ok(()));
}

#[test]
fn problems_of_a_post_name_their_place_in_the_body() {
    let vertical = sample::vertical("solar");
    let cases = [
        (
            post_problem::fields_changed(&vertical, &[FieldIndex(0)]),
            409,
            "ping_field_changed",
            "fields.zip",
            "changed",
        ),
        (post_problem::unknown_offer(2), 422, "unknown_offer", "offer_ids.2", "unknown_offer"),
        (post_problem::seller_not_named(0), 422, "seller_not_named", "offer_ids.0", "seller_not_named"),
        (post_problem::offers_conflict(), 422, "offers_conflict", "offer_ids", "offers_conflict"),
    ];
    for (problem, status, kind, field, code) in cases {
        assert_eq!((problem.status(), problem.kind.name()), (status, kind));
        let errors = problem.errors.iter().map(|error| (&*error.field, error.code)).collect::<Vec<_>>();
        assert_eq!(errors, [(field, code)], "{kind}");
    }
}

#[test]
fn what_is_well_formed_and_no_good_is_found_beside_the_lead() {
    let cases: [(&str, Mode, &[&str]); 5] = [
        (r#""phone":"+49 89 123456","email":"a@b.de""#, Mode::Lead, &[]),
        (
            r#""phone":"+49 00 000000","email":"a@mailinator.com","birth_date":"1850-01-01""#,
            Mode::Lead,
            &["fields.phone impossible", "fields.email disposable", "fields.birth_date too_old"],
        ),
        // What a ping drops is not looked at.
        (r#""phone":"+49 00 000000","birth_date":"1850-01-01""#, Mode::Ping, &["fields.birth_date too_old"]),
        (r#""phone":"+49 00 000000","email":"a@b.de""#, POST, &["fields.phone impossible"]),
        (r#""phone":"+49 89 123456","email":"a@b.de""#, POST, &[]),
    ];
    for (fields, mode, expected) in cases {
        let whole = r#""zip":"80331","roof":"flat","first_name":"Ada""#;
        let vertical = if mode == POST { "" } else { r#""vertical":"solar","# };
        let body = format!(r#"{{{vertical}"fields":{{{whole},{fields}}}}}"#);
        let (_, parsed) = parse_body(body.as_bytes(), mode).expect(&body);
        let faults = parsed.faults.iter().map(|fault| format!("{} {}", fault.field, fault.code));
        assert_eq!(faults.collect::<Vec<_>>(), expected, "{body}");
    }
}
