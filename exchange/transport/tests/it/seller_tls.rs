//! The seller server over TLS: whom it lets in, what it negotiates, and how its certificates change.

use std::sync::Arc;

use exchange_transport::{Certificates, ClientCertificates, ListenerTls, ListenerTlsError, ServerLimits};
use http::{Request, Version};
use http_body_util::{BodyExt as _, Full};
use hyper::body::Bytes;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::task::spawn_local;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, Leaf};
use crate::peer::{SHORT, run};
use crate::server::{Server, TestHandler, TlsClient, start_tls, tls_of};

type Socket = TlsStream<tokio::net::TcpStream>;

/// Sends one request over what was negotiated. Returns with which version it was answered; nothing where it was not.
async fn ask(stream: Socket) -> Option<Version> {
    let (_, session) = stream.get_ref();
    let request = Request::get("http://127.0.0.1/").body(Full::<Bytes>::default()).expect("a request");
    let answer = if session.alpn_protocol() == Some(b"h2") {
        let io = TokioIo::new(stream);
        let (mut sender, connection) =
            hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await.ok()?;
        spawn_local(connection);
        sender.send_request(request).await.ok()?
    } else {
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.ok()?;
        spawn_local(connection);
        sender.send_request(request).await.ok()?
    };
    assert_eq!(answer.status(), 200);
    let version = answer.version();
    answer.into_body().collect().await.expect("a body");
    Some(version)
}

async fn try_ask(client: TlsClient<'_>, server: &Server) -> Option<Version> {
    ask(client.connect(server).await.ok()?).await
}

#[test]
fn client_and_server_agree_on_a_protocol() {
    run(async {
        let (ours, other) = (Authority::new(), Authority::new());
        let server = start_tls(TestHandler(None), ServerLimits::default(), 10, &tls_of(&ours)).await;
        let client = TlsClient::of(&ours);
        let old = &rustls::version::TLS12;
        let cases = [
            (TlsClient { offers: &["h2", "http/1.1"], ..client }, Some(Version::HTTP_2)),
            (TlsClient { offers: &["http/1.1", "h2"], ..client }, Some(Version::HTTP_2)),
            (TlsClient { offers: &["http/1.1"], ..client }, Some(Version::HTTP_11)),
            (TlsClient { offers: &[], ..client }, Some(Version::HTTP_11)),
            (TlsClient { offers: &["h2"], version: old, ..client }, Some(Version::HTTP_2)),
            (TlsClient { offers: &["http/1.1"], version: old, ..client }, Some(Version::HTTP_11)),
            (TlsClient { offers: &["smtp"], ..client }, None),
            (TlsClient { trusts: &other, ..client }, None),
        ];
        for (position, (client, expected)) in cases.into_iter().enumerate() {
            assert_eq!(try_ask(client, &server).await, expected, "case {position}");
        }
        let mut clear = server.connect().await;
        clear.write_all(b"GET / HTTP/1.1\r\nhost: a\r\n\r\n").await.expect("the server reads");
        let mut answer = Vec::new();
        // What comes is an alert of TLS, then the end; a reset is as good.
        drop(clear.read_to_end(&mut answer).await);
        assert!(!answer.starts_with(b"HTTP"), "no answer in clear text");
    });
}

#[test]
fn clients_need_the_certificates_that_are_asked_for() {
    run(async {
        let (ours, other) = (Authority::new(), Authority::new());
        let known = ours.sign(Leaf::default());
        let expired = ours.sign(Leaf { expired: true, ..Leaf::default() });
        let unknown = other.sign(Leaf::default());
        let (certificate, key) = ours.sign_pem(Leaf { names: &["127.0.0.1"], ..Leaf::default() });
        let client_ca = ours.pem();
        // Who connects: without a certificate, with ours, with an expired one, with one of another authority.
        let cases = [
            (ClientCertificates::No, [true, true, true, true]),
            (ClientCertificates::Asked, [true, true, false, false]),
            (ClientCertificates::Required, [false, true, false, false]),
        ];
        for (client_certificates, connects) in cases {
            let certificates = Certificates {
                certificate: certificate.as_bytes(),
                key: key.as_bytes(),
                client_ca: client_ca.as_bytes(),
                client_certificates,
            };
            let tls = ListenerTls::try_new(certificates, ListenerTls::HTTP2_AND_HTTP1).expect("certificates");
            let server = start_tls(TestHandler(None), ServerLimits::default(), 10, &Arc::new(tls)).await;
            let shown = [None, Some(&known), Some(&expired), Some(&unknown)];
            for version in [&rustls::version::TLS13, &rustls::version::TLS12] {
                for (shows, connects) in shown.into_iter().zip(connects) {
                    let client = TlsClient { shows, version, ..TlsClient::of(&ours) };
                    let connected = try_ask(client, &server).await.is_some();
                    assert_eq!(connected, connects, "{client_certificates:?}, {version:?}");
                }
            }
        }
    });
}

