//! [`Arguments`]: the command line.

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

use crate::profile::{Profile, ProfileError};
use crate::report::ReportTarget;
use crate::simulator::{Options, TlsOptions};

/// Hosts simulated buyers that answer pings and posts as their profile says.
///
/// Each buyer NAME is found under /NAME/ping and /NAME/post on one address, over HTTP/1.1 and over
/// HTTP/2 with prior knowledge, and says under /NAME/status/ID what became of a post. The first line on standard output is JSON with the bound addresses:
/// {"listening":"127.0.0.1:9100"}. GET /health and GET /stats answer about the process itself, and
/// POST /honest ends all faults.
/// SIGTERM or Ctrl-C writes the rest of the log and ends.
#[derive(Clone, Debug, Parser)]
#[command(name = "bidder-sim", version)]
pub struct Arguments {
    /// Profile file with the buyers (TOML).
    #[arg(long, short, value_name = "FILE")]
    pub profile: PathBuf,
    /// Address to listen on; port 0 takes a free one.
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:0")]
    pub listen: SocketAddr,
    /// Second address, with TLS (HTTP/2 and HTTP/1.1 by ALPN).
    #[arg(long, value_name = "ADDRESS", requires_all = ["tls_cert", "tls_key"])]
    pub tls_listen: Option<SocketAddr>,
    /// Certificate chain of the TLS address (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_listen")]
    pub tls_cert: Option<PathBuf>,
    /// Private key of the TLS address (PEM).
    #[arg(long, value_name = "FILE", requires = "tls_listen")]
    pub tls_key: Option<PathBuf>,
    /// Log of every ping and post, JSON lines, written anew; without it nothing is logged.
    #[arg(long, value_name = "FILE")]
    pub log: Option<PathBuf>,
    /// Whether the log holds bodies, in place of the profile's `log_bodies`.
    #[arg(long, value_name = "BOOL")]
    pub log_bodies: Option<bool>,
    /// Seed, in place of the profile's.
    #[arg(long, value_name = "NUMBER")]
    pub seed: Option<u64>,
    /// Control listener of the exchange, to which buyers with `report_after` report.
    #[arg(long, value_name = "ADDRESS")]
    pub report_to: Option<SocketAddr>,
    /// The exchange's key of a buyer, NAME=KEY, for its reports; may be given several times.
    #[arg(long, value_name = "NAME=KEY", value_parser = named_key, requires = "report_to")]
    pub report_key: Vec<(String, String)>,
    /// Reads the profile, says whether it is good, and ends.
    #[arg(long)]
    pub check: bool,
}

impl Arguments {
    /// Reads the profile and puts the command line's values in place of its own.
    ///
    /// # Errors
    ///
    /// As [`Profile::read`].
    pub fn profile(&self) -> Result<Profile, ProfileError> {
        let mut profile = Profile::read(&self.profile)?;
        profile.seed = self.seed.unwrap_or(profile.seed);
        profile.log_bodies = self.log_bodies.unwrap_or(profile.log_bodies);
        Ok(profile)
    }

    /// Returns where to listen and where to log.
    pub fn options(&self) -> Options {
        let tls = match (self.tls_listen, &self.tls_cert, &self.tls_key) {
            (Some(listen), Some(certificate), Some(key)) => {
                Some(TlsOptions { listen, certificate: certificate.clone(), key: key.clone() })
            }
            _ => None,
        };
        Options { listen: self.listen, tls, log: self.log.clone() }
    }
}

impl Arguments {
    /// Returns whom buyers report to.
    pub fn report_target(&self) -> Option<ReportTarget> {
        let keys = self.report_key.iter().cloned().collect();
        self.report_to.map(|address| ReportTarget { address, keys })
    }
}

fn named_key(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, key)) if !name.is_empty() && !key.is_empty() => Ok((name.to_owned(), key.to_owned())),
        _ => Err("a key is given as NAME=KEY".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tls_needs_certificate_and_key() {
        let parse = |line: &str| Arguments::try_parse_from(line.split(' '));
        assert!(parse("bidder-sim --profile b.toml --tls-listen 127.0.0.1:0").is_err());
        assert!(parse("bidder-sim --profile b.toml --tls-cert c --tls-key k").is_err());
        let whole =
            "bidder-sim -p b.toml --tls-listen 127.0.0.1:0 --tls-cert c --tls-key k --log-bodies false";
        let arguments = parse(whole).expect("good arguments");
        assert!(arguments.options().tls.is_some());
        assert_eq!(arguments.log_bodies, Some(false));
    }
}
