//! How the listener ends.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

use crate::client::{Running, start};
use crate::made_up::MadeUp;

#[tokio::test]
async fn idle_connections_end_with_the_listener() {
    let Running { address, stop, ended } = start(MadeUp::default()).await;
    let mut stream = TcpStream::connect(address).await.expect("connected");
    let request = b"GET /health/live HTTP/1.1\r\nHost: control\r\n\r\n";
    stream.write_all(request).await.expect("written");
    let mut first = [0; 12];
    stream.read_exact(&mut first).await.expect("an answer");
    assert_eq!(&first, b"HTTP/1.1 200");
    stop.send(()).expect("the listener runs");
    ended.await.expect("it ended");
    let mut rest = Vec::new();
    stream.read_to_end(&mut rest).await.expect("the connection is closed");
    assert!(TcpStream::connect(address).await.is_err(), "nothing listens any more");
}
