//! `exchange serve`: everything that can be wrong is found before a port is bound.

use std::path::{Path, PathBuf};

use anyhow::Context as _;
use exchange_catalog::{Diagnostic, SourceFile};

use super::{CatalogFiles, Ending, Terminal};
use crate::config::{Config, Surroundings};
use crate::listener_certificates::ListenerCertificates;
use crate::wall_clock;

/// What a serving exchange starts with.
#[derive(Debug)]
pub struct Start {
    /// The configuration.
    pub config: Config,
    /// Its file, to be read again while the exchange runs; nothing where there is none.
    pub config_file: Option<PathBuf>,
    /// The certificates of the listeners.
    pub certificates: ListenerCertificates,
    /// The catalog to take at the start; it has no mistakes. Without one, the catalog that was taken last goes on.
    pub catalog: Option<CatalogFiles>,
}

pub(super) fn run(
    config: Option<&Path>,
    catalog: &[PathBuf],
    terminal: &mut Terminal<'_>,
    serve: impl FnOnce(Start) -> anyhow::Result<()>,
) -> anyhow::Result<Ending> {
    let start = match prepare(config, catalog, terminal) {
        Ok(Some(start)) => start,
        Ok(None) => return Ok(Ending::BadConfiguration),
        Err(error) => {
            terminal.complain(format_args!("error: {error:#}"));
            return Ok(Ending::BadConfiguration);
        }
    };
    serve(start)?;
    Ok(Ending::Done)
}

/// Reads and checks configuration and catalog; nothing where they have mistakes, which the terminal shows then.
fn prepare(
    config_file: Option<&Path>,
    catalog: &[PathBuf],
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Option<Start>> {
    let Some(config) = load_config(config_file, terminal)? else { return Ok(None) };
    let catalog = CatalogFiles::read(catalog)?;
    if let Some(catalog) = &catalog {
        match catalog.compile(0, wall_clock::utc_now(), config.buyers.allow_http) {
            Ok((_, warnings)) => terminal.complain_of(&warnings),
            Err(found) => {
                terminal.complain_of(&found);
                return Ok(None);
            }
        }
    }
    let certificates = ListenerCertificates::open(&config)?;
    let config_file = config_file.map(Path::to_owned);
    Ok(Some(Start { config, config_file, certificates, catalog }))
}

/// Reads a configuration; nothing where it has mistakes, which the terminal shows then.
pub(super) fn load_config(
    path: Option<&Path>,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Option<Config>> {
    match read_config(path)? {
        Ok(config) => Ok(Some(config)),
        Err(found) => {
            terminal.complain_of(&found);
            Ok(None)
        }
    }
}

/// Reads a configuration, with what the environment says; without a file, the defaults.
///
/// # Errors
///
/// Says why the file cannot be read, and inside of that what mistakes it has.
pub(crate) fn read_config(path: Option<&Path>) -> anyhow::Result<Result<Config, Vec<Diagnostic>>> {
    let file = path.map(read_file).transpose()?;
    let cores = std::thread::available_parallelism().map_or(1, std::num::NonZero::get);
    let surroundings = Surroundings { cores, variable: &|name| std::env::var(name).ok() };
    Ok(Config::load(file.as_ref(), surroundings))
}

fn read_file(path: &Path) -> anyhow::Result<SourceFile> {
    let text = std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
    Ok(SourceFile { name: path.display().to_string(), text })
}
