//! [`Exchange`]: an exchange as a process, with its keys.

use std::collections::BTreeMap;
use std::fs;
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Output, Stdio};

use serde_json::Value;

use crate::process::{Process, eventually};
use crate::seller::{Answer, Caller, Request};

/// The program under test.
const PROGRAM: &str = env!("CARGO_BIN_EXE_exchange");
/// Everybody who gets a key before the exchange starts. `ghost` has a key and stands in no catalog.
const OWNERS: [&str; 6] =
    ["seller:acme", "seller:other", "seller:ghost", "buyer:north", "buyer:south", "operator:ops"];

/// An exchange as a process.
#[derive(Debug)]
pub(crate) struct Exchange {
    process: Process,
    dir: PathBuf,
    data: PathBuf,
    keys: BTreeMap<&'static str, String>,
}

impl Exchange {
    /// Starts an exchange with two shards under a folder; `more` is added to its configuration.
    pub(crate) fn start(dir: &Path, catalog: &str, more: &str) -> Self {
        let file = dir.join("catalog.toml");
        fs::write(&file, catalog).expect("the catalog can be written");
        Self::serving(dir, more, serve(dir).arg("--catalog").arg(&file))
    }

    /// Starts an exchange with the data that a folder holds already.
    pub(crate) fn reopen(dir: &Path, more: &str) -> Self {
        Self::serving(dir, more, &mut serve(dir))
    }

    fn serving(dir: &Path, more: &str, command: &mut Command) -> Self {
        let config = dir.join("exchange.toml");
        let data = dir.join("data");
        let text = format!(
            "data_dir = \"{}\"\nshards = 2\n[seller]\nlisten = \"127.0.0.1:0\"\n[control]\n\
             listen = \"127.0.0.1:0\"\n[buyers]\nallow_addresses = [\"127.0.0.0/8\"]\nallow_http = true\n{more}",
            data.display()
        );
        fs::write(&config, text).expect("the configuration can be written");
        let keys = OWNERS.map(|owner| (owner, create_key(&data, &["--owner", owner])));
        let process = Process::start("exchange", command, dir);
        Self { process, dir: dir.to_owned(), data, keys: BTreeMap::from(keys) }
    }

    /// Starts the exchange again, after it has ended, with what its folder holds.
    pub(crate) fn start_again(&mut self) {
        self.process = Process::start("exchange", &mut serve(&self.dir), &self.dir);
    }

    /// Changes the text of the configuration, for the next start.
    pub(crate) fn configure(&self, from: &str, to: &str) {
        let file = self.dir.join("exchange.toml");
        let text = fs::read_to_string(&file).expect("the configuration can be read");
        assert!(text.contains(from), "`{from}` stands in the configuration");
        fs::write(&file, text.replace(from, to)).expect("the configuration can be written");
    }

    /// Starts another exchange on the same folder, which has to end at once.
    pub(crate) fn serve_beside(&self) -> Output {
        serve(&self.dir).output().expect("the exchange can be run")
    }

    /// Returns the key of an owner, such as `seller:acme`.
    pub(crate) fn key(&self, owner: &str) -> &str {
        &self.keys[owner]
    }

    /// Makes one more key, with the arguments of `exchange keys create`, and has it taken.
    pub(crate) fn new_key(&self, arguments: &[&str]) -> String {
        let key = self.unread_key(arguments);
        self.reload_keys();
        key
    }

    /// Makes one more key, which the exchange has not read yet.
    pub(crate) fn unread_key(&self, arguments: &[&str]) -> String {
        create_key(&self.data, arguments)
    }

    /// Revokes a key.
    pub(crate) fn revoke(&self, key: &str) {
        // `exchange keys list` names keys by their beginning.
        let listed = exchange(&["keys", "--data-dir", &self.data(), "list"]);
        let prefixes = stdout(&listed);
        let prefix = prefixes.split_whitespace().find(|word| word.len() > 8 && key.starts_with(word));
        let prefix = prefix.expect("the key is listed");
        let revoked = exchange(&["keys", "--data-dir", &self.data(), "revoke", prefix]);
        assert!(revoked.status.success(), "{revoked:?}");
        self.reload_keys();
    }

    fn reload_keys(&self) {
        let answer = self.operator().call(&Request::new("POST", "/v1/keys/reload"));
        assert_eq!(answer.status, 200, "{}", answer.text());
    }

    fn data(&self) -> String {
        self.data.display().to_string()
    }

    /// Returns a seller of this exchange.
    pub(crate) fn seller(&self, name: &str) -> Caller {
        Caller::new(self.seller_address(), self.key(&format!("seller:{name}")))
    }

    /// Returns the operator of this exchange.
    pub(crate) fn operator(&self) -> Caller {
        Caller::new(self.control_address(), self.key("operator:ops"))
    }

