//! [`Connector`]: opens connections: resolve, guard, connect, TLS, HTTP handshake.

use core::net::{IpAddr, SocketAddr};
use core::time::Duration;

use exchange_catalog::snapshot::{Endpoint, HttpVersion};
use exchange_types::{NotSent, limits};
use hyper::client::conn::http2;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::http1_link::Http1Link;
use super::http2_link::{Http2Link, LocalExecutor};
use super::resolver::Resolver;
use super::tls::Tls;
use crate::AddressGuard;
use crate::tcp_or_tls::TcpOrTls;

/// Addresses of a name that are tried for one connection.
const ADDRESSES_TRIED_MAX: usize = 4;

/// How often an HTTP/2 connection is probed when nothing comes. Late streams are reset and the connection
/// stays, so a dead one would otherwise swallow every request until TCP notices.
const PROBE_EVERY: Duration = Duration::from_secs(5);
/// How long a probe may take.
const PROBE_WAIT_MAX: Duration = Duration::from_secs(3);

/// What all endpoints of a shard share for connecting.
#[derive(Debug)]
pub(crate) struct Connector {
    pub(crate) guard: AddressGuard,
    pub(crate) resolver: Resolver,
    /// From the look-up to the end of the handshake. Longer than any ping's deadline: a connection that is
    /// opened too late for one ping serves the next.
    pub(crate) connect_timeout: Duration,
}

/// A fresh connection.
pub(crate) enum Connected {
    Http1(Http1Link),
    Http2(Http2Link),
}

impl Connector {
    /// Opens a connection to an endpoint. `tls` is there if its scheme asks for it.
    ///
    /// Cancel-safe in that a future dropped early closes what it opened.
    pub(crate) async fn connect(&self, endpoint: &Endpoint, tls: Option<&Tls>) -> Result<Connected, NotSent> {
        let opening = self.connect_untimed(endpoint, tls);
        timeout(self.connect_timeout, opening).await.unwrap_or(Err(NotSent::Connect))
    }

    async fn connect_untimed(&self, endpoint: &Endpoint, tls: Option<&Tls>) -> Result<Connected, NotSent> {
        let tcp = self.connect_tcp(&endpoint.host, endpoint.port).await?;
        match tls {
            None => {
                let is_http2 = endpoint.version == HttpVersion::Http2;
                shake_hands(TcpOrTls::Tcp(tcp), is_http2).await
            }
            Some(tls) => {
                let (stream, is_http2) = tls.connect(tcp).await.map_err(|_| NotSent::Tls)?;
                if endpoint.version == HttpVersion::Http2 && !is_http2 {
                    return Err(NotSent::Tls);
                }
                shake_hands(TcpOrTls::Tls(Box::new(stream)), is_http2).await
            }
        }
    }

    async fn connect_tcp(&self, host: &str, port: u16) -> Result<TcpStream, NotSent> {
        let answers = self.resolver.resolve(host).await;
        let allowed: Vec<IpAddr> = answers
            .iter()
            .copied()
            .filter(|address| self.guard.check(*address).is_ok())
            .take(ADDRESSES_TRIED_MAX)
            .collect();
        if allowed.is_empty() {
            return Err(NotSent::Address);
        }
        // One address that swallows packets must not use up the time of the others.
        let share = self.connect_timeout / u32::try_from(allowed.len()).unwrap_or(1);
        for address in allowed {
            let connecting = TcpStream::connect(SocketAddr::new(address, port));
            if let Ok(Ok(stream)) = timeout(share, connecting).await {
                // Messages are small and wait for an answer: nothing is gained by collecting them.
                stream.set_nodelay(true).map_err(|_| NotSent::Connect)?;
                return Ok(stream);
            }
        }
        Err(NotSent::Connect)
    }
}

/// Starts HTTP on a connection: over HTTP/2 with the task that drives it, which ends with the connection.
async fn shake_hands(stream: TcpOrTls, is_http2: bool) -> Result<Connected, NotSent> {
    if !is_http2 {
        return Ok(Connected::Http1(Http1Link::new(stream)));
    }
    let handshake = http2::Builder::new(LocalExecutor)
        .timer(TokioTimer::new())
        .keep_alive_interval(PROBE_EVERY)
        .keep_alive_timeout(PROBE_WAIT_MAX)
        .keep_alive_while_idle(true)
        .max_header_list_size(u32::try_from(limits::HEADER_BYTES_MAX).unwrap_or(u32::MAX))
        .handshake(TokioIo::new(stream))
        .await;
    let (sender, connection) = handshake.map_err(|_| NotSent::Connect)?;
    Ok(Connected::Http2(Http2Link::start(sender, connection)))
}
