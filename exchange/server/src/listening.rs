//! The sockets of both listeners, and how the process says where they are.

use std::io::Write as _;
use std::net::{SocketAddr, TcpListener};

use anyhow::Context as _;

/// Listens at an address.
///
/// # Errors
///
/// Says that the address is taken, or may not be.
pub(crate) fn bind(address: SocketAddr) -> anyhow::Result<TcpListener> {
    let listener = TcpListener::bind(address).with_context(|| format!("cannot listen on {address}"))?;
    listener.set_nonblocking(true)?;
    Ok(listener)
}

/// Writes where the process listens, as one line of JSON, for whoever started it with port 0.
///
/// # Errors
///
/// Says that the standard output is gone.
pub(crate) fn announce(seller: &TcpListener, control: &TcpListener) -> anyhow::Result<()> {
    let (seller, control) = (seller.local_addr()?, control.local_addr()?);
    let mut out = std::io::stdout().lock();
    writeln!(out, r#"{{"seller":"{seller}","control":"{control}"}}"#)?;
    out.flush()?;
    tracing::info!(%seller, %control, "the exchange takes leads");
    Ok(())
}
