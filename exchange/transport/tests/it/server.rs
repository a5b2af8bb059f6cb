//! [`Server`]: a seller server under test, in clear text or over TLS.

use std::rc::Rc;
use std::sync::Arc;

use exchange_transport::{
    Acceptor, Answer, Certificates, ClientCertificates, Handler, ListenerTls, Responder, SellerRequest,
    SellerServer, ServerLimits, ServerSettings, shard_inlet,
};
use http::StatusCode;
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, spawn_local};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;

use crate::authority::{Authority, Leaf, Signed};

/// Hands requests to the test, or answers them with their body at once.
pub(crate) struct TestHandler(pub(crate) Option<mpsc::Sender<(SellerRequest, Responder)>>);

impl Handler for TestHandler {
    fn handle(&self, request: SellerRequest, responder: Responder) {
        if let Some(tx) = &self.0 {
            tx.try_send((request, responder)).expect("room for a request");
        } else {
            let answer = Answer::new(StatusCode::OK).with_body("text/plain", request.body);
            // A client that has reset its request is gone.
            drop(responder.send(answer));
        }
    }
}

pub(crate) struct Server {
    pub(crate) port: u16,
    pub(crate) shutdown: watch::Sender<bool>,
    pub(crate) limits: watch::Sender<ServerLimits>,
    pub(crate) connections_max: watch::Sender<u32>,
    pub(crate) running: JoinHandle<usize>,
}

pub(crate) async fn start(handler: TestHandler, limits: ServerLimits, connections_max: u32) -> Server {
    serve(handler, limits, connections_max, None).await
}

pub(crate) async fn start_tls(
    handler: TestHandler,
    limits: ServerLimits,
    connections_max: u32,
    tls: &Arc<ListenerTls>,
) -> Server {
    serve(handler, limits, connections_max, Some(Arc::clone(tls))).await
}

async fn serve(
    handler: TestHandler,
    limits: ServerLimits,
    connections_max: u32,
    tls: Option<Arc<ListenerTls>>,
) -> Server {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a free port");
    let port = listener.local_addr().expect("a bound listener").port();
    let (shutdown, stopped) = watch::channel(false);
    let (limits, changes) = watch::channel(limits);
    let (connections_max, places) = watch::channel(connections_max);
    let (inlet, outlet) = shard_inlet(16);
    spawn_local(Acceptor::new(listener, vec![inlet], places).run(stopped.clone()));
    let settings = ServerSettings { limits: changes, tls, handshakes_per_turn: 4, shutdown: stopped };
    let running = spawn_local(SellerServer::new(Rc::new(handler), settings).run(outlet));
    Server { port, shutdown, limits, connections_max, running }
}

impl Server {
    pub(crate) async fn connect(&self) -> TcpStream {
        TcpStream::connect(("127.0.0.1", self.port)).await.expect("a connection")
    }
}

/// Returns the certificates of a server that one authority has signed and that asks nobody for his.
pub(crate) fn tls_of(authority: &Authority) -> Arc<ListenerTls> {
    let (certificate, key) = authority.sign_pem(Leaf { names: &["127.0.0.1"], ..Leaf::default() });
    let certificates = Certificates {
        certificate: certificate.as_bytes(),
        key: key.as_bytes(),
        client_ca: &[],
        client_certificates: ClientCertificates::No,
    };
    Arc::new(ListenerTls::try_new(certificates, ListenerTls::HTTP2_AND_HTTP1).expect("certificates"))
}

/// A client's side of TLS.
#[derive(Clone, Copy)]
pub(crate) struct TlsClient<'a> {
    pub(crate) trusts: &'a Authority,
    pub(crate) shows: Option<&'a Signed>,
    pub(crate) offers: &'a [&'a str],
    pub(crate) version: &'static rustls::SupportedProtocolVersion,
}

impl<'a> TlsClient<'a> {
    /// Returns a client that trusts an authority, speaks HTTP/2 over TLS 1.3 and shows no certificate.
    pub(crate) fn of(trusts: &'a Authority) -> Self {
        Self { trusts, shows: None, offers: &["h2"], version: &rustls::version::TLS13 }
    }

    /// Connects to a server.
    pub(crate) async fn connect(&self, server: &Server) -> std::io::Result<TlsStream<TcpStream>> {
        let mut roots = RootCertStore::empty();
        roots.add(self.trusts.certificate()).expect("an authority");
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let builder = ClientConfig::builder_with_provider(provider)
            .with_protocol_versions(&[self.version])
            .expect("a version")
            .with_root_certificates(roots);
        let mut config: ClientConfig = match self.shows {
            None => builder.with_no_client_auth(),
            Some(Signed { certificate, key }) => builder
                .with_client_auth_cert(vec![certificate.clone()], key.clone_key())
                .expect("a certificate with its key"),
        };
        config.alpn_protocols = self.offers.iter().map(|name| name.as_bytes().to_vec()).collect();
        let name = ServerName::try_from("127.0.0.1").expect("an address");
        TlsConnector::from(Arc::new(config)).connect(name, server.connect().await).await
    }
}
