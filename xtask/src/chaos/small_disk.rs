//! [`SmallDisk`]: a disk of a few megabytes in memory, that can be filled up.

use std::fs::{self, File};
use std::io::{self, Write as _};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use rustix::fs::statvfs;

/// The file that takes the room away.
const FILLER: &str = "filler";
/// What is written at a time; the last one is not whole.
static CHUNK: [u8; 64 * 1_024] = [0; 64 * 1_024];

/// A mounted tmpfs. Dropped, it is unmounted.
#[derive(Debug)]
pub(crate) struct SmallDisk {
    folder: PathBuf,
}

impl SmallDisk {
    /// Mounts a disk of so many mebibytes on a new folder.
    ///
    /// # Errors
    ///
    /// Fails for anyone but the administrator.
    pub(crate) fn mount(folder: &Path, mebibytes: u32) -> anyhow::Result<Self> {
        fs::create_dir(folder)?;
        let mut mount = Command::new("mount");
        mount.args(["-t", "tmpfs", "-o", &format!("size={mebibytes}m,mode=0700"), "tmpfs"]).arg(folder);
        let status = mount.stdin(Stdio::null()).status().context("cannot run mount")?;
        if !status.success() {
            bail!("a small disk cannot be mounted, which takes the administrator's rights: {status}");
        }
        Ok(Self { folder: folder.to_owned() })
    }

    /// Returns where it is.
    pub(crate) fn path(&self) -> &Path {
        &self.folder
    }

    /// Fills it until so many bytes are left.
    ///
    /// # Errors
    ///
    /// Fails if the disk cannot be written for another reason than being full.
    pub(crate) fn fill(&self, bytes_left: u64) -> io::Result<()> {
        let mut filler = File::options().create(true).append(true).open(self.folder.join(FILLER))?;
        loop {
            let disk = statvfs(&self.folder)?;
            let room = (disk.f_bavail * disk.f_frsize).saturating_sub(bytes_left);
            let bytes = usize::try_from(room).unwrap_or(usize::MAX).min(CHUNK.len());
            if bytes == 0 {
                return Ok(());
            }
            match filler.write_all(CHUNK.get(..bytes).unwrap_or_default()) {
                Err(error) if error.kind() == io::ErrorKind::StorageFull => return Ok(()),
                written => written?,
            }
        }
    }

    /// Gives the room back.
    ///
    /// # Errors
    ///
    /// Fails if nothing was filled.
    pub(crate) fn empty(&self) -> io::Result<()> {
        fs::remove_file(self.folder.join(FILLER))
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        // What is left mounted after a failure shows in the list of mounts; there is nobody else to tell.
        let _ = Command::new("umount").arg(&self.folder).stdin(Stdio::null()).status();
    }
}
