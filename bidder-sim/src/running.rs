//! [`RunningSimulator`]: buyers on a thread of their own, for the tests of other crates.

use std::io;
use std::sync::mpsc;
use std::thread::JoinHandle;

use tokio::sync::oneshot;
use tokio::task::LocalSet;

use crate::profile::Profile;
use crate::report::ReportTarget;
use crate::simulator::{Addresses, Options, Simulator, SimulatorError};

/// Buyers that are being served. Dropping it stops them.
#[derive(Debug)]
pub struct RunningSimulator {
    addresses: Addresses,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<Result<(), SimulatorError>>>,
}

impl RunningSimulator {
    /// Starts a thread that serves the buyers of a profile, and waits until they listen.
    ///
    /// # Errors
    ///
    /// As [`Simulator::bind`].
    ///
    /// # Panics
    ///
    /// Panics if the machine gives no thread.
    pub fn start(profile: Profile, options: Options) -> Result<Self, SimulatorError> {
        Self::start_reporting(profile, options, None)
    }

    /// The same, with buyers that report by themselves.
    ///
    /// # Errors
    ///
    /// As [`Simulator::bind`].
    ///
    /// # Panics
    ///
    /// Panics if the machine gives no thread.
    pub fn start_reporting(
        profile: Profile,
        options: Options,
        target: Option<ReportTarget>,
    ) -> Result<Self, SimulatorError> {
        let (stop, stopped) = oneshot::channel();
        let (bound_tx, bound_rx) = mpsc::sync_channel(1);
        let thread = std::thread::spawn(move || {
            run(async {
                let simulator = Simulator::bind(profile, &options)?.reporting_to(target);
                // The starter waits for this one message, so the channel has room and a reader.
                let _ = bound_tx.send(simulator.addresses().clone());
                simulator
                    .serve(async {
                        // An error means that the handle is gone, which is a reason to stop as well.
                        let _ = stopped.await;
                    })
                    .await
            })
        });
        match bound_rx.recv() {
            Ok(addresses) => Ok(Self { addresses, stop: Some(stop), thread: Some(thread) }),
            Err(_) => Err(join(thread).err().unwrap_or_else(|| {
                SimulatorError::Log(io::Error::other("the buyers stopped before they listened"))
            })),
        }
    }

    /// Returns the addresses that are bound.
    pub fn addresses(&self) -> &Addresses {
        &self.addresses
    }

    /// Stops serving and writes the rest of the log.
    ///
    /// # Errors
    ///
    /// Fails if the log could not be written.
    pub fn stop(mut self) -> Result<(), SimulatorError> {
        self.end()
    }

    fn end(&mut self) -> Result<(), SimulatorError> {
        drop(self.stop.take());
        self.thread.take().map_or(Ok(()), join)
    }
}

impl Drop for RunningSimulator {
    fn drop(&mut self) {
        // Whoever wants to know of a failure calls `stop`.
        let _ = self.end();
    }
}

/// Runs a future that serves buyers on this thread, to its end.
///
/// # Errors
///
/// As the future does, or if the runtime cannot be started.
pub fn run(serving: impl Future<Output = Result<(), SimulatorError>>) -> Result<(), SimulatorError> {
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().map_err(SimulatorError::Log)?;
    LocalSet::new().block_on(&runtime, serving)
}

fn join(thread: JoinHandle<Result<(), SimulatorError>>) -> Result<(), SimulatorError> {
    thread.join().unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}
