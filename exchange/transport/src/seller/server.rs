//! [`SellerServer`]: all sellers' connections of one shard.

use std::io;
use std::rc::Rc;

use tokio::net::TcpStream;
use tokio::select;
use tokio::sync::watch;
use tokio::task::JoinSet;
use tokio::time::timeout;

use super::inlet::Accepted;
use super::{Handler, ServerLimits, ShardOutlet, serve_connection};

/// Serves the connections that an [`Acceptor`](crate::Acceptor) hands to a shard, on the shard's thread.
#[derive(Debug)]
pub struct SellerServer<H> {
    handler: Rc<H>,
    limits: ServerLimits,
    shutdown: watch::Receiver<bool>,
}

impl<H: Handler + 'static> SellerServer<H> {
    /// Returns a server that stops once `shutdown` is true.
    pub const fn new(handler: Rc<H>, limits: ServerLimits, shutdown: watch::Receiver<bool>) -> Self {
        Self { handler, limits, shutdown }
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
        let mut shutdown = self.shutdown.clone();
        loop {
            select! {
                accepted = outlet.next() => match accepted {
                    Some(accepted) => self.start(accepted, &mut connections),
                    None => break,
                },
                Some(_) = connections.join_next() => {}
                // An error means that the sender is gone, and with it whoever wanted the server to run.
                _ = shutdown.wait_for(|stop| *stop) => break,
            }
        }
        let drained =
            timeout(self.limits.drain_wait_max, async { while connections.join_next().await.is_some() {} });
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
        let serving =
            serve_connection(stream, peer, Rc::clone(&self.handler), self.limits, self.shutdown.clone());
        connections.spawn_local(async move {
            serving.await;
            drop(permit);
        });
    }
}

/// Registers a connection with the runtime of this thread.
fn adopt(stream: std::net::TcpStream) -> io::Result<TcpStream> {
    let stream = TcpStream::from_std(stream)?;
    stream.set_nodelay(true)?;
    Ok(stream)
}