#[test]
fn certificates_change_under_open_connections() {
    run(async {
        let (old, new) = (Authority::new(), Authority::new());
        let tls = tls_of(&old);
        let server = start_tls(TestHandler(None), ServerLimits::default(), 10, &tls).await;
        let stream = TlsClient::of(&old).connect(&server).await.expect("a connection");
        let io = TokioIo::new(stream);
        let handshake = hyper::client::conn::http2::handshake(TokioExecutor::new(), io).await;
        let (mut open, connection) = handshake.expect("HTTP/2");
        spawn_local(connection);
        let request = || Request::get("http://127.0.0.1/").body(Full::<Bytes>::default()).expect("a request");
        assert_eq!(open.send_request(request()).await.expect("an answer").status(), 200);

        let (certificate, key) = new.sign_pem(Leaf { names: &["127.0.0.1"], ..Leaf::default() });
        let certificates = Certificates {
            certificate: certificate.as_bytes(),
            key: key.as_bytes(),
            client_ca: &[],
            client_certificates: ClientCertificates::No,
        };
        tls.replace(tls.prepare(certificates).expect("good ones"));
        assert_eq!(open.send_request(request()).await.expect("still open").status(), 200);
        assert_eq!(try_ask(TlsClient::of(&new), &server).await, Some(Version::HTTP_2));
        assert_eq!(try_ask(TlsClient::of(&old), &server).await, None);

        let (other_certificate, _) = old.sign_pem(Leaf { names: &["127.0.0.1"], ..Leaf::default() });
        let required = ClientCertificates::Required;
        let broken = [
            (Certificates { certificate: b"", ..certificates }, "certificate"),
            (Certificates { certificate: key.as_bytes(), ..certificates }, "certificate"),
            (Certificates { key: b"", ..certificates }, "key"),
            (Certificates { key: certificate.as_bytes(), ..certificates }, "key"),
            (Certificates { certificate: other_certificate.as_bytes(), ..certificates }, "key"),
            (Certificates { client_certificates: required, ..certificates }, "client_ca"),
            (Certificates { client_certificates: required, client_ca: b"none", ..certificates }, "client_ca"),
        ];
        for (position, (broken, file)) in broken.into_iter().enumerate() {
            let error: ListenerTlsError = tls.prepare(broken).expect_err("broken");
            assert_eq!(error.file(), file, "case {position}: {error}");
        }
        assert_eq!(try_ask(TlsClient::of(&new), &server).await, Some(Version::HTTP_2));
    });
}

#[test]
fn a_handshake_that_does_not_end_is_given_up() {
    run(async {
        let ours = Authority::new();
        let limits = ServerLimits { handshake_wait_max: SHORT, ..ServerLimits::default() };
        let server = start_tls(TestHandler(None), limits, 2, &tls_of(&ours)).await;
        // The beginning of a record that holds the beginning of a handshake.
        let half: &[u8] = &[22, 3, 1, 1, 0, 1];
        for sent in [&[] as &[u8], half] {
            let mut silent = server.connect().await;
            silent.write_all(sent).await.expect("the server reads");
            let mut answer = Vec::new();
            drop(silent.read_to_end(&mut answer).await);
            assert_eq!(answer, [0_u8; 0], "the server closes");
        }
        // Their places are free again.
        for _ in 0..3 {
            assert_eq!(try_ask(TlsClient::of(&ours), &server).await, Some(Version::HTTP_2));
        }
    });
}
