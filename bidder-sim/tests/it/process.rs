//! The process: its first line, its end, its words about a bad profile.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::Path;
use std::process::{Command, Stdio};

use serde_json::Value;

use crate::buyer_client::{body, exchange, ping};

fn bidder_sim() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bidder-sim"))
}

fn write(folder: &Path, profile: &str) -> std::path::PathBuf {
    let file = folder.join("buyers.toml");
    std::fs::write(&file, profile).expect("written");
    file
}

#[test]
fn the_first_line_names_the_address_and_sigterm_writes_the_log() {
    let folder = tempfile::tempdir().expect("a folder");
    let log = folder.path().join("buyers.jsonl");
    let mut process = bidder_sim()
        .arg("--profile")
        .arg(write(folder.path(), "[[buyer]]\nname = \"a\""))
        .arg("--log")
        .arg(&log)
        .stdout(Stdio::piped())
        .spawn()
        .expect("the process starts");
    let mut line = String::new();
    let output = process.stdout.as_mut().expect("a pipe");
    BufReader::new(output).read_line(&mut line).expect("a line");
    let line: Value = serde_json::from_str(&line).expect("JSON");
    let address = line.get("listening").and_then(Value::as_str).expect("an address");
    let address: SocketAddr = address.parse().expect("host and port");
    let answer = exchange(address, "/a/ping", None, &ping("p", "{}")).expect("an answer");
    assert_eq!(body(&answer), r#"{"bid":"10.00"}"#);
    let killed = Command::new("kill").arg(process.id().to_string()).status().expect("kill");
    assert!(killed.success());
    assert!(process.wait().expect("an end").success());
    assert_eq!(std::fs::read_to_string(log).expect("the log").lines().count(), 1);
}

#[test]
fn a_profile_is_checked_before_anything_is_bound() {
    let folder = tempfile::tempdir().expect("a folder");
    let check = |profile: &str| {
        let output = bidder_sim().arg("--profile").arg(write(folder.path(), profile)).arg("--check").output();
        let output = output.expect("the process runs");
        let text = |bytes: Vec<u8>| String::from_utf8(bytes).expect("UTF-8");
        (output.status.success(), text(output.stdout) + &text(output.stderr))
    };
    let (good, text) = check("[[buyer]]\nname = \"a\"");
    assert!(good && text.contains("1 buyers"), "{text}");
    let (good, text) = check("[[buyer]]\nname = \"a\"\nlatency = { fixed = \"5\" }");
    assert!(!good && text.contains("buyers.toml: ") && text.contains("line 3, column"), "{text}");
    assert!(text.contains("`5` is no length of time such as"), "{text}");
}
