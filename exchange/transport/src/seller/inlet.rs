//! [`ShardInlet`]: where accepted connections enter a shard.

use core::net::SocketAddr;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::net::TcpStream;
use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc};

/// Returns the two ends of a shard's inlet: one for the acceptor, one for the shard. At most `capacity`
/// connections wait in it.
pub fn shard_inlet(capacity: usize) -> (ShardInlet, ShardOutlet) {
    let (tx, rx) = mpsc::channel(capacity.max(1));
    (ShardInlet { tx, connections: Arc::default() }, ShardOutlet { rx })
}

/// The acceptor's end.
#[derive(Clone, Debug)]
pub struct ShardInlet {
    tx: mpsc::Sender<Accepted>,
    connections: Arc<AtomicUsize>,
}

/// The shard's end.
#[derive(Debug)]
pub struct ShardOutlet {
    rx: mpsc::Receiver<Accepted>,
}

/// An accepted connection on its way to a shard. It counts as the shard's until it is dropped.
#[derive(Debug)]
pub struct Accepted {
    pub(crate) stream: TcpStream,
    pub(crate) peer: SocketAddr,
    pub(crate) permit: ConnectionPermit,
}

/// Counts a connection, for its shard and for the limit over all shards.
#[derive(Debug)]
pub(crate) struct ConnectionPermit {
    connections: Arc<AtomicUsize>,
    place: OwnedSemaphorePermit,
}

impl ShardInlet {
    /// Returns how many connections the shard has.
    pub fn connections(&self) -> usize {
        // The number only steers where the next connection goes; nothing is ordered by it.
        self.connections.load(Ordering::Relaxed)
    }

    /// Hands a connection over. Returns whether there was room; otherwise it is closed.
    pub(crate) fn push(&self, stream: TcpStream, peer: SocketAddr, place: OwnedSemaphorePermit) -> bool {
        self.connections.fetch_add(1, Ordering::Relaxed);
        let permit = ConnectionPermit { connections: Arc::clone(&self.connections), place };
        self.tx.try_send(Accepted { stream, peer, permit }).is_ok()
    }
}

impl ConnectionPermit {
    /// Returns where more places like this one are to be had.
    pub(crate) fn places(&self) -> Arc<Semaphore> {
        Arc::clone(self.place.semaphore())
    }
}

impl ShardOutlet {
    /// Waits for the next connection; `None` once the acceptor has ended.
    ///
    /// Cancel-safe: a future dropped early loses no connection.
    pub async fn next(&mut self) -> Option<Accepted> {
        self.rx.recv().await
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        self.connections.fetch_sub(1, Ordering::Relaxed);
    }
}
