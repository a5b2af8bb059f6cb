//! [`Inbox`]: a partner's own listener for what it is told, which checks the signatures by itself.

use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use hmac::{Hmac, KeyInit as _, Mac as _};
use serde_json::Value;
use sha2::Sha256;

use crate::catalog::SECRET;
use crate::listener::{self, Received};
use crate::process::eventually;

/// An event as it came.
#[derive(Clone, Debug)]
pub(crate) struct Event {
    /// Its body.
    pub(crate) body: Value,
    /// The bytes of its body.
    pub(crate) bytes: Vec<u8>,
    /// Whether it was taken.
    pub(crate) taken: bool,
    /// The header that names it.
    pub(crate) id: String,
}

/// A listener for events. It refuses the first few, and takes the others.
#[derive(Debug)]
pub(crate) struct Inbox {
    address: SocketAddr,
    /// All that came, taken or not.
    came: Arc<Mutex<Vec<Event>>>,
    /// How many of them are refused, from the first on.
    refused: Arc<AtomicUsize>,
}

impl Inbox {
    /// Opens a listener that answers 500 to the first events. Its thread ends with the test's process.
    pub(crate) fn open(refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("an address");
        let came = Arc::new(Mutex::new(Vec::new()));
        let refused = Arc::new(AtomicUsize::new(refused));
        let (inbox, refusing) = (Arc::clone(&came), Arc::clone(&refused));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (inbox, refusing) = (Arc::clone(&inbox), Arc::clone(&refusing));
                thread::spawn(move || serve(stream, &inbox, &refusing));
            }
        });
        Self { address, came, refused }
    }

    /// Refuses nothing from now on.
    pub(crate) fn take_all(&self) {
        self.refused.store(0, Ordering::SeqCst);
    }

    /// Returns what was taken so far, each event once: a kill right after one may have it come again, under its id.
    pub(crate) fn taken(&self) -> Vec<Event> {
        let mut known = BTreeSet::new();
        self.came().into_iter().filter(|event| event.taken && known.insert(event.id.clone())).collect()
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all that came so far.
    pub(crate) fn came(&self) -> Vec<Event> {
        self.came.lock().expect("no event was wrong").clone()
    }

    /// Waits for an event about a lead and returns it.
    pub(crate) fn wait_for(&self, kind: &str, lead_id: &str) -> Event {
        let mut found = None;
        eventually(&format!("the seller is told {kind}"), || {
            let about =
                |event: &Event| event.body["type"] == kind && event.body["data"]["lead_id"] == lead_id;
            found = self.came().into_iter().find(about);
            found.is_some()
        });
        found.expect("the event has come")
    }
}

/// Answers the events of a connection. A wrong one ends the thread and leaves the lock poisoned, which fails the test.
fn serve(stream: TcpStream, inbox: &Mutex<Vec<Event>>, refused: &AtomicUsize) {
    let mut stream = BufReader::new(stream);
    while let Some(Received { headers, body, .. }) = listener::read(&mut stream) {
        let mut came = inbox.lock().expect("no event was wrong");
        let header = |name: &str| {
            let found = headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str());
            found.unwrap_or_else(|| panic!("an event has {name}"))
        };
        let (id, timestamp) = (header("webhook-id"), header("webhook-timestamp"));
        assert_eq!(header("webhook-signature"), signature(id, timestamp, &body), "the signature fits");
        assert!(timestamp.parse::<u64>().is_ok_and(|seconds| seconds > 1_700_000_000), "{timestamp}");
        let (bytes, id) = (body, id.to_owned());
        let body: Value = serde_json::from_slice(&bytes).expect("an event is JSON");
        assert_eq!(body["event_id"], *id, "both name the event");
        let taken = came.len() >= refused.load(Ordering::SeqCst);
        came.push(Event { body, bytes, taken, id });
        let status = if taken { "204 No Content" } else { "500 Internal Server Error" };
        drop(came);
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 0\r\n\r\n");
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}

/// Returns the signature of Standard Webhooks.
pub(crate) fn signature(id: &str, timestamp: &str, body: &[u8]) -> String {
    let key = STANDARD.decode(SECRET.trim_start_matches("whsec_")).expect("base64");
    let mut mac = Hmac::<Sha256>::new_from_slice(&key).expect("a key of any length");
    mac.update(format!("{id}.{timestamp}.").as_bytes());
    mac.update(body);
    format!("v1,{}", STANDARD.encode(mac.finalize().into_bytes()))
}
