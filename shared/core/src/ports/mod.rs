//! The ports: what the domain asks of the outside. One method is one access pattern (one DynamoDB
//! request or one transaction), never get and put.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::error::Result;
use crate::id::WorkspaceId;
use crate::outbox::{DeliveryJob, GenerationJob, IngestionJob};

mod account;
mod answer;
mod billing;
mod conversation;
mod endpoint;
mod identity;
mod knowledge;
mod objects;
mod outgoing;
mod owner;
mod recovery;
mod tool;
mod webhook;
mod widget;

pub use account::{IdempotencyStore, KeyStore, LogStore, WalletStore, WorkspaceStore};
pub use answer::{Desk, Model, NoDesk};
pub use billing::{BillingStore, Payments};
pub use conversation::{
    ConversationStore, DeliveryStore, MessagePage, MessageStore, OWED_LOOKBACK, OutboxStore, Side,
    Situation,
};
pub use endpoint::EndpointStore;
pub use identity::{IdentityStore, Mail, Mailer};
pub use knowledge::{
    Embedder, Extract, Fetch, FetchRequest, Fetched, KnowledgeIndex, KnowledgeStore, NoEmbedder,
};
pub use objects::{Objects, UploadLink, UploadWanted};
pub use outgoing::{HttpOut, Names, OutgoingError, OutgoingRequest, OutgoingResponse};
pub use owner::{NoticeStore, OperatorStore};
pub use recovery::RecoveryStore;
pub use tool::ToolStore;
pub use webhook::WebhookStore;
pub use widget::WidgetStore;

/// The set of ports that one binary is built with.
pub trait Ports: Send + Sync + 'static {
    /// What is stored.
    type Store: Store;
    /// What is sent to the workers.
    type Queue: Queue;
    /// Sealed secrets and MACs.
    type Vault: Vault;
    /// Large things that are written once.
    type Objects: Objects;
    /// Mail on its way out.
    type Mailer: Mailer;
    /// The names of the Internet.
    type Names: Names;
    /// Where requests that wait have their replies written.
    type Desk: Desk;
    /// The clock.
    type Clock: Clock;
    /// Randomness.
    type Entropy: Entropy;
}

/// The time.
pub trait Clock: Send + Sync + 'static {
    /// Now, in UTC.
    fn now(&self) -> Timestamp;
}

/// Randomness good enough for secrets.
pub trait Entropy: Send + Sync + 'static {
    /// Fills the bytes.
    fn fill(&self, bytes: &mut [u8]);
}

/// Everything that is stored.
pub trait Store:
    KeyStore
    + WorkspaceStore
    + ConversationStore
    + MessageStore
    + WalletStore
    + KnowledgeStore
    + DeliveryStore
    + EndpointStore
    + RecoveryStore
    + WebhookStore
    + OutboxStore
    + LogStore
    + IdempotencyStore
    + IdentityStore
    + OperatorStore
    + NoticeStore
    + BillingStore
    + ToolStore
    + WidgetStore
{
}

/// The way to the workers. Losing a message here loses nothing: the outbox knows what is owed.
pub trait Queue: Send + Sync + 'static {
    /// Asks for a reply. `round` tells a repeated sending from a duplicate.
    fn send_generation(
        &self,
        job: &GenerationJob,
        round: u64,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Asks for an attempt of a delivery, after a delay of at most 900 s.
    fn send_delivery(
        &self,
        job: &DeliveryJob,
        delay: Duration,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Asks for a source to be fetched, or for a project's index. `round` as above.
    fn send_ingestion(
        &self,
        job: &IngestionJob,
        round: u64,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Secrets at rest, by a key ring with versions; the workspace is bound in as associated data.
pub trait Vault: Send + Sync + 'static {
    /// Seals a secret.
    fn seal(
        &self,
        workspace: WorkspaceId,
        secret: &SecretString,
    ) -> impl Future<Output = Result<String>> + Send;

    /// Opens what [`Vault::seal`] made for the same workspace.
    fn open(
        &self,
        workspace: WorkspaceId,
        sealed: &str,
    ) -> impl Future<Output = Result<SecretString>> + Send;

    /// HMAC-SHA256 under a key of the ring that `label` derives.
    fn mac(&self, label: &str, data: &[u8]) -> impl Future<Output = Result<[u8; 32]>> + Send;
}
