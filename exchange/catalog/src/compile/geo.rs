//! Where postal codes lie: `[geo]` names a file for each country, which radii in filters refer to.

use std::collections::BTreeMap;

use super::CompileOptions;
use crate::document::{Node, Range, Table};
use crate::filter::Set;
use crate::limits;
use crate::places::{Places, normal};
use crate::snapshot::FieldKind;

/// Where postal codes lie, by country.
#[derive(Debug, Default)]
pub(super) struct Geo(BTreeMap<[u8; 2], Option<Places>>);

impl Geo {
    /// Reads the files that the sections name.
    pub(super) fn compile(sections: &[Node<'_>], options: &CompileOptions<'_>) -> Self {
        let mut geo = Self::default();
        let entries = sections.iter().filter_map(Node::table).flat_map(Table::into_entries);
        for entry in entries {
            let country = <[u8; 2]>::try_from(entry.key.as_bytes()).ok();
            let Some(country) = country.filter(|letters| letters.iter().all(u8::is_ascii_uppercase)) else {
                entry.node.error(
                    format!("\"{}\" is no country", entry.key.escape_debug()),
                    "two capital letters (ISO 3166), such as DE",
                );
                continue;
            };
            if geo.0.insert(country, read(&entry.node, country, options)).is_some() {
                entry.node.error("has a file already", "one for each country");
            }
        }
        geo
    }

    /// Reads `{ of = "80331", km = 50 }` for a field.
    pub(super) fn read_radius(&self, node: &Node<'_>, kind: &FieldKind) -> Option<Set> {
        let table = node.table()?;
        let (of, km) = (table.require("of", "\"80331\""), table.require("km", "50"));
        table.finish();
        let FieldKind::PostalCode { country } = kind else {
            node.error("is of no postal code", "within stands at fields of the type postal_code");
            return None;
        };
        let (of, km) = (of?, km?);
        let code = of.text().and_then(|text| normal(text, *country));
        let km = km.small(Range::new(1, limits::RADIUS_KM_MAX))?;
        let name = String::from_utf8_lossy(country).into_owned();
        let Some(places) = self.0.get(country) else {
            node.error(
                format!("needs to know where the postal codes of {name} lie"),
                format!("geo.{name} = \"file:{name}.txt\", a postal file of GeoNames"),
            );
            return None;
        };
        // A file that cannot be read is reported where it is named.
        let found = code.as_deref().and_then(|code| places.as_ref()?.within(code, km));
        if found.is_none() && places.is_some() {
            of.error(format!("is no postal code of {name} that its file holds"), "one that is there");
        }
        Some(Set::Texts(found?.into_iter().map(Into::into).collect()))
    }
}

fn read(node: &Node<'_>, country: [u8; 2], options: &CompileOptions<'_>) -> Option<Places> {
    let text = file(node, options)?;
    let places = Places::parse(&text, country)
        .map_err(|error| node.error(error.to_string(), "a postal file of GeoNames"))
        .ok()?;
    if places.is_empty() {
        node.error("holds no place of the country", "the postal file of this country");
    }
    Some(places)
}

/// Returns what stands in a file that a value names.
pub(super) fn file(node: &Node<'_>, options: &CompileOptions<'_>) -> Option<String> {
    let text = node.text()?;
    let Some(path) = text.strip_prefix("file:") else {
        node.error("names no file", "\"file:PATH\", relative to the catalog");
        return None;
    };
    let found = (options.secrets)(text);
    if found.is_none() {
        let path = path.escape_debug();
        node.error(
            "leads to nothing",
            format!("make the file {path} readable for the exchange, at most 8 MiB"),
        );
    }
    found
}
