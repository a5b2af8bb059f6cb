//! [`Disk`]: a directory in memory that loses any subset of unsynced 4 KiB pages, fails the n-th call, and,
//! like Linux, takes the pages of a failed sync for clean.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};

use exchange_journal::Storage;

const PAGE: usize = 4096;

/// How the n-th call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The device is broken.
    Device,
    /// No room.
    Full,
    /// Half of it is written; other calls fail as a broken device.
    Short,
}

#[derive(Clone, Debug, Default)]
struct Inode {
    now: Vec<u8>,
    disk: Vec<u8>,
    /// Pages that a failed sync has dropped: the cache shows them, the disk does not have them.
    dropped: BTreeSet<usize>,
}

type Names = BTreeMap<String, usize>;

#[derive(Clone, Debug)]
struct State {
    inodes: Vec<Inode>,
    /// The names at the last sync of the directory and after each change since.
    names: Vec<Names>,
    changes: u64,
    fail: Option<(u64, Failing)>,
    failed: bool,
    free: u64,
}

/// A directory in memory.
#[derive(Clone, Debug)]
pub(crate) struct Disk {
    state: Arc<Mutex<State>>,
    /// Whether a sync has to wait.
    gate: Arc<(Mutex<bool>, Condvar)>,
}

impl Disk {
    pub(crate) fn new() -> Self {
        Self::of(State {
            inodes: Vec::new(),
            names: vec![Names::new()],
            changes: 0,
            fail: None,
            failed: false,
            free: 1 << 40,
        })
    }

    fn of(state: State) -> Self {
        Self { state: Arc::new(Mutex::new(state)), gate: Arc::default() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("no test panics while it holds the disk")
    }

    /// Has every sync wait until it is called again with `false`.
    pub(crate) fn stall(&self, stalled: bool) {
        *self.gate.0.lock().expect("no test panics while it holds the gate") = stalled;
        self.gate.1.notify_all();
    }

    /// Has the n-th changing call from now fail; 0 is the next.
    pub(crate) fn fail_at(&self, n: u64, how: Failing) {
        let mut state = self.state();
        state.fail = Some((state.changes + n, how));
        state.failed = false;
    }

    /// Returns whether the call has failed that was to fail.
    pub(crate) fn has_failed(&self) -> bool {
        self.state().failed
    }

    /// Returns how many changing calls there were.
    pub(crate) fn changes(&self) -> u64 {
        self.state().changes
    }

    pub(crate) fn set_free(&self, bytes: u64) {
        self.state().free = bytes;
    }

    /// Returns what a process finds that starts after this one died, with the power on.
    pub(crate) fn restart(&self) -> Self {
        let state = self.state().clone();
        Self::of(State { fail: None, failed: false, ..state })
    }

    /// Returns what is left after a power cut; `keep` says of each unsynced thing whether it had reached the
    /// disk.
    pub(crate) fn power_cut(&self, mut keep: impl FnMut() -> bool) -> Self {
        let state = self.state().clone();
        let mut names = Names::new();
        for (place, candidate) in state.names.iter().enumerate() {
            // Names reach the disk in their order, and stop somewhere.
            if place > 0 && !keep() {
                break;
            }
            names.clone_from(candidate);
        }
        let inodes = state.inodes.iter().map(|inode| inode.after_power_cut(&mut keep)).collect();
        Self::of(State { inodes, names: vec![names], fail: None, failed: false, ..state })
    }

    pub(crate) fn names(&self) -> Vec<String> {
        self.state().current().keys().cloned().collect()
    }

    /// Returns the names of the segments, in order.
    pub(crate) fn segments(&self) -> Vec<String> {
        self.names().into_iter().filter(|name| name.strip_suffix(".log").is_some()).collect()
    }

    pub(crate) fn read(&self, name: &str) -> Vec<u8> {
        let state = self.state();
        state.inodes[state.current()[name]].now.clone()
    }

    /// Puts bytes into a file, as damage does.
    pub(crate) fn put(&self, name: &str, bytes: Vec<u8>) {
        let mut state = self.state();
        let inode = Inode { disk: bytes.clone(), now: bytes, dropped: BTreeSet::new() };
        let place = state.inodes.len();
        state.inodes.push(inode);
        state.names.last_mut().expect("never empty").insert(name.to_owned(), place);
    }
}

impl State {
    fn current(&self) -> &Names {
        self.names.last().expect("never empty")
    }

    fn length_of(&self, name: &str) -> u64 {
        self.current().get(name).map_or(0, |place| self.inodes[*place].now.len() as u64)
    }

    /// Counts a changing call and says how it fails.
    fn change(&mut self) -> Result<(), Failing> {
        let place = self.changes;
        self.changes += 1;
        match self.fail {
            Some((at, how)) if at == place => {
                self.failed = true;
                Err(how)
            }
            _ => Ok(()),
        }
    }

