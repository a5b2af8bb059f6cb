//! [`Contender`]: who is measured, and how it is started.

use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::programs::Programs;
use crate::server::Server;

/// The core of the contender. Buyers and load share the other one, and none of them is counted.
const CORE: &str = "0";
/// Stands for the buyers' address in the catalog.
const BUYERS_PLACE: &str = "{buyers}";
/// What differs from the defaults: one shard, free ports, and buyers on this machine in clear http.
const CONFIGURATION: &str = "\
shards = 1

[seller]
listen = \"127.0.0.1:0\"

[control]
listen = \"127.0.0.1:0\"

[buyers]
allow_addresses = [\"127.0.0.0/8\"]
allow_http = true
";

/// Who is measured.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Contender {
    /// What others are compared with: axum and reqwest.
    AxumReqwest,
    /// The exchange, pings over HTTP/1.1 without signatures.
    Http1,
    /// The same with signed pings.
    Http1Signed,
    /// The exchange, pings over HTTP/2 without signatures.
    Http2,
}

/// A contender that takes leads.
#[derive(Debug)]
pub(crate) struct Running {
    pub(crate) server: Server,
    /// The key with which it is called.
    pub(crate) key: String,
}

impl Contender {
    /// All of them; the one that others are compared with comes first.
    pub(crate) const ALL: [Self; 4] = [Self::AxumReqwest, Self::Http1, Self::Http1Signed, Self::Http2];

    /// Returns its name in tables and files.
    pub(crate) const fn name(self) -> &'static str {
        match self {
            Self::AxumReqwest => "axum_reqwest",
            Self::Http1 => "http1",
            Self::Http1Signed => "http1_signed",
            Self::Http2 => "h2",
        }
    }

    /// Starts it on its core; `buyers` is the address of the simulated buyers.
    ///
    /// # Errors
    ///
    /// Fails if it does not listen in time.
    pub(crate) fn start(
        self,
        root: &Path,
        programs: &Programs,
        folder: &Path,
        buyers: &str,
    ) -> anyhow::Result<Running> {
        if self == Self::AxumReqwest {
            let mut command = pinned(CORE, &programs.axum_reqwest);
            command.args(["127.0.0.1:0", buyers]);
            let server = Server::start(self.name(), command, folder.join("peer.log"))?;
            return Ok(Running { server, key: "none".to_owned() });
        }
        let catalog = root.join("configs/bench/catalog.toml");
        let catalog = fs::read_to_string(&catalog)
            .with_context(|| format!("cannot read {}", catalog.display()))?
            .replace(BUYERS_PLACE, buyers);
        let (catalog_file, configuration) = (folder.join("catalog.toml"), folder.join("exchange.toml"));
        fs::write(&catalog_file, self.changed(&catalog)?)?;
        fs::write(&configuration, CONFIGURATION)?;
        let data = folder.join("data");
        let key = create_key(&programs.exchange, &data)?;
        let mut command = pinned(CORE, &programs.exchange);
        command.arg("serve").arg("--config").arg(configuration).arg("--catalog").arg(catalog_file);
        command.env("EXCHANGE_DATA_DIR", data);
        let server = Server::start(self.name(), command, folder.join("exchange.log"))?;
        Ok(Running { server, key })
    }

    /// Changes the catalog, which has unsigned pings over HTTP/1.1, to what this contender measures.
    fn changed(self, catalog: &str) -> anyhow::Result<String> {
        let (from, to) = match self {
            Self::AxumReqwest | Self::Http1 => return Ok(catalog.to_owned()),
            Self::Http1Signed => ("sign = false", "sign = true"),
            Self::Http2 => ("http = \"1\"", "http = \"2\""),
        };
        if !catalog.contains(from) {
            bail!("the catalog has no `{from}` to change");
        }
        Ok(catalog.replace(from, to))
    }
}

/// Returns a program that runs on one core, without the variables that would change the exchange's configuration.
pub(crate) fn pinned(core: &str, program: &Path) -> Command {
    let mut command = Command::new("taskset");
    command.args(["-c", core]).arg(program);
    let names = std::env::vars_os().map(|(name, _)| name);
    for name in names.filter(|name| name.to_string_lossy().starts_with("EXCHANGE_")) {
        command.env_remove(name);
    }
    command
}

fn create_key(exchange: &Path, data: &Path) -> anyhow::Result<String> {
    let mut command = Command::new(exchange);
    command.args(["keys", "create", "--owner", "seller:bench", "--data-dir"]).arg(data);
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("no key for the seller: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_contender_changes_one_thing_of_the_catalog() {
        let catalog = include_str!("../../../configs/bench/catalog.toml");
        assert_eq!(Contender::Http1.changed(catalog).expect("it stays"), catalog);
        for (contender, changed) in
            [(Contender::Http1Signed, "sign = true"), (Contender::Http2, "http = \"2\"")]
        {
            assert!(!catalog.contains(changed));
            assert!(contender.changed(catalog).expect("it is changed").contains(changed));
            contender.changed("").expect_err("there is nothing to change");
        }
    }
}
