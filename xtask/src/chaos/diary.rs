//! [`Diary`]: what was done to the exchange, for the reconciler; one JSON object a line.

use std::fs::File;
use std::io::{self, Write as _};
use std::path::Path;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

/// The file.
#[derive(Debug)]
pub(crate) struct Diary {
    file: File,
}

/// How a life of the exchange's process ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum How {
    /// By SIGKILL.
    Kill,
    /// By SIGTERM, with a drain.
    Drain,
    /// Of its own accord.
    Exit,
    /// By SIGKILL, since it ran on where it had to end.
    Ignored,
}

/// The end of a life.
#[derive(Clone, Copy, Debug)]
pub(crate) struct End {
    pub(crate) how: How,
    pub(crate) why: &'static str,
    /// Unix time in microseconds, before anything was done.
    pub(crate) at_us: u64,
    /// The exit code, where there is one.
    pub(crate) code: Option<i32>,
}

impl Diary {
    /// Begins a new one.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be made.
    pub(crate) fn create(file: &Path) -> io::Result<Self> {
        Ok(Self { file: File::create(file)? })
    }

    /// Notes that a process serves.
    ///
    /// # Errors
    ///
    /// Fails if the file cannot be written, as all of these do.
    pub(crate) fn started(&mut self, ready_after: Duration) -> io::Result<()> {
        let ready_ms = u64::try_from(ready_after.as_millis()).unwrap_or(u64::MAX);
        self.write(&json!({"kind": "start", "at_us": now_us(), "ready_ms": ready_ms}))
    }

    /// Notes that a process is gone.
    pub(crate) fn ended(&mut self, end: End) -> io::Result<()> {
        let End { how, why, at_us, code } = end;
        let how = match how {
            How::Kill => "kill",
            How::Drain => "drain",
            How::Exit => "exit",
            How::Ignored => "ignored",
        };
        self.write(
            &json!({"kind": "end", "at_us": at_us, "gone_us": now_us(), "how": how, "why": why, "code": code}),
        )
    }

    /// Notes a fault that ended no process.
    pub(crate) fn fault(&mut self, what: &str) -> io::Result<()> {
        self.write(&json!({"kind": "fault", "at_us": now_us(), "what": what}))
    }

    /// Notes something about the run.
    pub(crate) fn note(&mut self, name: &str, value: &str) -> io::Result<()> {
        self.write(&json!({"kind": "note", "note": {name: value}}))
    }

    fn write(&mut self, line: &Value) -> io::Result<()> {
        writeln!(self.file, "{line}")
    }
}

/// Returns the Unix time in microseconds.
#[expect(clippy::disallowed_methods, reason = "this is the one place of the command that reads it")]
pub(crate) fn now_us() -> u64 {
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    u64::try_from(since.as_micros()).unwrap_or(u64::MAX)
}
