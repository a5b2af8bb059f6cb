//! What the conditions of a filter compare with, in the normal form of its field.

use exchange_types::{Amount, Date, Span, Value, limits as shared};

use crate::compile::{CompileOptions, geo};
use crate::document::Node;
use crate::filter::{Bounds, Prefixes, Set};
use crate::limits;
use crate::snapshot::{Field, FieldKind};

/// The first and the last day that can be given, 0001-01-01 and 9999-12-31.
const FIRST_DAY: Date = Date::from_days(-719_162);
const LAST_DAY: Date = Date::from_days(2_932_896);

/// A value of a condition in its normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Literal {
    Text(Box<str>),
    Integer(i64),
    Decimal(Amount),
    Boolean(bool),
    Choice(u16),
    Date(Date),
}

impl Literal {
    pub(super) fn read(node: &Node<'_>, kind: &FieldKind) -> Option<Self> {
        let mut kept: Option<Box<str>> = None;
        let mut keep = |text: &str| {
            kept = Some(text.into());
            Span::NONE
        };
        let value = if let Some(text) = node.given_text() {
            kind.parse_text(text, &mut keep)
        } else if let Some(digits) = node.given_number() {
            kind.parse_number(digits)
        } else {
            match node.given_boolean() {
                Some(boolean) => kind.parse_boolean(boolean),
                None => return node.wrong_type(kind.expected_type()),
            }
        };
        let value = value.map_err(|error| report(node, kind, &error)).ok()?;
        Some(Self::of(value, kept))
    }

    fn of(value: Value, kept: Option<Box<str>>) -> Self {
        match value {
            Value::Text(_) => Self::Text(kept.unwrap_or_default()),
            Value::Integer(number) => Self::Integer(number),
            Value::Decimal(number) => Self::Decimal(number),
            Value::Boolean(boolean) => Self::Boolean(boolean),
            Value::Choice(position) => Self::Choice(position),
            Value::Date(date) => Self::Date(date),
        }
    }
}

fn report(node: &Node<'_>, kind: &FieldKind, error: &crate::ValueError) {
    let text = node.given_text();
    let given = text.map_or_else(String::new, |text| format!("\"{}\" ", text.escape_debug()));
    if let (FieldKind::Enum { values }, Some(text)) = (kind, text) {
        let remedy = crate::suggestion::remedy(text, values.iter().map(|value| &**value));
        node.error(format!("{given}is no value of the field"), remedy);
    } else {
        node.error(format!("{given}{error}"), format!("expected {}", kind.expected_type()));
    }
}

/// Reads a file of values, one a line; empty lines and those that begin with `#` are passed over.
pub(super) fn read_list(
    node: &Node<'_>,
    schema: &Field,
    options: &CompileOptions<'_>,
) -> Option<Vec<Literal>> {
    let text = geo::file(node, options)?;
    let mut literals = Vec::new();
    let lines = text.lines().map(str::trim).zip(1_usize..);
    for (line, number) in lines.filter(|(line, _)| !line.is_empty() && !line.starts_with('#')) {
        let mut kept: Option<Box<str>> = None;
        let mut keep = |text: &str| {
            kept = Some(text.into());
            Span::NONE
        };
        match schema.kind.parse_text(line, &mut keep) {
            Ok(value) => literals.push(Literal::of(value, kept)),
            Err(error) => {
                node.error(
                    format!("line {number}: \"{}\" {error}", line.escape_debug()),
                    format!("expected {}", schema.kind.expected_type()),
                );
                return None;
            }
        }
    }
    if literals.is_empty() || literals.len() > limits::FILTER_VALUES_MAX {
        let count = literals.len();
        node.error(format!("has {count} values"), format!("1 to {}, one a line", limits::FILTER_VALUES_MAX));
        return None;
    }
    Some(literals)
}

/// Orders the values and keeps each once. They are of one type, that of the field.
pub(super) fn set_of(mut literals: Vec<Literal>) -> Set {
    literals.sort_unstable();
    literals.dedup();
    macro_rules! all {
        ($kind:ident) => {
            literals
                .into_iter()
                .filter_map(|one| if let Literal::$kind(value) = one { Some(value) } else { None })
                .collect()
        };
    }
    match literals.first() {
        Some(Literal::Text(_)) | None => Set::Texts(all!(Text)),
        Some(Literal::Integer(_)) => Set::Integers(all!(Integer)),
        Some(Literal::Decimal(_)) => Set::Decimals(all!(Decimal)),
        Some(Literal::Boolean(_)) => Set::Booleans(all!(Boolean)),
        Some(Literal::Choice(_)) => Set::Choices(all!(Choice)),
        Some(Literal::Date(_)) => Set::Dates(all!(Date)),
    }
}

