//! `exchange suppress`: persons who are not to be sold, from a file.
//!
//! Persons come from a file or standard input, never from the command line, which others see and shells remember.

use std::fs::File;
use std::io::{BufRead as _, BufReader, Read};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, bail};
use clap::{Args, Subcommand, ValueEnum};
use serde::Deserialize;
use serde_json::{Value, json};

use super::control_client::{Control, text_of};
use super::{Ending, Terminal};

/// Entries of one request.
const ENTRIES_A_TIME: usize = exchange_control::limits::SUPPRESSION_ENTRIES_MAX;
/// Bytes of a line: the longest e-mail address, with room to spare.
const LINE_BYTES_MAX: usize = 1_024;

#[derive(Debug, Subcommand)]
pub(super) enum SuppressCommand {
    /// Puts everybody in a file on a list
    Import {
        #[command(flatten)]
        given: Given,
    },
    /// Takes everybody in a file off a list
    Remove {
        #[command(flatten)]
        given: Given,
    },
    /// Shows who stands on the lists, by keyed digests
    List {
        /// One list only
        #[arg(long)]
        list: Option<List>,
        #[command(flatten)]
        control: Control,
    },
}

/// Whom, and which list.
#[derive(Debug, Args)]
pub(super) struct Given {
    /// One phone in international form, e-mail address, or SHA-256 of either a line; `-` is standard input
    file: PathBuf,
    /// Which list
    #[arg(long)]
    list: List,
    #[command(flatten)]
    control: Control,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
#[value(rename_all = "snake_case")]
pub(super) enum List {
    /// They took their consent back
    Revoked,
    /// They do not want their data sold
    DoNotSell,
    /// They do not want to be called
    DoNotCall,
    /// They are known to sue
    Litigator,
    /// They were erased
    Erased,
    /// The list of the buyer whose key it is
    Own,
}

/// What became of a list.
#[derive(Deserialize)]
struct Changed {
    #[serde(default)]
    added: u64,
    #[serde(default)]
    removed: u64,
}

impl List {
    const fn on_the_wire(self) -> &'static str {
        match self {
            Self::Revoked => "revoked",
            Self::DoNotSell => "do_not_sell",
            Self::DoNotCall => "do_not_call",
            Self::Litigator => "litigator",
            Self::Erased => "erased",
            Self::Own => "own",
        }
    }
}

pub(super) fn run(command: &SuppressCommand, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    match command {
        SuppressCommand::Import { given } => change(given, true, terminal),
        SuppressCommand::Remove { given } => change(given, false, terminal),
        SuppressCommand::List { list, control } => {
            let list = list.map(List::on_the_wire);
            control.each("/v1/suppressions", &[("list", list)], terminal, |item, terminal| {
                let [list, entry, at, by] = ["list", "entry", "added_at", "by"].map(|key| text_of(item, key));
                terminal.say(format_args!("{list} {entry}  since {at} by {by}"));
                Ok(())
            })
        }
    }
}

/// Reads the whole file before anything is sent: a list with a mistake changes nothing.
fn change(given: &Given, on: bool, terminal: &mut Terminal<'_>) -> anyhow::Result<Ending> {
    let entries = if given.file == Path::new("-") {
        read(&mut *terminal.input, "standard input")?
    } else {
        let name = given.file.display().to_string();
        read(File::open(&given.file).with_context(|| format!("cannot open {name}"))?, &name)?
    };
    let (mut sent, mut changed) = (0_usize, 0_u64);
    for part in entries.chunks(ENTRIES_A_TIME) {
        let body = json!({ "list": given.list.on_the_wire(), "entries": part });
        let reply = if on {
            given.control.post("/v1/suppressions", &body)?
        } else {
            given.control.delete_of("/v1/suppressions", &body)?
        };
        let Some(Changed { added, removed }) = reply.read(terminal)? else {
            let first = sent.saturating_add(1);
            terminal
                .complain(format_args!("{sent} entries are done; entry {first} and those after it are not"));
            return Ok(Ending::Refused);
        };
        sent = sent.saturating_add(part.len());
        changed = changed.saturating_add(added).saturating_add(removed);
    }
    let (list, done) = (given.list.on_the_wire(), if on { "added to" } else { "removed from" });
    terminal.say(format_args!("{changed} of {sent} entries were {done} {list}"));
    Ok(Ending::Done)
}

/// Reads entries. What is wrong is said by its line, without repeating it.
fn read(input: impl Read, name: &str) -> anyhow::Result<Vec<Value>> {
    let mut entries = Vec::new();
    let mut input = BufReader::new(input);
    for number in 1_usize.. {
        let mut line = String::new();
        let limit = u64::try_from(LINE_BYTES_MAX).unwrap_or(u64::MAX);
        let read = input.by_ref().take(limit).read_line(&mut line);
        if read.with_context(|| format!("cannot read line {number} of {name}"))? == 0 {
            break;
        }
        let text = line.trim();
        if text.is_empty() || text.starts_with('#') {
            continue;
        }
        let is_digest = text.len() == 64 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
        if is_digest && text.bytes().any(|byte| byte.is_ascii_uppercase()) {
            bail!("{name}, line {number}: write the SHA-256 in lower case");
        }
        let key = if is_digest {
            // Whether it is of a phone or of an e-mail address makes no difference.
            "phone_sha256"
        } else if text.contains('@') {
            "email"
        } else if text.starts_with('+') {
            "phone"
        } else {
            bail!(
                "{name}, line {number}: neither a phone in international form, such as +498912345678, nor an e-mail \
                 address, nor a SHA-256 of 64 hexadecimal digits"
            );
        };
        entries.push(json!({ key: text }));
    }
    if entries.is_empty() {
        bail!("{name} names nobody: write one phone, e-mail address or SHA-256 a line");
    }
    Ok(entries)
}
