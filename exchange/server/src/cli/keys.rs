//! `exchange keys`: makes, lists and revokes bearer keys.

use std::path::Path;

use clap::Subcommand;
use exchange_control::Role;
use exchange_types::{Pace, UtcMicros};
use exchange_wire::KeyMode;

use super::{Ending, Terminal};
use crate::data_dir::DataDir;
use crate::keys::{KeyEntry, KeyLimits, Owner, create_key, list_keys, revoke_key};
use crate::wall_clock;

/// What takes effect in a running exchange, and how.
const RELOAD_HINT: &str = "A running exchange takes it after `POST /v1/keys/reload` on its control listener.";

#[derive(Debug, Subcommand)]
pub(super) enum KeysCommand {
    /// Makes a key and shows it this once
    Create {
        /// Whose key it is: seller:NAME, buyer:NAME or operator:NAME
        #[arg(long)]
        owner: Owner,
        /// A key for tests, which can never sell
        #[arg(long)]
        test: bool,
        /// How fast requests may come with it, such as 50/s, in place of that of all keys
        #[arg(long, value_parser = pace)]
        rate: Option<Pace>,
        /// The most new leads and pings of one day in UTC
        #[arg(long)]
        quota_day: Option<u32>,
    },
    /// Shows every key by its beginning, with owner and age
    List,
    /// Revokes a key
    Revoke {
        /// The beginning of the key, as `exchange keys list` shows it
        prefix: String,
    },
}

pub(super) fn run(
    command: KeysCommand,
    data_dir: &Path,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let now = wall_clock::utc_now();
    match command {
        KeysCommand::Create { owner, test, rate, quota_day } => {
            if test && owner.role == Role::Operator {
                terminal.complain(format_args!("error: an operator sells nothing, so it has no test keys"));
                return Ok(Ending::BadConfiguration);
            }
            let file = DataDir::open(data_dir)?.keys_file();
            let mode = if test { KeyMode::Test } else { KeyMode::Live };
            let created = create_key(&file, (owner, KeyLimits { rate, quota_day }), mode, now)?;
            terminal.complain(format_args!(
                "A key for {}. It is shown this once: {} keeps its hash only. {RELOAD_HINT}",
                created.entry.owner,
                file.display()
            ));
            terminal.say(format_args!("{}", created.key.text()));
        }
        KeysCommand::List => {
            for entry in list_keys(DataDir::find(data_dir)?.keys_file())? {
                terminal.say(format_args!("{}", line(&entry, now)));
            }
        }
        KeysCommand::Revoke { prefix } => {
            let entry = revoke_key(&DataDir::find(data_dir)?.keys_file(), &prefix, now)?;
            terminal.complain(format_args!("Revoked {} of {}. {RELOAD_HINT}", entry.prefix, entry.owner));
        }
    }
    Ok(Ending::Done)
}

fn pace(text: &str) -> Result<Pace, &'static str> {
    Pace::parse(text).ok_or(Pace::EXAMPLE)
}

/// Returns the line of a key in a list.
fn line(entry: &KeyEntry, now: UtcMicros) -> String {
    let KeyEntry { prefix, owner, hash: _, limits, created_at, revoked_at } = entry;
    let KeyLimits { rate, quota_day } = limits;
    let rate = rate.map_or_else(String::new, |rate| format!(", {rate}"));
    let quota = quota_day.map_or_else(String::new, |quota| format!(", {quota} a day"));
    let state = match revoked_at {
        Some(revoked_at) => format!("revoked {revoked_at}"),
        None => format!("active, {}", age(*created_at, now)),
    };
    format!("{prefix}  {:<32}  {created_at}  {state}{rate}{quota}", owner.to_string())
}

/// Returns an age in the unit in which a rotation is planned.
fn age(since: UtcMicros, now: UtcMicros) -> String {
    const DAY_MICROS: i64 = 86_400_000_000;
    match now.0.saturating_sub(since.0).max(0).div_euclid(DAY_MICROS) {
        0 => "made today".to_owned(),
        1 => "1 day old".to_owned(),
        days => format!("{days} days old"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ages_count_whole_days() {
        let day = 86_400_000_000;
        for (micros, expected) in
            [(-day, "made today"), (day - 1, "made today"), (day, "1 day old"), (90 * day, "90 days old")]
        {
            assert_eq!(age(UtcMicros(day), UtcMicros(day + micros)), expected);
        }
    }
}
