//! The store's table of the keys: what their file said when it was read last.

use core::time::Duration;
use std::sync::Arc;

use exchange_control::{ListedKey, Role};
use exchange_store::{ApiKeyView, Exchange, Scoped};
use exchange_wire::KeyMode;

use super::{KeyEntry, KeyStore};
use crate::projection::error_chain;

/// How long the table is tried again after an error.
const RETRY_AFTER: Duration = Duration::from_secs(1);

/// Makes the store's table equal to the keys in force, now and whenever they were read again.
pub(crate) async fn keep_listed(keys: Arc<KeyStore>, store: Scoped<Exchange>) {
    let mut read = keys.entries.subscribe();
    loop {
        let entries = Arc::clone(&read.borrow_and_update());
        while let Err(error) = store.keep_api_keys(&views(&entries)).await {
            tracing::error!(error = %error_chain(&error), "the store does not take the keys");
            tokio::time::sleep(RETRY_AFTER).await;
        }
        if read.changed().await.is_err() {
            return;
        }
    }
}

/// Returns keys as the store holds them.
pub(crate) fn views(entries: &[KeyEntry]) -> Vec<ApiKeyView> {
    let view = |entry: &KeyEntry| ApiKeyView {
        digest: entry.hash.0,
        prefix: entry.prefix.as_str().into(),
        role: entry.owner.role.name().into(),
        party: entry.owner.name.clone(),
        live: entry.mode() == KeyMode::Live,
        created_at: entry.created_at,
        revoked_at: entry.revoked_at,
    };
    entries.iter().map(view).collect()
}

/// Returns a key of the store as operators see it; nothing where its role is none.
pub(crate) fn listed_key(view: ApiKeyView) -> Option<ListedKey> {
    Some(ListedKey {
        role: Role::from_name(&view.role)?,
        prefix: view.prefix,
        name: view.party,
        mode: if view.live { KeyMode::Live } else { KeyMode::Test },
        created_at: view.created_at,
        revoked_at: view.revoked_at,
    })
}
