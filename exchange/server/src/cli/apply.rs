//! `exchange apply`: puts a catalog in force in a running exchange.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use exchange_control::limits::CATALOG_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::control_client::{Control, Finding, complain_of};
use super::{CatalogFiles, Ending, Terminal};

#[derive(Debug, Serialize)]
struct PutBody<'a> {
    files: Vec<PutFile<'a>>,
}

#[derive(Debug, Serialize)]
struct PutFile<'a> {
    name: &'a str,
    text: &'a str,
}

#[derive(Debug, Deserialize)]
struct AppliedBody {
    version: u64,
    warnings: Vec<Finding>,
}

pub(super) fn run(
    paths: &[PathBuf],
    control: &Control,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let Some(CatalogFiles { files, secrets: _ }) = CatalogFiles::read(paths)? else {
        return Ok(Ending::BadConfiguration);
    };
    let files = files.iter().map(|file| PutFile { name: &file.name, text: &file.text }).collect();
    let body = serde_json::to_vec(&PutBody { files }).context("cannot write the catalog as JSON")?;
    if body.len() > CATALOG_BYTES_MAX {
        bail!("the catalog takes {} bytes as JSON, and an exchange takes {CATALOG_BYTES_MAX}", body.len());
    }
    let reply = control.put("/v1/catalog", body)?;
    let Some(AppliedBody { version, warnings }) = reply.read(terminal)? else { return Ok(Ending::Refused) };
    complain_of(&warnings, terminal);
    terminal.say(format_args!("catalog version {version} is in force"));
    Ok(Ending::Done)
}
