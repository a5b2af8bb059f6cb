//! What may change without a restart, and the catalog with the secrets and authorities that it refers to.

use std::sync::Arc;

use exchange_catalog::{Filter, Snapshot};
use exchange_control::{Backend as _, ReloadError, Reloaded};

use super::{CatalogIntake, ControlBackend};
use crate::file_handles;

impl ControlBackend {
    /// Reads again what may change without a restart.
    pub(super) async fn read_again(&self) -> Result<Reloaded, ReloadError> {
        let reloaded = self.reloading.reload(self.renew_catalog()).await;
        let (changed, keys, ()) = reloaded.map_err(|error| ReloadError(format!("{error:#}")))?;
        let snapshot = Arc::clone(&self.shared.current().snapshot);
        file_handles::raise(&self.reloading.config().await, &snapshot);
        Ok(Reloaded { changed, keys, catalog_version: snapshot.version })
    }

    /// Takes the catalog in force under the next version if a secret or an authority that it refers to changed.
    async fn renew_catalog(&self) -> anyhow::Result<()> {
        let catalog = Arc::clone(&self.catalog);
        let Some(files) = tokio::task::spawn_blocking(move || catalog.outdated()).await?? else {
            return Ok(());
        };
        let applied = self.apply(files).await.map_err(|error| match error {
            exchange_control::ApplyError::Refused(found) => mistakes(&found),
            exchange_control::ApplyError::Store(error) => anyhow::anyhow!("the catalog: {error}"),
        })?;
        tracing::info!(version = applied.version, "catalog in force with other secrets or authorities");
        Ok(())
    }
}

impl CatalogIntake {
    /// Returns the files of the catalog in force if something that they refer to is not what it was.
    fn outdated(&self) -> anyhow::Result<Option<Vec<exchange_catalog::SourceFile>>> {
        let Some(stored) = self.catalogs.load()? else { return Ok(None) };
        let compiled = self.compiler.compile(stored.version, &stored.files);
        let (renewed, _warnings) = compiled.map_err(|found| mistakes(&found))?;
        Ok((!refers_to_the_same(&self.shared.current().snapshot, &renewed)).then_some(stored.files))
    }
}

/// Returns whether two catalogs of the same files found the same secrets, authorities, lists and places.
fn refers_to_the_same(one: &Snapshot, other: &Snapshot) -> bool {
    let of_campaigns = |snapshot: &Snapshot| -> Vec<Vec<Box<[u8]>>> {
        let of_one = |secrets: &[exchange_catalog::SigningSecret]| {
            secrets.iter().map(|secret| secret.key().into()).collect()
        };
        let webhooks = snapshot.sellers.iter().filter_map(|seller| seller.webhook.as_ref());
        let of_sellers = webhooks.map(|webhook| of_one(core::slice::from_ref(&webhook.secret)));
        snapshot.campaigns.iter().map(|campaign| of_one(&campaign.secrets)).chain(of_sellers).collect()
    };
    let filters = |snapshot: &Snapshot| -> Vec<Filter> {
        snapshot.campaigns.iter().map(|campaign| campaign.filter.clone()).collect()
    };
    one.endpoints == other.endpoints
        && of_campaigns(one) == of_campaigns(other)
        && filters(one) == filters(other)
}

fn mistakes(found: &[exchange_catalog::Diagnostic]) -> anyhow::Error {
    let found: Vec<String> = found.iter().map(ToString::to_string).collect();
    anyhow::anyhow!("{}", found.join("\n"))
}
