//! [`Section`]: a table of the file whose unknown keys do not go unnoticed.

use exchange_catalog::SourceFile;
use toml::de::{DeTable, DeValue};

use super::findings::Findings;
use super::given::{Given, Place};

/// A table of the file. Every key is asked for once; [`Section::finish`] reports what is left.
#[derive(Debug)]
pub(super) struct Section<'a> {
    file: &'a SourceFile,
    path: String,
    entries: Vec<Entry<'a>>,
    asked: Vec<&'static str>,
}

#[derive(Debug)]
struct Entry<'a> {
    key: &'a str,
    key_offset: usize,
    value: &'a DeValue<'a>,
    value_offset: usize,
}

impl<'a> Section<'a> {
    pub(super) fn new(file: &'a SourceFile, table: &'a DeTable<'a>, path: String) -> Self {
        let entries = table.iter().map(|(key, value)| Entry {
            key: key.get_ref(),
            key_offset: key.span().start,
            value: value.get_ref(),
            value_offset: value.span().start,
        });
        Self { file, path, entries: entries.collect(), asked: Vec::new() }
    }

    /// Takes a text.
    pub(super) fn text(&mut self, key: &'static str, findings: &mut Findings) -> Option<Given<String>> {
        self.take(key, "a text in quotes", findings, |value| {
            if let DeValue::String(text) = value { Some(text.clone().into_owned()) } else { None }
        })
    }

    /// Takes a whole number.
    pub(super) fn whole(&mut self, key: &'static str, findings: &mut Findings) -> Option<Given<i64>> {
        self.take(key, "a whole number below 2^63", findings, |value| {
            let DeValue::Integer(digits) = value else { return None };
            i64::from_str_radix(digits.as_str(), digits.radix()).ok()
        })
    }

    /// Takes `true` or `false`.
    pub(super) fn boolean(&mut self, key: &'static str, findings: &mut Findings) -> Option<Given<bool>> {
        self.take(key, "true or false", findings, |value| {
            if let DeValue::Boolean(boolean) = value { Some(*boolean) } else { None }
        })
    }

    /// Takes an array of texts, each with its own place.
    pub(super) fn texts(&mut self, key: &'static str, findings: &mut Findings) -> Option<Vec<Given<String>>> {
        let (file, path) = (self.file, self.key_path(key));
        let texts = self.take(key, "an array of texts in quotes", findings, |value| {
            let DeValue::Array(items) = value else { return None };
            let item = |(position, item): (usize, &toml::Spanned<DeValue<'_>>)| {
                let DeValue::String(text) = item.get_ref() else { return None };
                let place = Place::of_offset(file, item.span().start, format!("{path}[{position}]"));
                Some(Given { value: text.clone().into_owned(), place })
            };
            items.iter().enumerate().map(item).collect::<Option<Vec<_>>>()
        })?;
        Some(texts.value)
    }

    /// Takes a table below; nothing where it is not there.
    pub(super) fn section(&mut self, key: &'static str, findings: &mut Findings) -> Option<Given<Self>> {
        let (file, path) = (self.file, self.key_path(key));
        let below = self.take(key, "a table", findings, |value| {
            if let DeValue::Table(table) = value { Some(table) } else { None }
        })?;
        let Given { value, place } = below;
        Some(Given { value: Self::new(file, value, path), place })
    }

    /// Reports every key that was never asked for.
    pub(super) fn finish(self, findings: &mut Findings) {
        let Self { file, path, entries, asked } = self;
        for entry in entries {
            let place = Place::of_offset(file, entry.key_offset, path.clone());
            let message = format!("unknown key \"{}\"", entry.key.escape_debug());
            findings.error(&place, message, format!("valid here: {}", asked.join(", ")));
        }
    }

    fn take<T>(
        &mut self,
        key: &'static str,
        expected: &str,
        findings: &mut Findings,
        read: impl FnOnce(&'a DeValue<'a>) -> Option<T>,
    ) -> Option<Given<T>> {
        self.asked.push(key);
        let position = self.entries.iter().position(|entry| entry.key == key)?;
        let Entry { value, value_offset, .. } = self.entries.swap_remove(position);
        let place = Place::of_offset(self.file, value_offset, self.key_path(key));
        let read = read(value);
        if read.is_none() {
            findings.error(&place, format!("is {}", type_of(value)), format!("expected {expected}"));
        }
        read.map(|value| Given { value, place })
    }

    fn key_path(&self, key: &str) -> String {
        if self.path.is_empty() { key.to_owned() } else { format!("{}.{key}", self.path) }
    }
}

fn type_of(value: &DeValue<'_>) -> &'static str {
    match value {
        DeValue::String(_) => "a text",
        DeValue::Integer(_) => "a whole number",
        DeValue::Float(_) => "a number with a point",
        DeValue::Boolean(_) => "true or false",
        DeValue::Datetime(_) => "a date or time without quotes",
        DeValue::Array(_) => "an array",
        DeValue::Table(_) => "a table",
    }
}
