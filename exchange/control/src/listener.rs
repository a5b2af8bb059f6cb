//! [`serve`]: the sockets of the control listener.

use core::future::Future;
use core::pin::pin;
use std::sync::Arc;

use axum::Router;
use exchange_transport::ListenerTls;
use hyper::server::conn::http1;
use hyper_util::rt::{TokioIo, TokioTimer};
use hyper_util::service::TowerToHyperService;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, watch};
use tokio::time::{sleep, timeout};

use crate::limits;

/// Serves a router, over TLS where there are certificates, until `stop` ends; then it finishes the requests that run, for at most
/// [`limits::DRAIN_TIMEOUT`].
///
/// At most [`limits::CONNECTIONS_MAX`] connections are open at a time; the next one waits in the backlog of the
/// socket.
///
/// # Cancel safety
///
/// Dropped, it stops accepting; connections go on until they are idle.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<ListenerTls>>,
    router: Router,
    stop: impl Future<Output = ()>,
) {
    let places = Arc::new(Semaphore::new(limits::CONNECTIONS_MAX));
    let (stopping_tx, stopping_rx) = watch::channel(());
    let mut stop = pin!(stop);
    loop {
        let accepted = tokio::select! {
            () = &mut stop => break,
            accepted = accept(&listener, &places) => accepted,
        };
        if let Some((stream, permit)) = accepted {
            tokio::spawn(connection(stream, tls.clone(), router.clone(), stopping_rx.clone(), permit));
        }
    }
    drop(listener);
    // Each connection holds a receiver; the channel is closed when the last of them has ended.
    drop(stopping_rx);
    stopping_tx.send_replace(());
    if timeout(limits::DRAIN_TIMEOUT, stopping_tx.closed()).await.is_err() {
        let open = limits::CONNECTIONS_MAX.saturating_sub(places.available_permits());
        tracing::warn!(open, "control connections are cut off");
    }
}

/// Takes the next connection when there is a place for it. Cancel-safe: both of its waits are.
async fn accept(
    listener: &TcpListener,
    places: &Arc<Semaphore>,
) -> Option<(TcpStream, OwnedSemaphorePermit)> {
    let permit = Arc::clone(places).acquire_owned().await.ok()?;
    match listener.accept().await {
        Ok((stream, _)) => Some((stream, permit)),
        Err(error) => {
            tracing::warn!(%error, "no control connection could be accepted");
            sleep(limits::ACCEPT_PAUSE).await;
            None
        }
    }
}

/// Serves a connection to its end, after its handshake where there are certificates. Dropped, it cuts the connection.
async fn connection(
    stream: TcpStream,
    tls: Option<Arc<ListenerTls>>,
    router: Router,
    mut stopping: watch::Receiver<()>,
    _permit: OwnedSemaphorePermit,
) {
    let Some(tls) = tls else { return requests(stream, router, stopping).await };
    let shaken = tokio::select! {
        shaken = timeout(limits::HANDSHAKE_TIMEOUT, tls.accept(stream)) => shaken,
        _ = stopping.changed() => return,
    };
    match shaken {
        Ok(Ok(stream)) => requests(stream, router, stopping).await,
        Ok(Err(error)) => tracing::debug!(%error, "no TLS connection to the control listener"),
        Err(_) => tracing::debug!("TLS handshake with the control listener took too long"),
    }
}

async fn requests<S>(stream: S, router: Router, mut stopping: watch::Receiver<()>)
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let mut builder = http1::Builder::new();
    builder.timer(TokioTimer::new()).header_read_timeout(limits::HEADER_TIMEOUT);
    builder.max_buf_size(limits::HEADER_BYTES_MAX);
    let serving = builder.serve_connection(TokioIo::new(stream), TowerToHyperService::new(router));
    let mut serving = pin!(serving);
    let ended = tokio::select! {
        ended = &mut serving => ended,
        _ = stopping.changed() => {
            serving.as_mut().graceful_shutdown();
            serving.await
        }
    };
    if let Err(error) = ended {
        tracing::debug!(%error, "a control connection broke");
    }
}
