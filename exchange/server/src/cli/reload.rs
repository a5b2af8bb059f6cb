//! `exchange reload`: has a running exchange read again what may change without a restart.

use serde::Deserialize;
use serde_json::Value;

use super::control_client::Control;
use super::{Ending, Terminal};

#[derive(Debug, Deserialize)]
struct ReloadedBody {
    changed: Vec<String>,
    keys: usize,
    catalog_version: u64,
}

pub(super) fn run(control: &Control, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let reply = control.post("/v1/reload", &Value::Null)?;
    let Some(body) = reply.read(terminal)? else { return Ok(Ending::Refused) };
    let ReloadedBody { changed, keys, catalog_version } = body;
    let changed = if changed.is_empty() { "nothing".to_owned() } else { changed.join(", ") };
    terminal.say(format_args!(
        "{changed} changed in the configuration; {keys} keys and catalog version {catalog_version} are in force"
    ));
    Ok(Ending::Done)
}
