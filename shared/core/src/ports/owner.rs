//! What is stored for the people who run a workspace: their tokens, and the mails that they are owed.

use std::future::Future;

use jiff::Timestamp;

use crate::error::Result;
use crate::id::WorkspaceId;
use crate::key::SecretHash;
use crate::notice::{ClaimedNotice, Notice};
use crate::operator::{Operator, OperatorId};
use crate::page::{Limit, Page};

/// Operators of workspaces.
pub trait OperatorStore: Send + Sync + 'static {
    /// Stores a new operator with the hash of the token's secret; one that exists stays as it is.
    fn create_operator(
        &self,
        operator: &Operator,
        secret: &SecretHash,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads an operator with the hash of the token's secret, strongly consistent.
    fn operator(
        &self,
        id: OperatorId,
    ) -> impl Future<Output = Result<Option<(Operator, SecretHash)>>> + Send;

    /// Lists a workspace's operators, newest first, revoked ones included.
    fn operators(
        &self,
        workspace: WorkspaceId,
        position: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Operator>>> + Send;

    /// Revokes an operator's token, unless it is revoked, and answers the operator as it stands then.
    fn revoke_operator(
        &self,
        id: OperatorId,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Operator>>> + Send;

    /// Counts a request of an operator and answers how many came in this minute.
    fn count_operator_request_of(
        &self,
        id: OperatorId,
        now: Timestamp,
    ) -> impl Future<Output = Result<u64>> + Send;
}

/// Mails that are owed to owners.
pub trait NoticeStore: Send + Sync + 'static {
    /// Stores a notice, owed at once; one of this name that exists, sent or not, stays as it is.
    fn add_notice(&self, notice: &Notice) -> impl Future<Output = Result<()>> + Send;

    /// Takes a notice that is due at `now`, so that nobody else does until then; `None` when it is not
    /// due, or sent.
    fn claim_notice(
        &self,
        workspace: WorkspaceId,
        name: &str,
        now: Timestamp,
        until: Timestamp,
    ) -> impl Future<Output = Result<Option<ClaimedNotice>>> + Send;

    /// Makes a notice due later.
    fn postpone_notice(
        &self,
        workspace: WorkspaceId,
        name: &str,
        until: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Marks a notice as sent (or given up). It is kept for a time, so that its name stays taken.
    fn end_notice(
        &self,
        workspace: WorkspaceId,
        name: &str,
        now: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;
}
