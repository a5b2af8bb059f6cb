//! [`CatalogFiles`]: a catalog as it was named on the command line.

use std::fs;
use std::path::PathBuf;

use anyhow::Context as _;
use exchange_catalog::{CompileOptions, Diagnostic, Snapshot, SourceFile, compile};
use exchange_types::UtcMicros;

use crate::secret_source::SecretSource;

/// The files of a catalog, and where the secrets are to which they refer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CatalogFiles {
    /// The files.
    pub files: Vec<SourceFile>,
    /// Relative paths in the catalog begin beside its first file.
    pub secrets: SecretSource,
}

impl CatalogFiles {
    /// Reads the files; nothing where none are named.
    pub(super) fn read(paths: &[PathBuf]) -> anyhow::Result<Option<Self>> {
        let Some(first) = paths.first() else { return Ok(None) };
        let read = |path: &PathBuf| {
            let text = fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
            Ok(SourceFile { name: path.display().to_string(), text })
        };
        let files = paths.iter().map(read).collect::<anyhow::Result<_>>()?;
        Ok(Some(Self { files, secrets: SecretSource::beside(first) }))
    }

    /// Compiles the catalog.
    ///
    /// # Errors
    ///
    /// Returns every mistake.
    pub fn compile(
        &self,
        version: u64,
        now: UtcMicros,
        allow_http: bool,
    ) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
        let secrets = |reference: &str| self.secrets.lookup(reference);
        compile(
            &self.files,
            &CompileOptions { version, now, secrets: &secrets, allow_http, source_names: None },
        )
    }
}
