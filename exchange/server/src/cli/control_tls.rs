//! TLS to the control listener: whom a command trusts, and what it shows.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::Context as _;
use clap::Args;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Whom a command trusts, and what it shows.
#[derive(Debug, Args)]
pub(super) struct ControlTls {
    /// The authorities, in PEM, that may vouch for the listener in place of the public ones
    #[arg(long, value_name = "FILE", env = "EXCHANGE_CA")]
    ca: Option<PathBuf>,
    /// A certificate with its key, in one file in PEM, for a listener that asks for one
    #[arg(long, value_name = "FILE", env = "EXCHANGE_CERTIFICATE")]
    certificate: Option<PathBuf>,
}

impl ControlTls {
    /// Shakes hands with the listener at a host. Not cancel-safe: dropped, it closes the connection.
    ///
    /// # Errors
    ///
    /// Says which file cannot be used, or why the listener is not trusted.
    pub(super) async fn connect(
        &self,
        host: &str,
        stream: TcpStream,
    ) -> anyhow::Result<TlsStream<TcpStream>> {
        let name = ServerName::try_from(host.to_owned())
            .with_context(|| format!("{host} is no name of a certificate"))?;
        let connector = TlsConnector::from(Arc::new(self.settings()?));
        connector.connect(name, stream).await.with_context(|| format!("no TLS connection to {host}"))
    }

    fn settings(&self) -> anyhow::Result<ClientConfig> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(self.roots()?);
        let mut settings = match &self.certificate {
            None => builder.with_no_client_auth(),
            Some(file) => {
                let unusable = || format!("{} holds no certificate with its key in PEM", file.display());
                let key = PrivateKeyDer::from_pem_file(file).with_context(unusable)?;
                builder.with_client_auth_cert(certificates(file)?, key).with_context(unusable)?
            }
        };
        settings.alpn_protocols = vec![b"http/1.1".to_vec()];
        Ok(settings)
    }

    fn roots(&self) -> anyhow::Result<RootCertStore> {
        let Some(file) = &self.ca else {
            return Ok(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() });
        };
        let mut roots = RootCertStore::empty();
        for certificate in certificates(file)? {
            let unusable = || format!("{} holds a certificate of no authority", file.display());
            roots.add(certificate).with_context(unusable)?;
        }
        Ok(roots)
    }
}

fn certificates(file: &Path) -> anyhow::Result<Vec<CertificateDer<'static>>> {
    let unreadable = || format!("cannot read certificates in PEM from {}", file.display());
    let read = CertificateDer::pem_file_iter(file).with_context(unreadable)?;
    let read: Vec<_> = read.collect::<Result<_, _>>().with_context(unreadable)?;
    anyhow::ensure!(!read.is_empty(), "{} holds no certificate in PEM", file.display());
    Ok(read)
}
