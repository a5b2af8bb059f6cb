//! [`Acceptor`]: accepts connections once and hands each to the shard with the fewest.

use core::time::Duration;
use std::io;
use std::sync::Arc;

use tokio::net::{TcpListener, TcpStream};
use tokio::select;
use tokio::sync::{Semaphore, watch};
use tokio::time::sleep;

use super::ShardInlet;

/// The first wait after the system refused a connection for want of handles or memory.
const BACK_OFF_MIN: Duration = Duration::from_millis(5);
/// The longest. Handles come back as connections close, which takes seconds, not minutes.
const BACK_OFF_MAX: Duration = Duration::from_secs(1);

/// Accepts the connections of one listener. Lives on the control thread.
#[derive(Debug)]
pub struct Acceptor {
    listener: TcpListener,
    shards: Vec<ShardInlet>,
    places: Arc<Semaphore>,
}

impl Acceptor {
    /// Returns an acceptor for these shards that keeps at most `connections_max` connections open; more wait
    /// in the listener's backlog.
    pub fn new(listener: TcpListener, shards: Vec<ShardInlet>, connections_max: usize) -> Self {
        let places = Arc::new(Semaphore::new(connections_max.min(Semaphore::MAX_PERMITS)));
        Self { listener, shards, places }
    }

    /// Accepts until `shutdown` is true.
    ///
    /// Cancel-safe in that a future dropped early stops accepting; connections handed over stay.
    pub async fn run(self, mut shutdown: watch::Receiver<bool>) {
        select! {
            () = self.accept_forever() => {}
            // An error means that the sender is gone, and with it whoever wanted the server to run.
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }

    async fn accept_forever(&self) {
        let mut back_off = BACK_OFF_MIN;
        loop {
            let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
            match self.listener.accept().await {
                Ok((stream, peer)) => {
                    back_off = BACK_OFF_MIN;
                    let Ok(stream) = TcpStream::into_std(stream) else { continue };
                    let fewest = self.shards.iter().min_by_key(|shard| shard.connections());
                    // A shard that does not take what it gets is overloaded: the connection closes.
                    if !fewest.is_some_and(|shard| shard.push(stream, peer, place)) {
                        tracing::warn!(%peer, "no shard took a connection");
                    }
                }
                Err(error) if is_of_one_connection(&error) => {}
                Err(error) => {
                    tracing::warn!(%error, wait = ?back_off, "accepting failed");
                    sleep(back_off).await;
                    back_off = back_off.saturating_mul(2).min(BACK_OFF_MAX);
                }
            }
        }
    }
}

/// Returns whether only the connection failed that was about to be accepted.
fn is_of_one_connection(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::ConnectionAborted
            | io::ErrorKind::ConnectionReset
            | io::ErrorKind::ConnectionRefused
            | io::ErrorKind::Interrupted
    )
}
