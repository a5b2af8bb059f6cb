//! `exchange person`: what is held about a person, and erasing it.
//!
//! The person comes on standard input, never on the command line, which others see and shells remember.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde::Deserialize;
use serde_json::{Map, Value, json};

use super::control_client::{Control, PAGES_MAX};
use super::{Ending, Terminal};

/// Bytes of standard input: a phone and an e-mail address, with room to spare.
const INPUT_BYTES_MAX: u64 = 4_096;

/// Standard input holds a phone in international form, an e-mail address, or both, each on a line of its own
#[derive(Debug, Subcommand)]
pub(super) enum PersonCommand {
    /// Shows the leads of a person and who got them
    Find {
        #[command(flatten)]
        control: Control,
    },
    /// Shows all that is held about a person, in clear
    Export {
        #[command(flatten)]
        control: Control,
    },
    /// Erases a person: every lead of it, here and in every copy of the log; it cannot be undone
    Erase {
        #[command(flatten)]
        control: Control,
    },
}

pub(super) fn run(command: &PersonCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let person = read_person(terminal)?;
    match command {
        PersonCommand::Find { control } => show_leads(control, "/v1/persons/find", person, terminal),
        PersonCommand::Export { control } => show_leads(control, "/v1/persons/export", person, terminal),
        PersonCommand::Erase { control } => {
            control.post("/v1/persons/erase", &Value::Object(person))?.show(terminal)
        }
    }
}

/// A page of the leads of a person.
#[derive(Deserialize)]
struct Page {
    leads: Vec<Value>,
    next: Option<Value>,
}

/// Shows every lead of a person, however many pages they take.
fn show_leads(
    control: &Control,
    path: &str,
    mut asked: Map<String, Value>,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let mut leads = Vec::new();
    for _ in 0..PAGES_MAX {
        let reply = control.post(path, &Value::Object(asked.clone()))?;
        let Some(Page { leads: more, next }) = reply.read(terminal)? else { return Ok(Ending::Refused) };
        leads.extend(more);
        let Some(next) = next else {
            terminal.say(format_args!("{:#}", json!({ "leads": leads })));
            return Ok(Ending::Done);
        };
        asked.insert("cursor".to_owned(), next);
    }
    bail!(
        "the person has more than {PAGES_MAX} pages of leads: ask the control listener for them page by page"
    )
}

/// Reads a person. What is wrong is said without repeating it.
fn read_person(terminal: &mut Terminal<'_>) -> anyhow::Result<Map<String, Value>> {
    let mut text = String::new();
    let mut input = (&mut *terminal.input).take(INPUT_BYTES_MAX);
    input.read_to_string(&mut text).context("cannot read the person from standard input")?;
    let mut person = Map::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let key = if line.contains('@') { "email" } else { "phone" };
        if person.insert(key.to_owned(), Value::from(line)).is_some() {
            bail!("standard input holds more than one {key}");
        }
    }
    if person.is_empty() {
        bail!("write a phone or an e-mail address, or both, to standard input, each on a line of its own");
    }
    Ok(person)
}
