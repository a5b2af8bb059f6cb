//! [`CatalogCompiler`]: what every catalog of this process is compiled with.

use core::fmt;
use std::sync::Arc;

use exchange_catalog::snapshot::SourceNames;
use exchange_catalog::{CompileOptions, Diagnostic, Snapshot, SourceFile, compile};
use exchange_wire::Pseudonyms;

use crate::data_dir::SecretKey;
use crate::secret_source::SecretSource;
use crate::wall_clock;

/// What every catalog of this process is compiled with.
#[derive(Clone)]
pub(crate) struct CatalogCompiler {
    secrets: SecretSource,
    /// Whether catalogs may name endpoints in clear text.
    allow_http: bool,
    source_names: Arc<dyn SourceNames>,
}

impl CatalogCompiler {
    /// Returns a compiler that finds secrets in one place and knows sellers as buyers do.
    pub(crate) fn new(secrets: SecretSource, allow_http: bool, secret: &SecretKey) -> Self {
        Self { secrets, allow_http, source_names: Arc::new(pseudonyms(secret)) }
    }

    /// Compiles the files of a catalog.
    ///
    /// # Errors
    ///
    /// Returns every mistake.
    pub(crate) fn compile(
        &self,
        version: u64,
        files: &[SourceFile],
    ) -> Result<(Snapshot, Vec<Diagnostic>), Vec<Diagnostic>> {
        let secrets = |reference: &str| self.secrets.lookup(reference);
        let options = CompileOptions {
            version,
            now: wall_clock::utc_now(),
            secrets: &secrets,
            allow_http: self.allow_http,
            source_names: Some(&self.source_names),
        };
        compile(files, &options)
    }
}

/// Returns what makes the pseudonyms of an exchange with this secret.
pub(crate) fn pseudonyms(secret: &SecretKey) -> Pseudonyms {
    Pseudonyms::new(&secret.derive("pseudonyms"))
}

impl fmt::Debug for CatalogCompiler {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("CatalogCompiler").field("allow_http", &self.allow_http).finish_non_exhaustive()
    }
}
