//! [`Witness`]: the sellers' log, one JSON object for each call with its answer.

use std::fs::File;
use std::io::{self, BufWriter, Write as _};
use std::path::Path;

use serde::Serialize;
use serde_json::value::RawValue;

use crate::completeness::CallKind;

/// The log file. Its last lines are written when the run ends.
#[derive(Debug)]
pub(crate) struct Witness {
    file: BufWriter<File>,
    /// The first failure to write.
    failure: Option<io::Error>,
}

/// One call with its answer.
#[derive(Debug, Serialize)]
pub(crate) struct CallLine<'a> {
    pub(crate) kind: CallKind,
    /// The lead's number in the run.
    pub(crate) number: u64,
    /// The person's number; an earlier lead's for a duplicate.
    pub(crate) person: u64,
    /// Which of several copies.
    pub(crate) copy: u32,
    pub(crate) path: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) idempotency_key: Option<&'a str>,
    /// Unix time of the sending in microseconds.
    pub(crate) sent_us: i64,
    /// From the intended start.
    pub(crate) latency_us: u64,
    /// From the sending.
    pub(crate) service_us: u64,
    /// The HTTP status; none where no answer came.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) http: Option<u16>,
    pub(crate) outcome: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) request: Option<Box<RawValue>>,
    /// The answer, where it is JSON.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) answer: Option<Box<RawValue>>,
    /// The answer or failure, where it is not.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub(crate) text: Option<String>,
}

impl Witness {
    /// Opens a new log, in place of an earlier one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be created.
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        Ok(Self { file: BufWriter::new(File::create(file)?), failure: None })
    }

    /// Adds a line.
    pub(crate) fn note(&mut self, line: &CallLine<'_>) {
        let written = serde_json::to_writer(&mut self.file, line)
            .map_err(io::Error::from)
            .and_then(|()| self.file.write_all(b"\n"));
        if let Err(error) = written {
            self.failure.get_or_insert(error);
        }
    }

    /// Writes the last lines.
    ///
    /// # Errors
    ///
    /// Fails if a line could not be written, now or before.
    pub(crate) fn close(&mut self) -> io::Result<()> {
        self.file.flush()?;
        self.failure.take().map_or(Ok(()), Err)
    }
}
