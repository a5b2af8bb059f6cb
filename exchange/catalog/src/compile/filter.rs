//! Filters: conditions on fields, checked against the schema of the vertical.

mod values;

use exchange_types::{FieldIndex, limits as shared};

use super::CompileOptions;
use super::field;
use super::geo::Geo;
use super::source::{self, SourceScope};
use super::vertical::Draft;
use crate::document::{Node, Table};
use crate::filter::{Condition, Test};
use crate::snapshot::Field;
use crate::{Filter, limits};
use values::{Literal, read_bounds, read_list, read_prefixes, set_of};

const EXAMPLE: &str = "a condition such as { field = \"zip\", prefix = [\"80\"] }, { source = [\"acme\"] }, { all = [..] }, { any = [..] }, or { not = {..} }";

/// What a filter is checked against.
#[derive(Clone, Copy)]
pub(super) struct FilterScope<'s, 'a> {
    /// None where its name is wrong: fields are not checked then.
    pub(super) vertical: Option<&'s Draft<'a>>,
    pub(super) sources: SourceScope<'s>,
    /// What stands in files beside the catalog; nothing where a condition may name none.
    pub(super) files: Option<(&'s Geo, &'s CompileOptions<'s>)>,
}

/// Reads a condition, or an array of conditions that all have to be met.
pub(super) fn compile(node: &Node<'_>, scope: &FilterScope<'_, '_>) -> Filter {
    // Shown without `campaigns.NAME.`, whose reader knows which campaign it is.
    let shown = node.place.path.splitn(3, '.').nth(2).unwrap_or("filter");
    let cut = node.place.path.len().saturating_sub(shown.len());
    let mut builder = Builder { scope, conditions: Vec::new(), cut, full: false };
    builder.condition(node, 1);
    Filter::new(builder.conditions)
}

struct Builder<'v, 'a> {
    scope: &'v FilterScope<'v, 'a>,
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
        if let Some(sources) = table.get("source") {
            if let Some(set) = source::read_set(&sources, &self.scope.sources) {
                self.push(node, Test::Source(set));
            }
            return table.finish();
        }
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
            table.get("in_file"),
            table.get("within"),
            table.get("prefix"),
            table.get("range"),
            table.get("exists"),
        ];
        let known = [
            "all", "any", "not", "source", "field", "equals", "in", "in_file", "within", "prefix", "range",
            "exists",
        ];
        let unknown: Vec<&str> = table.keys().filter(|key| !known.contains(key)).collect();
        for key in unknown {
            let remedy = crate::suggestion::remedy(key, known.into_iter().skip(4));
            node.error(format!("unknown key \"{}\"", key.escape_debug()), remedy);
        }
        let count = tests.iter().flatten().count();
        if count != 1 {
            if count > 1 || table.keys().all(|key| known.contains(&key)) {
                node.error(
                    format!("has {count} tests"),
                    "exactly one of equals, in, in_file, within, prefix, range, exists; join several in an array",
                );
            }
            return;
        }
        let (Some(field), Some(vertical)) = (field, self.scope.vertical) else { return };
        let fields = &vertical.vertical.fields;
        let Some(position) = field::find(&field, fields) else { return };
        let Some(schema) = fields.get(position) else { return };
        if vertical.broken.get(position).copied().unwrap_or(true) {
            return;
        }
        let index = FieldIndex(u16::try_from(position).unwrap_or(u16::MAX));
        if let Some(test) = read_test(tests, (schema, index), self.scope.files) {
            self.push(node, test);
        }
    }
}

fn read_test(
    tests: [Option<Node<'_>>; 7],
    (schema, field): (&Field, FieldIndex),
    files: Option<(&Geo, &CompileOptions<'_>)>,
) -> Option<Test> {
    let [equals, listed, in_file, within, prefix, range, exists] = tests;
    if let Some(node) = equals {
        let literal = Literal::read(&node, &schema.kind)?;
        return Some(Test::In { field, set: set_of(vec![literal]) });
    }
    if let Some(node) = listed {
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
    if let Some(node) = in_file.as_ref().or(within.as_ref()) {
        let Some((geo, options)) = files else {
            node.error("stands in no filter of a campaign", "equals, in, prefix, range or exists");
            return None;
        };
        let set = match &in_file {
            Some(node) => set_of(read_list(node, schema, options)?),
            None => geo.read_radius(node, &schema.kind)?,
        };
        return Some(Test::In { field, set });
    }
    if let Some(node) = prefix {
        return read_prefixes(&node, schema).map(|prefixes| Test::Prefix { field, prefixes });
    }
    if let Some(node) = range {
        return read_bounds(&node, schema).map(|bounds| Test::Range { field, bounds });
    }
    exists.and_then(|node| node.boolean()).map(|given| Test::Exists { field, given })
}
