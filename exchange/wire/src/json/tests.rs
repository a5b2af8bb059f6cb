use std::borrow::Cow;

use proptest::prelude::*;
use serde_json::Value;

use super::*;

/// Reads a whole body into the tree of `serde_json`, numbers as their text.
fn tree(body: &[u8]) -> Result<Value, JsonError> {
    let mut reader = Reader::new(body)?;
    let item = reader.item()?;
    let value = subtree(&mut reader, item)?;
    reader.finish()?;
    Ok(value)
}

fn subtree<'a>(reader: &mut Reader<'a>, item: Item<'a>) -> Result<Value, JsonError> {
    Ok(match item {
        Item::Null => Value::Null,
        Item::Boolean(value) => Value::Bool(value),
        Item::Number(digits) => Value::String(format!("number {digits}")),
        Item::Text(text) => Value::String(text.into_owned()),
        Item::Array(mut elements) => {
            let mut list = Vec::new();
            while reader.next_element(&mut elements)? {
                let item = reader.item()?;
                list.push(subtree(reader, item)?);
            }
            Value::Array(list)
        }
        Item::Object(mut members) => {
            let mut map = serde_json::Map::new();
            while let Some(key) = reader.next_member(&mut members)? {
                let item = reader.item()?;
                map.insert(key.into_owned(), subtree(reader, item)?);
            }
            Value::Object(map)
        }
    })
}

fn check_error(body: &[u8], fault: &Fault, place: (usize, usize)) {
    let shown = String::from_utf8_lossy(body);
    let error = tree(body).expect_err(&shown);
    assert_eq!(&error.fault, fault, "{shown}");
    assert_eq!(error.place(body), place, "{shown}");
}

#[test]
fn faults_name_what_and_where() {
    check_error(b"", &Fault::Expected("a value"), (1, 1));
    check_error(b"{\n  \"a\" 1}", &Fault::Expected("a colon"), (2, 7));
    check_error(b"{\"a\":1,}", &Fault::Expected("a key in quotation marks"), (1, 8));
    check_error(b"{,}", &Fault::Expected("a key in quotation marks"), (1, 2));
    check_error(b"[1,]", &Fault::Expected("a value"), (1, 4));
    check_error(b"[1 2]", &Fault::Expected("a comma or the closing bracket"), (1, 4));
    check_error(b"{\"a\":1]", &Fault::Expected("a comma or the closing brace"), (1, 7));
    check_error(b"{} {}", &Fault::Expected("the end of the body"), (1, 4));
    check_error(b"nul", &Fault::Expected("a value"), (1, 1));
    check_error(b"NaN", &Fault::Expected("a value"), (1, 1));
    check_error(b"\xef\xbb\xbf{}", &Fault::Expected("a value"), (1, 1));
    for number in ["01", "-", "1.", "1e", "1e+", "-01", "1.e5"] {
        check_error(number.as_bytes(), &Fault::BadNumber, (1, 1));
    }
    check_error("[\"é\", 01]".as_bytes(), &Fault::BadNumber, (1, 7));
    check_error(b"\"a", &Fault::OpenText, (1, 3));
    check_error(b"\"a\\\"", &Fault::OpenText, (1, 5));
    check_error(b"\"a\nb\"", &Fault::ControlCharacter, (1, 3));
    for escape in [r"\x", r"\u12", r"\u+123", r"\ud800", r"\ud800\u0041", r"\udc00", r"\u12é4"] {
        let body = format!("\"a{escape}\"");
        let error = tree(body.as_bytes()).expect_err(&body);
        assert_eq!(error.fault, Fault::BadEscape, "{body}");
    }
    check_error(b"\"a\xff\"", &Fault::NotUtf8, (1, 3));
}

