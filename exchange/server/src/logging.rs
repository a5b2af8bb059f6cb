//! [`LogFilter`]: which log lines are written, for as long as the process runs.

use anyhow::Context as _;
use tracing_subscriber::EnvFilter;

use crate::config::{Config, LogFormat};

/// Which log lines are written; it may change while the process runs.
pub(crate) struct LogFilter(Box<dyn Fn(EnvFilter) -> anyhow::Result<()> + Send + Sync>);

impl LogFilter {
    /// Starts to write log lines to the standard error.
    ///
    /// # Errors
    ///
    /// Says that the filter is none, or that something else logs already.
    pub(crate) fn start(config: &Config) -> anyhow::Result<Self> {
        let builder =
            tracing_subscriber::fmt().with_env_filter(parse(&config.log)?).with_writer(std::io::stderr);
        // The two formats are two types, and so are their filters.
        let (installed, replace): (_, Box<dyn Fn(EnvFilter) -> anyhow::Result<()> + Send + Sync>) =
            match config.log_format {
                LogFormat::Text => {
                    let builder = builder.with_filter_reloading();
                    let handle = builder.reload_handle();
                    (builder.try_init(), Box::new(move |filter| Ok(handle.reload(filter)?)))
                }
                LogFormat::Json => {
                    let builder = builder.json().with_filter_reloading();
                    let handle = builder.reload_handle();
                    (builder.try_init(), Box::new(move |filter| Ok(handle.reload(filter)?)))
                }
            };
        installed.map_err(|error| anyhow::anyhow!("cannot start logging: {error}"))?;
        Ok(Self(replace))
    }

    /// Puts the filter of a configuration in force.
    ///
    /// # Errors
    ///
    /// Says that it is none; the one in force stays then.
    pub(crate) fn replace(&self, config: &Config) -> anyhow::Result<()> {
        (self.0)(parse(&config.log)?)
    }
}

fn parse(filter: &str) -> anyhow::Result<EnvFilter> {
    EnvFilter::try_new(filter).context("the log filter")
}

impl core::fmt::Debug for LogFilter {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("LogFilter").finish_non_exhaustive()
    }
}
