//! [`Form`]: a seller's body as `application/x-www-form-urlencoded`, brought into the JSON that says the same.
//!
//! What is right in it is judged where JSON is read, so both forms of a body have the same schema, the same errors
//! and the same limits; only what is no form at all is found here. The copy costs one buffer a request.

use std::borrow::Cow;
use std::collections::BTreeMap;

use percent_encoding::percent_decode;

use crate::json::Writer;
use crate::{Problem, ProblemKind};

/// The media type of a form.
pub const CONTENT_TYPE: &str = "application/x-www-form-urlencoded";

/// Values in one form: as many keys as stand in the open objects of JSON, less those of the envelope.
const VALUES_MAX: usize = 960;
/// Keys that take several values. Each is given as often as there are.
const LISTS: [&str; 3] = ["consent.named_sellers", "offer_ids", "sub_ids"];
/// Keys whose values are whole numbers.
const NUMBERS: [&str; 4] = ["max_buyers", "prior_sales", "source.session_ms", "wait_ms"];
/// The keys that say under what a form comes, not what stands in it.
const KEY: &str = "_key";
const IDEMPOTENCY_KEY: &str = "_idempotency_key";

/// A body that came as a form. It holds personal data, so `Debug` shows nothing of it.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Form {
    /// The JSON that says the same, without the two keys below.
    pub json: Vec<u8>,
    /// `_key`: the seller's key, for forms that cannot send a header.
    pub key: Option<String>,
    /// `_idempotency_key`, for the same.
    pub idempotency_key: Option<String>,
}

impl core::fmt::Debug for Form {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Form").field("bytes", &self.json.len()).finish_non_exhaustive()
    }
}

/// The values of one object of the envelope, by key.
type Members<'a> = BTreeMap<Cow<'a, str>, Vec<Cow<'a, str>>>;

/// Reads a form. Each key is a field; keys of the envelope begin with an underscore, and a dot leads into its
/// objects: `_consent.text`. A value that is empty stands for one that was not given.
///
/// # Errors
///
/// A body that is not UTF-8 after decoding, holds a key twice that takes one value, or more than 960 values is
/// 400.
pub fn read(body: &[u8]) -> Result<Form, Problem> {
    let mut form = Form::default();
    let mut fields = Members::new();
    let mut envelope = Members::new();
    let mut objects: BTreeMap<String, Members<'_>> = BTreeMap::new();
    let pairs = body.split(|byte| *byte == b'&').filter(|pair| !pair.is_empty());
    for (position, pair) in pairs.enumerate() {
        if position >= VALUES_MAX {
            return Err(malformed(format!("the form has more than {VALUES_MAX} values")));
        }
        let mut halves = pair.splitn(2, |byte| *byte == b'=');
        let name = decoded(halves.next().unwrap_or(&[]))?;
        let value = decoded(halves.next().unwrap_or(&[]))?;
        let (members, key, path) = match name.strip_prefix('_') {
            None => (&mut fields, name.clone(), None),
            Some(path) => match path.split_once('.') {
                None => (&mut envelope, Cow::Owned(path.to_owned()), Some(path)),
                Some((object, key)) => {
                    (objects.entry(object.to_owned()).or_default(), Cow::Owned(key.to_owned()), Some(path))
                }
            },
        };
        let is_list = path.is_some_and(|path| LISTS.contains(&path));
        let values = members.entry(key).or_default();
        if !values.is_empty() && !is_list {
            let shown: String = name.chars().take(64).collect();
            return Err(malformed(format!("the key \"{shown}\" stands twice in the form")));
        }
        values.push(value);
    }
    let mut taken = |name: &str| {
        let value = envelope.remove(name.trim_start_matches('_'))?.pop()?;
        Some(value.into_owned()).filter(|value| !value.is_empty())
    };
    (form.key, form.idempotency_key) = (taken(KEY), taken(IDEMPOTENCY_KEY));
    write(&mut form.json, &fields, &envelope, &objects);
    Ok(form)
}

fn write(
    json: &mut Vec<u8>,
    fields: &Members<'_>,
    envelope: &Members<'_>,
    objects: &BTreeMap<String, Members<'_>>,
) {
    let mut writer = Writer::new(json);
    writer.begin_object();
    // The vertical first: it says what the fields may be.
    let is_vertical = |key: &str| key == "vertical";
    for (key, values) in envelope.iter().filter(|(key, _)| is_vertical(key)) {
        write_member(&mut writer, key, key, values);
    }
    if !fields.is_empty() {
        writer.key("fields").begin_object();
        for (key, values) in fields {
            write_member(&mut writer, key, "", values);
        }
        writer.end_object();
    }
    for (key, values) in envelope.iter().filter(|(key, _)| !is_vertical(key)) {
        write_member(&mut writer, key, key, values);
    }
    for (object, members) in objects {
        // What stands beside an object of the same name, and `fields` by another way, is no key of a request.
        let beside =
            envelope.get(object.as_str()).is_some_and(|values| values.iter().any(|it| !it.is_empty()));
        let shadowed = beside || object == "fields";
        let name = if shadowed { format!("{object}.") } else { object.clone() };
        writer.key(&name).begin_object();
        for (key, values) in members {
            write_member(&mut writer, key, &format!("{object}.{key}"), values);
        }
        writer.end_object();
    }
    writer.end_object();
}

