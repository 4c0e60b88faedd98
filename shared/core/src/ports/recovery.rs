//! Recoveries of missed events.

use std::future::Future;

use jiff::Timestamp;

use crate::delivery::Delivery;
use crate::error::Result;
use crate::id::{RecoveryId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::recovery::{Candidate, Recovery, Window};

/// Recoveries, and the deliveries that they look at.
pub trait RecoveryStore: Send + Sync + 'static {
    /// Lists the deliveries of a window, oldest first; about `limit` at a time.
    fn candidates(
        &self,
        workspace: WorkspaceId,
        window: &Window,
        after: Option<&str>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Candidate>>> + Send;

    /// Makes a missed delivery pending again with its whole schedule before it, marked by its recovery,
    /// due at the first moment and for the sweep at the second; `false` when it is not closed any more.
    fn reopen_missed(
        &self,
        recovery: RecoveryId,
        delivery: &Delivery,
        at_and_due: (Timestamp, Timestamp),
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Stores a new recovery, due for the sweep then unless it is done; one that exists stays as it is.
    fn create_recovery(
        &self,
        recovery: &Recovery,
        due: Timestamp,
    ) -> impl Future<Output = Result<()>> + Send;

    /// Reads a recovery.
    fn recovery(
        &self,
        workspace: WorkspaceId,
        id: RecoveryId,
    ) -> impl Future<Output = Result<Option<Recovery>>> + Send;

    /// Stores the next step of a recovery, if nobody else has; `false` when somebody has.
    fn advance_recovery(
        &self,
        recovery: &Recovery,
        due: Timestamp,
    ) -> impl Future<Output = Result<bool>> + Send;
}
