//! [`Process`]: an outside party as a process of its own, ended with the test.

use std::fs::{self, File};
use std::io::{BufRead as _, BufReader, Write as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a test waits for something that has to happen. It only guards against waiting for ever.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);
/// Between two looks at something of which no event tells.
const LOOK: Duration = Duration::from_millis(5);

/// A process that announces itself with a line of JSON. It is killed by its id when it is dropped.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Kept open, for a process that writes to nobody may end of it.
    _stdout: BufReader<ChildStdout>,
    stderr: PathBuf,
    announced: Value,
}

impl Process {
    /// Starts a process and waits for its announcement; its log goes to `NAME.err` in the folder.
    pub(crate) fn start(name: &str, command: &mut Command, dir: &Path) -> Self {
        let stderr = dir.join(format!("{name}.err"));
        let log = File::create(&stderr).expect("the test's folder can be written");
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child = command.spawn().unwrap_or_else(|error| panic!("{name} cannot be started: {error}"));
        let mut stdout = BufReader::new(child.stdout.take().expect("stdout is a pipe"));
        let mut line = String::new();
        stdout.read_line(&mut line).expect("the announcement can be read");
        let announced = serde_json::from_str(&line).unwrap_or_else(|error| {
            let log = fs::read_to_string(&stderr).unwrap_or_default();
            panic!("{name} announced {line:?} ({error}); its log:\n{log}")
        });
        Self { child, _stdout: stdout, stderr, announced }
    }

    /// Returns an address that the process announced.
    pub(crate) fn address(&self, name: &str) -> SocketAddr {
        let text = self.announced[name].as_str().expect("an address is announced");
        text.parse().expect("an address")
    }

    /// Returns its number.
    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Sends SIGTERM.
    pub(crate) fn terminate(&self) {
        let pid = self.child.id().to_string();
        let sent = Command::new("kill").args(["-TERM", &pid]).status().expect("`kill` can be run");
        assert!(sent.success(), "process {pid} is there to be ended");
    }

    /// Kills the process without warning, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.child.kill().expect("the process is there to be killed");
        self.child.wait().expect("the process can be waited for");
    }

    /// Waits until the process ends of its own accord.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", || {
            status = self.child.try_wait().expect("the process can be waited for");
            status.is_some()
        });
        status.expect("the process has ended")
    }

    /// Returns what the process has logged so far.
    pub(crate) fn log(&self) -> String {
        fs::read_to_string(&self.stderr).unwrap_or_default()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // A process that has ended already cannot be killed, which is as well.
        drop(self.child.kill());
        drop(self.child.wait());
        if std::thread::panicking() {
            let log = self.log();
            let lines: Vec<&str> = log.lines().collect();
            let last = lines.get(lines.len().saturating_sub(40)..).unwrap_or_default().join("\n");
            drop(writeln!(std::io::stderr(), "--- {}\n{last}", self.stderr.display()));
        }
    }
}

/// Looks again and again until something is so of which no event tells.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::park_timeout(LOOK);
    }
}
