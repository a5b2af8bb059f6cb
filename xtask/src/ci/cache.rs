//! [`Cache`]: the folders that outlive a checkout.

use std::env;
use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use anyhow::Context as _;

const NAME: &str = "exchange-ci";

/// The folders that outlive a checkout: fetched tools, and on a build machine what was compiled.
#[derive(Debug)]
pub(crate) struct Cache {
    tools: PathBuf,
    target: PathBuf,
}

impl Cache {
    /// Finds the folders, and makes the one for tools.
    ///
    /// `CARGO_TARGET_DIR` is obeyed. Without it the build stays in the checkout, unless `CI` is set: there
    /// every run has a checkout of its own and would compile all dependencies again.
    ///
    /// # Errors
    ///
    /// Fails if neither `XDG_CACHE_HOME` nor `HOME` is set, or if the folder cannot be made.
    pub(crate) fn open(root: &Path) -> anyhow::Result<Self> {
        let folder = env::var_os("XDG_CACHE_HOME")
            .filter(|it| !it.is_empty())
            .map(PathBuf::from)
            .or_else(|| Some(Path::new(&env::var_os("HOME")?).join(".cache")))
            .context("failed to find a cache folder: neither XDG_CACHE_HOME nor HOME is set")?
            .join(NAME);
        let target = match env::var_os("CARGO_TARGET_DIR") {
            Some(set) if !set.is_empty() => root.join(set),
            _ if env::var_os("CI").is_some() => folder.join("target"),
            _ => root.join("target"),
        };
        let cache = Self::at(&folder, &target);
        fs::create_dir_all(cache.tools())
            .with_context(|| format!("failed to make {}", cache.tools().display()))?;
        Ok(cache)
    }

    /// Returns a cache in this folder.
    pub(crate) fn at(folder: &Path, target: &Path) -> Self {
        Self { tools: folder.join("tools"), target: target.to_owned() }
    }

    /// Returns where fetched tools are installed.
    pub(crate) fn tools(&self) -> &Path {
        &self.tools
    }

    /// Returns where cargo builds.
    pub(crate) fn target(&self) -> &Path {
        &self.target
    }

    /// Returns the search path of every command: what is installed first, then the fetched tools.
    pub(crate) fn search_path(&self) -> OsString {
        let installed = env::var_os("PATH").unwrap_or_default();
        let folders = env::split_paths(&installed).chain([self.tools.join("bin")]);
        env::join_paths(folders).unwrap_or(installed)
    }
}
