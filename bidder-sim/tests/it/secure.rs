//! HTTP/2 with prior knowledge, and both protocols over TLS.

use std::net::{Ipv4Addr, SocketAddr};
use std::path::Path;
use std::sync::Arc;

use bidder_sim::{Options, Profile, RunningSimulator, TlsOptions};
use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::buyer_client::{ping, post, start};

const PROFILE: &str = "[[buyer]]\nname = \"a\"\n[[buyer]]\nname = \"broken\"\nping = [{ fault = \"reset\" }]\n\
                       [[buyer]]\nname = \"cut\"\nping = [{ fault = \"truncated\" }]";

fn run<T>(test: impl Future<Output = T>) -> T {
    tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime").block_on(test)
}

fn request(path: &str, body: String) -> http::Request<Full<Bytes>> {
    http::Request::post(path)
        .header("idempotency-key", "k")
        .body(Full::new(Bytes::from(body)))
        .expect("a request")
}

async fn exchange_h2<S>(stream: S, path: &str, body: String) -> Result<String, hyper::Error>
where
    S: AsyncRead + AsyncWrite + Unpin + Send + 'static,
{
    let (mut sender, connection) =
        hyper::client::conn::http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    let answer = sender.send_request(request(&format!("http://buyers{path}"), body)).await?;
    let body = answer.into_body().collect().await?.to_bytes();
    Ok(String::from_utf8_lossy(&body).into_owned())
}

#[test]
fn one_address_speaks_both_protocols() {
    let buyers = start(PROFILE, None);
    let call = |path: &'static str, body| {
        let address = buyers.addresses().listening;
        run(async move {
            let stream = TcpStream::connect(address).await.expect("a connection");
            exchange_h2(stream, path, body).await
        })
    };
    assert_eq!(call("/a/ping", ping("p", "{}")).expect("an answer"), r#"{"bid":"10.00"}"#);
    assert!(call("/a/post", post("k", "{}")).expect("an answer").starts_with(r#"{"status":"accepted""#));
    assert!(call("/broken/ping", ping("p", "{}")).is_err());
    assert!(call("/cut/ping", ping("p", "{}")).is_err());
}

async fn connect_tls(
    address: SocketAddr,
    roots: RootCertStore,
    protocol: &[u8],
) -> tokio_rustls::client::TlsStream<TcpStream> {
    let mut config = ClientConfig::builder().with_root_certificates(roots).with_no_client_auth();
    config.alpn_protocols = vec![protocol.to_vec()];
    let stream = TcpStream::connect(address).await.expect("a connection");
    let name = ServerName::try_from("localhost").expect("a name");
    TlsConnector::from(Arc::new(config)).connect(name, stream).await.expect("a handshake")
}

#[test]
fn tls_offers_both_protocols() {
    let folder = tempfile::tempdir().expect("a folder");
    let (certificate, key) = (folder.path().join("cert.pem"), folder.path().join("key.pem"));
    let pair = rcgen::generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    std::fs::write(&certificate, pair.cert.pem()).expect("written");
    std::fs::write(&key, pair.signing_key.serialize_pem()).expect("written");
    let mut roots = RootCertStore::empty();
    roots.add(pair.cert.der().clone()).expect("a root");
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let options = Options { listen, tls: Some(TlsOptions { listen, certificate, key }), log: None };
    let profile = Profile::parse(Path::new("test.toml"), PROFILE).expect("a good profile");
    let buyers = RunningSimulator::start(profile, options).expect("the buyers start");
    let address = buyers.addresses().tls.expect("a TLS address");
    run(async {
        let stream = connect_tls(address, roots.clone(), b"h2").await;
        let bid = exchange_h2(stream, "/a/ping", ping("p", "{}")).await.expect("an answer");
        assert_eq!(bid, r#"{"bid":"10.00"}"#);
        let stream = connect_tls(address, roots, b"http/1.1").await;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.expect("a connection");
        tokio::spawn(connection);
        let answer = sender.send_request(request("/a/ping", ping("p", "{}"))).await.expect("an answer");
        let bid = answer.into_body().collect().await.expect("a body").to_bytes();
        assert_eq!(bid, r#"{"bid":"10.00"}"#);
    });
}

#[test]
fn a_wrong_certificate_is_named() {
    let listen = SocketAddr::from((Ipv4Addr::LOCALHOST, 0));
    let missing = Path::new("/nowhere/cert.pem").to_owned();
    let tls = TlsOptions { listen, certificate: missing.clone(), key: missing };
    let profile = Profile::parse(Path::new("test.toml"), PROFILE).expect("a good profile");
    let error =
        RunningSimulator::start(profile, Options { listen, tls: Some(tls), log: None }).expect_err("refused");
    let cause = std::error::Error::source(&error).expect("a cause").to_string();
    assert_eq!((error.to_string().as_str(), cause.as_str()), ("prepare TLS", "read /nowhere/cert.pem"));
}
