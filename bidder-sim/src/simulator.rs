//! [`Simulator`]: the listeners of a market, on one thread.

use std::cell::Cell;
use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::rc::Rc;

use serde::Serialize;
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio_rustls::TlsAcceptor;

use crate::market::Market;
use crate::profile::{OwnListener, Profile};
use crate::report::ReportTarget;
use crate::tls::{ALPN_H2, TlsError, acceptor};
use crate::witness::{FLUSH_EVERY, Witness};
use crate::{http1, http2};

/// Connections that are served at a time. Twenty endpoints with a few hundred connections each stay
/// below it, and so does the usual limit on file handles after being raised.
const CONNECTIONS_MAX: usize = 16_384;
/// Connections that wait to be accepted.
const BACKLOG: u32 = 4_096;

/// Where to listen and where to log.
#[derive(Clone, Debug)]
pub struct Options {
    /// The common address, for HTTP/1.1 and for HTTP/2 with prior knowledge. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// A second address with TLS.
    pub tls: Option<TlsOptions>,
    /// The witness's log; without it nothing is logged.
    pub log: Option<PathBuf>,
}

/// The TLS listener.
#[derive(Clone, Debug)]
pub struct TlsOptions {
    /// The address. Port 0 takes a free one.
    pub listen: SocketAddr,
    /// A PEM file with the certificate and its chain.
    pub certificate: PathBuf,
    /// A PEM file with the private key.
    pub key: PathBuf,
}

/// The addresses that are bound.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Addresses {
    /// The common address.
    pub listening: SocketAddr,
    /// The address with TLS.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub tls: Option<SocketAddr>,
    /// Listeners of one buyer alone, by name.
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub own: BTreeMap<String, SocketAddr>,
}

/// Why the buyers cannot be served.
#[derive(Debug, thiserror::Error)]
pub enum SimulatorError {
    /// An address cannot be bound.
    #[error("listen on {address}")]
    Bind {
        /// The address.
        address: SocketAddr,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The certificate or key cannot be used.
    #[error("prepare TLS")]
    Tls(#[from] TlsError),
    /// The log cannot be written.
    #[error("write the log")]
    Log(#[source] io::Error),
}

/// Buyers with their listeners bound, not yet serving.
///
/// Call [`Simulator::bind`], read [`Simulator::addresses`], then await [`Simulator::serve`], both within
/// one `LocalSet`.
#[derive(Debug)]
pub struct Simulator {
    market: Rc<Market>,
    addresses: Addresses,
    listeners: Vec<(TcpListener, Service)>,
    reports_to: Option<ReportTarget>,
    /// Bound and not listened on, so that connections are refused.
    _refusing: Vec<TcpSocket>,
}

/// What a listener does with a connection.
#[derive(Clone)]
enum Service {
    Clear,
    Tls(TlsAcceptor),
    Stall,
    Reset,
}

impl std::fmt::Debug for Service {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Clear => "Clear",
            Self::Tls(_) => "Tls",
            Self::Stall => "Stall",
            Self::Reset => "Reset",
        })
    }
}

impl Simulator {
    /// Binds every address and opens the log.
    ///
    /// # Errors
    ///
    /// Says which address, file or certificate cannot be used.
    pub fn bind(profile: Profile, options: &Options) -> Result<Self, SimulatorError> {
        let witness = options.log.as_deref().map(Witness::create).transpose().map_err(SimulatorError::Log)?;
        let market = Rc::new(Market::new(profile, witness));
        let (listener, listening) = listen(options.listen)?;
        let mut listeners = vec![(listener, Service::Clear)];
        let mut tls_address = None;
        if let Some(tls) = &options.tls {
            let acceptor = acceptor(&tls.certificate, &tls.key)?;
            let (listener, address) = listen(tls.listen)?;
            listeners.push((listener, Service::Tls(acceptor)));
            tls_address = Some(address);
        }
        let mut refusing = Vec::new();
        let mut own = BTreeMap::new();
        for buyer in market.buyers() {
            let (wanted, service) = match buyer.profile().listener {
                None => continue,
                Some(OwnListener::Refuse { address }) => (address, None),
                Some(OwnListener::Stall { address }) => (address, Some(Service::Stall)),
                Some(OwnListener::Reset { address }) => (address, Some(Service::Reset)),
                Some(OwnListener::Serve { address }) => (address, Some(Service::Clear)),
            };
            let address = if let Some(service) = service {
                let (listener, address) = listen(wanted)?;
                listeners.push((listener, service));
                address
            } else {
                let (socket, address) = reserve(wanted)?;
                refusing.push(socket);
                address
            };
            own.insert(buyer.name().to_owned(), address);
        }
        let addresses = Addresses { listening, tls: tls_address, own };
        Ok(Self { market, addresses, listeners, reports_to: None, _refusing: refusing })
    }

