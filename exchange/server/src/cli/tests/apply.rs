//! `exchange apply` against a control listener over real sockets.

use std::net::SocketAddr;
use std::sync::Arc;
use std::thread::JoinHandle;

use exchange_catalog::{CompileOptions, Diagnostic, SourceFile, compile};
use exchange_control::{
    Applied, ApplyError, Backend, CatalogSummary, KeysError, Principal, Readiness, Unavailable, router, serve,
};
use exchange_protocol::Account;
use exchange_types::{AuctionId, UtcMicros};
use exchange_wire::KeyMode;
use tokio::net::TcpListener;
use tokio::sync::oneshot;

use super::*;
use crate::keys::{KeyStore, create_key};

/// An exchange that compiles what it is given and has real keys.
struct Compiling {
    keys: KeyStore,
}

impl Backend for Compiling {
    async fn account(&self, _: AuctionId) -> Result<Option<Box<Account>>, Unavailable> {
        Ok(None)
    }

    fn readiness(&self) -> Readiness {
        Readiness::default()
    }

    fn catalog(&self) -> CatalogSummary {
        CatalogSummary::default()
    }

    async fn apply(&self, files: Vec<SourceFile>) -> Result<Applied, ApplyError> {
        let secrets = |_: &str| Some(SECRET.to_owned());
        let options = CompileOptions { version: 3, now: UtcMicros(0), secrets: &secrets, allow_http: false };
        let applied = |(_, warnings): (_, Vec<Diagnostic>)| Applied { version: 3, warnings };
        compile(&files, &options).map(applied).map_err(ApplyError::Refused)
    }

    fn authenticate(&self, bearer: &str) -> Option<Arc<Principal>> {
        self.keys.authenticate(bearer)
    }

    fn reload_keys(&self) -> Result<usize, KeysError> {
        self.keys.reload().map_err(|error| KeysError(error.to_string()))
    }
}

/// A control listener on a thread of its own, since the command blocks its own.
struct Listening {
    url: String,
    key: String,
    stop: oneshot::Sender<()>,
    thread: JoinHandle<()>,
}

fn listen(folder: &Path) -> Listening {
    let path = folder.join("keys.toml");
    let owner = "operator:ada".parse().expect("an owner");
    let key = create_key(&path, owner, KeyMode::Live, UtcMicros(0)).expect("made").key.text();
    let backend = Arc::new(Compiling { keys: KeyStore::open(&path).expect("readable") });
    let (stop, stopped) = oneshot::channel::<()>();
    let (address_tx, address_rx) = std::sync::mpsc::sync_channel::<SocketAddr>(1);
    let thread = std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
        runtime.block_on(async {
            let listener = TcpListener::bind("127.0.0.1:0").await.expect("bound");
            address_tx.send(listener.local_addr().expect("bound")).expect("awaited");
            serve(listener, router(backend), async { drop(stopped.await) }).await;
        });
    });
    let url = format!("http://{}", address_rx.recv().expect("bound"));
    Listening { url, key, stop, thread }
}

#[test]
fn a_catalog_is_put_in_force_or_refused_as_check_would() {
    let folder = tempfile::tempdir().expect("a folder");
    write(folder.path(), "north.secret", SECRET);
    let good = write(folder.path(), "good.toml", GOOD);
    let bad = write(folder.path(), "bad.toml", &GOOD.replace("EUR", "EURO"));
    let Listening { url, key, stop, thread } = listen(folder.path());
    let apply = |file: &str, key: &str| run_line(&["apply", "-f", file, "--url", &url, "--key", key]);

    let ran = apply(&good, &key);
    assert_eq!((&*ran.error, &*ran.out), ("", "catalog version 3 is in force\n"));
    assert_eq!(ran.ending, Ending::Done);

    let ran = apply(&bad, &key);
    assert_eq!((ran.ending, &*ran.out), (Ending::Refused, ""));
    let checked = run_line(&["check", "-f", &bad]).error;
    let mistake = checked.lines().next().expect("a mistake");
    let summary = "The catalog has mistakes and was refused whole: 1 mistake; the catalog in force stays";
    assert_eq!(ran.error, format!("{mistake}\n{summary}\n"));

    let ran = apply(&good, "px_live_unknown");
    let expected = "No valid key came with the request: the key is not known, or was revoked\n";
    assert_eq!((ran.ending, &*ran.error), (Ending::Refused, expected));

    let large = write(folder.path(), "large.toml", &"#".repeat(exchange_control::limits::CATALOG_BYTES_MAX));
    let ran = apply(&large, &key);
    assert_eq!(ran.ending, Ending::Refused);
    assert!(ran.error.ends_with("bytes as JSON, and an exchange takes 4194304\n"), "{}", ran.error);

    stop.send(()).expect("the listener runs");
    thread.join().expect("it ended");
}
