//! [`Link`]: a connection to Redis.

use core::fmt;
use core::time::Duration;
use std::sync::Arc;

use redis::aio::MultiplexedConnection;
use redis::{AsyncConnectionConfig, FromRedisValue, Pipeline};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpStream, UnixStream};
use tokio::task::JoinHandle;
use tokio::time::timeout;
use tokio_rustls::TlsConnector;

use crate::Address;
use crate::address::Place;
use crate::failure::{Failure, Trouble};

/// Whose certificates a Redis over TLS may show.
#[derive(Clone)]
pub struct Trust(TlsConnector);

/// Why there is no trust.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("holds no certificate authority in PEM")]
pub struct TrustError;

impl Trust {
    /// Returns trust in the authorities of a PEM bundle, or in the public ones.
    ///
    /// # Errors
    ///
    /// Says that the bundle cannot be read.
    pub fn new(ca_pem: Option<&str>) -> Result<Self, TrustError> {
        let roots = match ca_pem {
            None => RootCertStore { roots: webpki_roots::TLS_SERVER_ROOTS.to_vec() },
            Some(pem) => {
                let mut roots = RootCertStore::empty();
                for certificate in CertificateDer::pem_slice_iter(pem.as_bytes()) {
                    let added = certificate.map(|certificate| roots.add(certificate));
                    added.map_err(|_| TrustError)?.map_err(|_| TrustError)?;
                }
                if roots.is_empty() {
                    return Err(TrustError);
                }
                roots
            }
        };
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .map_err(|_| TrustError)?
            .with_root_certificates(roots)
            .with_no_client_auth();
        Ok(Self(TlsConnector::from(Arc::new(config))))
    }
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Trust").finish_non_exhaustive()
    }
}

/// Looks up the password whenever a connection is opened, so that a changed one needs no restart; nothing where it
/// cannot be read.
pub type Password = dyn Fn() -> Option<String> + Send + Sync;

/// What a connection to Redis runs over.
trait Stream: AsyncRead + AsyncWrite + Unpin + Send {}

impl<T: AsyncRead + AsyncWrite + Unpin + Send> Stream for T {}

/// A connection to Redis. After an error it is of no use: answers to what was given up may still come.
pub(crate) struct Link {
    connection: MultiplexedConnection,
    driver: JoinHandle<()>,
    wait_max: Duration,
}

impl Link {
    /// Opens a connection within a time.
    ///
    /// # Cancel safety
    ///
    /// Cancel-safe: a future dropped early closes what it opened.
    pub(crate) async fn open(
        address: &Address,
        trust: &Trust,
        password: Option<&Password>,
        wait_max: Duration,
    ) -> Result<Self, Trouble> {
        let mut settings = address.settings.clone();
        if let Some(password) = password {
            let unread = || Trouble::new(Failure::Denied, "the password cannot be read");
            settings = settings.set_password(password().ok_or_else(unread)?.trim_end_matches(['\r', '\n']));
        }
        // The waiting is ours, so that one limit holds for all of it.
        let config = AsyncConnectionConfig::new().set_connection_timeout(None).set_response_timeout(None);
        let opening = async {
            let stream = connect(&address.place, trust).await?;
            Ok(MultiplexedConnection::new_with_config(&settings, stream, config).await?)
        };
        let (connection, driver) = timeout(wait_max, opening).await.unwrap_or_else(|_| Err(late()))?;
        Ok(Self { connection, driver: tokio::spawn(driver), wait_max })
    }

    /// Sends a pipeline and waits for its answer within the time of the link.
    ///
    /// # Cancel safety
    ///
    /// Not cancel-safe: what was sent may be carried out.
    pub(crate) async fn send<T: FromRedisValue>(&mut self, pipeline: &Pipeline) -> Result<T, Trouble> {
        let sending = pipeline.query_async(&mut self.connection);
        Ok(timeout(self.wait_max, sending).await.map_err(|_| late())??)
    }
}

impl Drop for Link {
    fn drop(&mut self) {
        self.driver.abort();
    }
}

async fn connect(place: &Place, trust: &Trust) -> Result<Box<dyn Stream>, Trouble> {
    match place {
        Place::Unix(path) => Ok(Box::new(UnixStream::connect(path).await?)),
        Place::Tcp { host, port, tls } => {
            let tcp = TcpStream::connect((host.as_str(), *port)).await?;
            tcp.set_nodelay(true)?;
            if !tls {
                return Ok(Box::new(tcp));
            }
            let unnamed = |_| Trouble::new(Failure::Refused, "the host is no name for a certificate");
            let name = ServerName::try_from(host.clone()).map_err(unnamed)?;
            Ok(Box::new(trust.0.connect(name, tcp).await?))
        }
    }
}

fn late() -> Trouble {
    Trouble::new(Failure::Slow, "no answer in time")
}
