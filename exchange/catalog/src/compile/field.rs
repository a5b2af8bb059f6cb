//! Fields of a vertical: the type with its bounds, the step at which it comes, and what pings show.

use exchange_types::{Amount, limits as shared};

use super::quality;
use super::vertical::set;
use crate::document::{Node, Place, Range, Table};
use crate::field_value::phones_are_known;
use crate::snapshot::{Field, FieldKind, PingForm, Quality, Stage};
use crate::{limits, suggestion};

/// Bytes of a text field that says nothing else: a comment line.
const TEXT_BYTES_DEFAULT: u32 = 256;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Type {
    Text,
    Integer,
    Decimal,
    Boolean,
    Enum,
    Date,
    PostalCode,
    Phone,
    Email,
}

const TYPES: [(&str, Type); 9] = [
    ("text", Type::Text),
    ("integer", Type::Integer),
    ("decimal", Type::Decimal),
    ("boolean", Type::Boolean),
    ("enum", Type::Enum),
    ("date", Type::Date),
    ("postal_code", Type::PostalCode),
    ("phone", Type::Phone),
    ("email", Type::Email),
];

/// The keys that some type has.
const KEYS_OF_TYPES: [&str; 9] =
    ["bytes_max", "min", "max", "values", "country", "min_age", "max_age", "kinds", "refuse_disposable"];

/// The schema of a vertical in the order of the file.
#[derive(Debug, Default)]
pub(super) struct Schema {
    pub(super) fields: Vec<Field>,
    /// By field: whether its type could not be read, so that nothing can be checked against it.
    pub(super) broken: Vec<bool>,
    /// By field: where it stands.
    pub(super) places: Vec<Place>,
}

pub(super) fn compile_all(table: Table<'_>) -> Schema {
    let place = table.place.clone();
    let report = table.report;
    let entries = table.into_entries();
    if entries.len() > shared::FIELDS_MAX {
        report.error(
            &place,
            format!("has {} fields", entries.len()),
            format!("at most {}", shared::FIELDS_MAX),
        );
    }
    if entries.is_empty() {
        report.error(&place, "has no fields", "add at least one");
    }
    let entries = || entries.iter().take(shared::FIELDS_MAX);
    let (fields, broken) = entries().map(|entry| compile(entry.key, &entry.node)).unzip();
    Schema { fields, broken, places: entries().map(|entry| entry.key_place.clone()).collect() }
}

fn compile(name: &str, node: &Node<'_>) -> (Field, bool) {
    check_name(name, node);
    let blank = Field {
        name: name.into(),
        kind: FieldKind::Text { bytes_max: TEXT_BYTES_DEFAULT },
        quality: Quality::default(),
        required: None,
        given: Stage::Ping,
        ping: PingForm::Withheld,
        personal: false,
    };
    let Some(table) = node.table() else { return (blank, true) };
    let kind = read_kind(&table);
    let broken = kind.is_none();
    let mut field = Field { kind: kind.unwrap_or_else(|| blank.kind.clone()), ..blank };
    field.quality = quality::read(&table, &field.kind);
    read_personal(&table, &mut field);
    read_stages(&table, &mut field);
    read_ping_form(&table, &mut field, broken);
    if broken {
        // The keys of every type are let pass: without a type nobody can say which belong.
        for key in KEYS_OF_TYPES {
            table.get(key);
        }
    }
    table.finish();
    (field, broken)
}

/// A field's name is a key of forms, where a leading underscore and dots mean the envelope.
fn check_name(name: &str, node: &Node<'_>) {
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'_';
    let begins_well = name.bytes().next().is_some_and(|byte| byte.is_ascii_lowercase());
    if !begins_well || !name.bytes().all(plain) || name.len() > limits::NAME_BYTES_MAX {
        node.error(
            format!("\"{}\" is no name of a field", name.escape_debug()),
            format!("a-z, 0-9 and _, beginning with a letter, at most {} characters", limits::NAME_BYTES_MAX),
        );
    }
}

