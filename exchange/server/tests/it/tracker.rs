//! [`Tracker`]: a listener for calls of any kind, such as a seller's tracker or a buyer's inbox.

use std::collections::BTreeSet;
use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;

use crate::listener::{self, Received};

/// A listener for calls. It refuses the first few, and takes the others.
#[derive(Debug)]
pub(crate) struct Tracker {
    address: SocketAddr,
    calls: Arc<Mutex<Vec<Call>>>,
    /// How many of them are refused, from the first on.
    refused: Arc<AtomicUsize>,
}

/// A call as it came.
#[derive(Clone, Debug)]
pub(crate) struct Call {
    /// Method and path, as `GET /p?click=1`.
    pub(crate) line: String,
    /// The headers, their names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    /// The body.
    pub(crate) body: Vec<u8>,
    /// Whether it was taken.
    pub(crate) taken: bool,
}

impl Call {
    /// Returns a header by its name.
    #[track_caller]
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map_or_else(|| panic!("no {name} in {:?}", self.headers), |(_, value)| value)
    }

    /// Returns the body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8(self.body.clone()).expect("the body is text")
    }
}

impl Tracker {
    /// Opens a listener that answers 503 to the first calls. Its thread ends with the test's process.
    pub(crate) fn open(refused: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("an address");
        let (calls, refused) = (Arc::new(Mutex::new(Vec::new())), Arc::new(AtomicUsize::new(refused)));
        let (noted, refusing) = (Arc::clone(&calls), Arc::clone(&refused));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (noted, refusing) = (Arc::clone(&noted), Arc::clone(&refusing));
                thread::spawn(move || serve(stream, &noted, &refusing));
            }
        });
        Self { address, calls, refused }
    }

    /// Returns where it listens.
    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns all that came so far.
    pub(crate) fn calls(&self) -> Vec<Call> {
        self.calls.lock().expect("no call was wrong").clone()
    }

    /// Returns what was taken so far, each call once: a kill right after one may have it come again, as it was.
    pub(crate) fn taken(&self) -> Vec<Call> {
        let mut known = BTreeSet::new();
        let is_new = |call: &Call| call.taken && known.insert((call.line.clone(), call.body.clone()));
        self.calls().into_iter().filter(is_new).collect()
    }

    /// Refuses nothing from now on.
    pub(crate) fn take_all(&self) {
        self.refused.store(0, Ordering::SeqCst);
    }
}

fn serve(stream: TcpStream, noted: &Mutex<Vec<Call>>, refused: &AtomicUsize) {
    let mut stream = BufReader::new(stream);
    while let Some(Received { method, path, headers, body }) = listener::read(&mut stream) {
        let mut calls = noted.lock().expect("no call was wrong");
        let taken = calls.len() >= refused.load(Ordering::SeqCst);
        calls.push(Call { line: format!("{method} {path}"), headers, body, taken });
        drop(calls);
        let status = if taken { "200 OK" } else { "503 Service Unavailable" };
        let answer = format!("HTTP/1.1 {status}\r\nContent-Length: 2\r\n\r\nok");
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
