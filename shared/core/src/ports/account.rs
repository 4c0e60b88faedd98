//! What is stored of a workspace: keys, settings, money, idempotency, the request log.

use std::future::Future;

use jiff::Timestamp;

use crate::error::Result;
use crate::id::{ProjectId, WorkspaceId};
use crate::idempotency::{Begun, Claim, Ending, Place};
use crate::key::{Admission, ApiKey, KeyId, RequestLimits, SecretHash};
use crate::money::MicroCredits;
use crate::notice::Notice;
use crate::page::{Limit, Page};
use crate::project::Project;
use crate::request_log::{RequestFilter, RequestLogEntry};
use crate::wallet::{Credit, Credited, LedgerEntry, Period, Recount, Shard};
use crate::workspace::Workspace;

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

    /// Replaces a key's secret; the old one works until `old_until`, and the one before it no longer. A
    /// secret that is current already changes nothing (a rotation that is repeated has the same one).
    /// Where the old one shall work beyond `now` while the one before it still does, nothing changes
    /// either, and the answer is until when that one works: a key has two secrets at most.
    fn rotate_secret(
        &self,
        id: KeyId,
        secret: &SecretHash,
        now_and_old_until: (Timestamp, Timestamp),
    ) -> impl Future<Output = Result<Option<Timestamp>>> + Send;
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

    /// Makes a pending workspace active, and owes its owner a notice and the first credit of its plan,
    /// in one step; `false` when it was not pending.
    fn activate_workspace(&self, notice: &Notice) -> impl Future<Output = Result<bool>> + Send;

    /// Writes what differs between a workspace as it was read and as it shall be, if all of that is
    /// still as it was read; `false` when it is not.
    fn update_workspace(
        &self,
        expected: &Workspace,
        workspace: &Workspace,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Brings the limits in force of every key of a workspace in line with its own.
    fn narrow_keys(
        &self,
        workspace: WorkspaceId,
        limits: RequestLimits,
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

/// Wallets.
pub trait WalletStore: Send + Sync + 'static {
    /// Reads all shards of a wallet at one moment, with what they counted in a month (`yyyymm`).
    fn shards_serializable(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        month: u32,
    ) -> impl Future<Output = Result<Vec<Shard>>> + Send;

    /// Moves available credit between shards; `false` when `from` no longer has it.
    fn transfer(
        &self,
        workspace: WorkspaceId,
        from: u8,
        to: u8,
        amount: MicroCredits,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Counts messages of a month in another shard; `false` when one of the two has moved on meanwhile.
    fn recount(
        &self,
        workspace: WorkspaceId,
        month: u32,
        recount: Recount,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Brings credit in once, spread evenly over the shards.
    fn credit(&self, credit: &Credit) -> impl Future<Output = Result<Credited>> + Send;

    /// Lists the charges of a period, newest first, from a position that an earlier page gave.
    fn charges(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        from: (Period, Option<&str>),
        limit: Limit,
    ) -> impl Future<Output = Result<Page<LedgerEntry>>> + Send;

    /// Lists the ledger, newest first, from a position that an earlier page gave.
    fn ledger(
        &self,
        workspace: WorkspaceId,
        shards: u8,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<LedgerEntry>>> + Send;
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

/// The request log.
pub trait LogStore: Send + Sync + 'static {
    /// Stores one entry; it expires by itself.
    fn log_request(&self, entry: &RequestLogEntry) -> impl Future<Output = Result<()>> + Send;

    /// Lists a workspace's entries that pass a filter, newest first. A page that is short of its limit
    /// may have a position to go on from.
    fn requests(
        &self,
        workspace: WorkspaceId,
        filter: &RequestFilter,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<RequestLogEntry>>> + Send;
}
