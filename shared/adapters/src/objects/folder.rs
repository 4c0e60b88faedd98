//! Objects as files below one folder, for the local runtime and for tests.

use std::fs;
use std::io::{self, Read};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use aiva_core::error::{Error, Result};
use aiva_core::id::base32;
use aiva_core::ports::{UploadLink, UploadWanted};
use hmac::{Hmac, KeyInit, Mac};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::too_large;

/// Below the runtime's address: where its own uploads go.
const UPLOADS: &str = "/local/uploads/";

/// A folder of objects, with links for uploads that only this process can check.
#[derive(Debug, Clone)]
pub struct FolderObjects {
    root: PathBuf,
    secret: SecretString,
    /// Where the runtime is reached.
    base_url: String,
    writes: Arc<AtomicU64>,
}

/// Why an upload is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum UploadRefused {
    /// The link is none of ours, was changed, or has expired.
    BadLink,
    /// The body is not of the size that the link is for.
    WrongSize,
}

impl FolderObjects {
    /// Keeps objects below `root`; `secret` signs the links.
    pub fn new(root: PathBuf, secret: SecretString, base_url: String) -> Self {
        Self { root, secret, base_url, writes: Arc::default() }
    }

    /// Takes an upload that came by a link: the part of its path behind the runtime's own, and its
    /// query.
    ///
    /// # Errors
    /// [`UploadRefused`] inside; outside when the folder fails.
    pub async fn take(
        &self,
        (token, bytes): (&str, Vec<u8>),
        now: Timestamp,
    ) -> Result<Result<(), UploadRefused>> {
        let Some((name, size)) = self.opened(token, now) else {
            return Ok(Err(UploadRefused::BadLink));
        };
        if u64::try_from(bytes.len()).ok() != Some(size) {
            return Ok(Err(UploadRefused::WrongSize));
        }
        self.put(&name, bytes).await.map(Ok)
    }

    /// The object and the size that a link's token is for.
    fn opened(&self, token: &str, now: Timestamp) -> Option<(String, u64)> {
        let (said, mac) = token.rsplit_once('.')?;
        let given = aiva_core::id::base32_decode(mac)?;
        let mut expected = self.mac();
        expected.update(said.as_bytes());
        expected.verify_slice(&given).ok()?;
        let said = String::from_utf8(aiva_core::id::base32_decode(said)?).ok()?;
        let mut parts = said.split(' ');
        let (until, size, name) = (parts.next()?, parts.next()?, parts.next()?);
        let until: i64 = until.parse().ok()?;
        (now.as_second() < until).then_some((name.to_owned(), size.parse().ok()?))
    }

    fn mac(&self) -> Hmac<Sha256> {
        Hmac::new_from_slice(self.secret.expose_secret().as_bytes())
            .expect("HMAC takes a key of any length")
    }

    pub(super) fn upload_link(&self, wanted: &UploadWanted, now: Timestamp) -> Result<UploadLink> {
        let until = now.saturating_add(SignedDuration::from_secs(wanted.seconds.into()));
        let until = until.map_err(Error::internal)?;
        let said = format!("{} {} {}", until.as_second(), wanted.size, wanted.name);
        let said = base32(said.as_bytes());
        let mut mac = self.mac();
        mac.update(said.as_bytes());
        let mac = base32(&mac.finalize().into_bytes());
        Ok(UploadLink {
            url: format!("{}{UPLOADS}{said}.{mac}", self.base_url),
            method: "PUT",
            headers: vec![("content-type".to_owned(), wanted.content_type.clone())],
            expires_at: until,
        })
    }

    fn path(&self, name: &str) -> Result<PathBuf> {
        let is_plain = |part: &str| {
            !part.is_empty()
                && part.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        };
        if !name.split('/').all(is_plain) {
            return Err(Error::internal("an object's name is not plain"));
        }
        Ok(self.root.join(name))
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let path = self.path(name)?;
        let turn = self.writes.fetch_add(1, Ordering::Relaxed);
        blocking(move || {
            let folder = path.parent().ok_or_else(|| io::Error::other("no folder"))?;
            fs::create_dir_all(folder)?;
            // Whole or not at all: written beside, then renamed.
            let beside = path.with_extension(format!("part{turn}"));
            fs::write(&beside, bytes)?;
            fs::rename(&beside, &path)
        })
        .await
    }

    pub(super) async fn get_start(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        let path = self.path(name)?;
        let most = u64::try_from(max_bytes).map_err(Error::internal)?;
        let read = blocking(move || {
            let Some(file) = found(fs::File::open(&path))? else { return Ok(None) };
            let mut bytes = Vec::new();
            file.take(most).read_to_end(&mut bytes)?;
            Ok(Some(bytes))
        });
        read.await
    }

    pub(super) async fn get(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        let bytes = self.get_start(name, max_bytes.saturating_add(1)).await?;
        if bytes.as_ref().is_some_and(|bytes| bytes.len() > max_bytes) {
            return Err(too_large());
        }
        Ok(bytes)
    }

    pub(super) async fn size(&self, name: &str) -> Result<Option<u64>> {
        let path = self.path(name)?;
        blocking(move || Ok(found(fs::metadata(&path))?.map(|about| about.len()))).await
    }

    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        let path = self.path(name)?;
        blocking(move || found(fs::remove_file(&path)).map(|_| ())).await
    }
}

fn found<T>(result: io::Result<T>) -> io::Result<Option<T>> {
    match result {
        Ok(value) => Ok(Some(value)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(error),
    }
}

async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> io::Result<T> + Send + 'static,
) -> Result<T> {
    let done = tokio::task::spawn_blocking(work).await.map_err(Error::internal)?;
    done.map_err(Error::internal)
}