fn read_kind(table: &Table<'_>) -> Option<FieldKind> {
    let kind = table.require("type", "\"text\"")?.one_of(&TYPES)?;
    Some(match kind {
        Type::Text => {
            let mut bytes_max = TEXT_BYTES_DEFAULT;
            let most = i64::try_from(shared::FIELD_TEXT_BYTES_MAX).unwrap_or(i64::MAX);
            set(&mut bytes_max, table.get("bytes_max"), |node| node.small(Range::new(1, most)));
            FieldKind::Text { bytes_max }
        }
        Type::Integer => {
            let (mut min, mut max) = (0, i64::MAX);
            set(&mut min, table.get("min"), |node| node.whole(Range::new(i64::MIN, i64::MAX)));
            set(&mut max, table.get("max"), |node| node.whole(Range::new(i64::MIN, i64::MAX)));
            check_bounds(table, min > max);
            FieldKind::Integer { min, max }
        }
        Type::Decimal => {
            let (mut min, mut max) = (Amount::ZERO, Amount::MAX);
            set(&mut min, table.get("min"), read_decimal);
            set(&mut max, table.get("max"), read_decimal);
            check_bounds(table, min > max);
            FieldKind::Decimal { min, max }
        }
        Type::Boolean => FieldKind::Boolean,
        Type::Enum => FieldKind::Enum { values: read_values(&table.require("values", "[\"a\", \"b\"]")?)? },
        Type::Date => FieldKind::Date,
        Type::PostalCode => FieldKind::PostalCode { country: read_country(table)? },
        Type::Phone => {
            let country = read_country(table)?;
            check_phone_country(table, country);
            FieldKind::Phone { country }
        }
        Type::Email => FieldKind::Email,
    })
}

fn check_bounds(table: &Table<'_>, crossed: bool) {
    if crossed && let Some(node) = table.get("min").or_else(|| table.get("max")) {
        node.error("min is greater than max", "no value could be given");
    }
}

/// Reads a bound of a decimal: a text, or a whole number.
fn read_decimal(node: &Node<'_>) -> Option<Amount> {
    const EXAMPLE: &str = "a decimal number in quotes with at most six decimals, such as \"12.5\"";
    let Some(text) = node.given_text().or_else(|| node.given_number()) else {
        return node.wrong_type(EXAMPLE);
    };
    Amount::parse(text, 6).map_err(|error| node.error(format!("\"{text}\" is {error}"), EXAMPLE)).ok()
}

fn read_values(node: &Node<'_>) -> Option<Box<[Box<str>]>> {
    let mut values: Vec<Box<str>> = Vec::new();
    for item in node.items(limits::ENUM_VALUES_MAX)? {
        let Some(value) = item.text_within(shared::FIELD_TEXT_BYTES_MAX) else { continue };
        if values.iter().any(|known| **known == *value) {
            item.error(format!("\"{value}\" stands twice"), "each value once");
        } else {
            values.push(value.into());
        }
    }
    if values.is_empty() {
        node.error("has no values", "at least one, such as [\"flat\", \"pitched\"]");
        return None;
    }
    Some(values.into())
}

fn read_country(table: &Table<'_>) -> Option<[u8; 2]> {
    let node = table.require("country", "\"DE\"")?;
    let text = node.text()?;
    let code =
        text.as_bytes().try_into().ok().filter(|code: &[u8; 2]| code.iter().all(u8::is_ascii_uppercase));
    if code.is_none() {
        node.error(
            format!("\"{text}\" is no country"),
            "two capitals by ISO 3166-1, such as \"DE\" or \"US\"",
        );
    }
    code
}

fn check_phone_country(table: &Table<'_>, country: [u8; 2]) {
    let Some(node) = table.get("country") else { return };
    if !phones_are_known(country) {
        let code = crate::field_value::country_code(&country);
        node.error(
            format!("no phone numbers of \"{code}\" are known"),
            "the code of a country by ISO 3166-1, such as \"DE\" or \"US\"",
        );
    }
}

fn read_personal(table: &Table<'_>, field: &mut Field) {
    let reaches_person = matches!(field.kind, FieldKind::Phone { .. } | FieldKind::Email);
    field.personal = reaches_person;
    let Some(node) = table.get("personal") else { return };
    match node.boolean() {
        Some(false) if reaches_person => {
            node.error("a phone number or e-mail address is always personal", "leave it out");
        }
        Some(personal) => field.personal = personal,
        None => {}
    }
}

fn read_stages(table: &Table<'_>, field: &mut Field) {
    const STAGES: [(&str, Stage); 2] = [("ping", Stage::Ping), ("post", Stage::Post)];
    field.required = table.get("required").and_then(|node| node.one_of(&STAGES));
    // What names a person has no business in a ping, nor has what nobody asks for before the post.
    let kept_for_post =
        field.required != Some(Stage::Ping) && (field.personal || field.required == Some(Stage::Post));
    field.given = if kept_for_post { Stage::Post } else { Stage::Ping };
    let Some(node) = table.get("given") else { return };
    let Some(given) = node.one_of(&STAGES) else { return };
    field.given = given;
    if given == Stage::Post && field.required == Some(Stage::Ping) {
        node.error(
            "is required at the ping and only taken at the post",
            "required = \"post\", or given = \"ping\"",
        );
    }
}

