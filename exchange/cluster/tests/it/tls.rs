//! A Redis behind TLS, with a certificate that the mirror trusts, and with one that it does not.

use std::sync::Arc;

use exchange_cluster::{Address, Failure, Trust};
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::pki_types::{PrivateKeyDer, PrivatePkcs8KeyDer};
use tokio::io::copy_bidirectional;
use tokio::net::{TcpListener, UnixStream};
use tokio_rustls::TlsAcceptor;

use crate::counting::{Counting, Way};
use crate::redis_server::{RedisServer, eventually};

/// Ends TLS before a Redis; returns the port and the certificate as PEM.
async fn terminate(server: &RedisServer) -> (u16, String) {
    let CertifiedKey { cert, signing_key } =
        generate_simple_self_signed(["localhost".to_owned()]).expect("a certificate");
    let key = PrivateKeyDer::Pkcs8(PrivatePkcs8KeyDer::from(signing_key.serialize_der()));
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let config = ServerConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![cert.der().clone()], key)
        .expect("a certificate");
    let (acceptor, listener) = (TlsAcceptor::from(Arc::new(config)), TcpListener::bind("127.0.0.1:0").await);
    let (listener, socket) = (listener.expect("a port"), server.socket());
    let port = listener.local_addr().expect("a port").port();
    tokio::spawn(async move {
        while let Ok((tcp, _)) = listener.accept().await {
            let (acceptor, socket) = (acceptor.clone(), socket.clone());
            tokio::spawn(async move {
                let mut inner = UnixStream::connect(socket).await.expect("Redis listens");
                if let Ok(mut outer) = acceptor.accept(tcp).await {
                    // A connection that breaks off is the mirror's affair.
                    drop(copy_bidirectional(&mut outer, &mut inner).await);
                }
            });
        }
    });
    (port, cert.pem())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn a_redis_over_tls_is_taken_with_the_right_certificate_only() {
    let server = RedisServer::start(&[]);
    let (port, pem) = terminate(&server).await;
    let address = Address::parse(&format!("rediss://localhost:{port}")).expect("an address");
    let way = |trust| Way { address: address.clone(), trust, password: None };
    {
        let counting = Counting::start(way(Trust::new(None).expect("the public authorities")));
        let away = || counting.standing().failures.contains(&(Failure::Away, 1));
        eventually("a certificate of nobody known is refused", away);
        assert!(!counting.standing().following);
    }
    let counting = Counting::start(way(Trust::new(Some(&pem)).expect("a bundle")));
    counting.sell();
    counting.is_shown_in(&server);
}

#[test]
fn a_bundle_without_certificates_is_no_trust() {
    for bundle in ["", "no certificate", "-----BEGIN CERTIFICATE-----\n!\n-----END CERTIFICATE-----\n"] {
        assert!(Trust::new(Some(bundle)).is_err(), "{bundle}");
    }
}
