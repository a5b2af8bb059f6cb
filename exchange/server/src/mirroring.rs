//! The mirror of the counters in Redis, where the configuration asks for one.

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context as _;
use exchange_cluster::{MirrorConfig, Password, Progress, Trust, keep_mirroring};
use exchange_counters::Counters;

use crate::config::Redis;
use crate::secret_source::SecretSource;
use crate::wall_clock;

/// Begins to mirror on the control plane's runtime, and returns how far the mirror is; nothing where there is none.
/// Redis need not be there yet.
///
/// # Errors
///
/// Says that the file of the authorities cannot be read.
pub(crate) fn start(
    config: Option<&Redis>,
    counters: &Arc<Counters>,
) -> anyhow::Result<Option<Arc<Progress>>> {
    let Some(redis) = config else { return Ok(None) };
    let progress = Arc::new(Progress::new(Instant::now()));
    let mirror = MirrorConfig {
        address: redis.address.clone(),
        trust: trust(redis)?,
        password: redis.password.clone().map(password),
        every: redis.every,
        timeout: redis.timeout,
        clock: wall_clock::utc_now,
    };
    tokio::spawn(keep_mirroring(Arc::clone(counters), mirror, Arc::clone(&progress)));
    Ok(Some(progress))
}

fn trust(redis: &Redis) -> anyhow::Result<Trust> {
    let Some(file) = &redis.ca else { return Trust::new(None).context("the public authorities") };
    let named = || format!("redis.ca: {}", file.display());
    let bundle = std::fs::read_to_string(file).with_context(named)?;
    Trust::new(Some(&bundle)).with_context(named)
}

fn password(reference: String) -> Box<Password> {
    // A relative path begins where the exchange was started, as in the rest of the configuration.
    let secrets = SecretSource::new(std::path::PathBuf::new());
    Box::new(move || secrets.lookup(&reference))
}
