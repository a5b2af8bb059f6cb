//! [`Tracer`]: makes the system calls of the running exchange fail or wait, by strace.
//!
//! Only the thread that writes the journal is touched, where one of that name is found, so that the answers of the
//! others show what the exchange does about it.

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use super::process::Process;

/// What the name of the journal's thread contains.
const JOURNAL_THREAD: &str = "journal";
/// How long strace may take to let go.
const DETACH_MAX: Duration = Duration::from_secs(5);

/// What becomes of a sync.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Sync {
    /// It fails with EIO.
    Fails,
    /// It begins so much later.
    Waits(Duration),
}

/// A strace that is attached. Dropped, it lets go.
#[derive(Debug)]
pub(crate) struct Tracer {
    process: Process,
}

impl Tracer {
    /// Attaches to a process.
    ///
    /// # Errors
    ///
    /// Fails if strace cannot be started.
    pub(crate) fn attach(process: u32, sync: Sync, log: &Path) -> anyhow::Result<Self> {
        let inject = match sync {
            Sync::Fails => "error=EIO".to_owned(),
            Sync::Waits(time) => format!("delay_enter={}", time.as_micros()),
        };
        let mut command = Command::new("strace");
        match journal_thread(process) {
            Some(thread) => command.args(["-p", &thread]),
            // The letter follows the threads that there are.
            None => command.args(["-f", "-p", &process.to_string()]),
        };
        command.args(["-qq", "-e", "trace=fdatasync,fsync", "-e"]);
        command.arg(format!("inject=fdatasync,fsync:{inject}"));
        Ok(Self { process: Process::start(command, log)? })
    }

    /// Lets go.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say whether it has.
    pub(crate) fn detach(mut self) -> anyhow::Result<()> {
        // It ends by itself when the traced process does.
        let _ = self.process.terminate();
        self.process.ends_within(DETACH_MAX)?;
        Ok(())
    }
}

/// Returns the id of the thread that writes the journal.
fn journal_thread(process: u32) -> Option<String> {
    let threads = fs::read_dir(format!("/proc/{process}/task")).ok()?;
    let mut threads = threads.filter_map(Result::ok);
    let is_journal = |thread: &fs::DirEntry| {
        fs::read_to_string(thread.path().join("comm")).is_ok_and(|name| name.contains(JOURNAL_THREAD))
    };
    threads.find(is_journal).and_then(|thread| thread.file_name().into_string().ok())
}
