//! [`SimStorage`]: a directory in memory under the journal's own code.
//!
//! A power cut keeps any subset of the unsynced pages of 4 KiB and the names up to any change since the last sync
//! of the directory. Like Linux, it takes the pages of a failed sync for clean: the cache shows them, the disk
//! does not have them.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::rc::Rc;

use exchange_journal::Storage;

use crate::draws::Draw;

const PAGE: usize = 4096;
/// Raw error of a broken device, EIO.
const BROKEN: i32 = 5;

/// How a call fails.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Failing {
    /// The device is broken.
    Device,
    /// No room.
    Full,
    /// Half of it is written; other calls fail as a broken device.
    Short,
    /// The process or the power goes in the middle: this call and every later one fails.
    Stopped,
}

#[derive(Debug, Default)]
struct Inode {
    cache: Vec<u8>,
    disk: Vec<u8>,
    /// Pages that differ between the two.
    unsynced: BTreeSet<usize>,
}

type Names = BTreeMap<String, usize>;

#[derive(Debug)]
struct State {
    inodes: Vec<Inode>,
    /// The names at the last sync of the directory and after each change since.
    names: Vec<Names>,
    /// Changing calls so far.
    changes: u64,
    fail: Option<(u64, Failing)>,
    /// Whether syncs return at once and keep nothing: a planted fault.
    lies: bool,
}

/// A directory in memory. Clones see the same files.
#[derive(Clone, Debug)]
pub(crate) struct SimStorage(Rc<RefCell<State>>);

impl SimStorage {
    /// Returns an empty directory, on a disk that may lie about its syncs.
    pub(crate) fn new(lies: bool) -> Self {
        let (inodes, names) = (Vec::new(), vec![Names::new()]);
        Self(Rc::new(RefCell::new(State { inodes, names, changes: 0, fail: None, lies })))
    }

    /// Has the n-th changing call from now fail; 0 is the next.
    pub(crate) fn fail_at(&self, n: u64, how: Failing) {
        let mut state = self.0.borrow_mut();
        state.fail = Some((state.changes.saturating_add(n), how));
    }

    /// The power goes: of what was not synced, any part is lost.
    pub(crate) fn power_cut(&self, draw: &mut Draw) {
        let mut state = self.0.borrow_mut();
        let chance = draw.between(0, 100);
        // Names reach the disk in their order, and stop somewhere.
        let mut kept = 0;
        while kept + 1 < state.names.len() && draw.percent(chance) {
            kept += 1;
        }
        let names = state.names.get(kept).cloned().unwrap_or_default();
        state.names = vec![names];
        for inode in &mut state.inodes {
            inode.lose(chance, draw);
        }
        state.fail = None;
    }

    /// The process goes and the power stays: the cache is all there.
    pub(crate) fn stop(&self) {
        self.0.borrow_mut().fail = None;
    }
}

impl State {
    fn current(&self) -> Option<&Names> {
        self.names.last()
    }

    fn inode(&mut self, file: usize) -> io::Result<&mut Inode> {
        self.inodes.get_mut(file).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    /// Counts a changing call and says how it fails.
    fn change(&mut self) -> Result<(), Failing> {
        let place = self.changes;
        self.changes = self.changes.saturating_add(1);
        match self.fail {
            Some((at, Failing::Stopped)) if at <= place => Err(Failing::Stopped),
            Some((at, how)) if at == place => Err(how),
            _ => Ok(()),
        }
    }

    fn rename(&mut self, change: impl FnOnce(&mut Names) -> Option<()>) -> io::Result<()> {
        self.change().map_err(error)?;
        let mut names = self.current().cloned().unwrap_or_default();
        change(&mut names).ok_or(io::ErrorKind::NotFound)?;
        self.names.push(names);
        Ok(())
    }
}

fn error(how: Failing) -> io::Error {
    match how {
        Failing::Full => io::ErrorKind::StorageFull.into(),
        Failing::Device | Failing::Short | Failing::Stopped => io::Error::from_raw_os_error(BROKEN),
    }
}

impl Inode {
    fn write(&mut self, bytes: &[u8], offset: usize) {
        let end = offset.saturating_add(bytes.len());
        if self.cache.len() < end {
            self.cache.resize(end, 0);
        }
        if let Some(place) = self.cache.get_mut(offset..end) {
            place.copy_from_slice(bytes);
        }
        for page in offset.div_euclid(PAGE)..end.div_ceil(PAGE) {
            self.unsynced.insert(page);
        }
    }

