//! [`Table`]: a table whose unknown keys do not go unnoticed.

use core::cell::RefCell;

use toml::de::{DeTable, DeValue};

use super::{Node, Place, Report};
use crate::suggestion;

/// A table of the file.
#[derive(Debug)]
pub(crate) struct Table<'a> {
    pub(crate) place: Place,
    pub(crate) report: &'a Report<'a>,
    /// In the order of the file.
    entries: Vec<Entry<'a>>,
    asked: RefCell<Vec<&'static str>>,
}

/// A key with its value.
#[derive(Clone, Debug)]
pub(crate) struct Entry<'a> {
    pub(crate) key: &'a str,
    pub(crate) key_place: Place,
    pub(crate) node: Node<'a>,
}

impl<'a> Table<'a> {
    pub(crate) fn new(entries: &'a DeTable<'a>, place: Place, report: &'a Report<'a>) -> Self {
        let entry = |(key, value): (&'a toml::Spanned<_>, &'a toml::Spanned<DeValue<'a>>)| {
            let name: &'a std::borrow::Cow<'a, str> = key.get_ref();
            let key_place = Place { file: place.file, offset: key.span().start, path: place.key_path(name) };
            // A table stands where its name does; its own span may be a header somewhere else.
            let offset = if matches!(value.get_ref(), DeValue::Table(_)) {
                key.span().start
            } else {
                value.span().start
            };
            let node = Node::new(value.get_ref(), Place { offset, ..key_place.clone() }, report);
            Entry { key: name, key_place, node }
        };
        let mut entries: Vec<Entry<'a>> = entries.iter().map(entry).collect();
        entries.sort_by_key(|entry| entry.key_place.offset);
        Self { place, report, entries, asked: RefCell::new(Vec::new()) }
    }

    /// Reports a mistake in the table as a whole.
    pub(crate) fn error(&self, message: impl Into<String>, remedy: impl Into<String>) {
        self.report.error(&self.place, message, remedy);
    }

    /// Returns the value of a key, if it is there.
    pub(crate) fn get(&self, key: &'static str) -> Option<Node<'a>> {
        self.asked.borrow_mut().push(key);
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.node.clone())
    }

    /// Returns the value of a key and reports where it is missing.
    pub(crate) fn require(&self, key: &'static str, example: &str) -> Option<Node<'a>> {
        let node = self.get(key);
        if node.is_none() {
            self.error(format!("`{key}` is missing"), format!("add {key} = {example}"));
        }
        node
    }

    /// Returns the keys of a table whose keys are names, in the order of the file.
    pub(crate) fn into_entries(self) -> Vec<Entry<'a>> {
        self.entries
    }

    /// Returns the keys that are there, in the order of the file.
    pub(crate) fn keys(&self) -> impl Iterator<Item = &'a str> {
        self.entries.iter().map(|entry| entry.key)
    }

    /// Reports every key that was never asked for.
    pub(crate) fn finish(self) {
        let asked = self.asked.into_inner();
        for Entry { key, key_place, .. } in self.entries {
            if !asked.contains(&key) {
                self.report.error(
                    &Place { path: self.place.path.clone(), ..key_place },
                    format!("unknown key \"{key}\""),
                    suggestion::remedy(key, asked.iter().copied()),
                );
            }
        }
    }
}
