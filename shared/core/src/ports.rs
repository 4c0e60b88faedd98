//! The ports: what the domain asks of the outside. One method is one access pattern (one DynamoDB
//! request or one transaction), never get and put.

use std::future::Future;
use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use crate::conversation::{Conversation, ConversationRef};
use crate::delivery::{Delivery, DeliveryClaim, DeliveryFilter, DeliveryUpdate};
use crate::egress::CallbackUrl;
use crate::error::Result;
use crate::id::{ConversationId, DeliveryId, ProjectId, SourceId, WorkspaceId};
use crate::idempotency::{Begun, Claim, Ending, Place};
use crate::key::{Admission, ApiKey, KeyId, SecretHash};
use crate::knowledge::{Document, Edition, Passage, Source};
use crate::message::{Claimed, Lease, Message, Submission, Submitted};
use crate::money::MicroCredits;
use crate::outbox::{DeliveryJob, GenerationJob, Owed, OwedItem};
use crate::page::{Limit, Page};
use crate::project::Project;
use crate::reply::{ModelError, ModelReply, ModelRequest, Settled, Settlement};
use crate::request_log::RequestLogEntry;
use crate::wallet::{Credit, Credited, LedgerEntry, Shard};
use crate::workspace::{Workspace, WorkspaceLimits};

/// The set of ports that one binary is built with.
pub trait Ports: Send + Sync + 'static {
    /// What is stored.
    type Store: Store;
    /// What is sent to the workers.
    type Queue: Queue;
    /// Sealed secrets and MACs.
    type Vault: Vault;
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
    + OutboxStore
    + LogStore
    + IdempotencyStore
{
}

