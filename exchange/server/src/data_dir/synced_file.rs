//! Replacing a file so that a crash leaves the old one or the new one, whole.

use std::ffi::OsString;
use std::fs::{self, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::OpenOptionsExt as _;
use std::path::Path;

use super::FILE_MODE;

/// Replaces a file: the new one is on disk under its name when this returns.
///
/// Two writers at a time have to be kept apart by the caller.
pub(crate) fn replace_file(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut temporary = OsString::from(path);
    temporary.push(".new");
    // What a crash left behind; it may have another mode.
    match fs::remove_file(&temporary) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        Ok(()) | Err(_) => {}
    }
    write_new(Path::new(&temporary), bytes)?;
    fs::rename(&temporary, path)?;
    sync_folder_of(path)
}

/// Writes a file that is not there yet, and waits for the disk.
pub(super) fn write_new(path: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create_new(true).mode(FILE_MODE).open(path)?;
    file.write_all(bytes)?;
    file.sync_all()
}

/// Waits until the name of a file is on disk.
pub(super) fn sync_folder_of(path: &Path) -> io::Result<()> {
    let folder =
        path.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or_else(|| Path::new("."));
    File::open(folder)?.sync_all()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt as _;

    use super::*;

    #[test]
    fn the_new_file_is_whole_and_nothing_is_left_behind() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("keys.toml");
        fs::write(folder.path().join("keys.toml.new"), "left by a crash").expect("written");
        for text in ["one", "two"] {
            replace_file(&path, text.as_bytes()).expect("replaced");
            assert_eq!(fs::read_to_string(&path).expect("readable"), text);
        }
        let mode = fs::metadata(&path).expect("it is there").permissions().mode();
        assert_eq!(mode & 0o777, 0o600);
        assert_eq!(fs::read_dir(folder.path()).expect("a folder").count(), 1);
    }
}
