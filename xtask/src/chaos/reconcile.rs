//! Has the logs compared by the reconciler, in Python.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Where it is.
const FOLDER: &str = "xtask/reconciler";

/// Compares the logs of these folders, prints the report and writes it, and returns whether every promise was kept.
///
/// # Errors
///
/// Fails if Python is missing, or a log cannot be read.
pub(crate) fn compare(root: &Path, folders: &[PathBuf], report: Option<&Path>) -> anyhow::Result<bool> {
    let mut command = python(root);
    command.arg("reconcile.py").args(folders);
    if let Some(report) = report {
        let report = std::path::absolute(report)?;
        command.arg("--json").arg(report.with_extension("json")).arg("--markdown").arg(report);
    }
    let status = command.status().context("cannot run python3")?;
    match status.code() {
        Some(0) => Ok(true),
        Some(1) => Ok(false),
        _ => bail!("the logs cannot be compared: {status}"),
    }
}

/// Returns Python in the reconciler's folder; it leaves no compiled files in the repository.
fn python(root: &Path) -> Command {
    let mut command = Command::new("python3");
    command.arg("-B").current_dir(root.join(FOLDER)).stdin(Stdio::null());
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reconciler_finds_every_planted_violation() {
        let mut command = python(&crate::repository_root());
        let output = command
            .args(["-m", "unittest", "discover", "-t", ".", "-s", "tests"])
            .output()
            .expect("python3 is installed");
        let said = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{said}");
        // That none was found would look like success, too.
        let ran =
            said.lines().find_map(|line| line.strip_prefix("Ran ")?.split(' ').next()?.parse::<u32>().ok());
        assert!(ran.is_some_and(|count| count >= 30), "{said}");
    }
}
