//! The buyer client over TLS: whom it trusts and what it negotiates.

use std::rc::Rc;
use std::sync::Arc;

use exchange_catalog::snapshot::{Endpoint, HttpVersion, Scheme};
use exchange_transport::Failure;
use exchange_types::NotSent;
use http::Response;
use rustls::ServerConfig;
use tokio::io::AsyncWriteExt as _;
use tokio_rustls::TlsAcceptor;

use crate::authority::{Authority, Leaf, Signed};
use crate::peer::{LONG, client, endpoint, read_request, request, run, scripted, send};

fn acceptor(authority: &Authority, name: &str, protocols: &[&str]) -> TlsAcceptor {
    let Signed { certificate, key } = authority.sign(Leaf { names: &[name], ..Leaf::default() });
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate], key)
        .expect("a key that fits");
    config.alpn_protocols = protocols.iter().map(|protocol| protocol.as_bytes().to_vec()).collect();
    TlsAcceptor::from(Arc::new(config))
}

/// Answers 200 over HTTP/1.1 and 201 over HTTP/2.
async fn serve(acceptor: TlsAcceptor) -> u16 {
    scripted(move |stream, _| {
        let acceptor = acceptor.clone();
        async move {
            // A client that does not trust the certificate hangs up.
            let Ok(mut stream) = acceptor.accept(stream).await else { return };
            if stream.get_ref().1.alpn_protocol() == Some(b"h2") {
                let mut peer = h2::server::handshake(stream).await.expect("a handshake");
                while let Some(Ok((_, mut respond))) = peer.accept().await {
                    let response = Response::builder().status(201).body(()).expect("a response");
                    respond.send_response(response, true).expect("a client that listens");
                }
            } else {
                while !read_request(&mut stream).await.is_empty() {
                    let text = b"HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n";
                    stream.write_all(text).await.expect("a client that listens");
                }
            }
        }
    })
    .await
}

struct Case {
    name: &'static str,
    offers: &'static [&'static str],
    version: HttpVersion,
    trusts: bool,
    expected: Result<u16, Failure>,
}

const TLS: Result<u16, Failure> = Err(Failure::NotSent(NotSent::Tls));

#[rustfmt::skip]
const CASES: [Case; 9] = [
    Case { name: "127.0.0.1", offers: &["h2", "http/1.1"], version: HttpVersion::Auto, trusts: true, expected: Ok(201) },
    Case { name: "127.0.0.1", offers: &["http/1.1"], version: HttpVersion::Auto, trusts: true, expected: Ok(200) },
    Case { name: "127.0.0.1", offers: &[], version: HttpVersion::Auto, trusts: true, expected: Ok(200) },
    Case { name: "127.0.0.1", offers: &["h2", "http/1.1"], version: HttpVersion::Http1, trusts: true, expected: Ok(200) },
    Case { name: "127.0.0.1", offers: &["h2"], version: HttpVersion::Http2, trusts: true, expected: Ok(201) },
    Case { name: "127.0.0.1", offers: &["http/1.1"], version: HttpVersion::Http2, trusts: true, expected: TLS },
    Case { name: "127.0.0.1", offers: &[], version: HttpVersion::Http2, trusts: true, expected: TLS },
    Case { name: "127.0.0.1", offers: &["http/1.1"], version: HttpVersion::Auto, trusts: false, expected: TLS },
    Case { name: "other.example", offers: &["http/1.1"], version: HttpVersion::Auto, trusts: true, expected: TLS },
];

#[test]
fn trust_and_protocol_are_negotiated() {
    run(async {
        let authority = Authority::new();
        let other = Authority::new();
        for Case { name, offers, version, trusts, expected } in CASES {
            let port = serve(acceptor(&authority, name, offers)).await;
            let pem = if trusts { authority.pem() } else { other.pem() };
            let endpoint = Endpoint { scheme: Scheme::Https, version, ca_pem: Some(pem), ..endpoint(port) };
            let client = Rc::new(client());
            let handle = client.endpoint(&endpoint);
            for _ in 0..2 {
                let outcome = send(&client, &handle, request(LONG)).await;
                assert_eq!(outcome.map(|reply| reply.status), expected, "{name} {offers:?} {version:?}");
            }
            assert_eq!(handle.stats().connects.get(), u64::from(expected.is_ok()), "kept open");
        }
    });
}

#[test]
fn public_authorities_do_not_vouch_for_a_private_one() {
    run(async {
        let port = serve(acceptor(&Authority::new(), "127.0.0.1", &[])).await;
        let client = Rc::new(client());
        let handle = client.endpoint(&Endpoint { scheme: Scheme::Https, ..endpoint(port) });
        let outcome = send(&client, &handle, request(LONG)).await;
        assert_eq!(outcome.map(|reply| reply.status), TLS);
    });
}
