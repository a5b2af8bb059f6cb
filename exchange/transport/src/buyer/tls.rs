//! [`Tls`]: the TLS settings of one endpoint.

use std::sync::Arc;

use exchange_catalog::snapshot::{Endpoint, HttpVersion};
use rustls::client::Resumption;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

/// Sessions that one endpoint may resume. A session ticket of TLS 1.3 is used once, and a server usually
/// gives two for each connection.
const SESSIONS_MAX: usize = 64;

/// The settings of one endpoint: whom to trust, what to negotiate, and the sessions to resume.
pub(crate) struct Tls {
    connector: TlsConnector,
    server_name: ServerName<'static>,
}

/// Why an endpoint has no usable TLS settings.
#[derive(Clone, Debug, thiserror::Error)]
pub(crate) enum TlsError {
    #[error("private CA cannot be read")]
    PrivateCa,
    #[error("host is no name or address for a certificate")]
    ServerName,
    #[error("TLS provider offers no usable version")]
    Provider(#[source] rustls::Error),
}

impl Tls {
    /// Returns the settings of an endpoint. Its private CA, if it has one, replaces the public ones.
    pub(crate) fn new(endpoint: &Endpoint, public: &Arc<RootCertStore>) -> Result<Self, TlsError> {
        let roots = match &endpoint.ca_pem {
            Some(pem) => Arc::new(private_roots(pem)?),
            None => Arc::clone(public),
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(TlsError::Provider)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = match endpoint.version {
            HttpVersion::Auto => vec![b"h2".to_vec(), b"http/1.1".to_vec()],
            HttpVersion::Http1 => vec![b"http/1.1".to_vec()],
            HttpVersion::Http2 => vec![b"h2".to_vec()],
        };
        config.resumption = Resumption::in_memory_sessions(SESSIONS_MAX);
        let server_name =
            ServerName::try_from(endpoint.host.to_string()).map_err(|_| TlsError::ServerName)?;
        Ok(Self { connector: TlsConnector::from(Arc::new(config)), server_name })
    }

    /// Shakes hands, and returns the stream with whether HTTP/2 was negotiated.
    ///
    /// Not cancel-safe: a future dropped early closes the connection.
    pub(crate) async fn connect(&self, tcp: TcpStream) -> std::io::Result<(TlsStream<TcpStream>, bool)> {
        let stream = self.connector.connect(self.server_name.clone(), tcp).await?;
        let is_http2 = stream.get_ref().1.alpn_protocol() == Some(b"h2");
        Ok((stream, is_http2))
    }
}

impl core::fmt::Debug for Tls {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Tls").field("server_name", &self.server_name).finish_non_exhaustive()
    }
}

/// Returns the public certificate authorities that are built in.
pub(crate) fn public_roots() -> Arc<RootCertStore> {
    Arc::new(RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() })
}

fn private_roots(pem: &str) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
        let certificate = certificate.map_err(|_| TlsError::PrivateCa)?;
        roots.add(certificate).map_err(|_| TlsError::PrivateCa)?;
    }
    if roots.is_empty() { Err(TlsError::PrivateCa) } else { Ok(roots) }
}