fn read_ping_form(table: &Table<'_>, field: &mut Field, broken: bool) {
    let Some(node) = table.get("ping") else { return };
    let Some(form) = parse_ping_form(&node) else { return };
    field.ping = form;
    if broken || form == PingForm::Withheld {
        return;
    }
    if matches!(field.kind, FieldKind::Phone { .. } | FieldKind::Email) {
        return node.error("a phone number or e-mail address is never shown in a ping", "ping = false");
    }
    if field.given == Stage::Post {
        node.error(
            "the field comes with the post, so a ping cannot show it",
            "ping = false, or given = \"ping\" for a field that sellers may send before",
        );
    }
    if let Some(valid) = misfit(form, &field.kind) {
        node.error(
            format!("a field with this type cannot be shown like this ({})", field.kind.expected_type()),
            valid,
        );
    } else if field.personal && form == PingForm::Whole {
        node.error("a personal field is shown coarsened at most", coarser(&field.kind));
    } else if let PingForm::Prefix(count) = form
        && field.personal
        && count > limits::PERSONAL_PREFIX_MAX
    {
        node.error(
            format!("{count} characters of a personal field are too many"),
            format!("at most {}", limits::PERSONAL_PREFIX_MAX),
        );
    }
}

fn parse_ping_form(node: &Node<'_>) -> Option<PingForm> {
    const EXAMPLE: &str =
        "false, true, { prefix = 2 }, { year = true }, { age_band = 10 }, or { band = 1000 }";
    if let Some(whole) = node.given_boolean() {
        return Some(if whole { PingForm::Whole } else { PingForm::Withheld });
    }
    if !node.is_table() {
        return node.wrong_type(EXAMPLE);
    }
    let table = node.table()?;
    let forms = [
        table.get("prefix").map(|node| node.small(Range::new(1, 64)).map(PingForm::Prefix)),
        table
            .get("year")
            .map(|node| node.boolean().map(|year| if year { PingForm::Year } else { PingForm::Withheld })),
        table.get("age_band").map(|node| node.small(Range::new(1, 100)).map(PingForm::AgeBand)),
        table.get("band").map(|node| node.small(Range::new(1, i64::from(u32::MAX))).map(PingForm::Band)),
    ];
    let count = table.keys().count();
    table.finish();
    let mut given = forms.into_iter().flatten();
    let first = given.next();
    if first.is_some() && given.next().is_some() || count == 0 {
        node.error("needs exactly one form", EXAMPLE);
        return None;
    }
    first.flatten()
}

/// Returns the forms that would fit, where this one does not.
fn misfit(form: PingForm, kind: &FieldKind) -> Option<&'static str> {
    let fits = match form {
        PingForm::Withheld | PingForm::Whole => true,
        PingForm::Prefix(_) => matches!(kind, FieldKind::Text { .. } | FieldKind::PostalCode { .. }),
        PingForm::Year | PingForm::AgeBand(_) => matches!(kind, FieldKind::Date),
        PingForm::Band(_) => matches!(kind, FieldKind::Integer { .. } | FieldKind::Decimal { .. }),
    };
    (!fits).then(|| coarser(kind))
}

/// Returns what a ping may show of a field without showing it whole.
fn coarser(kind: &FieldKind) -> &'static str {
    match kind {
        FieldKind::Text { .. } | FieldKind::PostalCode { .. } => "ping = { prefix = 2 }, or ping = false",
        FieldKind::Date => "ping = { year = true }, { age_band = 10 }, or ping = false",
        FieldKind::Integer { .. } | FieldKind::Decimal { .. } => "ping = { band = 1000 }, or ping = false",
        FieldKind::Boolean | FieldKind::Enum { .. } => {
            "ping = true where it is not personal, or ping = false"
        }
        FieldKind::Phone { .. } | FieldKind::Email => "ping = false",
    }
}

/// Returns the position of a field by name, or reports it as unknown with the nearest ones.
pub(super) fn find(node: &Node<'_>, fields: &[Field]) -> Option<usize> {
    let name = node.text()?;
    let found = fields.iter().position(|field| *field.name == *name);
    if found.is_none() {
        let remedy = suggestion::remedy(name, fields.iter().map(|field| &*field.name));
        node.error(format!("unknown field \"{name}\""), remedy);
    }
    found
}
