//! Ports that a function does not reach: what is never called is not linked either. A call is a mistake
//! of the composition root, and fails as one.

use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::outbox::{DeliveryJob, GenerationJob, IngestionJob};
use aiva_core::ports::{Mail, Mailer, Objects, Queue, UploadLink, UploadWanted, Vault};
use jiff::Timestamp;
use secrecy::SecretString;

/// No way to the workers.
#[derive(Debug, Clone, Copy)]
pub struct NoQueue;

/// No key ring.
#[derive(Debug, Clone, Copy)]
pub struct NoVault;

/// No object store.
#[derive(Debug, Clone, Copy)]
pub struct NoObjects;

/// No sender of mail.
#[derive(Debug, Clone, Copy)]
pub struct NoMailer;

fn absent<T>(what: &'static str) -> Result<T> {
    Err(Error::internal(format!("this function has no {what}")))
}

impl Queue for NoQueue {
    async fn send_generation(&self, _job: &GenerationJob, _round: u64) -> Result<()> {
        absent("queue")
    }

    async fn send_delivery(&self, _job: &DeliveryJob, _delay: Duration) -> Result<()> {
        absent("queue")
    }

    async fn send_ingestion(&self, _job: &IngestionJob, _round: u64) -> Result<()> {
        absent("queue")
    }
}

impl Objects for NoObjects {
    async fn put(&self, _name: &str, _bytes: Vec<u8>) -> Result<()> {
        absent("object store")
    }

    async fn get(&self, _name: &str, _max_bytes: usize) -> Result<Option<Vec<u8>>> {
        absent("object store")
    }

    async fn get_start(&self, _name: &str, _max_bytes: usize) -> Result<Option<Vec<u8>>> {
        absent("object store")
    }

    async fn size(&self, _name: &str) -> Result<Option<u64>> {
        absent("object store")
    }

    async fn delete(&self, _name: &str) -> Result<()> {
        absent("object store")
    }

    async fn upload_link(&self, _wanted: &UploadWanted, _now: Timestamp) -> Result<UploadLink> {
        absent("object store")
    }
}

impl Vault for NoVault {
    async fn seal(&self, _workspace: WorkspaceId, _secret: &SecretString) -> Result<String> {
        absent("key ring")
    }

    async fn open(&self, _workspace: WorkspaceId, _sealed: &str) -> Result<SecretString> {
        absent("key ring")
    }

    async fn mac(&self, _label: &str, _data: &[u8]) -> Result<[u8; 32]> {
        absent("key ring")
    }
}

impl Mailer for NoMailer {
    async fn send(&self, _mail: &Mail) -> Result<()> {
        absent("sender of mail")
    }
}
