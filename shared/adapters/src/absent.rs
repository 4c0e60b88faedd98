//! Ports that a function does not reach: what is never called is not linked either. A call is a mistake
//! of the composition root, and fails as one.

use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::outbox::{DeliveryJob, GenerationJob};
use aiva_core::ports::{Mail, Mailer, Queue, Vault};
use secrecy::SecretString;

/// No way to the workers.
#[derive(Debug, Clone, Copy)]
pub struct NoQueue;

/// No key ring.
#[derive(Debug, Clone, Copy)]
pub struct NoVault;

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
