//! [`Exchange`]: the lives of the exchange's process, one after another, on the same addresses and data.

use std::fs::File;
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context as _, bail, ensure};

use super::diary::{Diary, End, How, now_us};
use super::journal_watch::JournalWatch;
use super::plan::Fault;
use super::process::Process;
use super::tracer::{Sync, Tracer};
use crate::http;
use crate::interrupt::Interrupt;

/// How long a start may take until it serves, whatever it finds in its journal.
const READY_MAX: Duration = Duration::from_mins(1);
/// Between two questions whether it is ready, and so how exactly starts are timed.
const ASK_EVERY: Duration = Duration::from_millis(5);
/// How long a drain may take: posts that are out have six seconds here, and the machine may be busy.
const DRAIN_MAX: Duration = Duration::from_secs(45);
/// Within this time something is written to the journal, as long as leads come.
const WRITE_MAX: Duration = Duration::from_secs(2);
/// How long the process may run on after a failed sync.
const STOP_MAX: Duration = Duration::from_secs(10);
/// How long strace takes to attach, with room to spare.
const ATTACH_TIME: Duration = Duration::from_millis(300);
/// How much later a sync begins while it is slow.
const SLOW_BY: Duration = Duration::from_millis(250);
/// How long syncs stay slow.
const SLOW_FOR: Duration = Duration::from_secs(3);

/// Where the exchange is found, and what it is started with.
#[derive(Clone, Debug)]
pub(crate) struct Place {
    pub(crate) program: PathBuf,
    pub(crate) configuration: PathBuf,
    pub(crate) data: PathBuf,
    pub(crate) log: PathBuf,
    pub(crate) seller: SocketAddr,
    pub(crate) control: SocketAddr,
}

/// An exchange whose process is running, but for moments.
#[derive(Debug)]
pub(crate) struct Exchange {
    place: Place,
    process: Process,
    diary: Diary,
}

impl Exchange {
    /// Starts the first process, with this catalog.
    ///
    /// # Errors
    ///
    /// Fails if it does not serve in time; the end of its log is part of the error.
    pub(crate) fn start(
        place: Place,
        catalog: &Path,
        mut diary: Diary,
        interrupt: &Interrupt,
    ) -> anyhow::Result<Self> {
        let (process, ready_after) = start(&place, Some(catalog), interrupt)?;
        diary.started(ready_after)?;
        Ok(Self { place, process, diary })
    }

    /// Returns the diary, to note in it what is done besides.
    pub(crate) fn diary(&mut self) -> &mut Diary {
        &mut self.diary
    }

    /// Does something to it, and starts it again if that has ended it.
    ///
    /// # Errors
    ///
    /// Fails if it cannot be started again, or the system does not do as it should.
    pub(crate) fn suffer(&mut self, fault: Fault, interrupt: &Interrupt) -> anyhow::Result<()> {
        match fault {
            Fault::Kill => self.kill(fault)?,
            Fault::KillAtWrite => {
                let watch = JournalWatch::open(&self.place.data.join("journal"));
                let seen = watch.and_then(|watch| watch.sees_a_write_within(WRITE_MAX));
                // Where nothing was written the kill came at no such moment, and the diary says so.
                let seen = seen.context("watch the journal")?;
                self.kill(if seen { fault } else { Fault::Kill })?;
            }
            Fault::KillAtSync => {
                let tracer = self.trace(Sync::Waits(SLOW_BY))?;
                interrupt.comes_within(ATTACH_TIME + SLOW_BY);
                self.kill(fault)?;
                tracer.detach()?;
            }
            Fault::Drain => self.drain(fault.name())?,
            Fault::SyncError => {
                let tracer = self.trace(Sync::Fails)?;
                let end = End { how: How::Exit, why: fault.name(), at_us: now_us(), code: None };
                self.await_end(STOP_MAX, end)?;
                tracer.detach()?;
            }
            Fault::SlowSync => {
                let tracer = self.trace(Sync::Waits(SLOW_BY))?;
                interrupt.comes_within(SLOW_FOR);
                tracer.detach()?;
                self.diary.fault(fault.name())?;
                return self.start_again_if_gone(interrupt);
            }
        }
        self.start_again(interrupt)
    }

    /// Starts it again if it has ended by itself, which the diary then says.
    ///
    /// # Errors
    ///
    /// As [`Exchange::suffer`].
    pub(crate) fn start_again_if_gone(&mut self, interrupt: &Interrupt) -> anyhow::Result<()> {
        self.notice_end("by itself")?;
        if self.is_gone()? { self.start_again(interrupt) } else { Ok(()) }
    }

    /// Notes in the diary if it has ended, for this reason.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say, or the diary cannot be written.
    pub(crate) fn notice_end(&mut self, why: &'static str) -> anyhow::Result<bool> {
        let at_us = now_us();
        let Some(status) = self.process.ends_within(Duration::ZERO)? else { return Ok(false) };
        self.diary.ended(End { how: How::Exit, why, at_us, code: status.code() })?;
        Ok(true)
    }

    /// Starts it after it has ended.
    ///
    /// # Errors
    ///
    /// As [`Exchange::start`].
    pub(crate) fn start_again(&mut self, interrupt: &Interrupt) -> anyhow::Result<()> {
        let (process, ready_after) = start(&self.place, None, interrupt)?;
        self.process = process;
        Ok(self.diary.started(ready_after)?)
    }

