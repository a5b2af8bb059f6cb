//! [`Server`]: a program that serves until it is told to stop, and never outlives the command.

use std::fs::{self, File};
use std::io::{self, BufRead, BufReader};
use std::net::SocketAddr;
use std::os::unix::process::CommandExt as _;
use std::path::PathBuf;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, SyncSender};
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process};
use serde_json::Value;

/// How long a server may take until it listens.
const START_MAX: Duration = Duration::from_secs(20);
/// How long a server may take to end after SIGTERM; longer than the exchange's own grace for posts in flight.
const STOP_MAX: Duration = Duration::from_secs(30);
/// Lines of its log that are shown when it fails.
const LINES_SHOWN: usize = 20;

/// A running server. Dropped, it is killed: nothing that a command starts is left behind.
#[derive(Debug)]
pub(crate) struct Server {
    name: &'static str,
    child: Child,
    log: PathBuf,
    /// The JSON that it printed when it listened.
    announced: Value,
    /// Brings its first line, and is closed when its output is, which is when it has ended.
    output: Receiver<String>,
}

impl Server {
    /// Starts a server and waits until it says in JSON, in its first line, where it listens.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be started, ends, or says nothing in time; its log is part of the error.
    pub(crate) fn start(name: &'static str, mut command: Command, log: PathBuf) -> anyhow::Result<Self> {
        // A group of its own: Ctrl-C reaches the command alone, which stops its servers in order.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped());
        command.stderr(File::create(&log)?);
        let child = command.spawn().with_context(|| format!("cannot start the {name}"))?;
        let (line, first_line) = mpsc::sync_channel(1);
        let mut server = Self { name, child, log, announced: Value::Null, output: first_line };
        let stdout = server.child.stdout.take().context("the output is piped")?;
        thread::spawn(move || pass_on_first_line(BufReader::new(stdout), &line));
        let line = match server.output.recv_timeout(START_MAX) {
            Ok(line) => line,
            Err(RecvTimeoutError::Disconnected) => String::new(),
            Err(RecvTimeoutError::Timeout) => {
                bail!("the {name} does not listen after {START_MAX:?}\n{}", server.last_lines())
            }
        };
        server.announced = serde_json::from_str(&line)
            .with_context(|| format!("the {name} did not start\n{}", server.last_lines()))?;
        Ok(server)
    }

    /// Returns what it is, in words.
    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    /// Returns its process id.
    pub(crate) fn process(&self) -> u32 {
        self.child.id()
    }

    /// Returns the address that it announced under this key.
    ///
    /// # Errors
    ///
    /// Fails if it announced none.
    pub(crate) fn address(&self, key: &str) -> anyhow::Result<SocketAddr> {
        let address = self.announced.get(key).and_then(Value::as_str).and_then(|it| it.parse().ok());
        address.with_context(|| format!("the {} announced no `{key}`: {}", self.name, self.announced))
    }

    /// Fails if it has ended by itself.
    ///
    /// # Errors
    ///
    /// Its status, and the end of its log.
    pub(crate) fn check_that_it_runs(&mut self) -> anyhow::Result<()> {
        match self.child.try_wait()? {
            None => Ok(()),
            Some(status) => bail!("the {} has ended by itself, {status}\n{}", self.name, self.last_lines()),
        }
    }

    /// Asks it to end by SIGTERM and waits for that; returns how long it took.
    ///
    /// # Errors
    ///
    /// Fails if it does not end in time, in which case it is killed, or ends with an error.
    pub(crate) fn stop(mut self) -> anyhow::Result<Duration> {
        let started = Instant::now();
        self.check_that_it_runs()?;
        kill_process(Pid::from_child(&self.child), Signal::TERM)?;
        match self.ended_within(STOP_MAX)? {
            Some(status) if status.success() => Ok(started.elapsed()),
            Some(status) => bail!("the {} ended with {status}\n{}", self.name, self.last_lines()),
            None => bail!("the {} runs on {STOP_MAX:?} after SIGTERM and is killed", self.name),
        }
    }

    fn ended_within(&mut self, time: Duration) -> anyhow::Result<Option<ExitStatus>> {
        match self.output.recv_timeout(time) {
            Err(RecvTimeoutError::Disconnected) => Ok(Some(self.child.wait()?)),
            Ok(_) | Err(RecvTimeoutError::Timeout) => Ok(self.child.try_wait()?),
        }
    }

    fn last_lines(&self) -> String {
        let text = fs::read_to_string(&self.log).unwrap_or_default();
        let lines: Vec<&str> = text.lines().collect();
        lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n")
    }
}

/// Sends the first line, and then reads until the program closes its output.
fn pass_on_first_line(mut stdout: impl BufRead, line: &SyncSender<String>) {
    let mut text = String::new();
    // Whoever waits for the line learns of a failure from the closed channel.
    if stdout.read_line(&mut text).is_ok_and(|bytes| bytes > 0) && line.send(text).is_ok() {
        let _ = io::copy(&mut stdout, &mut io::sink());
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use rustix::process::test_kill_process;

    use super::*;
    use crate::folder::Folder;

    fn shell(folder: &Folder, script: &str) -> anyhow::Result<Server> {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Server::start("shell", command, folder.path().join("log"))
    }

    fn is_running(process: Pid) -> bool {
        test_kill_process(process).is_ok()
    }

    #[test]
    fn a_server_says_where_it_listens_and_gets_sigterm() {
        let folder = Folder::create().expect("a folder");
        let server = shell(&folder, r#"echo '{"listening":"127.0.0.1:9"}'; exec sleep 60"#);
        let mut server = server.expect("it starts");
        let address = server.address("listening").expect("it announced it");
        assert_eq!(address.to_string(), "127.0.0.1:9");
        assert!(server.address("control").is_err());
        server.check_that_it_runs().expect("it runs");
        let error = server.stop().expect_err("the signal ends it").to_string();
        assert!(error.starts_with("the shell ended with signal: 15"), "{error}");
        folder.remove().expect("nobody uses it any more");
    }

    #[test]
    fn a_dropped_server_is_gone() {
        let folder = Folder::create().expect("a folder");
        let server = shell(&folder, "trap '' TERM; echo '{}'; exec sleep 60").expect("it starts");
        let process = Pid::from_child(&server.child);
        assert!(is_running(process));
        drop(server);
        assert!(!is_running(process));
        folder.remove().expect("nobody uses it any more");
    }

    #[test]
    fn a_server_that_does_not_start_shows_its_log() {
        let folder = Folder::create().expect("a folder");
        let error = shell(&folder, "echo 'the port is taken' >&2; exit 1").expect_err("it ends");
        assert!(format!("{error:#}").starts_with("the shell did not start\nthe port is taken"), "{error:#}");
        folder.remove().expect("nobody uses it any more");
    }
}
