//! [`RedisServer`]: a Redis without a network, on a socket in a folder of its own.

use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};

use tempfile::TempDir;

use crate::process::eventually;

/// A Redis without a network, read with `redis-cli`. It ends with the test.
#[derive(Debug)]
pub(crate) struct RedisServer {
    process: Option<Child>,
    folder: TempDir,
}

impl RedisServer {
    /// Returns a server that is yet to be started.
    pub(crate) fn new() -> Self {
        Self { process: None, folder: tempfile::tempdir().expect("a folder") }
    }

    /// Starts it. Every command that changes something is written into a file of its folder.
    pub(crate) fn start(&mut self) {
        let mut command = Command::new("redis-server");
        command.args(["--port", "0", "--save", "", "--appendonly", "yes", "--unixsocket"]);
        command.arg(self.folder.path().join("redis.sock")).arg("--dir").arg(self.folder.path());
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        self.process = Some(command.spawn().unwrap_or_else(|error| {
            assert!(
                error.kind() != ErrorKind::NotFound,
                "no Redis server is installed: these tests need the package `redis-server`"
            );
            panic!("redis-server cannot be started: {error}")
        }));
        eventually("the Redis server answers", || self.ask(&["PING"]) == ["PONG"]);
    }

    /// Kills it, and loses what it had.
    pub(crate) fn kill(&mut self) {
        self.end();
        std::fs::remove_dir_all(self.written()).expect("the server has written its file");
    }

    /// Stops or continues its process: it takes connections and answers nothing.
    pub(crate) fn signal(&self, signal: &str) {
        let process = self.process.as_ref().expect("the server runs");
        let sent = Command::new("kill").args([signal, &process.id().to_string()]).status();
        assert!(sent.expect("`kill` can be run").success());
    }

    /// Returns the part of a configuration that mirrors into it.
    pub(crate) fn config(&self) -> String {
        let socket = self.folder.path().join("redis.sock");
        format!("[redis]\nurl = \"unix://{}\"\nevery = \"100ms\"\ntimeout = \"200ms\"\n", socket.display())
    }

    /// Returns the folder in which it has written down every command that changed something.
    pub(crate) fn written(&self) -> PathBuf {
        self.folder.path().join("appendonlydir")
    }

    /// Returns what it answers to a command, a line each.
    pub(crate) fn ask(&self, command: &[&str]) -> Vec<String> {
        let socket = self.folder.path().join("redis.sock");
        let output = Command::new("redis-cli").arg("-s").arg(socket).args(command).output();
        let output = output.expect("redis-cli can be run: it comes with redis-server");
        let text = String::from_utf8_lossy(&output.stdout);
        // redis-cli writes an empty line for an empty list.
        text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
    }

    /// Has it do something.
    #[track_caller]
    pub(crate) fn order(&self, command: &[&str]) {
        assert_eq!(self.ask(command), ["OK"], "{command:?}");
    }

    /// Returns a field of all counters of a pattern, added up: that of the present window, since others are empty.
    pub(crate) fn sum(&self, pattern: &str, field: &str) -> i64 {
        let number = |key: &String| self.ask(&["HGET", key, field]).concat().parse::<i64>().ok();
        self.ask(&["KEYS", pattern]).iter().filter_map(number).sum()
    }

    fn end(&mut self) {
        if let Some(mut process) = self.process.take() {
            // At once: nothing of it is needed any more.
            drop(process.kill());
            drop(process.wait());
        }
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        self.end();
    }
}
