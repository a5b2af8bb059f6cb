//! `exchange person`: what is held about a person, and erasing it.
//!
//! The person comes on standard input, never on the command line, which others see and shells remember.

use std::io::Read as _;

use anyhow::{Context as _, bail};
use clap::Subcommand;
use serde_json::{Map, Value};

use super::control_client::Control;
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
    let (control, path) = match command {
        PersonCommand::Find { control } => (control, "/v1/persons/find"),
        PersonCommand::Export { control } => (control, "/v1/persons/export"),
        PersonCommand::Erase { control } => (control, "/v1/persons/erase"),
    };
    control.post(path, &person)?.show(terminal)
}

/// Reads a person. What is wrong is said without repeating it.
fn read_person(terminal: &mut Terminal<'_>) -> anyhow::Result<Value> {
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
    Ok(Value::Object(person))
}
