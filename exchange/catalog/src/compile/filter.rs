//! Filters: conditions on fields, checked against the schema of the vertical.

use exchange_types::{Amount, Date, FieldIndex, Span, Value, limits as shared};

use super::field;
use super::vertical::Draft;
use crate::document::{Node, Table};
use crate::filter::{Bounds, Condition, Prefixes, Set, Test};
use crate::snapshot::{Field, FieldKind};
use crate::{Filter, limits};

const EXAMPLE: &str = "a condition such as { field = \"zip\", prefix = [\"80\"] }, { all = [..] }, { any = [..] }, or { not = {..} }";

/// Reads a condition, or an array of conditions that all have to be met. Without a vertical, because its
/// name is wrong, fields are not checked.
pub(super) fn compile(node: &Node<'_>, vertical: Option<&Draft<'_>>) -> Filter {
    // Shown without `campaigns.NAME.`, whose reader knows which campaign it is.
    let shown = node.place.path.splitn(3, '.').nth(2).unwrap_or("filter");
    let cut = node.place.path.len().saturating_sub(shown.len());
    let mut builder = Builder { vertical, conditions: Vec::new(), cut, full: false };
    builder.condition(node, 1);
    Filter::new(builder.conditions)
}

struct Builder<'v, 'a> {
    vertical: Option<&'v Draft<'a>>,
    conditions: Vec<Condition>,
    /// Bytes of a path that name the campaign.
    cut: usize,
    full: bool,
}

impl Builder<'_, '_> {
    fn condition(&mut self, node: &Node<'_>, depth: usize) {
        if depth > shared::FILTER_DEPTH_MAX {
            node.error("is nested too deeply", format!("at most {} levels", shared::FILTER_DEPTH_MAX));
            return;
        }
        if self.conditions.len() == limits::FILTER_CONDITIONS_MAX {
            if !core::mem::replace(&mut self.full, true) {
                node.error("is one condition too many", format!("at most {}", limits::FILTER_CONDITIONS_MAX));
            }
            return;
        }
        if node.is_array() {
            return self.join(node, Test::All, node, depth);
        }
        if !node.is_table() {
            node.wrong_type::<()>(EXAMPLE);
            return;
        }
        let Some(table) = node.table() else { return };
        let (all, any, not) = (table.get("all"), table.get("any"), table.get("not"));
        let has_field = table.keys().any(|key| key == "field");
        let joins = [&all, &any, &not].into_iter().flatten().count();
        match (all, any, not) {
            (Some(children), None, None) if !has_field => self.join(node, Test::All, &children, depth),
            (None, Some(children), None) if !has_field => self.join(node, Test::Any, &children, depth),
            (None, None, Some(child)) if !has_field => self.join(node, Test::Not, &child, depth),
            (None, None, None) => return self.leaf(node, &table),
            _ => node.error(format!("says {} things at once", joins + usize::from(has_field)), EXAMPLE),
        }
        table.finish();
    }

    /// Adds a condition over others: the items of an array, or under `not` a condition of any form.
    fn join(&mut self, node: &Node<'_>, test: Test, children: &Node<'_>, depth: usize) {
        let is_not = test == Test::Not;
        let at = self.push(node, test);
        if is_not {
            self.condition(children, depth + 1);
        } else if let Some(items) = children.items(limits::FILTER_CONDITIONS_MAX) {
            if items.is_empty() {
                children.error("has no conditions", "at least one; leave the filter out to take every lead");
            }
            for item in &items {
                self.condition(item, depth + 1);
            }
        }
        let end = self.conditions.len();
        if let Some(condition) = self.conditions.get_mut(at) {
            condition.end = end;
        }
    }

    fn push(&mut self, node: &Node<'_>, test: Test) -> usize {
        let at = self.conditions.len();
        let path = node.place.path.get(self.cut..).unwrap_or("filter");
        self.conditions.push(Condition { test, end: at + 1, path: path.into() });
        at
    }