#[test]
fn duplicate_keys_are_found_at_every_depth_and_under_escapes() {
    let duplicate = |key: &str| Fault::DuplicateKey(key.into());
    check_error(br#"{"a":1,"a":2}"#, &duplicate("a"), (1, 8));
    check_error(br#"{"a":1,"\u0061":2}"#, &duplicate("a"), (1, 8));
    check_error(br#"{"x":[{"a":1,"b":{},"a":2}]}"#, &duplicate("a"), (1, 21));
    assert!(tree(br#"{"a":{"a":{"a":1}},"b":{"a":1}}"#).is_ok());
    let many = |last: usize| {
        let members = (0..40).map(|key| format!("\"k{key}\":0")).collect::<Vec<_>>().join(",");
        format!("{{{members},\"k{last}\":0}}")
    };
    assert!(tree(many(40).as_bytes()).is_ok());
    assert_eq!(tree(many(39).as_bytes()).expect_err("a duplicate").fault, duplicate("k39"));
    assert_eq!(tree(many(0).as_bytes()).expect_err("a duplicate").fault, duplicate("k0"));
}

#[test]
fn depth_and_keys_are_bounded() {
    let nested = |levels: usize| format!("{}{}", "[".repeat(levels), "]".repeat(levels));
    assert!(tree(nested(32).as_bytes()).is_ok());
    assert_eq!(tree(nested(33).as_bytes()).expect_err("too deep").fault, Fault::TooDeep);
    let skipped = nested(100_000);
    let error = Reader::new(skipped.as_bytes()).and_then(|mut reader| reader.skip()).expect_err("too deep");
    assert_eq!(error.fault, Fault::TooDeep);
    let wide = |keys: usize| {
        let members = (0..keys).map(|key| format!("\"{key}\":0")).collect::<Vec<_>>().join(",");
        format!("{{{members}}}")
    };
    assert!(tree(wide(1_024).as_bytes()).is_ok());
    assert_eq!(tree(wide(1_025).as_bytes()).expect_err("too wide").fault, Fault::TooManyKeys);
    // Keys of objects that are closed do not count.
    assert!(tree(format!("[{},{}]", wide(1_000), wide(1_000)).as_bytes()).is_ok());
}

#[test]
fn texts_without_escapes_are_borrowed() {
    let body = "\"schön\"";
    let mut reader = Reader::new(body.as_bytes()).expect("UTF-8");
    assert!(matches!(reader.item(), Ok(Item::Text(Cow::Borrowed("schön")))));
}

#[test]
fn writer_sets_commas() {
    let mut out = Vec::new();
    let mut writer = Writer::new(&mut out);
    writer.begin_object();
    writer.key("a").begin_array();
    writer.integer(-1);
    writer.boolean(true);
    writer.begin_object();
    writer.end_object();
    writer.end_array();
    writer.key("b").begin_object();
    writer.key("c").hex_text("x_", 0xfe);
    writer.end_object();
    writer.members(b"\"d\":1");
    writer.key("e").plain_number(2);
    writer.end_object();
    let expected = r#"{"a":[-1,true,{}],"b":{"c":"x_000000000000000000000000000000fe"},"d":1,"e":2}"#;
    assert_eq!(String::from_utf8(out).expect("UTF-8"), expected);
}

proptest! {
    #[test]
    fn writer_escapes_as_serde_json_does(text in any::<String>()) {
        let mut out = Vec::new();
        Writer::new(&mut out).text(&text);
        prop_assert_eq!(out, serde_json::to_vec(&text).expect("a text"));
    }

    #[test]
    fn reader_reads_back_what_was_escaped(text in any::<String>()) {
        let body = serde_json::to_vec(&text).expect("a text");
        prop_assert_eq!(tree(&body).expect("JSON"), Value::String(text));
    }

    #[test]
    fn reader_unescapes_as_serde_json_does(pieces in prop::collection::vec(escape_piece(), 0..8)) {
        let body = format!("\"{}\"", pieces.concat());
        prop_assert_eq!(tree(body.as_bytes()).ok(), serde_json::from_str::<Value>(&body).ok());
    }

    #[test]
    fn reader_takes_the_numbers_of_the_grammar(number in "-?[0-9]{0,3}(\\.[0-9]{0,2})?([eE][+-]?[0-9]{0,2})?") {
        let is_json = serde_json::from_str::<&serde_json::value::RawValue>(&number).is_ok();
        prop_assert_eq!(tree(number.as_bytes()).is_ok(), is_json, "{}", number);
    }

    /// Differs from the yardstick only where it is stricter: depth and duplicate keys.
    #[test]
    fn reader_takes_what_serde_json_takes(body in "[\\[\\]{}\",:0-9a-b\\\\tfnulrse .-]{0,24}") {
        let ours = tree(body.as_bytes());
        let theirs = serde_json::from_str::<&serde_json::value::RawValue>(&body).is_ok();
        let stricter = matches!(&ours, Err(error) if matches!(error.fault, Fault::DuplicateKey(_) | Fault::TooDeep));
        prop_assert!(ours.is_ok() == theirs || stricter, "{} {:?}", body, ours);
    }
}

fn escape_piece() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-zé😀]{1,3}",
        "\\\\[\"\\\\/bfnrtux]",
        "\\\\u[0-9a-fA-F]{4}",
        "\\\\u[dD][89abAB][0-9a-f]{2}\\\\u[dD][c-fC-F][0-9a-f]{2}",
    ]
}
