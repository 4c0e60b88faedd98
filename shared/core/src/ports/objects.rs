//! Large things that are written once: contents of sources, generations of knowledge, uploads.

use std::future::Future;

use jiff::Timestamp;

use crate::error::Result;

/// The object store. A name is made of our own ids and slashes.
pub trait Objects: Send + Sync + 'static {
    /// Stores an object; one of the same name is replaced.
    fn put(&self, name: &str, bytes: Vec<u8>) -> impl Future<Output = Result<()>> + Send;

    /// Reads an object; `None` when there is none.
    ///
    /// # Errors
    /// When the store fails, or the object is larger than `max_bytes`.
    fn get(
        &self,
        name: &str,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// Reads the beginning of an object, at most so many bytes; `None` when there is none. An empty one
    /// has no beginning.
    fn get_start(
        &self,
        name: &str,
        max_bytes: usize,
    ) -> impl Future<Output = Result<Option<Vec<u8>>>> + Send;

    /// Tells how large an object is, in bytes; `None` when there is none.
    fn size(&self, name: &str) -> impl Future<Output = Result<Option<u64>>> + Send;

    /// Deletes an object; nothing happens when there is none.
    fn delete(&self, name: &str) -> impl Future<Output = Result<()>> + Send;

    /// Makes a link by which its holder may store one object of just this size, until it expires.
    fn upload_link(
        &self,
        wanted: &UploadWanted,
        now: Timestamp,
    ) -> impl Future<Output = Result<UploadLink>> + Send;
}

/// What a caller wants to upload by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadWanted {
    /// The object's name.
    pub name: String,
    /// Its size, in bytes.
    pub size: u64,
    /// Its content type.
    pub content_type: String,
    /// How long the link may be used, in seconds.
    pub seconds: u32,
}

/// Where, and how, an upload is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadLink {
    /// The address, with everything secret in it.
    pub url: String,
    /// The method.
    pub method: &'static str,
    /// Headers that must be sent as they are.
    pub headers: Vec<(String, String)>,
    /// When it can no longer be used.
    pub expires_at: Timestamp,
}
