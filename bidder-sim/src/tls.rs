//! Reads the certificate and key of the TLS listener.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::ServerConfig;
use rustls_pki_types::pem::PemObject as _;
use rustls_pki_types::{CertificateDer, PrivateKeyDer};
use tokio_rustls::TlsAcceptor;

/// Name of HTTP/2 in a TLS handshake (RFC 9113, section 3.2).
pub(crate) const ALPN_H2: &[u8] = b"h2";

/// Why TLS cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum TlsError {
    /// The certificate or the key is no PEM that can be read.
    #[error("read {}", file.display())]
    Pem {
        /// The file.
        file: PathBuf,
        /// The cause.
        #[source]
        source: rustls_pki_types::pem::Error,
    },
    /// Certificate and key do not make a server.
    #[error("use the certificate with its key")]
    Pair(#[source] rustls::Error),
}

/// Makes an acceptor that offers HTTP/2 and HTTP/1.1.
///
/// # Errors
///
/// Names the file that cannot be read, or says that the two do not fit.
pub(crate) fn acceptor(certificate: &Path, key: &Path) -> Result<TlsAcceptor, TlsError> {
    let pem = |file: &Path| {
        let file = file.to_owned();
        move |source| TlsError::Pem { file, source }
    };
    let chain = CertificateDer::pem_file_iter(certificate)
        .and_then(Iterator::collect::<Result<Vec<_>, _>>)
        .map_err(pem(certificate))?;
    let key = PrivateKeyDer::from_pem_file(key).map_err(pem(key))?;
    let mut config =
        ServerConfig::builder().with_no_client_auth().with_single_cert(chain, key).map_err(TlsError::Pair)?;
    config.alpn_protocols = vec![ALPN_H2.to_vec(), b"http/1.1".to_vec()];
    Ok(TlsAcceptor::from(Arc::new(config)))
}
