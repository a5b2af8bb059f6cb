//! [`Programs`]: what is measured and what measures, built with optimisation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// The peer's own package, outside the workspace.
const PEER_MANIFEST: &str = "benches/peers/axum-reqwest/Cargo.toml";

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) exchange: PathBuf,
    pub(crate) buyers: PathBuf,
    pub(crate) load: PathBuf,
    pub(crate) axum_reqwest: PathBuf,
}

impl Programs {
    /// Builds them; what cargo has to say goes to the terminal.
    ///
    /// # Errors
    ///
    /// Fails if they do not compile.
    pub(crate) fn build(root: &Path) -> anyhow::Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let packages = ["-p", "exchange-server", "-p", "bidder-sim", "-p", "loadtest"];
        cargo(root, &target, &packages)?;
        // A folder of its own: the peer has a lock file and features of its own.
        let peers = target.join("peers");
        cargo(root, &peers, &["--manifest-path", PEER_MANIFEST])?;
        let built = |folder: &Path, name| folder.join("release").join(name);
        Ok(Self {
            exchange: built(&target, "exchange"),
            buyers: built(&target, "bidder-sim"),
            load: built(&target, "loadtest"),
            axum_reqwest: built(&peers, "axum-reqwest-peer"),
        })
    }
}

fn cargo(root: &Path, target: &Path, what: &[&str]) -> anyhow::Result<()> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--locked", "--bins", "--quiet"]).args(what);
    cargo.current_dir(root).env("CARGO_TARGET_DIR", target).stdin(Stdio::null());
    let status = cargo.status().context("cannot run cargo")?;
    if !status.success() {
        bail!("the build failed: {status}");
    }
    Ok(())
}
