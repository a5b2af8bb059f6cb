//! [`Programs`]: the programs that the demo runs, built by cargo.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use serde_json::Value;

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    /// The exchange.
    pub(crate) exchange: PathBuf,
    /// The simulated buyers.
    pub(crate) buyers: PathBuf,
}

impl Programs {
    /// Builds them; what cargo has to say goes to the terminal.
    ///
    /// # Errors
    ///
    /// Fails if they do not compile.
    pub(crate) fn build(root: &Path, release: bool) -> anyhow::Result<Self> {
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--locked", "--bins", "-p", "exchange-server", "-p", "bidder-sim"]);
        cargo.arg("--message-format=json-render-diagnostics");
        if release {
            cargo.arg("--release");
        }
        let output = cargo.current_dir(root).stderr(Stdio::inherit()).output().context("cannot run cargo")?;
        if !output.status.success() {
            bail!("the build failed");
        }
        let messages = String::from_utf8_lossy(&output.stdout);
        let program = |name| executable(&messages, name).with_context(|| format!("cargo built no `{name}`"));
        Ok(Self { exchange: program("exchange")?, buyers: program("bidder-sim")? })
    }
}

/// Returns the program with this name among what cargo says that it built.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    let messages = messages.lines().filter_map(|line| serde_json::from_str::<Value>(line).ok());
    let paths = messages.filter_map(|message| message.get("executable")?.as_str().map(PathBuf::from));
    paths.into_iter().find(|path| path.file_stem().is_some_and(|stem| stem == name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_program_is_found_among_the_messages() {
        let messages = r#"{"reason":"compiler-artifact","executable":null}
{"reason":"compiler-artifact","executable":"/t/debug/bidder-sim"}
{"reason":"compiler-artifact","executable":"/t/debug/exchange"}
{"reason":"build-finished","success":true}"#;
        assert_eq!(executable(messages, "exchange"), Some(PathBuf::from("/t/debug/exchange")));
        assert_eq!(executable(messages, "loadtest"), None);
    }
}
