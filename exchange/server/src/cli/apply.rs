//! `exchange apply`: puts a catalog in force in a running exchange.

use std::path::PathBuf;

use anyhow::{Context as _, bail};
use exchange_control::limits::CATALOG_BYTES_MAX;
use serde::{Deserialize, Serialize};

use super::control_client::{self, Reply};
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

/// What is read of a problem document.
#[derive(Debug, Deserialize)]
struct ProblemBody {
    title: String,
    detail: String,
    #[serde(default)]
    errors: Vec<Finding>,
}

#[derive(Debug, Deserialize)]
struct Finding {
    field: String,
    code: String,
    message: String,
}

pub(super) fn run(
    paths: &[PathBuf],
    url: &str,
    key: &str,
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
    let Reply { status, body } = control_client::put(url, "/v1/catalog", key, body)?;
    if status == 200 {
        let applied: AppliedBody =
            serde_json::from_slice(&body).context("cannot read the exchange's answer")?;
        complain_of(&applied.warnings, terminal);
        terminal.say(format_args!("catalog version {} is in force", applied.version));
        return Ok(Ending::Done);
    }
    let problem: ProblemBody = serde_json::from_slice(&body)
        .with_context(|| format!("the exchange answered {status} and no problem document"))?;
    complain_of(&problem.errors, terminal);
    terminal.complain(format_args!("{}: {}", problem.title, problem.detail));
    Ok(Ending::Refused)
}

fn complain_of(findings: &[Finding], terminal: &mut Terminal<'_>) {
    for Finding { field, code, message } in findings {
        terminal.complain(format_args!("{field}: {code}: {message}"));
    }
}
