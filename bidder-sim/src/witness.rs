//! [`Witness`]: the log of everything that buyers received and answered, one JSON object a line.
//!
//! The line of a post is in the file before its answer leaves, so that a buyer that takes a lead and then breaks
//! the connection, or is killed, has it on record. Lines of pings are written a little later.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::Duration;

use serde::Serialize;

use crate::{Signature, fault::Fault};

/// Between two writes to the file.
pub(crate) const FLUSH_EVERY: Duration = Duration::from_millis(20);
/// Bytes beyond which the file is written without waiting for the next turn.
const BUFFER_BYTES_MAX: usize = 1_024 * 1_024;

/// The log file with what is still to be written to it.
#[derive(Debug)]
pub(crate) struct Witness {
    file: File,
    buffer: Vec<u8>,
    /// A failure between two flushes; the next flush reports it.
    failure: Option<io::Error>,
}

/// A ping as it was received and answered.
#[derive(Debug, Default, Serialize)]
pub(crate) struct PingLine<'a> {
    /// `ping`.
    pub(crate) kind: &'static str,
    /// Unix time of receipt in microseconds.
    pub(crate) at_us: u64,
    pub(crate) buyer: &'a str,
    pub(crate) ping_id: &'a str,
    pub(crate) campaign_id: &'a str,
    pub(crate) vertical: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lead_ref: Option<&'a str>,
    pub(crate) timeout_ms: u64,
    pub(crate) signature: Signature,
    /// `bid`, `no_bid`, `status` or `fault`.
    pub(crate) outcome: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bid: Option<&'a str>,
    pub(crate) answer: AnswerPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Cow<'a, str>>,
}

/// A post as it was received and answered.
#[derive(Debug, Default, Serialize)]
#[expect(clippy::struct_excessive_bools, reason = "a line of the log holds its facts one by one")]
pub(crate) struct PostLine<'a> {
    /// `post`.
    pub(crate) kind: &'static str,
    /// Unix time of receipt in microseconds.
    pub(crate) at_us: u64,
    pub(crate) buyer: &'a str,
    pub(crate) post_id: &'a str,
    pub(crate) sale_id: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) ping_id: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) bid_id: Option<&'a str>,
    pub(crate) campaign_id: &'a str,
    pub(crate) vertical: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) lead_ref: Option<&'a str>,
    pub(crate) price: &'a str,
    pub(crate) currency: &'a str,
    pub(crate) exclusive: bool,
    pub(crate) signature: Signature,
    /// `accepted`, `rejected` or `duplicate`.
    pub(crate) outcome: &'static str,
    /// The value of the profile's `person_field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<Cow<'a, str>>,
    /// Whether the buyer has the lead now. A repeat says what the first post said.
    pub(crate) taken: bool,
    /// Whether the idempotency key was seen before.
    pub(crate) repeat: bool,
    /// Whether a repeat came with another body.
    pub(crate) differs: bool,
    pub(crate) answer: AnswerPart<'a>,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Cow<'a, str>>,
}

/// What a buyer was asked, or said by itself, about a post of earlier.
#[derive(Debug, Default, Serialize)]
pub(crate) struct StatusLine<'a> {
    /// `status` or `report`.
    pub(crate) kind: &'static str,
    /// Unix time in microseconds.
    pub(crate) at_us: u64,
    pub(crate) buyer: &'a str,
    pub(crate) post_id: &'a str,
    /// What it said: `accepted`, `rejected`, `duplicate` or `not_received`.
    pub(crate) outcome: &'static str,
    /// The status with which a report was answered.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<u16>,
}

/// From here on no buyer makes a fault.
#[derive(Debug, Serialize)]
pub(crate) struct HonestLine {
    /// `honest`.
    pub(crate) kind: &'static str,
    /// Unix time in microseconds.
    pub(crate) at_us: u64,
}

/// A message that the contract does not allow.
#[derive(Debug, Default, Serialize)]
pub(crate) struct MalformedLine<'a> {
    /// `malformed`.
    pub(crate) kind: &'static str,
    /// Unix time of receipt in microseconds.
    pub(crate) at_us: u64,
    pub(crate) buyer: &'a str,
    pub(crate) path: &'a str,
    pub(crate) problem: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) body: Option<Cow<'a, str>>,
}

/// What was answered, and how.
#[derive(Debug, Default, Serialize)]
pub(crate) struct AnswerPart<'a> {
    pub(crate) status: u16,
    pub(crate) latency_us: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) fault: Option<&'static str>,
    pub(crate) body: Cow<'a, str>,
}

impl Witness {
    /// Opens a new log, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be created.
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(file)?, buffer: Vec::new(), failure: None })
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, line: &impl Serialize) {
        let written = serde_json::to_writer(&mut self.buffer, line).map_err(io::Error::from);
        self.buffer.push(b'\n');
        let flushed = if self.buffer.len() > BUFFER_BYTES_MAX { self.write() } else { Ok(()) };
        if let Err(error) = written.and(flushed) {
            self.failure.get_or_insert(error);
        }
    }

    /// Adds a line and writes it, with all that is before it.
    pub(crate) fn note_now(&mut self, line: &impl Serialize) {
        self.note(line);
        if let Err(error) = self.write() {
            self.failure.get_or_insert(error);
        }
    }

    /// Writes what is still to be written.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, now or since the last call: a witness that forgets is none.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        self.write()?;
        self.failure.take().map_or(Ok(()), Err)
    }

    fn write(&mut self) -> io::Result<()> {
        self.file.write_all(&self.buffer)?;
        self.buffer.clear();
        Ok(())
    }
}

impl<'a> AnswerPart<'a> {
    /// Describes an answer. A fault's body may be of any size, so the log keeps its beginning.
    pub(crate) fn new(reply: &'a crate::reply::Reply, fault: Option<Fault>) -> Self {
        const BODY_BYTES_KEPT: usize = 1_024;
        let kept = reply.body.get(..BODY_BYTES_KEPT).unwrap_or(&reply.body);
        Self {
            status: reply.status,
            latency_us: u64::try_from(reply.delay.as_micros()).unwrap_or(u64::MAX),
            fault: fault.map(Fault::name),
            body: String::from_utf8_lossy(kept),
        }
    }
}
