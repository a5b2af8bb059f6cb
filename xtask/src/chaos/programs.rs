//! [`Programs`]: the exchange as it is released, and the outside parties, built with optimisation.

use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

/// Where the programs are.
#[derive(Debug)]
pub(crate) struct Programs {
    pub(crate) exchange: PathBuf,
    pub(crate) buyers: PathBuf,
    pub(crate) load: PathBuf,
}

impl Programs {
    /// Builds them; what cargo has to say goes to the terminal. An `exchange` that is given is taken as it is.
    ///
    /// # Errors
    ///
    /// Fails if they do not compile.
    pub(crate) fn build(root: &Path, exchange: Option<&Path>) -> anyhow::Result<Self> {
        let target = std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root.join("target"), PathBuf::from);
        let mut cargo = Command::new("cargo");
        cargo.args(["build", "--release", "--locked", "--bins", "-p", "bidder-sim", "-p", "loadtest"]);
        if exchange.is_none() {
            cargo.args(["-p", "exchange-server"]);
        }
        cargo.current_dir(root).env("CARGO_TARGET_DIR", &target).stdin(Stdio::null());
        let status = cargo.status().context("cannot run cargo")?;
        if !status.success() {
            bail!("the build failed: {status}");
        }
        let built = |name| target.join("release").join(name);
        Ok(Self {
            exchange: exchange.map_or_else(|| built("exchange"), Path::to_owned),
            buyers: built("bidder-sim"),
            load: built("loadtest"),
        })
    }
}
