//! [`FakeExchange`]: answers as a function says, over HTTP/1.1, a thread for each connection.

use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};

/// A request as it came.
#[derive(Clone, Debug)]
pub(crate) struct Received {
    pub(crate) method: String,
    pub(crate) path: String,
    pub(crate) idempotency_key: Option<String>,
    pub(crate) authorization: Option<String>,
    pub(crate) body: String,
}

/// What to do with a request.
#[derive(Clone, Debug)]
pub(crate) enum Reaction {
    /// Answers and keeps the connection.
    Answer(u16, String),
    /// Answers and closes the connection without having said so.
    AnswerAndClose(u16, String),
    /// Closes the connection without an answer.
    Close,
}

/// A listening exchange that remembers every request. Its threads end with the test's process.
#[derive(Debug)]
pub(crate) struct FakeExchange {
    pub(crate) address: SocketAddr,
    received: Arc<Mutex<Vec<Received>>>,
}

impl FakeExchange {
    pub(crate) fn start(react: impl Fn(&Received) -> Reaction + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        let address = listener.local_addr().expect("bound");
        let received = Arc::new(Mutex::new(Vec::new()));
        let (react, log) = (Arc::new(react), Arc::clone(&received));
        std::thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (react, log) = (Arc::clone(&react), Arc::clone(&log));
                // A broken connection is the test's doing.
                std::thread::spawn(move || drop(serve(stream, &*react, &log)));
            }
        });
        Self { address, received }
    }

    /// Returns what was received so far.
    pub(crate) fn received(&self) -> Vec<Received> {
        self.received.lock().expect("no thread panics with the lock").clone()
    }
}

fn serve(
    stream: TcpStream,
    react: &dyn Fn(&Received) -> Reaction,
    log: &Mutex<Vec<Received>>,
) -> io::Result<()> {
    let mut output = stream.try_clone()?;
    let mut input = BufReader::new(stream);
    while let Some(request) = read(&mut input)? {
        log.lock().expect("no thread panics with the lock").push(request.clone());
        let reaction = react(&request);
        let (Reaction::Answer(status, body) | Reaction::AnswerAndClose(status, body)) = &reaction else {
            return Ok(());
        };
        let kind = if *status < 400 { "application/json" } else { "application/problem+json" };
        let length = body.len();
        let answer = format!(
            "HTTP/1.1 {status} X\r\ncontent-type: {kind}\r\nretry-after: 1\r\ncontent-length: {length}\r\n\r\n{body}"
        );
        output.write_all(answer.as_bytes())?;
        if matches!(reaction, Reaction::AnswerAndClose(..)) {
            return Ok(());
        }
    }
    Ok(())
}

fn read(input: &mut BufReader<TcpStream>) -> io::Result<Option<Received>> {
    let mut line = String::new();
    if input.read_line(&mut line)? == 0 {
        return Ok(None);
    }
    let mut words = line.split(' ').map(str::to_owned);
    let mut request = Received {
        method: words.next().unwrap_or_default(),
        path: words.next().unwrap_or_default(),
        idempotency_key: None,
        authorization: None,
        body: String::new(),
    };
    let mut length = 0;
    loop {
        let mut header = String::new();
        input.read_line(&mut header)?;
        let Some((name, value)) = header.trim_end().split_once(": ") else { break };
        match name.to_ascii_lowercase().as_str() {
            "content-length" => length = value.parse().expect("a length"),
            "idempotency-key" => request.idempotency_key = Some(value.to_owned()),
            "authorization" => request.authorization = Some(value.to_owned()),
            _ => (),
        }
    }
    let mut body = vec![0; length];
    input.read_exact(&mut body)?;
    request.body = String::from_utf8(body).expect("UTF-8");
    Ok(Some(request))
}
