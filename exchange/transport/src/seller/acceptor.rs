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
    /// How many places there are, and how many there are to be.
    granted: u32,
    connections_max: watch::Receiver<u32>,
}

impl Acceptor {
    /// Returns an acceptor for these shards that keeps at most `connections_max` connections open; more wait
    /// in the listener's backlog.
    pub fn new(
        listener: TcpListener,
        shards: Vec<ShardInlet>,
        mut connections_max: watch::Receiver<u32>,
    ) -> Self {
        let granted = *connections_max.borrow_and_update();
        let places = usize::try_from(granted).unwrap_or(usize::MAX).min(Semaphore::MAX_PERMITS);
        let places = Arc::new(Semaphore::new(places));
        Self { listener, shards, places, granted, connections_max }
    }

    /// Accepts until `shutdown` is true.
    ///
    /// Cancel-safe in that a future dropped early stops accepting; connections handed over stay.
    pub async fn run(mut self, mut shutdown: watch::Receiver<bool>) {
        select! {
            () = self.accept_forever() => {}
            // An error means that the sender is gone, and with it whoever wanted the server to run.
            _ = shutdown.wait_for(|stop| *stop) => {}
        }
    }

    async fn accept_forever(&mut self) {
        let mut changes = self.connections_max.clone();
        let mut back_off = BACK_OFF_MIN;
        loop {
            select! {
                biased;
                Ok(()) = changes.changed() => self.resize(&mut changes).await,
                () = self.accept(&mut back_off) => {}
            }
        }
    }

    /// Makes or takes places as their number has changed. Those that are taken are waited for, and no connection is
    /// accepted before; none that is open is closed.
    async fn resize(&mut self, changes: &mut watch::Receiver<u32>) {
        loop {
            let wanted = *changes.borrow_and_update();
            if let Some(more) = wanted.checked_sub(self.granted) {
                self.places.add_permits(usize::try_from(more).unwrap_or(0));
                self.granted = wanted;
                return;
            }
            select! {
                Ok(taken) = self.places.acquire_many(self.granted.saturating_sub(wanted)) => {
                    taken.forget();
                    self.granted = wanted;
                    return;
                }
                Ok(()) = changes.changed() => {}
                else => return,
            }
        }
    }

    /// Accepts one connection when there is a place for it. Cancel-safe: both of its waits for others are.
    async fn accept(&self, back_off: &mut Duration) {
        let Ok(place) = Arc::clone(&self.places).acquire_owned().await else { return };
        match self.listener.accept().await {
            Ok((stream, peer)) => {
                *back_off = BACK_OFF_MIN;
                let Ok(stream) = TcpStream::into_std(stream) else { return };
                let fewest = self.shards.iter().min_by_key(|shard| shard.connections());
                // A shard that does not take what it gets is overloaded: the connection closes.
                if !fewest.is_some_and(|shard| shard.push(stream, peer, place)) {
                    tracing::warn!(%peer, "no shard took a connection");
                }
            }
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::warn!(%error, wait = ?*back_off, "accepting failed");
                sleep(*back_off).await;
                *back_off = back_off.saturating_mul(2).min(BACK_OFF_MAX);
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