/// Reads beginnings of texts. Only texts have them; what the normal form would change is changed here too.
pub(super) fn read_prefixes(node: &Node<'_>, schema: &Field) -> Option<Prefixes> {
    let normal: fn(&str) -> String = match schema.kind {
        FieldKind::Text { .. } | FieldKind::Phone { .. } => str::to_owned,
        FieldKind::PostalCode { .. } => str::to_ascii_uppercase,
        FieldKind::Email => str::to_ascii_lowercase,
        FieldKind::Integer { .. }
        | FieldKind::Decimal { .. }
        | FieldKind::Boolean
        | FieldKind::Enum { .. }
        | FieldKind::Date => {
            node.error(
                format!("\"{}\" is no text ({})", schema.name, schema.kind.expected_type()),
                "use in, or range for numbers and dates",
            );
            return None;
        }
    };
    let items = match node.given_text() {
        Some(_) => vec![node.clone()],
        None => node.items(limits::FILTER_VALUES_MAX)?,
    };
    if items.is_empty() {
        node.error("has no values", "at least one");
        return None;
    }
    let prefixes: Vec<Option<Box<str>>> =
        items.iter().map(|item| read_prefix(item, schema, normal)).collect();
    prefixes.into_iter().collect::<Option<Vec<_>>>().map(Prefixes::new)
}

fn read_prefix(item: &Node<'_>, schema: &Field, normal: fn(&str) -> String) -> Option<Box<str>> {
    let text = normal(item.text_within(shared::FIELD_TEXT_BYTES_MAX)?);
    if matches!(schema.kind, FieldKind::Phone { .. }) && !text.starts_with('+') {
        item.error(format!("\"{text}\" begins no phone number in E.164"), "such as \"+49\" or \"+4989\"");
        return None;
    }
    Some(text.into())
}

/// Reads `{ min = .., max = .. }`, one of which may be left out.
pub(super) fn read_bounds(node: &Node<'_>, schema: &Field) -> Option<Bounds> {
    let table = node.table()?;
    let (min, max) = (table.get("min"), table.get("max"));
    table.finish();
    if min.is_none() && max.is_none() {
        node.error("has neither min nor max", "at least one of them; both are included");
        return None;
    }
    let read = |bound: Option<Node<'_>>| match bound {
        Some(bound) => Literal::read(&bound, &schema.kind).map(Some),
        None => Some(None),
    };
    let ordered = |ordered: bool, bounds: Bounds| {
        if !ordered {
            node.error("min is greater than max", "both are included, the smaller first");
        }
        ordered.then_some(bounds)
    };
    match &schema.kind {
        FieldKind::Integer { min: least, max: most } => {
            let (min, max) = (read(min), read(max));
            let (min, max) =
                (integer(min?.as_ref()).unwrap_or(*least), integer(max?.as_ref()).unwrap_or(*most));
            ordered(min <= max, Bounds::Integer(min, max))
        }
        FieldKind::Decimal { min: least, max: most } => {
            let (min, max) = (read(min), read(max));
            let (min, max) =
                (decimal(min?.as_ref()).unwrap_or(*least), decimal(max?.as_ref()).unwrap_or(*most));
            ordered(min <= max, Bounds::Decimal(min, max))
        }
        FieldKind::Date => {
            let (min, max) = (read(min), read(max));
            let (first, last) = (FIRST_DAY, LAST_DAY);
            let (min, max) = (date(min?.as_ref()).unwrap_or(first), date(max?.as_ref()).unwrap_or(last));
            ordered(min <= max, Bounds::Date(min, max))
        }
        FieldKind::Text { .. }
        | FieldKind::Boolean
        | FieldKind::Enum { .. }
        | FieldKind::PostalCode { .. }
        | FieldKind::Phone { .. }
        | FieldKind::Email => {
            node.error(
                format!("\"{}\" has no order ({})", schema.name, schema.kind.expected_type()),
                "use equals, in, or prefix for texts",
            );
            None
        }
    }
}

fn integer(literal: Option<&Literal>) -> Option<i64> {
    if let Some(&Literal::Integer(number)) = literal { Some(number) } else { None }
}

fn decimal(literal: Option<&Literal>) -> Option<Amount> {
    if let Some(&Literal::Decimal(number)) = literal { Some(number) } else { None }
}

fn date(literal: Option<&Literal>) -> Option<Date> {
    if let Some(&Literal::Date(date)) = literal { Some(date) } else { None }
}
