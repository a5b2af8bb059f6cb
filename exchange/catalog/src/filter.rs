//! [`Filter`]: which leads a campaign takes, by their fields and by where they come from.
//!
//! Conditions stand in one array in the order in which they are written, each with the end of its subtree,
//! so an evaluation walks forward through memory and allocates nothing. A set of texts is a binary search,
//! whether it holds three postal codes or thirty thousand.

use core::fmt;

use exchange_types::{Amount, Date, FieldIndex, Submission, Value};

use crate::SourceSet;
use crate::snapshot::Vertical;

/// A condition on a lead's fields. The default takes every lead.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// In preorder; empty takes everything.
    conditions: Box<[Condition]>,
}

/// The first condition that a lead does not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FilterMiss {
    /// The condition, for [`Filter::describe`].
    condition: usize,
    /// The field that it reads; none where it joins several conditions.
    pub field: Option<FieldIndex>,
}

/// One node of the tree.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Condition {
    pub(crate) test: Test,
    /// One past the last condition of its subtree.
    pub(crate) end: usize,
    /// The key in the catalog, such as `filter.any[2]`.
    pub(crate) path: Box<str>,
}

/// What a condition asks.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Test {
    All,
    Any,
    Not,
    Exists { field: FieldIndex, given: bool },
    In { field: FieldIndex, set: Set },
    Prefix { field: FieldIndex, prefixes: Prefixes },
    Range { field: FieldIndex, bounds: Bounds },
    Source(SourceSet),
}

/// Values, ordered and each once.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Set {
    Texts(Box<[Box<str>]>),
    Integers(Box<[i64]>),
    Decimals(Box<[Amount]>),
    Booleans(Box<[bool]>),
    Choices(Box<[u16]>),
    Dates(Box<[Date]>),
}

/// Least and largest value, both included.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Bounds {
    Integer(i64, i64),
    Decimal(Amount, Amount),
    Date(Date, Date),
}

/// Beginnings of texts, ordered, none the beginning of another.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Prefixes(Box<[Box<str>]>);

impl Filter {
    /// Returns the filter that takes every lead.
    pub fn everything() -> Self {
        Self::default()
    }

    pub(crate) fn new(conditions: Vec<Condition>) -> Self {
        Self { conditions: conditions.into() }
    }

    /// Returns whether a lead meets every condition.
    pub fn matches(&self, lead: &Submission) -> bool {
        self.check(lead).is_ok()
    }

    /// Checks a lead.
    ///
    /// A field that was not given meets no condition but `exists = false`; a `not` around a condition that
    /// it does not meet is met. Texts are compared exactly, in their normal form.
    ///
    /// # Errors
    ///
    /// Returns the first condition that is not met.
    pub fn check(&self, lead: &Submission) -> Result<(), FilterMiss> {
        if self.conditions.is_empty() { Ok(()) } else { self.check_at(0, lead) }
    }

    /// Returns what is shown of a miss: the condition's key in the catalog and what it asks for.
    pub fn describe<'a>(&'a self, miss: FilterMiss, vertical: &'a Vertical) -> impl fmt::Display + 'a {
        Description { condition: self.conditions.get(miss.condition), vertical }
    }

    /// Returns the fields that the filter reads, each once.
    pub fn fields(&self) -> Vec<FieldIndex> {
        let mut fields: Vec<_> =
            self.conditions.iter().filter_map(|condition| condition.test.field()).collect();
        fields.sort_unstable();
        fields.dedup();
        fields
    }

    fn check_at(&self, at: usize, lead: &Submission) -> Result<(), FilterMiss> {
        let Some(condition) = self.conditions.get(at) else { return Ok(()) };
        let met = match &condition.test {
            Test::All => {
                return self.children(at, condition.end).try_for_each(|child| self.check_at(child, lead));
            }
            Test::Any => self.children(at, condition.end).any(|child| self.check_at(child, lead).is_ok()),
            Test::Not => !self.children(at, condition.end).all(|child| self.check_at(child, lead).is_ok()),
            Test::Exists { field, given } => lead.value(*field).is_some() == *given,
            Test::In { field, set } => lead.value(*field).is_some_and(|value| set.contains(value, lead)),
            Test::Prefix { field, prefixes } => {
                matches!(lead.value(*field), Some(Value::Text(span)) if prefixes.begin(lead.text(span).reveal()))
            }
            Test::Range { field, bounds } => lead.value(*field).is_some_and(|value| bounds.contain(value)),
            Test::Source(sources) => sources.contains(lead),
        };
        if met { Ok(()) } else { Err(FilterMiss { condition: at, field: condition.test.field() }) }
    }

    fn children(&self, parent: usize, end: usize) -> impl Iterator<Item = usize> {
        let first = (parent + 1 < end).then_some(parent + 1);
        core::iter::successors(first, move |&child| {
            self.conditions.get(child).map(|condition| condition.end).filter(|&next| next < end)
        })
    }
}