    /// Brings a page to the disk, as far as the file is as long there.
    fn flush(&mut self, page: usize) {
        let start = page.saturating_mul(PAGE);
        let end = start.saturating_add(PAGE).min(self.disk.len()).min(self.cache.len());
        if let (Some(to), Some(from)) = (self.disk.get_mut(start..end), self.cache.get(start..end)) {
            to.copy_from_slice(from);
        }
    }

    fn sync(&mut self) {
        self.disk.resize(self.cache.len(), 0);
        for page in core::mem::take(&mut self.unsynced) {
            self.flush(page);
        }
    }

    /// Loses each unsynced page by a chance, and with it what the cache had of it.
    fn lose(&mut self, chance: u64, draw: &mut Draw) {
        if self.disk.len() != self.cache.len() && draw.percent(chance) {
            self.disk.resize(self.cache.len(), 0);
        }
        for page in core::mem::take(&mut self.unsynced) {
            if draw.percent(chance) {
                self.flush(page);
            }
        }
        self.cache.clone_from(&self.disk);
    }
}

fn place(offset: u64) -> usize {
    usize::try_from(offset).unwrap_or(usize::MAX)
}

impl Storage for SimStorage {
    type File = usize;

    fn list(&self) -> io::Result<Vec<String>> {
        let state = self.0.borrow();
        Ok(state.current().map(|names| names.keys().cloned().collect()).unwrap_or_default())
    }

    fn create(&self, name: &str) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let file = state.inodes.len();
        state.rename(|names| {
            names.insert(name.to_owned(), file);
            Some(())
        })?;
        state.inodes.push(Inode::default());
        Ok(file)
    }

    fn open(&self, name: &str) -> io::Result<usize> {
        let state = self.0.borrow();
        let file = state.current().and_then(|names| names.get(name).copied());
        file.ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn allocate(&self, file: &usize, length: u64) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.change().map_err(error)?;
        let inode = state.inode(*file)?;
        let length = place(length).max(inode.cache.len());
        inode.cache.resize(length, 0);
        Ok(())
    }

    fn length(&self, file: &usize) -> io::Result<u64> {
        let mut state = self.0.borrow_mut();
        Ok(u64::try_from(state.inode(*file)?.cache.len()).unwrap_or(u64::MAX))
    }

    fn read_at(&self, file: &usize, bytes: &mut [u8], offset: u64) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let from = state.inode(*file)?.cache.get(place(offset)..).unwrap_or_default();
        let length = from.len().min(bytes.len());
        if let (Some(to), Some(from)) = (bytes.get_mut(..length), from.get(..length)) {
            to.copy_from_slice(from);
        }
        Ok(length)
    }

    fn write_at(&self, file: &usize, bytes: &[u8], offset: u64) -> io::Result<usize> {
        let mut state = self.0.borrow_mut();
        let length = match state.change() {
            Ok(()) => bytes.len(),
            Err(Failing::Short) => bytes.len().div_euclid(2),
            Err(how) => return Err(error(how)),
        };
        state.inode(*file)?.write(bytes.get(..length).unwrap_or_default(), place(offset));
        Ok(length)
    }

    fn sync_data(&self, file: &usize) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        let (outcome, lies) = (state.change(), state.lies);
        let inode = state.inode(*file)?;
        match outcome {
            Ok(()) if lies => {}
            Ok(()) => inode.sync(),
            // Nobody knows how far it came; the power cut decides.
            Err(Failing::Stopped) => {}
            Err(_) => {
                // The cache goes on showing these pages, and no later sync writes them.
                inode.unsynced.clear();
            }
        }
        outcome.map_err(error)
    }

    fn sync_dir(&self) -> io::Result<()> {
        let mut state = self.0.borrow_mut();
        state.change().map_err(error)?;
        let names = state.current().cloned().unwrap_or_default();
        state.names = vec![names];
        Ok(())
    }

    fn rename(&self, from: &str, to: &str) -> io::Result<()> {
        self.0.borrow_mut().rename(|names| {
            let file = names.remove(from)?;
            names.insert(to.to_owned(), file);
            Some(())
        })
    }

    fn remove(&self, name: &str) -> io::Result<()> {
        if self.open(name).is_err() {
            return Err(io::ErrorKind::NotFound.into());
        }
        self.0.borrow_mut().rename(|names| names.remove(name).map(|_| ()))
    }

    fn free_bytes(&self) -> io::Result<u64> {
        Ok(u64::MAX >> 1)
    }
}
