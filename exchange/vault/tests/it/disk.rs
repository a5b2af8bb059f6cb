//! [`Disk`]: a disk in memory that fails on the n-th call and loses unsynced pages in a crash.

use std::collections::BTreeMap;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard};

use exchange_vault::{Storage, StorageFile};

const PAGE_BYTES: usize = 4_096;

#[derive(Clone, Debug, Default)]
pub(crate) struct Disk(Arc<Mutex<State>>);

#[derive(Debug, Default)]
struct State {
    contents: Vec<Content>,
    names: BTreeMap<PathBuf, usize>,
    names_on_disk: BTreeMap<PathBuf, usize>,
    calls: u64,
    fail_at: Option<u64>,
    random: u64,
}

#[derive(Clone, Debug, Default)]
struct Content {
    now: Vec<u8>,
    on_disk: Vec<u8>,
}

struct OpenFile(Disk, usize);

impl Disk {
    fn state(&self) -> MutexGuard<'_, State> {
        self.0.lock().expect("no test panics in here")
    }

    /// Counts a call and fails it if it is the one.
    fn call(&self) -> io::Result<MutexGuard<'_, State>> {
        let mut state = self.state();
        state.calls += 1;
        if state.fail_at.is_some_and(|call| call == state.calls) {
            return Err(io::Error::from_raw_os_error(5));
        }
        Ok(state)
    }

    pub(crate) fn calls(&self) -> u64 {
        self.state().calls
    }

    /// Fails the call that comes after so many others.
    pub(crate) fn fail_after(&self, calls: Option<u64>) {
        let mut state = self.state();
        state.fail_at = calls.map(|calls| state.calls + calls + 1);
    }

    /// Takes the power away: of each page and name that was not synced, `keep` says whether it got to the disk.
    pub(crate) fn lose_power(&self, mut keep: impl FnMut() -> bool) {
        let mut state = self.state();
        for content in &mut state.contents {
            let kept_length = if keep() { content.now.len() } else { content.on_disk.len() };
            let mut bytes = vec![0; kept_length];
            for (number, page) in bytes.chunks_mut(PAGE_BYTES).enumerate() {
                let from = if keep() { &content.now } else { &content.on_disk };
                let from = from.get(number * PAGE_BYTES..).unwrap_or_default();
                for (to, from) in page.iter_mut().zip(from) {
                    *to = *from;
                }
            }
            *content = Content { now: bytes.clone(), on_disk: bytes };
        }
        let (now, on_disk) = (state.names.clone(), state.names_on_disk.clone());
        let paths = now.keys().chain(on_disk.keys());
        let mut names = BTreeMap::new();
        for path in paths {
            let from = if keep() { &now } else { &on_disk };
            if let Some(content) = from.get(path) {
                names.insert(path.clone(), *content);
            }
        }
        state.names.clone_from(&names);
        state.names_on_disk = names;
    }

    pub(crate) fn paths(&self) -> Vec<PathBuf> {
        self.state().names.keys().cloned().collect()
    }

    pub(crate) fn read(&self, path: &Path) -> Vec<u8> {
        let state = self.state();
        state.contents[state.names[path]].now.clone()
    }

    /// What is on disk of all files that ever were, with or without a name.
    pub(crate) fn everything_on_disk(&self) -> Vec<Vec<u8>> {
        self.state().contents.iter().map(|content| content.on_disk.clone()).collect()
    }

    /// Puts a file back, as a restore does.
    pub(crate) fn put(&self, path: &Path, bytes: Vec<u8>) {
        let mut state = self.state();
        let content = state.contents.len();
        state.contents.push(Content { now: bytes.clone(), on_disk: bytes });
        state.names.insert(path.to_owned(), content);
        state.names_on_disk.insert(path.to_owned(), content);
    }

    pub(crate) fn remove_now(&self, path: &Path) {
        let mut state = self.state();
        state.names.remove(path);
        state.names_on_disk.remove(path);
    }
}

impl Storage for Disk {
    fn make_folder(&self, _: &Path) -> io::Result<()> {
        self.call().map(drop)
    }

    fn names(&self, folder: &Path) -> io::Result<Vec<String>> {
        let state = self.call()?;
        let inside = state.names.keys().filter(|path| path.parent() == Some(folder));
        Ok(inside.filter_map(|path| path.file_name()?.to_str().map(str::to_owned)).collect())
    }

    fn create(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let mut state = self.call()?;
        if state.names.contains_key(path) {
            return Err(io::ErrorKind::AlreadyExists.into());
        }
        let content = state.contents.len();
        state.contents.push(Content::default());
        state.names.insert(path.to_owned(), content);
        Ok(Box::new(OpenFile(self.clone(), content)))
    }

    fn open(&self, path: &Path) -> io::Result<Box<dyn StorageFile>> {
        let state = self.call()?;
        let content = *state.names.get(path).ok_or(io::ErrorKind::NotFound)?;
        Ok(Box::new(OpenFile(self.clone(), content)))
    }

    fn rename(&self, from: &Path, to: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        let content = state.names.remove(from).ok_or(io::ErrorKind::NotFound)?;
        assert!(state.names.insert(to.to_owned(), content).is_none(), "a slot file was replaced");
        Ok(())
    }

    fn remove(&self, path: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        state.names.remove(path).map(drop).ok_or_else(|| io::ErrorKind::NotFound.into())
    }

    fn sync_folder(&self, folder: &Path) -> io::Result<()> {
        let mut state = self.call()?;
        state.names_on_disk.retain(|path, _| path.parent() != Some(folder));
        let now: Vec<_> =
            state.names.iter().filter(|(path, _)| path.parent() == Some(folder)).map(clone_pair).collect();
        state.names_on_disk.extend(now);
        Ok(())
    }

    fn sync_everything(&self) -> io::Result<()> {
        let mut state = self.call()?;
        for content in &mut state.contents {
            content.on_disk = content.now.clone();
        }
        state.names_on_disk = state.names.clone();
        Ok(())
    }

    fn fill_random(&self, bytes: &mut [u8]) -> io::Result<()> {
        let mut state = self.call()?;
        for byte in bytes {
            // SplitMix64: the same keys in every run, and none twice.
            state.random = state.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
            let mixed = (state.random ^ state.random >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
            *byte = (mixed >> 56) as u8;
        }
        Ok(())
    }
}

fn clone_pair((path, content): (&PathBuf, &usize)) -> (PathBuf, usize) {
    (path.clone(), *content)
}

impl StorageFile for OpenFile {
    fn length(&self) -> io::Result<u64> {
        let state = self.0.call()?;
        Ok(state.contents[self.1].now.len() as u64)
    }

    fn read_at(&self, offset: u64, bytes: &mut [u8]) -> io::Result<()> {
        let state = self.0.call()?;
        let begin = usize::try_from(offset).expect("small");
        let from = state.contents[self.1].now.get(begin..begin + bytes.len());
        bytes.copy_from_slice(from.ok_or(io::ErrorKind::UnexpectedEof)?);
        Ok(())
    }

    fn write_at(&self, offset: u64, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.0.call()?;
        let begin = usize::try_from(offset).expect("small");
        let to = &mut state.contents[self.1].now;
        to.resize(to.len().max(begin + bytes.len()), 0);
        to[begin..begin + bytes.len()].copy_from_slice(bytes);
        Ok(())
    }

    fn sync(&self) -> io::Result<()> {
        let mut state = self.0.call()?;
        let content = &mut state.contents[self.1];
        content.on_disk = content.now.clone();
        Ok(())
    }
}
