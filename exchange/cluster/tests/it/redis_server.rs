//! [`RedisServer`]: a Redis without a network, on a socket in a folder of its own.

use std::collections::BTreeMap;
use std::io::ErrorKind;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

/// How long a test waits for something that has to happen. It only guards against waiting for ever.
const PATIENCE: Duration = Duration::from_secs(30);

/// A Redis without a network. It ends with the test.
#[derive(Debug)]
pub(crate) struct RedisServer {
    process: Child,
    options: Vec<String>,
    folder: TempDir,
}

impl RedisServer {
    /// Starts a server with more of its options.
    pub(crate) fn start(options: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let options: Vec<String> = options.iter().map(|option| (*option).to_owned()).collect();
        let process = spawn(&folder, &options);
        let server = Self { process, options, folder };
        server.wait();
        server
    }

    /// Starts the server again after it was killed. It has nothing then.
    pub(crate) fn start_again(&mut self) {
        self.process = spawn(&self.folder, &self.options);
        self.wait();
    }

    /// Returns where it listens.
    pub(crate) fn socket(&self) -> PathBuf {
        self.folder.path().join("redis.sock")
    }

    /// Kills the server.
    pub(crate) fn kill(&mut self) {
        self.process.kill().expect("the server is there to be killed");
        self.process.wait().expect("the server can be waited for");
    }

    /// Stops or continues the server's process: it takes connections and answers nothing.
    pub(crate) fn signal(&self, signal: &str) {
        let sent = Command::new("kill").args([signal, &self.process.id().to_string()]).status();
        assert!(sent.expect("`kill` can be run").success());
    }

    /// Returns what the server answers to a command, a line each.
    pub(crate) fn ask(&self, command: &[&str]) -> Vec<String> {
        let output = Command::new("redis-cli").arg("-s").arg(self.socket()).args(command).output();
        let output = output.expect("redis-cli can be run: it comes with redis-server");
        String::from_utf8_lossy(&output.stdout).lines().map(str::to_owned).collect()
    }

    /// Has the server do something.
    #[track_caller]
    pub(crate) fn order(&self, command: &[&str]) {
        assert_eq!(self.ask(command), ["OK"], "{command:?}");
    }

    /// Returns the fields of a key.
    pub(crate) fn fields(&self, key: &str) -> BTreeMap<String, String> {
        let lines = self.ask(&["HGETALL", key]);
        let pair = |pair: &[String]| Some((pair.first()?.clone(), pair.get(1)?.clone()));
        lines.chunks(2).filter_map(pair).collect()
    }

    fn wait(&self) {
        eventually("the Redis server answers", || !self.ask(&["PING"]).is_empty());
    }
}

impl Drop for RedisServer {
    fn drop(&mut self) {
        // At once: nothing of it is needed any more.
        drop(self.process.kill());
        drop(self.process.wait());
    }
}

fn spawn(folder: &TempDir, options: &[String]) -> Child {
    let mut command = Command::new("redis-server");
    command.args(["--port", "0", "--save", "", "--appendonly", "no", "--unixsocket"]);
    command.arg(folder.path().join("redis.sock")).arg("--dir").arg(folder.path()).args(options);
    command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
    command.spawn().unwrap_or_else(|error| {
        assert!(
            error.kind() != ErrorKind::NotFound,
            "no Redis server is installed: these tests need the package `redis-server`"
        );
        panic!("redis-server cannot be started: {error}")
    })
}

/// Looks again and again until something is so of which no event tells.
#[track_caller]
pub(crate) fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let started = Instant::now();
    while !is_so() {
        assert!(started.elapsed() < PATIENCE, "waited in vain: {what}");
        std::thread::park_timeout(Duration::from_millis(5));
    }
}
