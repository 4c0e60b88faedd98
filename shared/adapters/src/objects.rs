//! The object store: S3, a folder, or none.

use aiva_core::error::{Error, Result};
use aiva_core::ports::{Objects, UploadLink, UploadWanted};
use jiff::Timestamp;

mod folder;
#[cfg(feature = "objects")]
mod s3;

pub use folder::{FolderObjects, UploadRefused};
#[cfg(feature = "objects")]
pub use s3::S3Objects;

/// Where this deployment keeps large things.
#[derive(Debug, Clone)]
pub enum ObjectStore {
    /// A bucket.
    #[cfg(feature = "objects")]
    S3(S3Objects),
    /// A folder.
    Folder(FolderObjects),
    /// Nowhere: there are no objects, and none can be stored.
    Off,
}

#[cfg(feature = "objects")]
impl ObjectStore {
    /// Keeps objects in this bucket.
    pub fn connect(sdk: &aws_types::SdkConfig, bucket: &str) -> Self {
        Self::S3(S3Objects::new(aws_sdk_s3::Client::new(sdk), bucket.to_owned()))
    }
}

impl Objects for ObjectStore {
    async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.put(name, bytes).await,
            Self::Folder(folder) => folder.put(name, bytes).await,
            Self::Off => Err(off()),
        }
    }

    async fn get(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.get(name, max_bytes).await,
            Self::Folder(folder) => folder.get(name, max_bytes).await,
            Self::Off => Err(off()),
        }
    }

    async fn get_start(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.get_start(name, max_bytes).await,
            Self::Folder(folder) => folder.get_start(name, max_bytes).await,
            Self::Off => Err(off()),
        }
    }

    async fn size(&self, name: &str) -> Result<Option<u64>> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.size(name).await,
            Self::Folder(folder) => folder.size(name).await,
            Self::Off => Err(off()),
        }
    }

    async fn delete(&self, name: &str) -> Result<()> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.delete(name).await,
            Self::Folder(folder) => folder.delete(name).await,
            Self::Off => Err(off()),
        }
    }

    async fn upload_link(&self, wanted: &UploadWanted, now: Timestamp) -> Result<UploadLink> {
        match self {
            #[cfg(feature = "objects")]
            Self::S3(s3) => s3.upload_link(wanted, now).await,
            Self::Folder(folder) => folder.upload_link(wanted, now),
            Self::Off => Err(off()),
        }
    }
}

fn off() -> Error {
    Error::unavailable("this process has no object store")
}

fn too_large() -> Error {
    Error::internal("an object is larger than its reader can take")
}