    fn renamed(&mut self, change: impl FnOnce(&mut Names) -> io::Result<()>) -> io::Result<()> {
        self.change().map_err(error)?;
        let mut names = self.current().clone();
        change(&mut names)?;
        self.names.push(names);
        Ok(())
    }
}

fn error(how: Failing) -> io::Error {
    match how {
        Failing::Full => io::ErrorKind::StorageFull.into(),
        Failing::Device | Failing::Short => io::Error::from_raw_os_error(5),
    }
}

impl Inode {
    fn pages(&self) -> usize {
        self.now.len().max(self.disk.len()).div_ceil(PAGE)
    }

    fn dirty(&self, page: usize) -> bool {
        let part = |bytes: &[u8]| {
            let mut part = bytes.get(page * PAGE..).unwrap_or_default().to_vec();
            part.resize(PAGE, 0);
            part
        };
        part(&self.now) != part(&self.disk)
    }

    fn flush(&mut self, page: usize) {
        for at in page * PAGE..((page + 1) * PAGE).min(self.disk.len()) {
            self.disk[at] = self.now.get(at).copied().unwrap_or(0);
        }
    }

    fn sync(&mut self) {
        self.disk.resize(self.now.len(), 0);
        for page in 0..self.pages() {
            if !self.dropped.contains(&page) {
                self.flush(page);
            }
        }
    }

    fn fail_to_sync(&mut self) {
        self.dropped.extend((0..self.pages()).filter(|page| self.dirty(*page)).collect::<Vec<_>>());
    }

    fn after_power_cut(&self, keep: &mut impl FnMut() -> bool) -> Self {
        let mut left = self.clone();
        if left.disk.len() != left.now.len() && keep() {
            left.disk.resize(left.now.len(), 0);
        }
        for page in 0..left.pages() {
            if left.dirty(page) && !left.dropped.contains(&page) && keep() {
                left.flush(page);
            }
        }
        Self { now: left.disk.clone(), disk: left.disk, dropped: BTreeSet::new() }
    }
}

impl Storage for Disk {
    type File = usize;

    fn list(&self) -> io::Result<Vec<String>> {
        Ok(self.names())
    }

    fn create(&self, name: &str) -> io::Result<usize> {
        let mut state = self.state();
        let place = state.inodes.len();
        state.renamed(|names| {
            names.insert(name.to_owned(), place);
            Ok(())
        })?;
        state.inodes.push(Inode::default());
        Ok(place)
    }

    fn open(&self, name: &str) -> io::Result<usize> {
        self.state().current().get(name).copied().ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn allocate(&self, file: &usize, length: u64) -> io::Result<()> {
        let mut state = self.state();
        state.change().map_err(error)?;
        let there = state.inodes[*file].now.len() as u64;
        let Some(left) = state.free.checked_sub(length.saturating_sub(there)) else {
            return Err(io::ErrorKind::StorageFull.into());
        };
        state.free = left;
        let length = usize::try_from(length.max(there)).expect("small files");
        state.inodes[*file].now.resize(length, 0);
        Ok(())
    }

    fn length(&self, file: &usize) -> io::Result<u64> {
        Ok(self.state().inodes[*file].now.len() as u64)
    }

    fn read_at(&self, file: &usize, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let state = self.state();
        let offset = usize::try_from(offset).expect("small files");
        let from = state.inodes[*file].now.get(offset..).unwrap_or_default();
        let length = from.len().min(bytes.len());
        bytes[..length].copy_from_slice(&from[..length]);
        Ok(length)
    }

    fn write_at(&self, file: &usize, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.state();
        let length = match state.change() {
            Ok(()) => bytes.len(),
            Err(Failing::Short) => bytes.len() / 2,
            Err(how) => return Err(error(how)),
        };
        let offset = usize::try_from(offset).expect("small files");
        let inode = &mut state.inodes[*file];
        let end = offset + length;
        if inode.now.len() < end {
            inode.now.resize(end, 0);
        }
        inode.now[offset..end].copy_from_slice(&bytes[..length]);
        inode.dropped.retain(|page| (page + 1) * PAGE <= offset || end <= page * PAGE);
        Ok(length)
    }

    fn sync_data(&self, file: &usize) -> io::Result<()> {
        let gate = self.gate.0.lock().expect("no test panics while it holds the gate");
        drop(self.gate.1.wait_while(gate, |stalled| *stalled).expect("the same"));
        let mut state = self.state();
        let outcome = state.change().map_err(error);
        let inode = &mut state.inodes[*file];
        if outcome.is_ok() {
            inode.sync();
        } else {
            inode.fail_to_sync();
        }
        outcome
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.state();
        state.change().map_err(error)?;
        let names = state.current().clone();
        state.names = vec![names];
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        let mut state = self.state();
        let replaced = state.length_of(to);
        state.renamed(|names| {
            let place = names.remove(from).ok_or(io::ErrorKind::NotFound)?;
            names.insert(to.to_owned(), place);
            Ok(())
        })?;
        state.free += replaced;
        Ok(())
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        let mut state = self.state();
        if !state.current().contains_key(name) {
            return Err(io::ErrorKind::NotFound.into());
        }
        let freed = state.length_of(name);
        state.renamed(|names| {
            names.remove(name);
            Ok(())
        })?;
        state.free += freed;
        Ok(())
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(self.state().free)
    }
}