/// Writes a key with what was given for it; `path` is its place in the envelope.
fn write_member(writer: &mut Writer<'_>, key: &str, path: &str, values: &[Cow<'_, str>]) {
    let given = || values.iter().filter(|value| !value.is_empty());
    if LISTS.contains(&path) {
        if given().next().is_some() {
            writer.key(key).begin_array();
            given().for_each(|value| writer.text(value));
            writer.end_array();
        }
        return;
    }
    let Some(value) = given().next() else { return };
    let writer = writer.key(key);
    match (path, &**value, value.parse::<u64>()) {
        ("test", "true", _) => writer.boolean(true),
        ("test", "false", _) => writer.boolean(false),
        // Another number stays a text, of which the error says that a whole number was expected.
        (path, digits, Ok(number)) if NUMBERS.contains(&path) && !digits.starts_with('+') => {
            writer.unsigned(number);
        }
        (_, text, _) => writer.text(text),
    }
}

fn decoded(bytes: &[u8]) -> Result<Cow<'_, str>, Problem> {
    let not_utf8 = |_| malformed("the form is not UTF-8".to_owned());
    if !bytes.contains(&b'+') {
        return percent_decode(bytes).decode_utf8().map_err(not_utf8);
    }
    let spaced: Vec<u8> = bytes.iter().map(|byte| if *byte == b'+' { b' ' } else { *byte }).collect();
    percent_decode(&spaced).decode_utf8().map(|text| Cow::Owned(text.into_owned())).map_err(not_utf8)
}

fn malformed(detail: String) -> Problem {
    Problem::new(ProblemKind::MalformedBody, detail)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(body: &str, json: &str) {
        let form = read(body.as_bytes()).expect(body);
        assert_eq!(String::from_utf8(form.json).as_deref(), Ok(json), "{body}");
        assert_eq!((form.key, form.idempotency_key), (None, None), "{body}");
    }

    #[test]
    fn forms_say_what_json_says() {
        check("", "{}");
        check("&&", "{}");
        check("zip=80331&_vertical=solar", r#"{"vertical":"solar","fields":{"zip":"80331"}}"#);
        check("name=A%C3%A4+%2B%22&x", r#"{"fields":{"name":"Aä +\""}}"#);
        // Empty inputs of a page were not filled in.
        check("zip=&_floor=&_sub_ids=&_consent.text=", r#"{"fields":{},"consent":{}}"#);
        check("_consent=&_consent.text=yes", r#"{"consent":{"text":"yes"}}"#);
        check("_sub_ids=a&_sub_ids=b&_sub_ids=", r#"{"sub_ids":["a","b"]}"#);
        check(
            "_consent.named_sellers=A+GmbH&_consent.text=yes&_source.session_ms=41000",
            r#"{"consent":{"named_sellers":["A GmbH"],"text":"yes"},"source":{"session_ms":41000}}"#,
        );
        check(
            "_max_buyers=2&_prior_sales=01&_wait_ms=-1&_floor=20.00&_test=false",
            r#"{"floor":"20.00","max_buyers":2,"prior_sales":1,"test":false,"wait_ms":"-1"}"#,
        );
        check("_test=true&_max_buyers=%2B2", r#"{"max_buyers":"+2","test":true}"#);
        check("_identity.phone_sha256=ab", r#"{"identity":{"phone_sha256":"ab"}}"#);
        // What cannot be meant is left to be refused as an unknown key.
        check("zip=1&_fields.zip=2", r#"{"fields":{"zip":"1"},"fields.":{"zip":"2"}}"#);
        check("_consent=1&_consent.text=2", r#"{"consent":"1","consent.":{"text":"2"}}"#);
        check("a.b=1&_a.b.c=2", r#"{"fields":{"a.b":"1"},"a":{"b.c":"2"}}"#);
    }

    #[test]
    fn keys_of_the_request_stand_beside_it() {
        let form = read(b"_key=px_live_1&_idempotency_key=crm+1&zip=1").expect("a form");
        assert_eq!(form.json, br#"{"fields":{"zip":"1"}}"#);
        assert_eq!(
            (form.key.as_deref(), form.idempotency_key.as_deref()),
            (Some("px_live_1"), Some("crm 1"))
        );
        assert_eq!(format!("{form:?}"), "Form { bytes: 22, .. }");
    }

    #[test]
    fn what_is_no_form_is_refused() {
        let many = |count: usize| (0..count).map(|at| format!("f{at}=1")).collect::<Vec<_>>().join("&");
        assert!(read(many(VALUES_MAX).as_bytes()).is_ok());
        let cases: [(&[u8], &str); 5] = [
            (b"zip=%ff", "the form is not UTF-8"),
            (b"z%ff=1+1", "the form is not UTF-8"),
            (b"zip=1&zip=1", "the key \"zip\" stands twice in the form"),
            (b"_floor=1&_floor=2", "the key \"_floor\" stands twice in the form"),
            (many(VALUES_MAX + 1).leak().as_bytes(), "the form has more than 960 values"),
        ];
        for (body, detail) in cases {
            let problem = read(body).expect_err(detail);
            assert_eq!((problem.kind, &*problem.detail), (ProblemKind::MalformedBody, detail));
        }
    }
}
