//! What a lead has to be beyond the form of its fields: keys of a field, and rules across fields.

use std::sync::Arc;

use exchange_types::{Date, FieldIndex};

use super::field;
use super::filter::{self, FilterScope};
use super::source::SourceScope;
use super::vertical::{Draft, set};
use crate::document::{Node, Range, Table};
use crate::snapshot::{DayBound, FieldKind, PhoneKind, Quality, QualityRule, RuleTest, Sources};
use crate::{Filter, limits};

/// The code of a broken rule that names none.
const CODE_DEFAULT: &str = "rule";

/// Reads what a field's value has to be beyond its form.
pub(super) fn read(table: &Table<'_>, kind: &FieldKind) -> Quality {
    match kind {
        FieldKind::Date => read_date(table),
        FieldKind::Phone { .. } => Quality::Phone { kinds: table.get("kinds").map_or([].into(), read_kinds) },
        FieldKind::Email => {
            let mut refuse_disposable = false;
            set(&mut refuse_disposable, table.get("refuse_disposable"), Node::boolean);
            Quality::Email { refuse_disposable }
        }
        FieldKind::Text { .. }
        | FieldKind::Integer { .. }
        | FieldKind::Decimal { .. }
        | FieldKind::Boolean
        | FieldKind::Enum { .. }
        | FieldKind::PostalCode { .. } => Quality::Any,
    }
}

fn read_date(table: &Table<'_>) -> Quality {
    let bound = |key| table.get(key).and_then(|node| read_day(&node));
    let age = |key| table.get(key).and_then(|node| node.small::<u16>(Range::new(0, limits::AGE_YEARS_MAX)));
    let (min, max) = (bound("min"), bound("max"));
    let (min_age, max_age) = (age("min_age"), age("max_age"));
    let crossed = match (min, max) {
        (Some(DayBound::Day(min)), Some(DayBound::Day(max))) => min > max,
        (Some(DayBound::FromToday(min)), Some(DayBound::FromToday(max))) => min > max,
        _ => false,
    };
    let ages_crossed = min_age.zip(max_age).is_some_and(|(min, max)| min > max);
    for (crossed, key, other) in [(crossed, "min", "max"), (ages_crossed, "min_age", "max_age")] {
        if crossed && let Some(node) = table.get(key) {
            node.error(format!("is greater than {other}"), "no value could be given");
        }
    }
    Quality::Date { min, max, min_age, max_age }
}

/// Reads `2026-11-20`, `today`, `today+90d` or `today-1d`.
fn read_day(node: &Node<'_>) -> Option<DayBound> {
    const EXAMPLE: &str = r#"a day such as "2026-11-20", or "today", "today+90d", "today-1d""#;
    let text = node.text_such_as(EXAMPLE)?;
    let found = match text.strip_prefix("today") {
        None => Date::parse(text).map(DayBound::Day),
        Some("") => Some(DayBound::FromToday(0)),
        Some(rest) => days_from_today(rest).map(DayBound::FromToday),
    };
    if found.is_none() {
        node.error(
            format!("\"{}\" is no bound of a date", text.escape_debug()),
            format!("{EXAMPLE}; at most {} days from today", limits::DAYS_FROM_TODAY_MAX),
        );
    }
    found
}

fn days_from_today(text: &str) -> Option<i32> {
    let (sign, digits) = match text.split_at_checked(1)? {
        ("+", digits) => (1, digits),
        ("-", digits) => (-1, digits),
        _ => return None,
    };
    let digits = digits.strip_suffix('d')?;
    let plain = digits.bytes().all(|byte| byte.is_ascii_digit());
    let days = digits.parse::<i32>().ok().filter(|days| plain && *days <= limits::DAYS_FROM_TODAY_MAX)?;
    Some(sign * days)
}

#[expect(clippy::needless_pass_by_value, reason = "it stands as the function of a map")]
fn read_kinds(node: Node<'_>) -> Box<[PhoneKind]> {
    let Some(items) = node.items(PhoneKind::NAMED.len()) else { return [].into() };
    if items.is_empty() {
        node.error("has no kinds", "at least one; without the key every kind is taken");
    }
    items.iter().filter_map(|item| item.one_of(&PhoneKind::NAMED)).collect()
}

