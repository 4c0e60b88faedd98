//! Taking a token back: it is refused from the next request on.

use super::{Operator, OperatorId};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{Clock, OperatorStore};

/// Revokes an operator's token; one that is revoked stays as it is.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has no such operator.
pub async fn revoke(
    store: &impl OperatorStore,
    clock: &impl Clock,
    workspace: WorkspaceId,
    id: OperatorId,
) -> Result<Operator> {
    if id.workspace != workspace {
        return Err(Error::NotFound);
    }
    store.revoke_operator(id, clock.now()).await?.ok_or(Error::NotFound)
}
