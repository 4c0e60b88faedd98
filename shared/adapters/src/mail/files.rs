//! Mail as files: one JSON document each, whole or not there, the newest kept.

use std::fs::{self, DirBuilder, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiva_core::error::{Error, Result};
use aiva_core::ports::Mail;
use aiva_core::time;
use jiff::Timestamp;
use serde::Serialize;

/// Mails kept in one folder, the newest.
const MAX_KEPT: usize = 500;

/// A folder of mails.
#[derive(Debug, Clone)]
pub struct FileMailer {
    dir: PathBuf,
    now: fn() -> Timestamp,
    sent: Arc<AtomicU64>,
}

#[derive(Serialize)]
struct Sheet {
    to: String,
    subject: String,
    text: String,
    html: String,
    at: String,
}

impl FileMailer {
    /// Keeps mails in a folder, which is made with the first.
    pub fn new(dir: PathBuf, now: fn() -> Timestamp) -> Self {
        Self { dir, now, sent: Arc::default() }
    }

    /// Writes a mail down.
    pub(super) async fn send(&self, mail: &Mail) -> Result<()> {
        let at = (self.now)();
        let count = self.sent.fetch_add(1, Ordering::Relaxed);
        let name = format!("{:015}-{count:06}", at.as_millisecond());
        let sheet = Sheet {
            to: mail.to.clone(),
            subject: mail.subject.clone(),
            text: mail.text.clone(),
            html: mail.html.clone(),
            at: time::millis(at),
        };
        let bytes = serde_json::to_vec(&sheet).map_err(Error::internal)?;
        let dir = self.dir.clone();
        let written = tokio::task::spawn_blocking(move || {
            write(&dir, &name, &bytes)?;
            prune(&dir)
        });
        written.await.map_err(Error::internal)?.map_err(Error::unavailable)
    }
}

/// Writes a file under another name first, so that nobody reads half of it.
fn write(dir: &Path, name: &str, bytes: &[u8]) -> io::Result<()> {
    private_dir().create(dir)?;
    let draft = dir.join(format!("{name}.new"));
    let mut file = private_file().create_new(true).write(true).open(&draft)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    fs::rename(draft, dir.join(format!("{name}.json")))
}

/// Deletes all but the newest; their names sort by time.
fn prune(dir: &Path) -> io::Result<()> {
    let mut files: Vec<PathBuf> = fs::read_dir(dir)?
        .filter_map(|entry| entry.ok().map(|entry| entry.path()))
        .filter(|path| path.extension().is_some_and(|extension| extension == "json"))
        .collect();
    files.sort();
    let old = files.len().saturating_sub(MAX_KEPT);
    for path in files.into_iter().take(old) {
        match fs::remove_file(path) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            Ok(()) | Err(_) => {}
        }
    }
    Ok(())
}

fn private_dir() -> DirBuilder {
    let mut builder = DirBuilder::new();
    builder.recursive(true);
    #[cfg(unix)]
    {
        use std::os::unix::fs::DirBuilderExt;
        builder.mode(0o700);
    }
    builder
}

fn private_file() -> OpenOptions {
    let mut options = OpenOptions::new();
    #[cfg(unix)]
    {
        use std::os::unix::fs::OpenOptionsExt;
        options.mode(0o600);
    }
    options
}
