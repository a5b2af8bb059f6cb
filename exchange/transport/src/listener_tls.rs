//! [`ListenerTls`]: the certificates of a listener, which may change while it listens.
//!
//! A connection keeps what it began with; the next handshake takes what is in force then. Versions are 1.3 and
//! 1.2, early data is never taken, and nothing here turns a check off.

use std::io;
use std::sync::Arc;

use arc_swap::ArcSwap;
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::{ServerSessionMemoryCache, WebPkiClientVerifier};
use rustls::{RootCertStore, ServerConfig};
use tokio::net::TcpStream;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

/// Sessions of clients that may be resumed: those of the busiest programs; the others shake hands in full.
const SESSIONS_MAX: usize = 4_096;

/// The certificates of a listener.
#[derive(Debug)]
pub struct ListenerTls {
    protocols: &'static [&'static [u8]],
    /// Replaced whole by a reload; read once a handshake.
    config: ArcSwap<ServerConfig>,
}

/// What a listener shows and asks for: the contents of its files, in PEM.
#[derive(Clone, Copy)]
pub struct Certificates<'a> {
    /// The listener's own certificate, and those between it and an authority that clients know.
    pub certificate: &'a [u8],
    /// The key of the first of them: PKCS#8, PKCS#1 or SEC1.
    pub key: &'a [u8],
    /// The authorities whose clients may connect.
    pub client_ca: &'a [u8],
    /// Whether clients need a certificate of theirs.
    pub client_certificates: ClientCertificates,
}

/// Certificates that a listener can show, and does not show yet.
#[derive(Clone, Debug)]
pub struct PreparedCertificates(Arc<ServerConfig>);

/// Whether clients show a certificate.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum ClientCertificates {
    /// They are not asked for one.
    #[default]
    No,
    /// They are asked. One that is shown has to be good; a client without one connects as well.
    Asked,
    /// Nobody connects without one.
    Required,
}

/// Why certificates cannot be used.
#[derive(Clone, Debug, PartialEq, thiserror::Error)]
pub enum ListenerTlsError {
    /// The file of the certificate holds none.
    #[error("holds no certificate in PEM (`-----BEGIN CERTIFICATE-----`)")]
    NoCertificate,
    /// The file of the key holds none.
    #[error("holds no private key in PEM (PKCS#8, PKCS#1 or SEC1), or an encrypted one")]
    NoKey,
    /// Certificate and key do not make a server.
    #[error("certificate and key do not belong together, or cannot be used")]
    Pair(#[source] rustls::Error),
    /// The file of the authorities holds none.
    #[error("holds no certificate of an authority in PEM")]
    NoAuthority,
    /// The provider of cryptography offers no version.
    #[error("TLS provider offers no usable version")]
    Provider(#[source] rustls::Error),
}

impl ListenerTlsError {
    /// Returns which of the files is at fault: `certificate`, `key` or `client_ca`.
    pub const fn file(&self) -> &'static str {
        match self {
            Self::NoCertificate | Self::Provider(_) => "certificate",
            Self::NoKey | Self::Pair(_) => "key",
            Self::NoAuthority => "client_ca",
        }
    }
}

impl ListenerTls {
    /// HTTP/2 and HTTP/1.1, in the order in which they are preferred.
    pub const HTTP2_AND_HTTP1: &'static [&'static [u8]] = &[ALPN_H2, ALPN_HTTP1];
    /// HTTP/1.1 alone.
    pub const HTTP1: &'static [&'static [u8]] = &[ALPN_HTTP1];

    /// Returns the settings of a listener that speaks these protocols.
    ///
    /// # Errors
    ///
    /// Says which file cannot be used, and why.
    pub fn try_new(
        certificates: Certificates<'_>,
        protocols: &'static [&'static [u8]],
    ) -> Result<Self, ListenerTlsError> {
        let config = server_config(certificates, protocols)?;
        Ok(Self { protocols, config: ArcSwap::from_pointee(config) })
    }

    /// Checks other certificates for this listener.
    ///
    /// # Errors
    ///
    /// Says which file cannot be used, and why.
    pub fn prepare(&self, certificates: Certificates<'_>) -> Result<PreparedCertificates, ListenerTlsError> {
        Ok(PreparedCertificates(Arc::new(server_config(certificates, self.protocols)?)))
    }

    /// Puts other certificates in force for every handshake from now on; open connections stay.
    pub fn replace(&self, prepared: PreparedCertificates) {
        self.config.store(prepared.0);
    }

    /// Shakes hands with a client.
    ///
    /// Not cancel-safe: a future dropped early closes the connection.
    ///
    /// # Errors
    ///
    /// Says why there is no connection: no TLS, no version in common, no certificate that is known here.
    pub async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        TlsAcceptor::from(self.current()).accept(stream).await
    }

    pub(crate) fn current(&self) -> Arc<ServerConfig> {
        self.config.load_full()
    }
}

/// The name of HTTP/2 in a handshake (RFC 9113, section 3.2).
pub(crate) const ALPN_H2: &[u8] = b"h2";
const ALPN_HTTP1: &[u8] = b"http/1.1";

impl core::fmt::Debug for Certificates<'_> {
    fn fmt(&self, f: &mut core::fmt::Formatter<'_>) -> core::fmt::Result {
        f.debug_struct("Certificates")
            .field("client_certificates", &self.client_certificates)
            .finish_non_exhaustive()
    }
}

fn server_config(
    certificates: Certificates<'_>,
    protocols: &[&[u8]],
) -> Result<ServerConfig, ListenerTlsError> {
    let Certificates { certificate, key, client_ca, client_certificates } = certificates;
    let chain = pem_certificates(certificate).ok_or(ListenerTlsError::NoCertificate)?;
    let key = PrivateKeyDer::from_pem_slice(key).map_err(|_| ListenerTlsError::NoKey)?;
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let builder = ServerConfig::builder_with_provider(Arc::clone(&provider))
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(ListenerTlsError::Provider)?;
    let builder = match client_certificates {
        ClientCertificates::No => builder.with_no_client_auth(),
        ClientCertificates::Asked | ClientCertificates::Required => {
            let roots = authorities(client_ca).ok_or(ListenerTlsError::NoAuthority)?;
            let verifier = WebPkiClientVerifier::builder_with_provider(Arc::new(roots), provider);
            let verifier = match client_certificates {
                ClientCertificates::Required => verifier,
                ClientCertificates::No | ClientCertificates::Asked => verifier.allow_unauthenticated(),
            };
            builder.with_client_cert_verifier(verifier.build().map_err(|_| ListenerTlsError::NoAuthority)?)
        }
    };
    let mut config = builder.with_single_cert(chain, key).map_err(ListenerTlsError::Pair)?;
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.to_vec()).collect();
    // A session that was resumed shows the certificate of the handshake that began it, so sessions go with the
    // authorities that vouched for them.
    config.session_storage = ServerSessionMemoryCache::new(SESSIONS_MAX);
    Ok(config)
}

/// Reads certificates; nothing where there is none, or something that is no certificate.
fn pem_certificates(pem: &[u8]) -> Option<Vec<CertificateDer<'static>>> {
    let read = CertificateDer::pem_slice_iter(pem).collect::<Result<Vec<_>, _>>().ok()?;
    (!read.is_empty()).then_some(read)
}

fn authorities(pem: &[u8]) -> Option<RootCertStore> {
    let mut roots = RootCertStore::empty();
    for certificate in pem_certificates(pem)? {
        roots.add(certificate).ok()?;
    }
    Some(roots)
}
