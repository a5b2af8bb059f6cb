//! [`OldCatalogs`]: the catalogs of earlier versions, compiled when somebody asks.
//!
//! A record names its catalog by version. What was in force minutes ago is in memory with its auctions; what
//! the store or a restart brings back is compiled from the data directory.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use exchange_catalog::Snapshot;
use exchange_node::Shared;

use crate::catalog_compiler::CatalogCompiler;
use crate::data_dir::CatalogStore;

/// Catalogs that stay compiled. Questions about old auctions are rare and come in runs of one version.
const KEPT: usize = 32;

/// The catalogs of earlier versions.
#[derive(Debug)]
pub(crate) struct OldCatalogs {
    store: CatalogStore,
    compiler: CatalogCompiler,
    /// Compiled ones, the latest used last; nothing where a version cannot be had any more. A short lock off the
    /// auctions' way.
    compiled: Mutex<VecDeque<(u64, Option<Arc<Snapshot>>)>>,
}

impl OldCatalogs {
    /// Returns the catalogs of a data directory.
    pub(crate) fn new(store: CatalogStore, compiler: CatalogCompiler) -> Self {
        Self { store, compiler, compiled: Mutex::default() }
    }

    /// Returns the catalog of a version; nothing where it was removed or can no longer be compiled.
    pub(crate) fn snapshot(&self, version: u64) -> Option<Arc<Snapshot>> {
        let mut compiled = self.compiled.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(position) = compiled.iter().position(|(known, _)| *known == version) {
            let found = compiled.remove(position)?;
            let snapshot = found.1.clone();
            compiled.push_back(found);
            return snapshot;
        }
        let snapshot = self.compile(version);
        if snapshot.is_none() {
            tracing::warn!(version, "the catalog of this version cannot be had any more");
        }
        if compiled.len() >= KEPT {
            compiled.pop_front();
        }
        compiled.push_back((version, snapshot.clone()));
        snapshot
    }

    /// Returns the catalog of a version, from the one in force where it is that.
    pub(crate) fn snapshot_beside(&self, shared: &Shared, version: u64) -> Option<Arc<Snapshot>> {
        let current = shared.current();
        if current.snapshot.version == version {
            return Some(Arc::clone(&current.snapshot));
        }
        self.snapshot(version)
    }

    fn compile(&self, version: u64) -> Option<Arc<Snapshot>> {
        let stored = self.store.load_version(version).ok()?;
        self.compiler.compile(version, &stored.files).ok().map(|(snapshot, _)| Arc::new(snapshot))
    }
}