/// API keys.
pub trait KeyStore: Send + Sync + 'static {
    /// Checks a secret and counts the request in one conditional write (a second one when a window
    /// begins). An earlier secret within its overlap counts too.
    fn admit(
        &self,
        key: KeyId,
        secret: &SecretHash,
        now: Timestamp,
    ) -> impl Future<Output = Result<Admission>> + Send;

    /// Counts a wrong key from a source address and answers how many came in this minute.
    fn count_wrong_key(
        &self,
        address: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64>> + Send;

    /// Counts a request of the operator API and answers how many came in this minute.
    fn count_operator_request(&self, now: Timestamp) -> impl Future<Output = Result<u64>> + Send;

    /// Stores a new key with the hash of its secret; a key that exists stays as it is (a creation that
    /// is repeated has the same id, and nothing else has).
    fn create_key(
        &self,
        key: &ApiKey,
        secret: &SecretHash,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a key.
    fn key(&self, id: KeyId) -> impl Future<Output = Result<Option<ApiKey>>> + Send;

    /// Lists a workspace's keys, newest first, revoked ones included.
    fn keys(
        &self,
        workspace: WorkspaceId,
        before: Option<KeyId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<ApiKey>>> + Send;

    /// Replaces what an operator may change of a key (name, callback, limits, revocation), if its
    /// callback is still the one given as `expected` was read; `false` when it is not.
    fn update_key(
        &self,
        expected: &ApiKey,
        key: &ApiKey,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Replaces a key's secret; the old one works until `old_until`. A secret that is current already
    /// changes nothing (a rotation that is repeated has the same one).
    fn rotate_secret(
        &self,
        id: KeyId,
        secret: &SecretHash,
        old_until: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
}

/// Workspaces and projects.
pub trait WorkspaceStore: Send + Sync + 'static {
    /// Stores a new workspace with its default project; one that exists stays as it is (see
    /// [`KeyStore::create_key`]).
    fn create_workspace(
        &self,
        workspace: &Workspace,
        project: &Project,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a workspace.
    fn workspace(&self, id: WorkspaceId) -> impl Future<Output = Result<Option<Workspace>>> + Send;

    /// Lists all workspaces, newest first.
    fn workspaces(
        &self,
        before: Option<WorkspaceId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Workspace>>> + Send;

    /// Makes a pending workspace active; `false` when it was not pending.
    fn activate_workspace(&self, id: WorkspaceId) -> impl Future<Output = Result<bool>> + Send;

    /// Sets the limits of a workspace, and with them the limits in force of each of its keys.
    fn set_limits(
        &self,
        workspace: &Workspace,
        limits: &WorkspaceLimits,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Sets the rates of a workspace.
    fn set_rates(
        &self,
        id: WorkspaceId,
        rates: &crate::money::Rates,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Stores a new project; one that exists stays as it is (see [`KeyStore::create_key`]).
    fn create_project(&self, project: &Project) -> impl Future<Output = Result<()>> + Send;

    /// Reads a project.
    fn project(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
    ) -> impl Future<Output = Result<Option<Project>>> + Send;

    /// Lists a workspace's projects, oldest first (the default project is the first).
    fn projects(&self, workspace: WorkspaceId)
    -> impl Future<Output = Result<Vec<Project>>> + Send;

    /// Replaces a project's agent; `false` when there is no such project.
    fn set_agent(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        agent: &crate::project::Agent,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// What a submit reads before it writes, in one round trip.
#[derive(Debug, Clone)]
pub struct Situation {
    /// The workspace.
    pub workspace: Workspace,
    /// The project.
    pub project: Project,
    /// The conversation, if it exists.
    pub conversation: Option<Conversation>,
}

/// Conversations and their messages, as readers see them.
pub trait ConversationStore: Send + Sync + 'static {
    /// Reads workspace, project and conversation in one request; `None` without the first two.
    fn situation(
        &self,
        reference: &ConversationRef,
    ) -> impl Future<Output = Result<Option<Situation>>> + Send;

    /// Reads a conversation, strongly consistent.
    fn conversation(
        &self,
        reference: &ConversationRef,
    ) -> impl Future<Output = Result<Option<Conversation>>> + Send;

    /// Finds a conversation of a workspace by our id.
    fn conversation_by_id(
        &self,
        workspace: WorkspaceId,
        id: ConversationId,
    ) -> impl Future<Output = Result<Option<Conversation>>> + Send;

    /// Lists a project's conversations made before another, newest first.
    fn conversations_before(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<ConversationId>,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Conversation>>> + Send;

    /// Reads messages with a greater `seq`, ascending.
    fn messages_after(
        &self,
        reference: &ConversationRef,
        after: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Message>>> + Send;

    /// Reads the newest messages up to and including `seq`, ascending.
    fn messages_until(
        &self,
        reference: &ConversationRef,
        seq: u64,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Message>>> + Send;
}

/// The two transactions of a message's life, and the claim between them.
pub trait MessageStore: Send + Sync + 'static {
    /// Stores a submission whole, or says why not. An idempotency key that was used before wins over
    /// every other reason.
    fn submit(&self, submission: &Submission) -> impl Future<Output = Result<Submitted>> + Send;

    /// Claims the reply owed for a message.
    fn claim(
        &self,
        reference: &ConversationRef,
        seq: u64,
        lease: &Lease,
    ) -> impl Future<Output = Result<Claimed>> + Send;

    /// Settles a claimed reply whole, or says why not.
    fn settle(&self, settlement: &Settlement) -> impl Future<Output = Result<Settled>> + Send;
}

/// Wallets.
pub trait WalletStore: Send + Sync + 'static {
    /// Reads all shards of a wallet at one moment.
    fn shards_serializable(
        &self,
        workspace: WorkspaceId,
        shards: u8,
    ) -> impl Future<Output = Result<Vec<Shard>>> + Send;

    /// Moves available credit between shards; `false` when `from` no longer has it.
    fn transfer(
        &self,
        workspace: WorkspaceId,
        from: u8,
        to: u8,
        amount: MicroCredits,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Brings credit in once, spread evenly over the shards.
    fn credit(&self, credit: &Credit) -> impl Future<Output = Result<Credited>> + Send;

    /// Lists the ledger, newest first, from a position that an earlier page gave.
    fn ledger(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<LedgerEntry>>> + Send;
}

/// Sources of knowledge.
pub trait KnowledgeStore: Send + Sync + 'static {
    /// Stores a source with its text and advances the project's knowledge version; a source that
    /// exists stays as it is (see [`KeyStore::create_key`]).
    fn put_source(&self, source: &Source, text: &str) -> impl Future<Output = Result<()>> + Send;

    /// Deletes a source and advances the version; `false` when there is none.
    fn delete_source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Lists a project's sources, newest first.
    fn sources(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<SourceId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Source>>> + Send;

    /// Reads a source without its text.
    fn source(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        source: SourceId,
    ) -> impl Future<Output = Result<Option<Source>>> + Send;

    /// Reads every source of a project with its text, for indexing.
    fn documents(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
    ) -> impl Future<Output = Result<Vec<Document>>> + Send;
}

/// Deliveries.
pub trait DeliveryStore: Send + Sync + 'static {
    /// Stores a delivery that no reply brings with it (a test, say).
    fn create_delivery(
        &self,
        delivery: &Delivery,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a delivery.
    fn delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
    ) -> impl Future<Output = Result<Option<Delivery>>> + Send;

    /// Lists deliveries, newest first; a rare filter may answer a short page with a next position.
    fn deliveries(
        &self,
        workspace: WorkspaceId,
        filter: &DeliveryFilter,
        before: Option<DeliveryId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Delivery>>> + Send;

    /// Claims a pending delivery that is due.
    fn claim_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        lease: &Lease,
    ) -> impl Future<Output = Result<DeliveryClaim>> + Send;

    /// Records what came of a claimed delivery; `false` when the lease was lost.
    fn record_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        fence: u64,
        update: &DeliveryUpdate,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Closes a pending delivery as cancelled; `false` when it is not pending, or a worker is at it.
    fn cancel_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Makes a closed delivery pending again, due now; a pending one is made due now. `false` when
    /// there is none.
    fn reopen_delivery(
        &self,
        workspace: WorkspaceId,
        id: DeliveryId,
        now: Timestamp,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
}

/// What is owed: replies and deliveries that a queue should be carrying.
pub trait OutboxStore: Send + Sync + 'static {
    /// How many shards the index of owed things has.
    fn owed_shards(&self) -> u8;

    /// Lists what has been due in one shard, oldest first.
    fn owed(
        &self,
        shard: u8,
        now: Timestamp,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Owed>>> + Send;

    /// Moves the moment that something is due; nothing happens when it is no longer owed.
    fn postpone(&self, item: &OwedItem, due: Timestamp) -> impl Future<Output = Result<()>> + Send;
}

/// The request log.
pub trait LogStore: Send + Sync + 'static {
    /// Stores one entry; it expires by itself.
    fn log_request(&self, entry: &RequestLogEntry) -> impl Future<Output = Result<()>> + Send;

    /// Lists a workspace's entries, newest first.
    fn requests(
        &self,
        workspace: WorkspaceId,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<RequestLogEntry>>> + Send;
}

/// Answers that are given again to the same `Idempotency-Key` header. (A message's own key is the
/// submit's, and a top-up's is the wallet's; both live longer than these.)
pub trait IdempotencyStore: Send + Sync + 'static {
    /// Claims an idempotency key, in one conditional write. A row past its `expires_at` counts as none,
    /// whether or not it is deleted yet; a claim whose lease ended unanswered is taken over, and keeps
    /// the seed and the moment of the first.
    fn begin(&self, claim: &Claim) -> impl Future<Output = Result<Begun>> + Send;

    /// Ends a claim of this holder; nothing happens when another has taken it over.
    fn end(
        &self,
        place: &Place,
        holder: &str,
        ending: &Ending,
    ) -> impl Future<Output = Result<()>> + Send;
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

/// A language model, or what stands in for one.
pub trait Model: Send + Sync + 'static {
    /// Generates one reply. `on_delta` sees the text as it comes.
    fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> impl Future<Output = Result<ModelReply, ModelError>> + Send;
}

/// An index over a project's knowledge.
pub trait KnowledgeIndex: Send + Sync + 'static {
    /// Whether this process has the edition ready.
    fn has(&self, edition: Edition) -> bool;

    /// Indexes an edition; older editions of the project are dropped.
    fn publish(
        &self,
        edition: Edition,
        documents: Vec<Document>,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Finds the passages nearest to a question, best first.
    fn search(
        &self,
        edition: Edition,
        question: &str,
        limit: usize,
    ) -> impl Future<Output = Result<Vec<Passage>>> + Send;
}

/// One POST to somebody else's endpoint.
#[derive(Debug, Clone)]
pub struct OutgoingRequest {
    /// Where to; vetted again at connect.
    pub url: CallbackUrl,
    /// Headers beside `content-type: application/json`.
    pub headers: Vec<(&'static str, String)>,
    /// The body.
    pub body: Vec<u8>,
    /// From the resolution of the name to the last byte of the answer.
    pub timeout: Duration,
    /// Bytes of the answer that are read at most.
    pub max_response_bytes: usize,
}

/// What the endpoint answered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutgoingResponse {
    /// The status.
    pub status: u16,
    /// The `Retry-After` header, if it can be read.
    pub retry_after: Option<Duration>,
    /// The body, as far as it was read.
    pub body: Vec<u8>,
    /// Whether more was offered than was read.
    pub truncated: bool,
    /// Whether the body came to its end.
    pub body_complete: bool,
}

/// Why there is no answer, in words the integrator may read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OutgoingError {
    /// The name does not resolve.
    #[error("the host name does not resolve")]
    Dns,
    /// It resolves to an address that is never called.
    #[error("the host resolves to an address that is not allowed")]
    RefusedAddress,
    /// No connection.
    #[error("the connection failed")]
    Connect,
    /// No trust.
    #[error("the TLS handshake failed")]
    Tls,
    /// No time left.
    #[error("timed out")]
    Timeout,
    /// No HTTP.
    #[error("the answer is not valid HTTP")]
    Protocol,
}

/// Outgoing HTTP, guarded: public addresses only, no redirects, bounded in time and bytes.
pub trait HttpOut: Send + Sync + 'static {
    /// Sends one POST.
    fn post(
        &self,
        request: OutgoingRequest,
    ) -> impl Future<Output = Result<OutgoingResponse, OutgoingError>> + Send;
}