/// Reads the rules across fields.
pub(super) fn read_rules(node: &Node<'_>, draft: &Draft<'_>, sources: &Arc<Sources>) -> Box<[QualityRule]> {
    let Some(items) = node.items(limits::QUALITY_RULES_MAX) else { return [].into() };
    let scope =
        FilterScope { vertical: Some(draft), sources: SourceScope { sources, buyer: "" }, files: None };
    items.iter().filter_map(|item| read_rule(item, draft, &scope)).collect()
}

fn read_rule(node: &Node<'_>, draft: &Draft<'_>, scope: &FilterScope<'_, '_>) -> Option<QualityRule> {
    let table = node.table()?;
    let mistakes = node.mistakes();
    let condition = |key| table.get(key).map(|node| filter::compile(&node, scope));
    let when = condition("when").unwrap_or_default();
    let (refuse, require) = (condition("refuse"), condition("require"));
    let ascending = table.get("ascending").map(|node| read_ascending(&node, draft));
    let field = table.get("field").and_then(|node| field::find(&node, &draft.vertical.fields));
    let code = table.get("code").map_or(Some(CODE_DEFAULT), |node| read_code(&node));
    let message = table.require("message", "\"what would be right\"");
    let message = message.and_then(|node| node.text_within(limits::RULE_MESSAGE_BYTES_MAX));
    table.finish();
    let test = match (refuse, require, ascending) {
        (Some(filter), None, None) => RuleTest::Refuse(filter),
        (None, Some(filter), None) => RuleTest::Require(filter),
        (None, None, Some(fields)) => RuleTest::Ascending(fields?),
        _ => {
            node.error("does not say one thing", "exactly one of refuse, require and ascending");
            return None;
        }
    };
    let reads = fields_of(&when, &test);
    let named = field.and_then(|at| u16::try_from(at).ok()).map(FieldIndex);
    let field = named.or_else(|| fields_of(&Filter::everything(), &test).first().copied());
    if field.is_none() && node.mistakes() == mistakes {
        node.error("reads no field, so there is none to name to the seller", "field = \"zip\"");
    }
    let field = field?;
    let (code, message) = (code?.into(), message?.into());
    Some(QualityRule { when, test, field, code, message, reads: reads.into() })
}

fn fields_of(when: &Filter, test: &RuleTest) -> Vec<FieldIndex> {
    let mut fields = when.fields();
    match test {
        RuleTest::Refuse(filter) | RuleTest::Require(filter) => fields.extend(filter.fields()),
        RuleTest::Ascending(ordered) => fields.extend_from_slice(ordered),
    }
    fields.sort_unstable();
    fields.dedup();
    fields
}

/// Reads the names of at least two fields of one ordered type.
fn read_ascending(node: &Node<'_>, draft: &Draft<'_>) -> Option<Box<[FieldIndex]>> {
    let fields = &draft.vertical.fields;
    let items = node.items(fields.len().max(2))?;
    // Every name is looked up before any is missed, so that every mistake is reported.
    let found: Vec<Option<usize>> = items.iter().map(|item| field::find(item, fields)).collect();
    let found: Vec<usize> = found.into_iter().collect::<Option<_>>()?;
    if found.iter().any(|at| draft.broken.get(*at).copied().unwrap_or(true)) {
        return None;
    }
    let kinds =
        || found.iter().filter_map(|at| fields.get(*at)).map(|field| core::mem::discriminant(&field.kind));
    let ordered = found.iter().filter_map(|at| fields.get(*at)).all(|field| {
        matches!(field.kind, FieldKind::Date | FieldKind::Integer { .. } | FieldKind::Decimal { .. })
    });
    if found.len() < 2 || !ordered || kinds().any(|kind| Some(kind) != kinds().next()) {
        node.error("cannot be compared", "two or more fields, all date, all integer or all decimal");
        return None;
    }
    found.into_iter().map(|at| u16::try_from(at).ok().map(FieldIndex)).collect()
}

/// Reads a word that stands in answers for good.
fn read_code<'a>(node: &Node<'a>) -> Option<&'a str> {
    let text = node.text()?;
    let plain = |byte: u8| byte.is_ascii_lowercase() || byte == b'_';
    if text.is_empty() || !text.bytes().all(plain) || text.len() > limits::NAME_BYTES_MAX {
        let given = text.escape_debug();
        node.error(format!("\"{given}\" is no code"), "a-z and _, such as \"not_owner\"");
        return None;
    }
    Some(text)
}
