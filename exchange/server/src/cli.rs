//! The command line: `exchange serve | check | apply | keys`.

mod apply;
mod catalog_files;
mod check;
mod control_client;
mod keys;
mod serve;
mod terminal;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use catalog_files::CatalogFiles;
pub use serve::Start;
pub use terminal::Terminal;

use keys::KeysCommand;

/// A ping-post auction exchange.
#[derive(Debug, Parser)]
#[command(name = "exchange", version)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Takes leads, pings buyers and sells to the best bid, until a signal stops it
    Serve {
        /// The configuration; without one, defaults under ./exchange-data
        #[arg(long, value_name = "FILE")]
        config: Option<PathBuf>,
        /// The files of a catalog to take at the start, in place of the one that was applied last
        #[arg(long, value_name = "FILE", num_args = 1..)]
        catalog: Vec<PathBuf>,
    },
    /// Validates a catalog and shows every mistake with file, line and column
    Check {
        /// The files of the catalog
        #[arg(short = 'f', long = "file", value_name = "FILE", required = true, num_args = 1..)]
        files: Vec<PathBuf>,
        /// Take endpoints in clear http, as `buyers.allow_http` does
        #[arg(long)]
        allow_http: bool,
    },
    /// Puts a catalog in force in a running exchange, whole or not at all
    Apply {
        /// The files of the catalog
        #[arg(short = 'f', long = "file", value_name = "FILE", required = true, num_args = 1..)]
        files: Vec<PathBuf>,
        /// The control listener
        #[arg(long, default_value = "http://127.0.0.1:8081")]
        url: String,
        /// The key of an operator; in the environment it is not seen by others, as a command line is
        #[arg(long, env = "EXCHANGE_KEY", hide_env_values = true)]
        key: String,
    },
    /// Makes, lists and revokes bearer keys
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
        /// The folder that holds them
        #[arg(
            long,
            global = true,
            value_name = "DIR",
            env = "EXCHANGE_DATA_DIR",
            default_value = "exchange-data"
        )]
        data_dir: PathBuf,
    },
}

/// How a command ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// It did what it was asked for.
    Done,
    /// It refused, or was refused; the terminal says why.
    Refused,
    /// The command line, configuration or catalog is wrong; no port was bound (`EX_USAGE` of sysexits.h).
    BadConfiguration,
}

impl From<Ending> for ExitCode {
    fn from(ending: Ending) -> Self {
        match ending {
            Ending::Done => Self::SUCCESS,
            Ending::Refused => Self::FAILURE,
            Ending::BadConfiguration => Self::from(64),
        }
    }
}

/// Runs the command line of this process. `serve` runs the exchange until it is told to stop.
pub fn run(serve: impl FnOnce(Start) -> anyhow::Result<()>) -> ExitCode {
    let (mut out, mut error) = (std::io::stdout(), std::io::stderr());
    let mut terminal = Terminal { out: &mut out, error: &mut error };
    run_with(std::env::args_os(), &mut terminal, serve).into()
}

/// Runs a command line, given with the name of the program first, on a terminal.
pub fn run_with(
    arguments: impl IntoIterator<Item = OsString>,
    terminal: &mut Terminal<'_>,
    serve: impl FnOnce(Start) -> anyhow::Result<()>,
) -> Ending {
    let cli = match Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        // Help and version are asked for, and come as errors too.
        Err(message) if !message.use_stderr() => {
            terminal.say(format_args!("{}", message.to_string().trim_end()));
            return Ending::Done;
        }
        Err(message) => {
            terminal.complain(format_args!("{}", message.to_string().trim_end()));
            return Ending::BadConfiguration;
        }
    };
    let ended = match cli.command {
        Command::Serve { config, catalog } => serve::run(config.as_deref(), &catalog, terminal, serve),
        Command::Check { files, allow_http } => check::run(&files, allow_http, terminal),
        Command::Apply { files, url, key } => apply::run(&files, &url, &key, terminal),
        Command::Keys { command, data_dir } => keys::run(command, &data_dir, terminal),
    };
    ended.unwrap_or_else(|error| {
        terminal.complain(format_args!("error: {error:#}"));
        Ending::Refused
    })
}

#[cfg(test)]
mod tests;
