//! [`Buyers`]: the simulated buyers as a process, and the log that they keep for themselves.

use std::fs;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use serde_json::Value;

use crate::process::Process;

/// Buyers as a process of their own.
#[derive(Debug)]
pub(crate) struct Buyers {
    process: Process,
    log: PathBuf,
}

/// A line of the buyers' log.
#[derive(Clone, Debug)]
pub(crate) struct Line {
    noted: Value,
    /// The message as the buyer got it.
    pub(crate) body: Value,
    /// The bytes of that message.
    pub(crate) bytes: String,
}

/// The buyers' whole log, in the order in which messages came.
#[derive(Clone, Debug, Default)]
pub(crate) struct BuyersLog(Vec<Line>);

impl Buyers {
    /// Starts the buyers of a profile; `arguments` are added to their command line.
    pub(crate) fn start(dir: &Path, profile: &str, arguments: &[&str]) -> Self {
        let file = dir.join("buyers.toml");
        fs::write(&file, profile).expect("the profile can be written");
        let log = dir.join("buyers.jsonl");
        let mut command = Command::new(program());
        command.arg("--profile").arg(&file).arg("--log").arg(&log).args(arguments);
        Self { process: Process::start("buyers", &mut command, dir), log }
    }

    /// Returns where they listen.
    pub(crate) fn address(&self) -> SocketAddr {
        self.process.address("listening")
    }

    /// Returns where they listen with TLS.
    pub(crate) fn tls_address(&self) -> SocketAddr {
        self.process.address("tls")
    }

    /// Returns what was logged so far; the last milliseconds may be missing.
    pub(crate) fn log_so_far(&self) -> BuyersLog {
        BuyersLog::read(&self.log)
    }

    /// Ends the buyers and returns their log.
    pub(crate) fn stop(mut self) -> BuyersLog {
        self.process.terminate();
        let status = self.process.ended();
        assert!(status.success(), "the buyers ended with {status}: {}", self.process.log());
        BuyersLog::read(&self.log)
    }
}

impl BuyersLog {
    fn read(file: &Path) -> Self {
        let text = fs::read_to_string(file).expect("the buyers keep a log");
        // The last line may be half written while the buyers run.
        let whole = text.rfind('\n').map_or("", |end| text.get(..end).unwrap_or_default());
        let lines = whole.lines().map(|line| {
            let noted: Value = serde_json::from_str(line).expect("the buyers' log has JSON lines");
            let bytes = noted["body"].as_str().unwrap_or_default().to_owned();
            let body = serde_json::from_str(&bytes).unwrap_or_default();
            Line { noted, body, bytes }
        });
        Self(lines.collect())
    }

    /// Returns the pings.
    pub(crate) fn pings(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().filter(|line| line.kind() == "ping")
    }

    /// Returns the posts.
    pub(crate) fn posts(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().filter(|line| line.kind() == "post")
    }

    /// Returns the questions what became of a post.
    pub(crate) fn questions(&self) -> impl Iterator<Item = &Line> {
        self.0.iter().filter(|line| line.kind() == "status")
    }

    /// Fails if a buyer got a message that the contract does not allow.
    #[track_caller]
    pub(crate) fn assert_well_formed(&self) {
        let malformed: Vec<&Line> = self.0.iter().filter(|line| line.kind() == "malformed").collect();
        assert!(malformed.is_empty(), "buyers could not read {malformed:?}");
    }
}

impl Line {
    fn kind(&self) -> &str {
        self.text("kind")
    }

    /// Returns a text of the line; empty where it is missing.
    pub(crate) fn text(&self, name: &str) -> &str {
        self.noted[name].as_str().unwrap_or_default()
    }

    /// Returns the buyer who got the message.
    pub(crate) fn buyer(&self) -> &str {
        self.text("buyer")
    }

    /// Returns when the message came, in microseconds of Unix time.
    pub(crate) fn at_us(&self) -> u64 {
        self.noted["at_us"].as_u64().expect("a time")
    }

    /// Returns what was wrong with the answer on purpose.
    pub(crate) fn fault(&self) -> Option<&str> {
        self.noted["answer"]["fault"].as_str()
    }

    /// Returns whether the buyer took the lead.
    pub(crate) fn is_taken(&self) -> bool {
        self.noted["taken"].as_bool().unwrap_or_default()
    }

    /// Returns whether the buyer had seen the message before.
    pub(crate) fn is_repeat(&self) -> bool {
        self.noted["repeat"].as_bool().unwrap_or_default()
    }

    /// Returns the number by which a test knows the lead.
    pub(crate) fn serial(&self) -> u64 {
        self.body["fields"]["serial"].as_u64().expect("every lead of these tests has a number")
    }
}

/// Returns the simulator's program. It lies beside the exchange's where the workspace was built; otherwise it
/// is built now.
fn program() -> &'static Path {
    static PROGRAM: OnceLock<PathBuf> = OnceLock::new();
    PROGRAM.get_or_init(|| {
        let exchange = Path::new(env!("CARGO_BIN_EXE_exchange"));
        let program = exchange.with_file_name("bidder-sim");
        if !program.exists() {
            let profile = exchange.parent().and_then(Path::file_name).expect("a target folder");
            let profile = if profile == "debug" { "dev".as_ref() } else { profile };
            let mut build = Command::new(env!("CARGO"));
            build.args(["build", "--quiet", "--package", "bidder-sim", "--profile"]).arg(profile);
            let status = build.status().expect("cargo can be run");
            assert!(status.success(), "bidder-sim has to build");
        }
        program
    })
}
