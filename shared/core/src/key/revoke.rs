//! Revoking a key: it is refused from the next request on, and its callbacks are not sent any more.

use super::{ApiKey, KeyId, find};
use crate::app::App;
use crate::callback::EndpointId;
use crate::delivery;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{Clock, Ports};

/// Revokes a key and cancels what waits for its callback; one that is revoked stays as it is.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has no such key.
pub async fn revoke<P: Ports>(app: &App<P>, workspace: WorkspaceId, id: KeyId) -> Result<ApiKey> {
    let key = find(&app.store, workspace, id).await?;
    if key.revoked_at.is_some() {
        return Ok(key);
    }
    let revoked_at = Some(app.now());
    let edit = |key: &ApiKey| Ok(ApiKey { revoked_at, ..key.clone() });
    let revoked = match find::change(&app.store, workspace, id, edit).await {
        // Somebody else revoked it in between.
        Err(Error::Conflict(conflict)) => find(&app.store, workspace, id)
            .await
            .and_then(|key| key.revoked_at.map(|_| key).ok_or(Error::Conflict(conflict)))?,
        other => other?,
    };
    if revoked.callback.is_some() {
        delivery::cancel_waiting(app, EndpointId::Key(id)).await;
    }
    Ok(revoked)
}
