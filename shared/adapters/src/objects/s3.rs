//! Objects in a bucket.

use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::ports::{UploadLink, UploadWanted};
use aws_sdk_s3::Client;
use aws_sdk_s3::config::Builder;
use aws_sdk_s3::config::timeout::TimeoutConfig;
use aws_sdk_s3::operation::get_object::GetObjectError;
use aws_sdk_s3::operation::head_object::HeadObjectError;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_s3::primitives::ByteStream;
use jiff::{SignedDuration, Timestamp};

use super::too_large;
use crate::sdk_error::fault;

/// What one attempt to store an object takes at most, beside sending its bytes.
const ANSWER: Duration = Duration::from_secs(4);
/// What a process sends in a second at least: the smallest sandbox does several times that.
const BYTES_A_SECOND: u64 = 2 * 1024 * 1024;

/// How long one attempt to store so many bytes may take. The clients' own bound is for short answers, and
/// covers the sending too. (The SDK gives up a sending that stands still; and all attempts together keep the
/// bound of a function whose caller waits.)
fn time_for(bytes: usize) -> Duration {
    let bytes = u64::try_from(bytes).unwrap_or(u64::MAX);
    ANSWER + Duration::from_secs(bytes / BYTES_A_SECOND)
}

/// A bucket.
#[derive(Debug, Clone)]
pub struct S3Objects {
    client: Client,
    bucket: String,
}

impl S3Objects {
    /// Keeps objects in this bucket.
    pub fn new(client: Client, bucket: String) -> Self {
        Self { client, bucket }
    }

    pub(super) async fn put(&self, name: &str, bytes: Vec<u8>) -> Result<()> {
        let within = TimeoutConfig::builder().operation_attempt_timeout(time_for(bytes.len()));
        let request = self.client.put_object().bucket(&self.bucket).key(name);
        let request = request.body(ByteStream::from(bytes)).customize();
        let request = request.config_override(Builder::new().timeout_config(within.build()));
        request.send().await.map_err(fault).map(|_| ())
    }

    pub(super) async fn get(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        self.read(name, None, max_bytes).await
    }

    pub(super) async fn get_start(&self, name: &str, max_bytes: usize) -> Result<Option<Vec<u8>>> {
        let range = format!("bytes=0-{}", max_bytes.saturating_sub(1));
        self.read(name, Some(range), max_bytes).await
    }

    async fn read(
        &self,
        name: &str,
        range: Option<String>,
        max_bytes: usize,
    ) -> Result<Option<Vec<u8>>> {
        let request = self.client.get_object().bucket(&self.bucket).key(name).set_range(range);
        let output = match request.send().await {
            Ok(output) => output,
            Err(error) => {
                return match error.as_service_error() {
                    Some(GetObjectError::NoSuchKey(_)) => Ok(None),
                    _ => Err(fault(error)),
                };
            }
        };
        let length = output.content_length().and_then(|length| usize::try_from(length).ok());
        if length.is_none_or(|length| length > max_bytes) {
            return Err(too_large());
        }
        let body = output.body.collect().await.map_err(Error::unavailable)?;
        Ok(Some(body.to_vec()))
    }

    pub(super) async fn size(&self, name: &str) -> Result<Option<u64>> {
        let request = self.client.head_object().bucket(&self.bucket).key(name);
        match request.send().await {
            Ok(output) => Ok(output.content_length().and_then(|size| u64::try_from(size).ok())),
            Err(error) => match error.as_service_error() {
                Some(HeadObjectError::NotFound(_)) => Ok(None),
                _ => Err(fault(error)),
            },
        }
    }

    pub(super) async fn delete(&self, name: &str) -> Result<()> {
        let request = self.client.delete_object().bucket(&self.bucket).key(name);
        request.send().await.map_err(fault).map(|_| ())
    }

    /// The size is signed with the link, so that S3 takes no other.
    pub(super) async fn upload_link(
        &self,
        wanted: &UploadWanted,
        now: Timestamp,
    ) -> Result<UploadLink> {
        let seconds = Duration::from_secs(wanted.seconds.into());
        let presigning = PresigningConfig::expires_in(seconds).map_err(Error::internal)?;
        let size = i64::try_from(wanted.size).map_err(Error::internal)?;
        let request = self.client.put_object().bucket(&self.bucket).key(&wanted.name);
        let request = request.content_type(&wanted.content_type).content_length(size);
        let signed = request.presigned(presigning).await.map_err(fault)?;
        let until = now.saturating_add(SignedDuration::from_secs(wanted.seconds.into()));
        let headers = signed.headers().map(|(name, value)| (name.to_owned(), value.to_owned()));
        Ok(UploadLink {
            url: signed.uri().to_owned(),
            method: "PUT",
            headers: headers.collect(),
            expires_at: until.map_err(Error::internal)?,
        })
    }
}