    /// Makes the buyers' own reports to this exchange, where their profile has any.
    #[must_use]
    pub fn reporting_to(self, target: Option<ReportTarget>) -> Self {
        Self { reports_to: target, ..self }
    }

    /// Returns the addresses that are bound.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Serves until `stop` is done, then writes the rest of the log.
    ///
    /// # Errors
    ///
    /// Ends early if the log cannot be written.
    pub async fn serve(self, stop: impl Future<Output = ()>) -> Result<(), SimulatorError> {
        let open = Rc::new(Cell::new(0));
        let mut accepting = tokio::task::JoinSet::new();
        for (listener, service) in self.listeners {
            let (market, open) = (Rc::clone(&self.market), Rc::clone(&open));
            accepting.spawn_local(accept(listener, service, market, open));
        }
        let log_broken = flush_regularly(&self.market);
        let ended = tokio::select! {
            () = stop => Ok(()),
            error = log_broken => Err(error),
            () = report(&self.market, self.reports_to.as_ref()) => Ok(()),
        };
        accepting.abort_all();
        ended.and(self.market.flush()).map_err(SimulatorError::Log)
    }
}

/// Writes the log again and again, and ends with the error if that fails.
async fn flush_regularly(market: &Market) -> io::Error {
    loop {
        tokio::time::sleep(FLUSH_EVERY).await;
        if let Err(error) = market.flush() {
            return error;
        }
    }
}

/// Makes the buyers' own reports, if there is anybody to tell; never ends.
async fn report(market: &Market, target: Option<&ReportTarget>) {
    match target {
        Some(target) => market.report(target).await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: TcpListener, service: Service, market: Rc<Market>, open: Rc<Cell<usize>>) {
    loop {
        let Ok((stream, _)) = listener.accept().await else {
            // Out of file handles: wait for connections to end instead of turning in circles.
            tokio::time::sleep(FLUSH_EVERY).await;
            continue;
        };
        if open.get() >= CONNECTIONS_MAX {
            continue;
        }
        let guard = OpenGuard::new(Rc::clone(&open));
        let (service, market) = (service.clone(), Rc::clone(&market));
        tokio::task::spawn_local(async move {
            let _guard = guard;
            // A broken connection concerns the other side; what matters stands in the log.
            let _ = connection(stream, service, market).await;
        });
    }
}

async fn connection(stream: TcpStream, service: Service, market: Rc<Market>) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match service {
        Service::Clear => {
            let mut beginning = [0; 3];
            stream.peek(&mut beginning).await?;
            if beginning == *b"PRI" {
                http2::serve(stream, market).await.map_err(io::Error::other)
            } else {
                http1::serve(stream, market).await
            }
        }
        Service::Tls(acceptor) => {
            let stream = acceptor.accept(stream).await?;
            if stream.get_ref().1.alpn_protocol() == Some(ALPN_H2) {
                http2::serve(stream, market).await.map_err(io::Error::other)
            } else {
                http1::serve(stream, market).await
            }
        }
        Service::Stall => std::future::pending().await,
        Service::Reset => stream.set_zero_linger(),
    }
}

/// Counts a connection for as long as it is open.
struct OpenGuard(Rc<Cell<usize>>);

impl OpenGuard {
    fn new(open: Rc<Cell<usize>>) -> Self {
        open.set(open.get() + 1);
        Self(open)
    }
}

impl Drop for OpenGuard {
    fn drop(&mut self) {
        self.0.set(self.0.get() - 1);
    }
}

fn reserve(address: SocketAddr) -> Result<(TcpSocket, SocketAddr), SimulatorError> {
    let bind = || {
        let socket = if address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() }?;
        socket.set_reuseaddr(true)?;
        socket.bind(address)?;
        let bound = socket.local_addr()?;
        Ok((socket, bound))
    };
    bind().map_err(|source| SimulatorError::Bind { address, source })
}

fn listen(address: SocketAddr) -> Result<(TcpListener, SocketAddr), SimulatorError> {
    let (socket, bound) = reserve(address)?;
    let listener = socket.listen(BACKLOG).map_err(|source| SimulatorError::Bind { address, source })?;
    Ok((listener, bound))
}
