//! The command line: `exchange serve`, what an operator asks of it while it runs, and what is done while it does
//! not.

mod apply;
mod auction;
mod balance;
mod catalog_files;
mod check;
mod control_client;
mod control_tls;
mod geo;
mod journal;
mod keys;
mod ledger;
mod person;
mod reload;
mod sale;
mod serve;
mod stop;
mod stopped;
mod store;
mod suppress;
mod terminal;
mod unknown;

use std::ffi::OsString;
use std::path::PathBuf;
use std::process::ExitCode;

use clap::{Parser, Subcommand};

pub use catalog_files::CatalogFiles;
pub use serve::Start;
pub(crate) use serve::read_config;
pub use terminal::Terminal;

use auction::AuctionCommand;
use balance::BalanceCommand;
use control_client::Control;
use geo::GeoCommand;
use journal::JournalCommand;
use keys::KeysCommand;
use ledger::LedgerCommand;
use person::PersonCommand;
use sale::SaleCommand;
use stopped::Stopped;
use store::StoreCommand;
use suppress::SuppressCommand;
use unknown::UnknownCommand;

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
        #[command(flatten)]
        control: Control,
    },
    /// Has a running exchange read configuration, certificates, keys and secrets again
    Reload {
        #[command(flatten)]
        control: Control,
    },
    /// Stops a campaign, buyer, seller, source or vertical at once, until it is started again
    Stop {
        #[command(flatten)]
        part: stop::Part,
        /// Why; it goes into the record
        #[arg(long)]
        reason: String,
        #[command(flatten)]
        control: Control,
    },
    /// Prepares postal files for radii in catalogs
    #[command(subcommand)]
    Geo(GeoCommand),
    /// Starts again what was stopped
    Start {
        #[command(flatten)]
        part: stop::Part,
        #[command(flatten)]
        control: Control,
    },
    /// Shows what is stopped, latest first
    Stops {
        #[command(flatten)]
        control: Control,
    },
    /// Puts persons on suppression lists and takes them off, from a file: nobody on one is sold
    #[command(subcommand)]
    Suppress(SuppressCommand),
    /// Lists posts whose outcome nobody knows, and settles them
    #[command(subcommand)]
    Unknown(UnknownCommand),
    /// Shows a sale, and returns, corrects or reverses it
    #[command(subcommand)]
    Sale(SaleCommand),
    /// Shows what is in the accounts, and notes money that buyers pay in advance
    #[command(subcommand)]
    Balance(BalanceCommand),
    /// Finds, exports and erases a person, who is named on standard input
    #[command(subcommand)]
    Person(PersonCommand),
    /// Explains an auction, and replays it
    #[command(subcommand)]
    Auction(AuctionCommand),
    /// Checks and reads the log of an exchange
    Journal {
        #[command(subcommand)]
        command: JournalCommand,
        /// The folder that holds it
        #[arg(
            long,
            global = true,
            value_name = "DIR",
            env = "EXCHANGE_DATA_DIR",
            default_value = "exchange-data"
        )]
        data_dir: PathBuf,
    },
    /// Checks and reads the ledger of an exchange that does not run
    Ledger {
        #[command(subcommand)]
        command: LedgerCommand,
        #[command(flatten)]
        stopped: Stopped,
    },
    /// Makes the tables of an exchange that does not run anew
    Store {
        #[command(subcommand)]
        command: StoreCommand,
        #[command(flatten)]
        stopped: Stopped,
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
    let (mut input, mut out, mut error) = (std::io::stdin(), std::io::stdout(), std::io::stderr());
    let mut terminal = Terminal { input: &mut input, out: &mut out, error: &mut error };
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
    let ended = run_command(cli.command, terminal, serve);
    ended.unwrap_or_else(|error| {
        terminal.complain(format_args!("error: {error:#}"));
        Ending::Refused
    })
}

fn run_command(
    command: Command,
    terminal: &mut Terminal<'_>,
    serve: impl FnOnce(Start) -> anyhow::Result<()>,
) -> anyhow::Result<Ending> {
    match command {
        Command::Serve { config, catalog } => serve::run(config.as_deref(), &catalog, terminal, serve),
        Command::Check { files, allow_http } => check::run(&files, allow_http, terminal),
        Command::Apply { files, control } => apply::run(&files, &control, terminal),
        Command::Reload { control } => reload::run(&control, terminal),
        Command::Stop { part, reason, control } => stop::stop(&part, &reason, &control, terminal),
        Command::Start { part, control } => stop::start(&part, &control, terminal),
        Command::Stops { control } => stop::list(&control, terminal),
        Command::Geo(command) => geo::run(command, terminal),
        Command::Suppress(command) => suppress::run(&command, terminal),
        Command::Unknown(command) => unknown::run(&command, terminal),
        Command::Sale(command) => sale::run(&command, terminal),
        Command::Balance(command) => balance::run(&command, terminal),
        Command::Person(command) => person::run(&command, terminal),
        Command::Auction(command) => auction::run(&command, terminal),
        Command::Journal { command, data_dir } => journal::run(command, &data_dir, terminal),
        Command::Ledger { command, stopped } => {
            runtime()?.block_on(ledger::run(&command, &stopped, terminal))
        }
        Command::Store { command, stopped } => runtime()?.block_on(store::run(command, &stopped, terminal)),
        Command::Keys { command, data_dir } => keys::run(command, &data_dir, terminal),
    }
}

/// Returns what runs a command that waits for a socket or a database.
fn runtime() -> std::io::Result<tokio::runtime::Runtime> {
    tokio::runtime::Builder::new_current_thread().enable_all().build()
}

#[cfg(test)]
mod tests;
