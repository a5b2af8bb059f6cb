//! [`Interrupt`]: Ctrl-C and SIGTERM, as something to wait for.

use std::io;
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, TryRecvError};
use std::thread;
use std::time::Duration;

use signal_hook::consts::{SIGINT, SIGTERM};
use signal_hook::iterator::Signals;

/// Tells whether the demo is asked to end.
#[derive(Debug)]
pub(crate) struct Interrupt {
    asked: Receiver<()>,
}

impl Interrupt {
    /// Catches Ctrl-C and SIGTERM from here on.
    ///
    /// # Errors
    ///
    /// Fails if the system refuses the handlers.
    pub(crate) fn catch() -> io::Result<Self> {
        let mut signals = Signals::new([SIGINT, SIGTERM])?;
        // Whoever presses Ctrl-C again while the first one is being served means the same.
        let (sender, asked) = mpsc::sync_channel(1);
        thread::spawn(move || {
            for _ in signals.forever() {
                if matches!(sender.try_send(()), Err(mpsc::TrySendError::Disconnected(()))) {
                    return;
                }
            }
        });
        Ok(Self { asked })
    }

    /// Returns whether the demo has been asked to end since this was last looked at.
    pub(crate) fn has_come(&self) -> bool {
        !matches!(self.asked.try_recv(), Err(TryRecvError::Empty))
    }

    /// Waits so long at most, and returns whether the demo has been asked to end.
    pub(crate) fn comes_within(&self, time: Duration) -> bool {
        !matches!(self.asked.recv_timeout(time), Err(RecvTimeoutError::Timeout))
    }
}
