//! [`Reports`]: what buyers tell the exchange by themselves about posts of earlier.
//!
//! A buyer whose contract has no other way to settle an unclear post says some time later what became of it, and
//! says it again until the exchange has taken note.

use std::cell::RefCell;
use std::collections::{BTreeMap, VecDeque};
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use http::{Request, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::client::conn::http1;
use hyper_util::rt::TokioIo;
use tokio::net::TcpStream;
use tokio::time::Instant;

use crate::profile::Answer;

/// Reports that wait. A buyer that reports is one of many; the oldest are given up first.
const WAITING_MAX: usize = 100_000;
/// Between two looks at what is due.
const LOOK_EVERY: Duration = Duration::from_millis(50);
/// Until a report is made again that the exchange has not taken.
const AGAIN_AFTER: Duration = Duration::from_millis(500);
/// How often a report is made: for ten minutes and more.
const ATTEMPTS_MAX: u32 = 1_200;
/// How long the exchange may take to answer.
const TIMEOUT: Duration = Duration::from_secs(5);
/// Bytes of an answer that are read.
const ANSWER_BYTES_MAX: usize = 64 * 1_024;

/// Whom reports are made to, and as whom.
#[derive(Clone, Debug)]
pub struct ReportTarget {
    /// The exchange's control listener.
    pub address: SocketAddr,
    /// The exchange's keys of buyers, by their name in the profile.
    pub keys: BTreeMap<String, String>,
}

/// Reports that wait for their time.
#[derive(Debug, Default)]
pub(crate) struct Reports {
    waiting: RefCell<VecDeque<Report>>,
}

/// What one buyer says about one post.
#[derive(Clone, Debug)]
pub(crate) struct Report {
    pub(crate) due: Instant,
    /// The buyer's position in the profile.
    pub(crate) buyer: usize,
    pub(crate) post_id: String,
    pub(crate) decision: Answer,
    /// How often it was made.
    pub(crate) attempts: u32,
    /// What it would answer to the post itself.
    pub(crate) body: Bytes,
}

impl Reports {
    /// Adds a report.
    pub(crate) fn add(&self, report: Report) {
        let mut waiting = self.waiting.borrow_mut();
        if waiting.len() >= WAITING_MAX {
            waiting.pop_front();
        }
        waiting.push_back(report);
    }

    /// Makes every report that is due, again and again; never ends. `noted` is told each answer.
    pub(crate) async fn make(
        &self,
        target: &ReportTarget,
        name_of: impl Fn(usize) -> String,
        noted: impl Fn(&Report, Option<u16>),
    ) {
        loop {
            tokio::time::sleep(LOOK_EVERY).await;
            for mut report in self.take_due() {
                let key = target.keys.get(&name_of(report.buyer)).map_or("", String::as_str);
                let answered = tokio::time::timeout(TIMEOUT, send(target.address, key, &report)).await;
                let status = answered.ok().and_then(Result::ok);
                noted(&report, status);
                report.attempts += 1;
                if !status.is_some_and(is_final) && report.attempts < ATTEMPTS_MAX {
                    report.due = Instant::now() + AGAIN_AFTER;
                    self.add(report);
                }
            }
        }
    }

    fn take_due(&self) -> VecDeque<Report> {
        let now = Instant::now();
        let mut waiting = self.waiting.borrow_mut();
        let (due, later) = waiting.drain(..).partition(|report| report.due <= now);
        *waiting = later;
        due
    }
}

/// Returns whether the exchange has taken note, or never will since it does not know the post. A 409 says that the
/// post is still on its way, and so that it is too early.
fn is_final(status: u16) -> bool {
    matches!(status, 200..300 | 404)
}

async fn send(
    address: SocketAddr,
    key: &str,
    report: &Report,
) -> Result<u16, Box<dyn std::error::Error + Send + Sync>> {
    let stream = TcpStream::connect(address).await?;
    let (mut sender, connection) = http1::handshake(TokioIo::new(stream)).await?;
    // A failure of the connection reaches the request.
    let connection = tokio::task::spawn_local(async move { drop(connection.await) });
    let request = Request::post(format!("/v1/posts/{}/outcome", report.post_id))
        .header(header::HOST, address.to_string())
        .header(header::AUTHORIZATION, format!("Bearer {key}"))
        .header(header::CONTENT_TYPE, "application/json")
        .body(Full::new(report.body.clone()))?;
    let response = sender.send_request(request).await?;
    let status = response.status().as_u16();
    Limited::new(response.into_body(), ANSWER_BYTES_MAX).collect().await?;
    connection.abort();
    Ok(status)
}