    fn leaf(&mut self, node: &Node<'_>, table: &Table<'_>) {
        let field = table.require("field", "\"zip\"");
        let tests = [
            table.get("equals"),
            table.get("in"),
            table.get("prefix"),
            table.get("range"),
            table.get("exists"),
        ];
        let known = ["all", "any", "not", "field", "equals", "in", "prefix", "range", "exists"];
        let unknown: Vec<&str> = table.keys().filter(|key| !known.contains(key)).collect();
        for key in unknown {
            let remedy = crate::suggestion::remedy(key, known.into_iter().skip(3));
            node.error(format!("unknown key \"{}\"", key.escape_debug()), remedy);
        }
        let count = tests.iter().flatten().count();
        if count != 1 {
            if count > 1 || table.keys().all(|key| known.contains(&key)) {
                node.error(
                    format!("has {count} tests"),
                    "exactly one of equals, in, prefix, range, exists; join several in an array",
                );
            }
            return;
        }
        let (Some(field), Some(vertical)) = (field, self.vertical) else { return };
        let fields = &vertical.vertical.fields;
        let Some(position) = field::find(&field, fields) else { return };
        let Some(schema) = fields.get(position) else { return };
        if vertical.broken.get(position).copied().unwrap_or(true) {
            return;
        }
        let index = FieldIndex(u16::try_from(position).unwrap_or(u16::MAX));
        if let Some(test) = read_test(tests, schema, index) {
            self.push(node, test);
        }
    }
}

fn read_test(tests: [Option<Node<'_>>; 5], schema: &Field, field: FieldIndex) -> Option<Test> {
    let [equals, within, prefix, range, exists] = tests;
    if let Some(node) = equals {
        let literal = Literal::read(&node, &schema.kind)?;
        return Some(Test::In { field, set: set_of(vec![literal]) });
    }
    if let Some(node) = within {
        let items = node.items(limits::FILTER_VALUES_MAX)?;
        if items.is_empty() {
            node.error("has no values", "at least one");
            return None;
        }
        let literals = items.iter().map(|item| Literal::read(item, &schema.kind));
        // Every item is read before any is missed, so that every mistake is reported.
        let literals: Vec<Option<Literal>> = literals.collect();
        return Some(Test::In { field, set: set_of(literals.into_iter().collect::<Option<_>>()?) });
    }
    if let Some(node) = prefix {
        return read_prefixes(&node, schema).map(|prefixes| Test::Prefix { field, prefixes });
    }
    if let Some(node) = range {
        return read_bounds(&node, schema).map(|bounds| Test::Range { field, bounds });
    }
    exists.and_then(|node| node.boolean()).map(|given| Test::Exists { field, given })
}

/// The first and the last day that can be given, 0001-01-01 and 9999-12-31.
const FIRST_DAY: Date = Date::from_days(-719_162);
const LAST_DAY: Date = Date::from_days(2_932_896);

/// A value of a condition in its normal form.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord)]
enum Literal {
    Text(Box<str>),
    Integer(i64),
    Decimal(Amount),
    Boolean(bool),
    Choice(u16),
    Date(Date),
}

impl Literal {
    fn read(node: &Node<'_>, kind: &FieldKind) -> Option<Self> {
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
        Some(match value {
            Value::Text(_) => Self::Text(kept.unwrap_or_default()),
            Value::Integer(number) => Self::Integer(number),
            Value::Decimal(number) => Self::Decimal(number),
            Value::Boolean(boolean) => Self::Boolean(boolean),
            Value::Choice(position) => Self::Choice(position),
            Value::Date(date) => Self::Date(date),
        })
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

/// Orders the values and keeps each once. They are of one type, that of the field.
fn set_of(mut literals: Vec<Literal>) -> Set {
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
fn read_prefixes(node: &Node<'_>, schema: &Field) -> Option<Prefixes> {
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
fn read_bounds(node: &Node<'_>, schema: &Field) -> Option<Bounds> {
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