    /// Returns a partner of this exchange, such as `buyer:north`, who asks what operators are asked.
    pub(crate) fn partner(&self, owner: &str) -> Caller {
        Caller::new(self.control_address(), self.key(owner))
    }

    /// Runs a command of the operator's against this exchange while it runs; `input` goes to its standard input.
    pub(crate) fn ask(&self, arguments: &[&str], input: &str) -> Output {
        self.ask_at(&format!("http://{}", self.control_address()), arguments, input)
    }

    /// The same at a URL.
    pub(crate) fn ask_at(&self, url: &str, arguments: &[&str], input: &str) -> Output {
        let mut command = Command::new(PROGRAM);
        command.args(arguments).args(["--url", url]).env("EXCHANGE_KEY", self.key("operator:ops"));
        command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = command.spawn().expect("the exchange's command line can be run");
        let mut stdin = child.stdin.take().expect("standard input is a pipe");
        // A command that reads nothing may have ended before.
        drop(stdin.write_all(input.as_bytes()));
        drop(stdin);
        child.wait_with_output().expect("the command ends")
    }

    /// Runs a command on the files of this exchange while it does not run.
    pub(crate) fn inspect(&self, arguments: &[&str]) -> Output {
        let config = self.dir.join("exchange.toml");
        exchange(&[arguments, &["--config", &config.display().to_string()]].concat())
    }

    /// Runs `exchange journal` on the files of a data directory.
    pub(crate) fn journal(data: &Path, arguments: &[&str]) -> Output {
        exchange(&[&["journal", "--data-dir", &data.display().to_string()], arguments].concat())
    }

    /// Waits until every record is in the store, and stops the exchange in good order.
    pub(crate) fn stop(&mut self) {
        eventually("the store has followed", || self.journal_is_even());
        self.terminate();
        let status = self.ended();
        assert!(status.success(), "the exchange ended with {status}");
    }

    /// Returns the number of its process.
    pub(crate) fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// Returns where sellers call.
    pub(crate) fn seller_address(&self) -> SocketAddr {
        self.process.address("seller")
    }

    /// Returns where operators call.
    pub(crate) fn control_address(&self) -> SocketAddr {
        self.process.address("control")
    }

    /// Returns the whole story of an auction, as an operator reads it.
    pub(crate) fn account(&self, id: &str) -> Value {
        let answer = self.operator().call(&Request::new("GET", &format!("/v1/auctions/{id}")));
        assert_eq!(answer.status, 200, "{}", answer.text());
        answer.json()
    }

    /// Runs `exchange apply` with a catalog in a file of the given name.
    pub(crate) fn apply(&self, file: &str, catalog: &str) -> Output {
        let path = self.dir.join(file);
        fs::write(&path, catalog).expect("the catalog can be written");
        let url = format!("http://{}", self.control_address());
        let path = path.display().to_string();
        exchange(&["apply", "-f", &path, "--url", &url, "--key", self.key("operator:ops")])
    }

    /// Returns the version of the catalog in force.
    pub(crate) fn catalog_version(&self) -> u64 {
        let answer: Answer = self.operator().call(&Request::new("GET", "/v1/catalog"));
        answer.json()["version"].as_u64().expect("a version")
    }

    /// Kills the exchange without warning, and waits until it is gone.
    pub(crate) fn kill(&mut self) {
        self.process.kill();
    }

    /// Returns the folder of its data.
    pub(crate) fn data_dir(&self) -> &Path {
        self.data.as_path()
    }

    /// Returns whether every record is on disk and in the store.
    pub(crate) fn journal_is_even(&self) -> bool {
        let state = self.operator().call(&Request::new("GET", "/v1/journal")).json();
        state["backlog_bytes"] == 0 && state["durable"] == state["projected"]
    }

    /// Tells the exchange to stop.
    pub(crate) fn terminate(&self) {
        self.process.terminate();
    }

    /// Waits until the exchange has ended.
    pub(crate) fn ended(&mut self) -> ExitStatus {
        self.process.ended()
    }

    /// Returns what the exchange has logged so far.
    pub(crate) fn log(&self) -> String {
        self.process.log()
    }
}

/// Returns the command that serves with the configuration of a folder.
fn serve(dir: &Path) -> Command {
    let mut serve = Command::new(PROGRAM);
    serve.arg("serve").arg("--config").arg(dir.join("exchange.toml"));
    serve
}

fn create_key(data: &Path, arguments: &[&str]) -> String {
    let data = data.display().to_string();
    let created = exchange(&[&["keys", "--data-dir", &data, "create"], arguments].concat());
    assert!(created.status.success(), "{created:?}");
    stdout(&created).trim().to_owned()
}

fn exchange(arguments: &[&str]) -> Output {
    Command::new(PROGRAM).args(arguments).output().expect("the exchange's command line can be run")
}

/// Returns what a command has written for programs to read.
pub(crate) fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

/// Returns what a command has written for people to read.
pub(crate) fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}
