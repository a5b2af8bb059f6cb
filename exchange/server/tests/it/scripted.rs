//! [`ScriptedBuyer`]: a buyer that answers the pings and posts of each campaign as a test says.

use std::io::{BufReader, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::thread;

use serde_json::Value;

use crate::listener;

/// What a campaign is asked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Asked {
    Ping,
    Post,
}

/// What it answers, where a message that is marked as a test names `CAMPAIGN as a test`: a status and a body, or nothing at all.
pub(crate) type Said = Option<(u16, String)>;

/// A buyer of many campaigns. Its threads end with the test's process.
#[derive(Debug)]
pub(crate) struct ScriptedBuyer {
    address: SocketAddr,
    /// The campaigns that got a post, in the order of their arrival.
    posted: Arc<Mutex<Vec<String>>>,
}

impl ScriptedBuyer {
    /// Opens a buyer at `/ping` and `/post`.
    pub(crate) fn open(script: impl Fn(Asked, &str) -> Said + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a port is free");
        let address = listener.local_addr().expect("an address");
        let posted = Arc::new(Mutex::new(Vec::new()));
        let (log, script) = (Arc::clone(&posted), Arc::new(script));
        thread::spawn(move || {
            for stream in listener.incoming().flatten() {
                let (log, script) = (Arc::clone(&log), Arc::clone(&script));
                thread::spawn(move || serve(stream, &log, &*script));
            }
        });
        Self { address, posted }
    }

    /// Returns where it listens.
    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Returns the posts to campaigns whose names begin so, and forgets them.
    pub(crate) fn take_posts(&self, prefix: &str) -> Vec<String> {
        let mut posted = self.posted.lock().expect("no post was wrong");
        let (taken, left) = posted.drain(..).partition(|campaign| campaign.starts_with(prefix));
        *posted = left;
        taken
    }
}

fn serve(stream: TcpStream, posted: &Mutex<Vec<String>>, script: &dyn Fn(Asked, &str) -> Said) {
    let mut stream = BufReader::new(stream);
    while let Some(request) = listener::read(&mut stream) {
        let body: Value = serde_json::from_slice(&request.body).expect("a message to a buyer is JSON");
        let campaign = body["campaign_id"].as_str().expect("a message names the campaign");
        let marked = format!("{campaign} as a test");
        let campaign = if body["test"] == true { &*marked } else { campaign };
        let asked = if request.path == "/ping" { Asked::Ping } else { Asked::Post };
        if asked == Asked::Post {
            posted.lock().expect("no post was wrong").push(campaign.to_owned());
        }
        // Without an answer the next read waits until the exchange gives up and closes.
        let Some((status, body)) = script(asked, campaign) else { continue };
        let length = body.len();
        let answer = format!("HTTP/1.1 {status} Scripted\r\nContent-Length: {length}\r\n\r\n{body}");
        if stream.get_mut().write_all(answer.as_bytes()).is_err() {
            return;
        }
    }
}
