//! `exchange geo`: postal files for radii in catalogs.

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;
use clap::Subcommand;
use exchange_catalog::Places;

use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum GeoCommand {
    /// Reads a postal file of `GeoNames` and writes what catalogs need of it: a line for each postal code
    Import {
        /// The file, such as DE.txt out of <https://download.geonames.org/export/zip/DE.zip>
        file: PathBuf,
        /// The country, two capital letters; left out, the name of the file
        #[arg(long)]
        country: Option<String>,
        /// Where it goes; left out, to standard output
        #[arg(long)]
        out: Option<PathBuf>,
    },
}

pub(super) fn run(command: GeoCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let GeoCommand::Import { file, country, out } = command;
    let Some(country) = country_of(&file, country) else {
        terminal.complain(format_args!("error: name the country with --country, such as --country DE"));
        return Ok(Ending::BadConfiguration);
    };
    let text = fs::read_to_string(&file).with_context(|| format!("cannot read {}", file.display()))?;
    let places = match Places::parse(&text, country) {
        Ok(places) if places.is_empty() => {
            terminal.complain(format_args!("error: {} holds no place of the country", file.display()));
            return Ok(Ending::Refused);
        }
        Ok(places) => places,
        Err(error) => {
            terminal.complain(format_args!("error: {}: {error}", file.display()));
            return Ok(Ending::Refused);
        }
    };
    let text = format!(
        "# Postal codes: GeoNames (https://www.geonames.org/), CC BY 4.0, changed by `exchange geo import`.\n{}",
        places.to_text(country)
    );
    match out {
        Some(out) => fs::write(&out, text).with_context(|| format!("cannot write {}", out.display()))?,
        None => terminal.say(format_args!("{}", text.trim_end())),
    }
    terminal.complain(format_args!("{} postal codes", places.len()));
    Ok(Ending::Done)
}

fn country_of(file: &Path, given: Option<String>) -> Option<[u8; 2]> {
    let name = given.or_else(|| Some(file.file_stem()?.to_str()?.to_owned()))?;
    let letters = <[u8; 2]>::try_from(name.as_bytes()).ok()?;
    letters.iter().all(u8::is_ascii_uppercase).then_some(letters)
}