impl Test {
    const fn field(&self) -> Option<FieldIndex> {
        match self {
            Self::All | Self::Any | Self::Not | Self::Source(_) => None,
            Self::Exists { field, .. }
            | Self::In { field, .. }
            | Self::Prefix { field, .. }
            | Self::Range { field, .. } => Some(*field),
        }
    }
}

impl Set {
    fn contains(&self, value: Value, lead: &Submission) -> bool {
        match (self, value) {
            (Self::Texts(set), Value::Text(span)) => {
                let text = lead.text(span).reveal();
                set.binary_search_by(|known| (**known).cmp(text)).is_ok()
            }
            (Self::Integers(set), Value::Integer(number)) => set.binary_search(&number).is_ok(),
            (Self::Decimals(set), Value::Decimal(number)) => set.binary_search(&number).is_ok(),
            (Self::Booleans(set), Value::Boolean(boolean)) => set.contains(&boolean),
            (Self::Choices(set), Value::Choice(position)) => set.binary_search(&position).is_ok(),
            (Self::Dates(set), Value::Date(date)) => set.binary_search(&date).is_ok(),
            _ => false,
        }
    }
}

impl Bounds {
    fn contain(self, value: Value) -> bool {
        match (self, value) {
            (Self::Integer(min, max), Value::Integer(number)) => min <= number && number <= max,
            (Self::Decimal(min, max), Value::Decimal(number)) => min <= number && number <= max,
            (Self::Date(min, max), Value::Date(date)) => min <= date && date <= max,
            _ => false,
        }
    }
}

impl Prefixes {
    pub(crate) fn new(mut prefixes: Vec<Box<str>>) -> Self {
        prefixes.sort_unstable();
        // A prefix that begins with another says nothing more; after sorting it follows that one.
        prefixes.dedup_by(|later, kept| later.starts_with(&**kept));
        Self(prefixes.into())
    }

    /// Returns whether one of the prefixes begins the text: since none begins another, it can only be the
    /// last one that is not after the text.
    fn begin(&self, text: &str) -> bool {
        let after = self.0.partition_point(|prefix| **prefix <= *text);
        after.checked_sub(1).and_then(|at| self.0.get(at)).is_some_and(|prefix| text.starts_with(&**prefix))
    }
}

/// Writes `filter.any[2]: zip begins with 80, 81`.
struct Description<'a> {
    condition: Option<&'a Condition>,
    vertical: &'a Vertical,
}

impl fmt::Display for Description<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(Condition { test, path, .. }) = self.condition else { return f.write_str("filter") };
        write!(f, "{path}: ")?;
        if let Some(field) = test.field().and_then(|field| self.vertical.field(field)) {
            write!(f, "{} ", field.name)?;
        }
        match test {
            Test::All => f.write_str("all of the conditions"),
            Test::Any => f.write_str("any of the conditions"),
            Test::Not => f.write_str("not what the condition takes"),
            Test::Exists { given: true, .. } => f.write_str("is given"),
            Test::Exists { given: false, .. } => f.write_str("is not given"),
            Test::Source(sources) => write!(f, "comes from {sources}"),
            Test::Prefix { prefixes, .. } => {
                f.write_str("begins with ")?;
                list(f, &prefixes.0, ToString::to_string)
            }
            Test::In { field, set } => {
                f.write_str("is ")?;
                self.list_set(f, *field, set)
            }
            Test::Range { bounds, .. } => match bounds {
                Bounds::Integer(min, max) => write!(f, "is from {min} to {max}"),
                Bounds::Decimal(min, max) => write!(f, "is from {} to {}", decimal(*min), decimal(*max)),
                Bounds::Date(min, max) => write!(f, "is from {min} to {max}"),
            },
        }
    }
}

impl Description<'_> {
    fn list_set(&self, f: &mut fmt::Formatter<'_>, field: FieldIndex, set: &Set) -> fmt::Result {
        match set {
            Set::Texts(set) => list(f, set, ToString::to_string),
            Set::Integers(set) => list(f, set, ToString::to_string),
            Set::Decimals(set) => list(f, set, |&amount| decimal(amount)),
            Set::Booleans(set) => list(f, set, ToString::to_string),
            Set::Dates(set) => list(f, set, ToString::to_string),
            Set::Choices(set) => {
                let field = self.vertical.field(field);
                list(f, set, |&position| {
                    field.and_then(|field| field.choice(position)).unwrap_or("?").to_owned()
                })
            }
        }
    }
}

fn decimal(amount: Amount) -> String {
    crate::field_value::decimal_text(amount)
}

/// Writes the first items; a filter may hold thousands.
pub(crate) fn list<T>(f: &mut fmt::Formatter<'_>, items: &[T], text: impl Fn(&T) -> String) -> fmt::Result {
    const SHOWN_MAX: usize = 8;
    for (position, item) in items.iter().take(SHOWN_MAX).enumerate() {
        let separator = if position == 0 { "" } else { ", " };
        write!(f, "{separator}{}", text(item))?;
    }
    match items.len().saturating_sub(SHOWN_MAX) {
        0 => Ok(()),
        more => write!(f, " and {more} more"),
    }
}

#[cfg(test)]
mod tests;
