//! [`SellerServer`]: all sellers' connections of one shard.

use core::cell::Cell;
use core::net::SocketAddr;
use std::io;
use std::rc::Rc;
use std::sync::Arc;

use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::{Semaphore, watch};
use tokio::task::JoinSet;
use tokio::time::timeout;
use tokio_rustls::server::TlsStream;

use super::handshakes::Handshakes;
use super::inlet::Accepted;
use super::request_reader::Requests;
use super::{Handler, ServerLimits, ShardOutlet, http1, http2};
use crate::listener_tls::{ALPN_H2, ListenerTls};

/// What a server is told, at its start and while it runs.
#[derive(Clone, Debug)]
pub struct ServerSettings {
    /// The limits. A connection takes others with its next request.
    pub limits: watch::Receiver<ServerLimits>,
    /// The certificates; none for clear text, which is HTTP/1.1.
    pub tls: Option<Arc<ListenerTls>>,
    /// Steps of handshakes that a turn of the shard's loop takes.
    pub handshakes_per_turn: usize,
    /// Becomes true when the server is to stop.
    pub shutdown: watch::Receiver<bool>,
}

/// Serves the connections that an [`Acceptor`](crate::Acceptor) hands to a shard, on the shard's thread.
#[derive(Debug)]
pub struct SellerServer<H> {
    handler: Rc<H>,
    settings: ServerSettings,
    /// Those in force, where every connection of this thread reads them without a lock.
    limits: Rc<Cell<ServerLimits>>,
    handshakes: Handshakes,
}

impl<H: Handler + 'static> SellerServer<H> {
    /// Returns a server that stops when its settings say so.
    pub fn new(handler: Rc<H>, settings: ServerSettings) -> Self {
        let limits = Rc::new(Cell::new(*settings.limits.borrow()));
        let handshakes = Handshakes::new(settings.handshakes_per_turn);
        Self { handler, settings, limits, handshakes }
    }

    /// Serves until the shutdown, then waits for the answers under way. Returns how many connections had to
    /// be cut.
    ///
    /// Not cancel-safe: a future dropped early cuts every connection.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub async fn run(self, mut outlet: ShardOutlet) -> usize {
        let mut connections = JoinSet::new();
        let (mut shutdown, mut changes) = (self.settings.shutdown.clone(), self.settings.limits.clone());
        loop {
            select! {
                accepted = outlet.next() => match accepted {
                    Some(accepted) => self.start(accepted, &mut connections),
                    None => break,
                },
                Some(_) = connections.join_next() => {}
                Ok(()) = changes.changed() => self.limits.set(*changes.borrow_and_update()),
                // An error means that the sender is gone, and with it whoever wanted the server to run.
                _ = shutdown.wait_for(|stop| *stop) => break,
            }
        }
        let drained = timeout(self.limits.get().drain_wait_max, async {
            while connections.join_next().await.is_some() {}
        });
        // Whether in time or not, what is left is counted and cut.
        drop(drained.await);
        connections.len()
    }

    fn start(&self, accepted: Accepted, connections: &mut JoinSet<()>) {
        let Accepted { stream, peer, permit } = accepted;
        let stream = match adopt(stream) {
            Ok(stream) => stream,
            Err(error) => {
                tracing::debug!(%error, "accepted connection is of no use");
                return;
            }
        };
        let connection = Connection {
            handler: Rc::clone(&self.handler),
            limits: Rc::clone(&self.limits),
            handshakes: self.handshakes.clone(),
            tls: self.settings.tls.clone(),
            shutdown: self.settings.shutdown.clone(),
            places: permit.places(),
            peer,
        };
        connections.spawn_local(async move {
            connection.serve(stream).await;
            drop(permit);
        });
    }
}

/// A connection before it is known what it speaks.
struct Connection<H> {
    handler: Rc<H>,
    limits: Rc<Cell<ServerLimits>>,
    handshakes: Handshakes,
    tls: Option<Arc<ListenerTls>>,
    shutdown: watch::Receiver<bool>,
    places: Arc<Semaphore>,
    peer: SocketAddr,
}

impl<H: Handler + 'static> Connection<H> {
    /// Serves the connection to its end. Not cancel-safe: dropped, it cuts the connection.
    async fn serve(mut self, stream: TcpStream) {
        let Some(tls) = self.tls.take() else {
            let (requests, shutdown) = (self.requests(), self.shutdown);
            return http1::serve(stream, requests, shutdown).await;
        };
        let Some(stream) = self.shake(&tls, stream).await else { return };
        let requests = self.requests();
        if stream.get_ref().1.alpn_protocol() == Some(ALPN_H2) {
            http2::serve(stream, requests, self.places, self.shutdown).await;
        } else {
            http1::serve(stream, requests, self.shutdown).await;
        }
    }

    /// Shakes hands; nothing where that fails, takes too long, or the server stops meanwhile.
    async fn shake(&mut self, tls: &ListenerTls, stream: TcpStream) -> Option<TlsStream<TcpStream>> {
        let shaking = timeout(self.limits.get().handshake_wait_max, self.handshakes.shake(tls, stream));
        let shaken = select! {
            shaken = shaking => shaken,
            _ = self.shutdown.wait_for(|stop| *stop) => return None,
        };
        match shaken {
            Ok(Ok(stream)) => Some(stream),
            Ok(Err(error)) => {
                tracing::debug!(%error, peer = %self.peer, "no TLS connection");
                None
            }
            Err(_) => {
                tracing::debug!(peer = %self.peer, "TLS handshake took too long");
                None
            }
        }
    }

    fn requests(&self) -> Rc<Requests<H>> {
        Rc::new(Requests {
            handler: Rc::clone(&self.handler),
            limits: Rc::clone(&self.limits),
            peer: self.peer,
        })
    }
}

/// Registers a connection with the runtime of this thread.
fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
