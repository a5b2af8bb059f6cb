//! `exchange store`: the tables of an exchange that does not run.

use std::path::PathBuf;

use clap::Subcommand;

use super::stopped::{Stopped, Take};
use super::{Ending, Terminal};

#[derive(Debug, Subcommand)]
pub(super) enum StoreCommand {
    /// Empties the tables and makes them anew from the journal; how far receivers have been told is kept
    Rebuild {
        /// The folder to which older segments of the journal were archived
        #[arg(long, value_name = "DIR")]
        archive: Option<PathBuf>,
    },
}

pub(super) async fn run(
    command: StoreCommand,
    stopped: &Stopped,
    terminal: &mut Terminal<'_>,
) -> anyhow::Result<Ending> {
    let StoreCommand::Rebuild { archive } = command;
    let Some(opened) = stopped.open(Take::All { archive }, terminal).await? else {
        return Ok(Ending::BadConfiguration);
    };
    let report = opened.store.as_operator().verify_ledger(&opened.ledger_key).await?;
    opened.store.close().await;
    match report.fault {
        None => {
            terminal.say(format_args!("the store is rebuilt: {} entries in the ledger", report.entries));
            Ok(Ending::Done)
        }
        Some(fault) => {
            terminal.complain(format_args!("the store is rebuilt, and its ledger is wrong: {fault}"));
            Ok(Ending::Refused)
        }
    }
}
