//! Taking a verification back.

use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{Clock, IdentityStore};
use crate::text::ExternalId;

/// Makes a verified contact unverified, at once.
///
/// # Errors
/// [`Error::NotFound`] when it is not verified now, or there is none.
pub async fn revoke(
    store: &impl IdentityStore,
    clock: &impl Clock,
    workspace: WorkspaceId,
    user: &ExternalId,
) -> Result<()> {
    if store.revoke_verification(workspace, user, clock.now()).await? {
        tracing::info!(workspace_id = %workspace, "a verification was taken back");
        return Ok(());
    }
    Err(Error::NotFound)
}
