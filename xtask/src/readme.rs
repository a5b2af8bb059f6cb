//! `cargo xtask readme`: runs the commands of the README's second path as they stand there.
//!
//! A shell runs them in order and stops at the first that fails. Only what would meet another run on the same
//! machine is replaced: the ports, and the folder in which the reader works.

use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitCode, Stdio};

use anyhow::{Context as _, bail};
use rustix::process::{Pid, Signal, kill_process_group};

use crate::folder::Folder;

/// The heading above the commands; they end with the next heading.
const HEADING: &str = "## Fifteen minutes";
/// The folder in which the reader works.
const READERS_FOLDER: &str = "/tmp/first-exchange";
/// The examples that the reader copies.
const EXAMPLES: &str = "docs/examples";
/// What goes before the commands. A reader types more slowly than a server starts, has `target` beside the
/// sources, and sees what still runs when a command fails.
const PRELUDE: &str = r#"
set -euo pipefail
trap 'kill $(jobs -p) 2>/dev/null' EXIT
curl() { command curl --fail --retry 20 --retry-connrefused --retry-delay 1 --max-time 60 "$@"; echo; }
PATH="${CARGO_TARGET_DIR:-target}/debug:$PATH"
"#;
/// What the accounts and answers must say, in this order.
const SAID: [&str; 4] = ["valid: ", "\"payout\":\"32.00\"", "is in force", "\"payout\":\"24.00\""];

/// Runs the commands and checks what they print.
///
/// # Errors
///
/// Fails if a command does, or if what the README promises is not printed.
pub(crate) fn run(root: &Path) -> anyhow::Result<ExitCode> {
    let readme = fs::read_to_string(root.join("README.md"))?;
    let commands = commands(&readme);
    if commands.is_empty() {
        bail!("README.md has no commands under `{HEADING}`");
    }
    let folder = Folder::create()?;
    let ports = [free_port()?, free_port()?, free_port()?];
    let localized = |text: &str| localize(text, folder.path(), ports);
    let examples = folder.path().join("examples");
    fs::create_dir(&examples)?;
    for entry in fs::read_dir(root.join(EXAMPLES))? {
        let path = entry?.path();
        let text = fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        fs::write(examples.join(path.file_name().context("a file has a name")?), localized(&text))?;
    }
    let output = run_shell(root, &format!("{PRELUDE}{}", localized(&commands)), ports)?;
    println!("{output}");
    let mut rest = output.as_str();
    for said in SAID {
        let (_, after) = rest.split_once(said).with_context(|| format!("`{said}` was not printed"))?;
        rest = after;
    }
    folder.remove()?;
    println!("the commands of the README do what it says");
    Ok(ExitCode::SUCCESS)
}

/// Returns the lines between fences under the heading.
fn commands(readme: &str) -> String {
    let lines = readme.lines().skip_while(|line| !line.starts_with(HEADING)).skip(1);
    let mut in_code = false;
    let mut commands = String::new();
    for line in lines.take_while(|line| !line.starts_with("## ")) {
        if line.starts_with("```") {
            in_code = line == "```sh";
        } else if in_code {
            commands.push_str(line);
            commands.push('\n');
        }
    }
    commands
}

/// Puts free ports and a fresh folder in the place of those that the README names.
fn localize(text: &str, folder: &Path, [seller, control, buyer]: [u16; 3]) -> String {
    let folder = folder.display().to_string();
    text.replace(READERS_FOLDER, &format!("{folder}/work"))
        .replace(EXAMPLES, &format!("{folder}/examples"))
        .replace("exchange apply", "exchange apply --url http://127.0.0.1:8081")
        .replace("8080", &seller.to_string())
        .replace("8081", &control.to_string())
        .replace("9000", &buyer.to_string())
}

/// Runs a script and returns what it printed; whatever it leaves running is ended.
fn run_shell(root: &Path, script: &str, [seller, control, _]: [u16; 3]) -> anyhow::Result<String> {
    let mut bash = Command::new("bash");
    bash.args(["-c", script]).current_dir(root).process_group(0);
    bash.env("EXCHANGE_SELLER_LISTEN", format!("127.0.0.1:{seller}"));
    bash.env("EXCHANGE_CONTROL_LISTEN", format!("127.0.0.1:{control}"));
    let child = bash.stdin(Stdio::null()).stdout(Stdio::piped()).spawn().context("cannot run bash")?;
    let mut group = Group(child);
    let output = group.0.stdout.take().context("the output is piped")?;
    let output = std::io::read_to_string(output)?;
    let status = group.0.wait()?;
    if !status.success() {
        bail!("a command of the README failed, {status}; what they printed:\n{output}");
    }
    Ok(output)
}

/// A shell with its jobs, which are ended with it.
#[derive(Debug)]
struct Group(Child);

impl Drop for Group {
    fn drop(&mut self) {
        // They may have ended already, and then there is nothing to kill.
        let _ = kill_process_group(Pid::from_child(&self.0), Signal::KILL);
        let _ = self.0.wait();
    }
}

/// Returns a port that nobody listens on now.
fn free_port() -> std::io::Result<u16> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_commands_of_one_section_are_taken() {
        let readme = "# a\n```sh\nno\n```\n## Fifteen minutes: b\ntext\n```sh\none\ntwo\n```\n```text\nno\n```\n\
                      ```sh\nthree\n```\n## c\n```sh\nno\n```\n";
        assert_eq!(commands(readme), "one\ntwo\nthree\n");
    }

    #[test]
    fn ports_and_folders_are_replaced() {
        let text = "cd /tmp/first-exchange\ncurl http://127.0.0.1:8080/\nexchange apply -f c\n";
        let expected = "cd /t/work\ncurl http://127.0.0.1:1/\nexchange apply --url http://127.0.0.1:2 -f c\n";
        assert_eq!(localize(text, Path::new("/t"), [1, 2, 3]), expected);
    }
}
