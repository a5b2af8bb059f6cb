//! [`compile`]: from the files of a catalog to its snapshot.
//!
//! Every part is compiled as far as it goes: a part with a mistake stands with a default for what could not
//! be read, so that whatever refers to it is still checked. The draft is thrown away if anything was wrong.

mod agreement;
mod buyer;
mod campaign;
mod caps;
mod consent;
mod delivery;
mod field;
mod filter;
mod geo;
mod near;
mod notices;
mod postback;
mod price;
mod privacy;
mod quality;
mod returns;
mod schedule;
mod section;
mod seller;
mod source;
mod supply_limits;
mod tags;
mod test_market;
mod unknown;
mod vertical;

use core::fmt;

use std::sync::Arc;

use exchange_types::{CampaignIndex, UtcMicros, limits};
use toml::de::DeTable;

use crate::document::{Place, Report};
use crate::snapshot::SourceNames;
use crate::{Diagnostic, Snapshot, SourceFile};
use delivery::Endpoints;
use geo::Geo;
use section::Sections;

/// What a catalog is compiled with, besides its files.
#[derive(Clone, Copy)]
pub struct CompileOptions<'a> {
    /// The version of the snapshot.
    pub version: u64,
    /// From when on schedules are worked out.
    pub now: UtcMicros,
    /// Looks up `env:NAME` and `file:PATH`; nothing where there is no such variable or file.
    pub secrets: &'a dyn Fn(&str) -> Option<String>,
    /// Whether URLs may be clear `http`: for development only.
    pub allow_http: bool,
    /// Who makes the names under which buyers know sellers and publishers. Without, such a name in a catalog is taken
    /// and means nobody: enough to check it.
    pub source_names: Option<&'a Arc<dyn SourceNames>>,
}

impl fmt::Debug for CompileOptions<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CompileOptions")
            .field("version", &self.version)
            .field("now", &self.now)
            .field("allow_http", &self.allow_http)
            .finish_non_exhaustive()
    }
}

/// Compiles a catalog, whole or not at all.
///
/// With the snapshot come warnings: what is allowed and probably not meant.
///
/// # Errors
///
/// Returns every mistake, ordered by place, with the warnings among them. A file that is no TOML is judged
/// by its syntax alone.
pub fn compile(
    files: &[SourceFile],
    options: &CompileOptions<'_>,
) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
    let report = Report::new(files);
    let snapshot = {
        let documents = parse_files(files, &report);
        let sections = Sections::collect(&documents, &report);
        compile_sections(&sections, options)
    };
    let (found, refused) = report.finish();
    if refused { Err(found) } else { Ok((snapshot, found)) }
}

/// What `toml` calls a key that stands twice; the rest of the file is still known then.
const DUPLICATE: &str = "duplicate key";

/// Returns the trees of the files; none for a file that cannot be read.
fn parse_files<'a>(files: &'a [SourceFile], report: &Report<'a>) -> Vec<Option<DeTable<'a>>> {
    if files.len() > crate::limits::FILES_MAX {
        let place = Place { file: 0, offset: 0, path: String::new() };
        report.error(
            &place,
            format!("the catalog has {} files", files.len()),
            format!("at most {}", crate::limits::FILES_MAX),
        );
        return Vec::new();
    }
    files.iter().enumerate().map(|(position, file)| parse_file(position, file, report)).collect()
}

fn parse_file<'a>(position: usize, file: &'a SourceFile, report: &Report<'a>) -> Option<DeTable<'a>> {
    let at = |offset| Place { file: position, offset, path: String::new() };
    if file.text.len() > crate::limits::FILE_BYTES_MAX {
        report.error(
            &at(0),
            format!("the file has {} bytes", file.text.len()),
            format!("at most {}; a catalog may stand in several files", crate::limits::FILE_BYTES_MAX),
        );
        return None;
    }
    let (document, errors) = DeTable::parse_recoverable(&file.text);
    for error in &errors {
        let span = error.span().unwrap_or_default();
        let given = file.text.get(span.clone()).unwrap_or("");
        report.error(&at(span.start), error.message(), syntax_remedy(error.message(), given));
    }
    errors.iter().all(|error| error.message() == DUPLICATE).then(|| document.into_inner())
}

/// Returns what would be right, for the mistakes that people make most.
fn syntax_remedy(message: &str, given: &str) -> String {
    if message == DUPLICATE {
        return "each key stands once; remove one of the two".to_owned();
    }
    let is_word =
        given.starts_with(|first: char| first.is_ascii_alphabetic()) && !given.contains(['\n', '"']);
    if is_word { format!("a text stands in quotes: \"{given}\"") } else { String::new() }
}

fn compile_sections(sections: &Sections<'_>, options: &CompileOptions<'_>) -> Snapshot {
    let sources = source::compile_all(&sections.sellers, options.source_names);
    let mut drafts = vertical::compile_all(&sections.verticals, &sources);
    let buyers = buyer::compile_all(&sections.buyers);
    let geo = Geo::compile(&sections.geo, options);
    let scope =
        campaign::Scope { verticals: &drafts, buyers: &buyers, sources: &sources, geo: &geo, options };
    let mut endpoints = Endpoints::default();
    let campaigns = campaign::compile_all(&sections.campaigns, &scope, &mut endpoints);
    let sellers = seller::compile_all(&sections.sellers, &scope, &mut endpoints);
    buyer::check_currencies(&sections.buyers, &buyers, &campaigns, &drafts);
    for (position, campaign) in campaigns.iter().enumerate() {
        let index = CampaignIndex(u32::try_from(position).unwrap_or(u32::MAX));
        if let Some(draft) = drafts.get_mut(campaign.vertical.at()) {
            draft.campaigns.push(index);
        }
    }
    for draft in &drafts {
        if draft.campaigns.len() > limits::PINGED_CAMPAIGNS_MAX {
            draft.node.warning(
                format!("{} campaigns are in this vertical", draft.campaigns.len()),
                format!("an auction pings at most {}; let filters divide them", limits::PINGED_CAMPAIGNS_MAX),
            );
        }
    }
    let tests = Arc::new(test_market::compile(drafts.len()));
    Snapshot {
        version: options.version,
        verticals: drafts.into_iter().map(vertical::Draft::finish).collect(),
        sellers: sellers.into(),
        buyers: buyers.into(),
        campaigns: campaigns.into(),
        endpoints: endpoints.into_vec().into(),
        sources,
        tests,
    }
}

#[cfg(test)]
pub(crate) mod tests;
