//! [`JournalWatch`]: tells when something is written to the journal, as soon as it is.

use std::io;
use std::mem::MaybeUninit;
use std::os::fd::OwnedFd;
use std::path::Path;
use std::time::Duration;

use rustix::event::{PollFd, PollFlags, Timespec, poll};
use rustix::fs::inotify::{self, CreateFlags, Reader, WatchFlags};

/// Room for the events of a turn; more than fit are read in the next.
const EVENT_BYTES: usize = 4_096;

/// A watch on a folder.
#[derive(Debug)]
pub(crate) struct JournalWatch {
    events: OwnedFd,
}

impl JournalWatch {
    /// Watches the files of a folder.
    ///
    /// # Errors
    ///
    /// Fails if the folder is not there, or the system has no watch left.
    pub(crate) fn open(folder: &Path) -> io::Result<Self> {
        let events = inotify::init(CreateFlags::CLOEXEC | CreateFlags::NONBLOCK)?;
        inotify::add_watch(&events, folder, WatchFlags::MODIFY)?;
        Ok(Self { events })
    }

    /// Returns whether a file is written to within this time. Writes of earlier do not count.
    ///
    /// # Errors
    ///
    /// Fails if the system cannot say.
    pub(crate) fn sees_a_write_within(&self, time: Duration) -> io::Result<bool> {
        self.forget()?;
        let mut fds = [PollFd::new(&self.events, PollFlags::IN)];
        let timeout = Timespec::try_from(time).map_err(io::Error::other)?;
        Ok(poll(&mut fds, Some(&timeout))? > 0)
    }

    fn forget(&self) -> io::Result<()> {
        let mut room = [MaybeUninit::uninit(); EVENT_BYTES];
        let mut events = Reader::new(&self.events, &mut room);
        loop {
            match events.next() {
                Ok(_) => {}
                Err(rustix::io::Errno::WOULDBLOCK) => return Ok(()),
                Err(error) => return Err(error.into()),
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicBool, Ordering};

    use super::*;
    use crate::folder::Folder;

    #[test]
    fn a_write_is_seen_and_an_earlier_one_is_not() {
        let folder = Folder::create().expect("a folder");
        let file = folder.write("a.log", "one").expect("written");
        let watch = JournalWatch::open(folder.path()).expect("a watch");
        std::fs::write(&file, "two").expect("written");
        assert!(!watch.sees_a_write_within(Duration::from_millis(20)).expect("known"));
        // The watch forgets what came before it looks, so one write could be too early.
        let over = AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    std::fs::write(&file, "three").expect("written");
                }
            });
            let seen = watch.sees_a_write_within(Duration::from_secs(30));
            over.store(true, Ordering::Relaxed);
            assert!(seen.expect("known"));
        });
        folder.remove().expect("removed");
    }
}
