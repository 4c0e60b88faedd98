//! The data directory: one process at a time, secrets readable by their owner only, every file whole.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use aiva_core::id::base32;
use aiva_core::ports::Entropy;
use aiva_kit::clock::OsEntropy;

use crate::error::StartError;

/// The data directory, held by this process alone until it is dropped.
#[derive(Debug)]
pub(crate) struct DataDir {
    path: PathBuf,
    _lock: File,
}

impl DataDir {
    /// Opens the directory, making it where there is none, and takes it for this process.
    pub(crate) fn open(path: &Path) -> Result<Self, StartError> {
        fs::create_dir_all(path).map_err(|error| StartError::io(path, error))?;
        restrict_dir(path).map_err(|error| StartError::io(path, error))?;
        let lock_path = path.join("lock");
        let lock = private().create(true).truncate(false).write(true).open(&lock_path);
        let lock = lock.map_err(|error| StartError::io(&lock_path, error))?;
        match lock.try_lock() {
            Ok(()) => Ok(Self { path: path.to_owned(), _lock: lock }),
            Err(TryLockError::WouldBlock) => Err(StartError::InUse(path.to_owned())),
            Err(TryLockError::Error(error)) => Err(StartError::io(&lock_path, error)),
        }
    }

    /// The path of a file in it.
    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Reads a file; `None` when there is none.
    pub(crate) fn read(&self, name: &str) -> Result<Option<String>, StartError> {
        let path = self.path(name);
        match fs::read_to_string(&path) {
            Ok(text) => Ok(Some(text)),
            Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(StartError::io(&path, error)),
        }
    }

    /// Writes a file whole or not at all, readable by its owner only.
    pub(crate) fn write(&self, name: &str, text: &str) -> Result<(), StartError> {
        let path = self.path(name);
        let draft = self.path(&format!("{name}.new"));
        let written = (|| {
            // A draft that a crash left behind may have other permissions.
            match fs::remove_file(&draft) {
                Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
                Ok(()) | Err(_) => {}
            }
            let mut file = private().create_new(true).write(true).open(&draft)?;
            file.write_all(text.as_bytes())?;
            file.sync_all()?;
            fs::rename(&draft, &path)
        })();
        written.map_err(|error| StartError::io(&path, error))
    }

    /// Reads a secret that `make` makes at the first start.
    pub(crate) fn secret(
        &self,
        name: &str,
        make: impl FnOnce() -> String,
    ) -> Result<String, StartError> {
        if let Some(secret) = self.read(name)?.filter(|text| !text.trim().is_empty()) {
            return Ok(secret.trim().to_owned());
        }
        let secret = make();
        self.write(name, &secret)?;
        Ok(secret)
    }

    /// Counts this start, from 1.
    pub(crate) fn next_epoch(&self) -> Result<u64, StartError> {
        let before = self.read("epoch")?.and_then(|text| text.trim().parse::<u64>().ok());
        let epoch = before.unwrap_or(0) + 1;
        self.write("epoch", &epoch.to_string())?;
        Ok(epoch)
    }
}

/// A fresh secret of 256 bits, as 52 characters.
pub(crate) fn new_secret() -> String {
    let mut bytes = [0_u8; 32];
    OsEntropy.fill(&mut bytes);
    base32(&bytes)
}

fn private() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}

#[cfg(unix)]
fn restrict_dir(path: &Path) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, fs::Permissions::from_mode(0o700))
}

#[cfg(not(unix))]
fn restrict_dir(_path: &Path) -> io::Result<()> {
    Ok(())
}
