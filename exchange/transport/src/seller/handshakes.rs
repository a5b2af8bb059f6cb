//! [`Handshakes`]: how many clients a shard may shake hands with in one turn.
//!
//! A handshake computes for some hundred microseconds, and a thousand clients that come back after a restart
//! come at once. So a turn of the shard's loop takes a few, in the order in which they came, and auctions go on
//! in between.

use core::future::Future;
use core::future::poll_fn;
use core::pin::pin;
use core::task::ready;
use std::io;
use std::sync::Arc;

use rustls::server::Acceptor;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{spawn_local, yield_now};
use tokio_rustls::LazyConfigAcceptor;
use tokio_rustls::server::TlsStream;

use crate::listener_tls::ListenerTls;

/// The handshakes of one shard.
#[derive(Clone, Debug)]
pub(crate) struct Handshakes(Arc<Semaphore>);

impl Handshakes {
    /// Returns the handshakes of a shard that takes so many steps of them in a turn, at least one.
    pub(crate) fn new(per_turn: usize) -> Self {
        Self(Arc::new(Semaphore::new(per_turn.clamp(1, Semaphore::MAX_PERMITS))))
    }

    /// Shakes hands with a client.
    ///
    /// Not cancel-safe: a future dropped early closes the connection.
    ///
    /// # Panics
    ///
    /// Outside of a `LocalSet`.
    pub(crate) async fn shake(
        &self,
        tls: &ListenerTls,
        stream: TcpStream,
    ) -> io::Result<TlsStream<TcpStream>> {
        // Reading what the client wants costs next to nothing, so a slow client holds nobody up.
        let hello = LazyConfigAcceptor::new(Acceptor::default(), stream).await?;
        self.paced(hello.into_stream(tls.current())).await
    }

    /// Runs work, of which every poll takes a place of the turn.
    async fn paced<T>(&self, work: impl Future<Output = T>) -> T {
        let mut work = pin!(work);
        let mut entering = None;
        poll_fn(|cx| {
            let waiting = entering.get_or_insert_with(|| Box::pin(Arc::clone(&self.0).acquire_owned()));
            let place = ready!(waiting.as_mut().poll(cx));
            entering = None;
            // A task that yields goes on when the loop has looked at its sockets: in the next turn.
            spawn_local(async move {
                yield_now().await;
                drop(place);
            });
            work.as_mut().poll(cx)
        })
        .await
    }
}

#[cfg(test)]
mod tests {
    use std::cell::Cell;
    use std::rc::Rc;

    use tokio::task::LocalSet;

    use super::*;

    #[test]
    fn a_turn_takes_so_many_steps_and_no_more() {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        LocalSet::new().block_on(&runtime, async {
            let (turn, taken) = (Rc::new(Cell::new(0_u32)), Rc::new(Cell::new((0_u32, 0_u32))));
            let turning = Rc::clone(&turn);
            let turns = spawn_local(async move {
                loop {
                    yield_now().await;
                    turning.set(turning.get() + 1);
                }
            });
            let handshakes = Handshakes::new(3);
            let steps: Vec<_> = (0..40)
                .map(|_| {
                    let (handshakes, turn, taken) = (handshakes.clone(), Rc::clone(&turn), Rc::clone(&taken));
                    spawn_local(async move {
                        let step = async {
                            let (of, count) = taken.get();
                            let count = if of == turn.get() { count + 1 } else { 1 };
                            taken.set((turn.get(), count));
                            count
                        };
                        handshakes.paced(step).await
                    })
                })
                .collect();
            let mut most = 0;
            for step in steps {
                most = most.max(step.await.expect("a step"));
            }
            turns.abort();
            // Whether the count of turns moves before or after the places come back is up to the runtime.
            assert!((1..=6).contains(&most), "{most} steps in one turn");
            assert!(turn.get() >= 40 / 3 - 1, "{} turns for 40 steps", turn.get());
        });
    }
}
