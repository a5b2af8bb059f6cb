//! A client that speaks HTTP/1.1 by hand, so that it can see what a library would hide.

use std::io::{self, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

use bidder_sim::{Options, Profile, RunningSimulator};

/// Longer than any answer here takes, on any machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(20);
/// Long enough to see that nothing comes.
pub(crate) const A_MOMENT: Duration = Duration::from_millis(60);

/// Starts the buyers of a profile text, with a log if asked.
pub(crate) fn start(profile: &str, log: Option<PathBuf>) -> RunningSimulator {
    let profile = Profile::parse(Path::new("test.toml"), profile).expect("a good profile");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    RunningSimulator::start(profile, Options { listen, tls: None, log }).expect("the buyers start")
}

/// A ping with these fields.
pub(crate) fn ping(ping_id: &str, fields: &str) -> String {
    format!(
        r#"{{"v":1,"ping_id":"{ping_id}","campaign_id":"c","vertical":"solar","timeout_ms":30,"currency":"EUR",
        "max_buyers":1,"created_at":"2026-11-20T08:15:30.125Z","test":false,"fields":{fields},"lead_ref":"r",
        "source":{{}},"consent":{{}},"later":"ignored"}}"#
    )
}

/// A post at a price of 20.00.
pub(crate) fn post(post_id: &str, fields: &str) -> String {
    format!(
        r#"{{"v":1,"post_id":"{post_id}","sale_id":"sale_1","ping_id":"p","campaign_id":"c","vertical":"solar",
        "lead_ref":"r","price":"20.00","currency":"EUR","exclusive":true,"timeout_ms":30,
        "created_at":"2026-11-20T08:15:30.125Z","source":{{}},"fields":{fields},"consent":{{}},"test":false}}"#
    )
}

/// Sends a request and leaves the connection open.
pub(crate) fn send(address: SocketAddr, path: &str, key: Option<&str>, body: &str) -> io::Result<TcpStream> {
    let mut stream = TcpStream::connect(address)?;
    stream.set_read_timeout(Some(PATIENCE))?;
    let key = key.map_or_else(String::new, |key| format!("Idempotency-Key: {key}\r\n"));
    let length = body.len();
    let request = format!(
        "POST {path} HTTP/1.1\r\nhost: buyers\r\nconnection: close\r\n{key}content-length: {length}\r\n\r\n{body}"
    );
    stream.write_all(request.as_bytes())?;
    Ok(stream)
}

/// Sends a request and returns everything that comes until the connection ends.
pub(crate) fn exchange(address: SocketAddr, path: &str, key: Option<&str>, body: &str) -> io::Result<String> {
    let mut answer = Vec::new();
    send(address, path, key, body)?.read_to_end(&mut answer)?;
    Ok(String::from_utf8_lossy(&answer).into_owned())
}

/// Returns the body of an answer.
pub(crate) fn body(answer: &str) -> &str {
    answer.split_once("\r\n\r\n").expect("an answer has a header").1
}
