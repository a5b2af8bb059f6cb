//! [`Process`]: a program that was started here, and that is gone when this is dropped.

use std::fs::File;
use std::io::{self, Read as _};
use std::os::unix::process::CommandExt as _;
use std::path::Path;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError};
use std::thread;
use std::time::Duration;

use anyhow::Context as _;
use rustix::process::{Pid, Signal, kill_process};

/// A running program.
#[derive(Debug)]
pub(crate) struct Process {
    child: Child,
    /// Is closed when its output is, which is when it has ended.
    ended: Receiver<()>,
}

impl Process {
    /// Starts a program; what it says on standard error is added to a file.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be started.
    pub(crate) fn start(mut command: Command, log: &Path) -> anyhow::Result<Self> {
        let log = File::options().create(true).append(true).open(log)?;
        // A group of its own: Ctrl-C reaches the command alone, which ends its programs in order.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log);
        let mut child =
            command.spawn().with_context(|| format!("cannot start {}", command.get_program().display()))?;
        let stdout = child.stdout.take();
        let (ending, ended) = mpsc::sync_channel(1);
        thread::spawn(move || {
            // What it prints is of no use here; the end of it is.
            let _ = stdout.map(|mut stdout| io::copy(&mut stdout.by_ref(), &mut io::sink()));
            drop(ending);
        });
        Ok(Self { child, ended })
    }

    /// Returns its id.
    pub(crate) fn id(&self) -> u32 {
        self.child.id()
    }

    /// Returns how it ended, if it does so in this time.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say.
    pub(crate) fn ends_within(&mut self, time: Duration) -> io::Result<Option<ExitStatus>> {
        match self.ended.recv_timeout(time) {
            Err(RecvTimeoutError::Disconnected) => self.child.wait().map(Some),
            Ok(()) | Err(RecvTimeoutError::Timeout) => self.child.try_wait(),
        }
    }

    /// Sends SIGTERM.
    ///
    /// # Errors
    ///
    /// Fails if it is gone.
    pub(crate) fn terminate(&self) -> io::Result<()> {
        Ok(kill_process(Pid::from_child(&self.child), Signal::TERM)?)
    }

    /// Sends SIGKILL and waits until it is gone.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say.
    pub(crate) fn kill(&mut self) -> io::Result<ExitStatus> {
        self.child.kill()?;
        self.child.wait()
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // It may have ended already, and then there is nothing to kill.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use rustix::process::test_kill_process;

    use super::*;
    use crate::folder::Folder;

    fn shell(folder: &Folder, script: &str) -> Process {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        Process::start(command, &folder.path().join("log")).expect("it starts")
    }

    #[test]
    fn an_end_is_noticed_when_it_comes() {
        let folder = Folder::create().expect("a folder");
        let mut process = shell(&folder, "echo words >&2; exit 3");
        let status = process.ends_within(Duration::from_secs(30)).expect("known").expect("ended");
        assert_eq!(status.code(), Some(3));
        let log = std::fs::read_to_string(folder.path().join("log")).expect("the log");
        assert_eq!(log, "words\n");
        let mut process = shell(&folder, "exec sleep 60");
        assert!(process.ends_within(Duration::ZERO).expect("known").is_none());
        process.terminate().expect("sent");
        let began = Instant::now();
        let status = process.ends_within(Duration::from_secs(30)).expect("known").expect("ended");
        assert!(status.code().is_none() && began.elapsed() < Duration::from_secs(30));
        folder.remove().expect("removed");
    }

    #[test]
    fn nothing_is_left_behind() {
        let folder = Folder::create().expect("a folder");
        let process = shell(&folder, "exec sleep 60");
        let id = Pid::from_child(&process.child);
        test_kill_process(id).expect("it runs");
        drop(process);
        test_kill_process(id).expect_err("it is gone");
        folder.remove().expect("removed");
    }
}
