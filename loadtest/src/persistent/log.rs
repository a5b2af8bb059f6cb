//! [`AskLog`]: the sellers' log of a persistent run, one JSON object for each request with its answer.
//!
//! Every line is in the file as soon as its answer is there, so that the log outlives the process.

use std::fs::File;
use std::io::{self, LineWriter, Write as _};
use std::path::Path;

use serde::Serialize;

use super::reading::Said;
use crate::completeness::CallKind;

/// The log file.
#[derive(Debug)]
pub(crate) struct AskLog {
    file: LineWriter<File>,
    /// The first failure to write.
    failure: Option<io::Error>,
}

/// One request with its answer.
#[derive(Debug, Serialize)]
pub(crate) struct AskLine<'a> {
    /// What was asked for: a lead, a ping, or a post.
    pub(crate) kind: CallKind,
    /// The idempotency key.
    pub(crate) key: &'a str,
    /// The value of the scenario's `person_field`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) person: Option<&'a str>,
    /// Whether the state was asked for, instead of making the request again.
    pub(crate) get: bool,
    /// Whether a final answer was there before.
    pub(crate) again: bool,
    /// Unix time of the sending in microseconds.
    pub(crate) sent_us: i64,
    /// Unix time of the answer, or of its failure.
    pub(crate) done_us: i64,
    /// The HTTP status; none where no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<u16>,
    /// Why no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) failure: Option<&'static str>,
    /// Whether the seller takes the answer as final.
    #[serde(rename = "final")]
    pub(crate) is_final: bool,
    /// What the answer says.
    #[serde(flatten)]
    pub(crate) said: &'a Said,
}

/// A request that never got a final answer.
#[derive(Debug, Serialize)]
pub(crate) struct UnfinishedLine<'a> {
    /// `unfinished`.
    pub(crate) kind: &'static str,
    /// The idempotency key.
    pub(crate) key: &'a str,
    /// Unix time in microseconds.
    pub(crate) at_us: i64,
}

impl AskLog {
    /// Opens a new log, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be created.
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        Ok(Self { file: LineWriter::with_capacity(64 * 1_024, File::create(file)?), failure: None })
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, line: &impl Serialize) {
        let written = serde_json::to_writer(&mut self.file, line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"));
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }

    /// Ends the log.
    ///
    /// # Errors
    ///
    /// Fails if a line could not be written, now or before.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.failure.take().map_or(Ok(()), Err)
    }
}
