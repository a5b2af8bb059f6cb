//! [`Following`]: how far the tables are, beside how far the journal is.

use core::time::Duration;
use std::thread::Thread;

use exchange_journal::WriterHandle;
use tokio::sync::watch;
use tokio::time::timeout;

/// How far the tables are, beside how far the journal is.
#[derive(Clone, Debug)]
pub(crate) struct Following {
    journal: WriterHandle,
    followed: watch::Receiver<u64>,
    /// Reads records for the tables, and lets them gather where nobody waits.
    reader: Thread,
}

impl Following {
    pub(crate) const fn new(journal: WriterHandle, followed: watch::Receiver<u64>, reader: Thread) -> Self {
        Self { journal, followed, reader }
    }

    /// Returns the number of the last record that the tables hold.
    pub(crate) fn sequence(&self) -> u64 {
        *self.followed.borrow()
    }

    /// Waits until the tables hold every record that is on disk now. Returns whether they do: an answer of tables
    /// that lag could leave out what was sold.
    pub(crate) async fn caught_up(&self, wait_max: Duration) -> bool {
        reaches(self.followed.clone(), self.journal.durable_sequence(), &self.reader, wait_max).await
    }
}

async fn reaches(
    mut followed: watch::Receiver<u64>,
    wanted: u64,
    reader: &Thread,
    wait_max: Duration,
) -> bool {
    if *followed.borrow() >= wanted {
        return true;
    }
    // What is wanted is on disk: a reader that is on its way sees the call when it would lie down.
    reader.unpark();
    matches!(timeout(wait_max, followed.wait_for(|sequence| *sequence >= wanted)).await, Ok(Ok(_)))
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc;

    use super::*;

    const LONG: Duration = Duration::from_mins(10);

    #[tokio::test]
    async fn tables_that_lag_are_waited_for_and_not_for_ever() {
        let (follow, followed) = watch::channel(7_u64);
        let reader = std::thread::current();
        assert!(reaches(followed.clone(), 7, &reader, Duration::ZERO).await, "they are there");
        assert!(!reaches(followed.clone(), 8, &reader, Duration::ZERO).await, "they lag for too long");
        let (seen, own) = (followed.clone(), reader.clone());
        let waiting = tokio::spawn(async move { reaches(seen, 9, &own, LONG).await });
        follow.send_replace(8);
        tokio::task::yield_now().await;
        assert!(!waiting.is_finished(), "a part of what is wanted is too little");
        follow.send_replace(10);
        assert!(waiting.await.expect("it ends"), "they have caught up");
        drop(follow);
        assert!(!reaches(followed, 11, &reader, LONG).await, "nobody follows any more");
    }

    #[tokio::test]
    async fn who_waits_has_the_reader_go_on() {
        let (follow, followed) = watch::channel(0_u64);
        let (parked, parks) = mpsc::sync_channel(1);
        let gathering = std::thread::spawn(move || {
            parked.send(std::thread::current()).expect("somebody waits for it");
            std::thread::park_timeout(LONG);
            follow.send_replace(1);
        });
        let reader = parks.recv().expect("it runs");
        assert!(reaches(followed, 1, &reader, LONG).await);
        gathering.join().expect("it ends");
    }
}
