//! [`Market`]: a running exchange with simulated buyers, on free ports and in a fresh folder.

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};

use super::programs::Programs;
use crate::folder::Folder;
use crate::server::Server;

/// What the demo changes in the defaults: its buyers are on this machine and speak clear http.
const CONFIGURATION: &str = "[buyers]\nallow_addresses = [\"127.0.0.0/8\"]\nallow_http = true\n";
/// Stands for the buyers' address in the catalog.
const BUYERS_PLACE: &str = "{buyers}";
/// The default ports of the exchange, taken where nobody else has them.
const SELLER_PORT: u16 = 8080;
const CONTROL_PORT: u16 = 8081;
/// The log of every ping and post that the buyers keep.
const BUYERS_LOG: &str = "buyers.jsonl";

/// The running programs. The exchange comes first: what is dropped or stopped first must not wait for the other.
#[derive(Debug)]
pub(crate) struct Market {
    exchange: Server,
    buyers: Server,
    /// Where sellers call.
    pub(crate) seller: SocketAddr,
    /// Where operators call.
    pub(crate) control: SocketAddr,
    /// The key of an operator.
    pub(crate) operator_key: String,
    /// The key of each seller of the catalog that the demo uses.
    pub(crate) seller_keys: BTreeMap<String, String>,
}

impl Market {
    /// Starts the buyers, makes the keys, and starts the exchange with the demo's catalog.
    ///
    /// # Errors
    ///
    /// Fails if a program does not start; whatever has started is ended then.
    pub(crate) fn open(
        root: &Path,
        programs: &Programs,
        folder: &Folder,
        sellers: &[&str],
    ) -> anyhow::Result<Self> {
        let path = folder.path();
        let mut command = Command::new(&programs.buyers);
        command.arg("--profile").arg(root.join("configs/buyers/demo.toml"));
        command.arg("--log").arg(path.join(BUYERS_LOG));
        let buyers = Server::start("simulated buyers", command, path.join("bidder-sim.log"))?;

        let catalog = fs::read_to_string(root.join("configs/demo/catalog.toml"))?;
        let address = buyers.address("listening")?.to_string();
        let catalog = folder.write("catalog.toml", &catalog.replace(BUYERS_PLACE, &address))?;
        let configuration = folder.write("exchange.toml", CONFIGURATION)?;

        let data = path.join("data");
        let operator_key = create_key(&programs.exchange, "operator:demo", &data)?;
        let key = |seller: &&str| {
            let key = create_key(&programs.exchange, &format!("seller:{seller}"), &data)?;
            Ok(((*seller).to_owned(), key))
        };
        let seller_keys = sellers.iter().map(key).collect::<anyhow::Result<_>>()?;

        let mut command = exchange(&programs.exchange);
        command.arg("serve").arg("--config").arg(configuration).arg("--catalog").arg(catalog);
        command.env("EXCHANGE_DATA_DIR", data);
        command.env("EXCHANGE_SELLER_LISTEN", free_address(SELLER_PORT));
        command.env("EXCHANGE_CONTROL_LISTEN", free_address(CONTROL_PORT));
        let exchange = Server::start("exchange", command, path.join("exchange.log"))?;
        let (seller, control) = (exchange.address("seller")?, exchange.address("control")?);
        Ok(Self { exchange, buyers, seller, control, operator_key, seller_keys })
    }

    /// Returns the key of a seller.
    ///
    /// # Errors
    ///
    /// Fails for a seller that the market was not opened with.
    pub(crate) fn seller_key(&self, seller: &str) -> anyhow::Result<&str> {
        self.seller_keys.get(seller).map(String::as_str).with_context(|| format!("no key for `{seller}`"))
    }

    /// Returns what the buyers have logged so far.
    ///
    /// # Errors
    ///
    /// Fails if the log cannot be read.
    pub(crate) fn buyers_log(folder: &Folder) -> anyhow::Result<String> {
        Ok(fs::read_to_string(folder.path().join(BUYERS_LOG))?)
    }

    /// Fails if one of the programs has ended by itself.
    ///
    /// # Errors
    ///
    /// How it ended, and the end of its log.
    pub(crate) fn check_that_it_runs(&mut self) -> anyhow::Result<()> {
        self.exchange.check_that_it_runs()?;
        self.buyers.check_that_it_runs()
    }

    /// Stops the exchange, then the buyers, and says so.
    ///
    /// # Errors
    ///
    /// Fails if one of them does not end as it should.
    pub(crate) fn stop(self) -> anyhow::Result<()> {
        for server in [self.exchange, self.buyers] {
            let name = server.name();
            println!("the {name} stopped after {} ms", server.stop()?.as_millis());
        }
        Ok(())
    }
}

/// Returns the exchange's command line without the variables that would change its configuration.
fn exchange(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EXCHANGE_") {
            command.env_remove(name);
        }
    }
    command
}

/// Makes a key and returns it.
fn create_key(program: &Path, owner: &str, data: &Path) -> anyhow::Result<String> {
    let mut command = exchange(program);
    command.args(["keys", "create", "--owner", owner, "--data-dir"]).arg(data);
    let output = command.stdin(Stdio::null()).output()?;
    if !output.status.success() {
        bail!("no key for {owner}: {}", String::from_utf8_lossy(&output.stderr));
    }
    Ok(String::from_utf8(output.stdout)?.trim().to_owned())
}

/// Returns this port of this machine if it is free, else one that the system chooses.
fn free_address(port: u16) -> String {
    let is_free = TcpListener::bind((Ipv4Addr::LOCALHOST, port)).is_ok();
    SocketAddr::from((Ipv4Addr::LOCALHOST, if is_free { port } else { 0 })).to_string()
}