    /// Ends it by SIGTERM.
    ///
    /// # Errors
    ///
    /// Fails if the system does not do as it should. That the process does not, the diary says.
    pub(crate) fn drain(&mut self, why: &'static str) -> anyhow::Result<()> {
        let at_us = now_us();
        if self.notice_end("by itself")? {
            return Ok(());
        }
        self.process.terminate()?;
        self.await_end(DRAIN_MAX, End { how: How::Drain, why, at_us, code: None })
    }

    fn kill(&mut self, fault: Fault) -> anyhow::Result<()> {
        let at_us = now_us();
        if self.notice_end("by itself")? {
            return Ok(());
        }
        self.process.kill()?;
        Ok(self.diary.ended(End { how: How::Kill, why: fault.name(), at_us, code: None })?)
    }

    /// Waits for an end that has to come within this time, and kills the process if it does not.
    fn await_end(&mut self, time: Duration, end: End) -> anyhow::Result<()> {
        let end = if let Some(status) = self.process.ends_within(time)? {
            End { code: status.code(), ..end }
        } else {
            self.process.kill()?;
            End { how: How::Ignored, ..end }
        };
        Ok(self.diary.ended(end)?)
    }

    fn trace(&self, sync: Sync) -> anyhow::Result<Tracer> {
        Tracer::attach(self.process.id(), sync, &self.place.log.with_extension("strace"))
    }

    fn is_gone(&mut self) -> anyhow::Result<bool> {
        Ok(self.process.ends_within(Duration::ZERO)?.is_some())
    }
}

impl Place {
    /// Makes a key and returns it.
    ///
    /// # Errors
    ///
    /// Fails if the exchange makes none.
    pub(crate) fn create_key(&self, owner: &str) -> anyhow::Result<String> {
        let data = self.data.to_str().context("the folder's name is no text")?;
        let key = run(&self.program, &["keys", "create", "--owner", owner, "--data-dir", data], "")?;
        Ok(String::from_utf8(key)?.trim().to_owned())
    }
}

/// Returns an address that is free now. The exchange takes it at each start, since buyers and sellers know it.
///
/// # Errors
///
/// Fails if the system has none.
pub(crate) fn free_address() -> anyhow::Result<SocketAddr> {
    Ok(TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?)
}

/// Starts a process and waits until it serves; returns how long that took. Without a catalog that of its last start
/// stays in force.
///
/// # Errors
///
/// Fails if it does not serve in time; the end of its log is part of the error.
pub(crate) fn start(
    place: &Place,
    catalog: Option<&Path>,
    interrupt: &Interrupt,
) -> anyhow::Result<(Process, Duration)> {
    let mut command = command(&place.program);
    command.arg("serve").arg("--config").arg(&place.configuration);
    if let Some(catalog) = catalog {
        command.arg("--catalog").arg(catalog);
    }
    command.env("EXCHANGE_DATA_DIR", &place.data);
    command.env("EXCHANGE_SELLER_LISTEN", place.seller.to_string());
    command.env("EXCHANGE_CONTROL_LISTEN", place.control.to_string());
    let began = Instant::now();
    let mut process = Process::start(command, &place.log)?;
    while http::get(place.control, "/health/ready", "").is_err() {
        if let Some(status) = process.ends_within(Duration::ZERO)? {
            bail!("the exchange did not start, {status}:\n{}", last_lines(&place.log));
        }
        ensure!(
            began.elapsed() < READY_MAX,
            "the exchange is not ready after {READY_MAX:?}:\n{}",
            last_lines(&place.log)
        );
        ensure!(!interrupt.comes_within(ASK_EVERY), "interrupted");
    }
    Ok((process, began.elapsed()))
}

/// Runs a command of the exchange to its end and returns what it prints.
///
/// # Errors
///
/// Fails if it does; what it complains about is part of the error.
pub(crate) fn run(program: &Path, arguments: &[&str], key: &str) -> anyhow::Result<Vec<u8>> {
    let mut command = command(program);
    let output = command.args(arguments).env("EXCHANGE_KEY", key).stdin(Stdio::null()).output()?;
    check(arguments, &output)?;
    Ok(output.stdout)
}

/// Runs a command of the exchange whose output is too large to be held, into a file.
///
/// # Errors
///
/// As [`run`].
pub(crate) fn export(program: &Path, arguments: &[&str], to: File) -> anyhow::Result<()> {
    let output = command(program).args(arguments).stdin(Stdio::null()).stdout(to).output()?;
    check(arguments, &output)
}

fn check(arguments: &[&str], output: &Output) -> anyhow::Result<()> {
    let said = String::from_utf8_lossy(&output.stderr);
    ensure!(output.status.success(), "`exchange {}` failed: {said}", arguments.join(" "));
    Ok(())
}

/// Returns the exchange's command line without the variables that would change its configuration.
pub(crate) fn command(program: &Path) -> Command {
    let mut command = Command::new(program);
    for (name, _) in std::env::vars_os() {
        if name.to_string_lossy().starts_with("EXCHANGE_") {
            command.env_remove(name);
        }
    }
    command
}

fn last_lines(log: &Path) -> String {
    const LINES_SHOWN: usize = 20;
    let text = std::fs::read_to_string(log).unwrap_or_default();
    let lines: Vec<&str> = text.lines().collect();
    lines.get(lines.len().saturating_sub(LINES_SHOWN)..).unwrap_or_default().join("\n")
}
