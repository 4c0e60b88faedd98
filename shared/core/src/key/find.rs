//! Reading a key of a workspace, and changing one against races.

use super::{ApiKey, KeyId};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::KeyStore;

/// Reads a key, if it is this workspace's.
///
/// # Errors
/// [`Error::NotFound`] when it is not there, or another's.
pub async fn find(store: &impl KeyStore, workspace: WorkspaceId, id: KeyId) -> Result<ApiKey> {
    if id.workspace != workspace {
        return Err(Error::NotFound);
    }
    store.key(id).await?.ok_or(Error::NotFound)
}

/// A change loses against a worker that noted the endpoint's health in between; it then looks again.
const MAX_ROUNDS: usize = 5;

/// Changes a live key: reads it, lets `edit` make the new one, and stores that if nothing moved.
pub(super) async fn change(
    store: &impl KeyStore,
    workspace: WorkspaceId,
    id: KeyId,
    edit: impl Fn(&ApiKey) -> Result<ApiKey>,
) -> Result<ApiKey> {
    for _ in 0..MAX_ROUNDS {
        let current = find(store, workspace, id).await?;
        if current.revoked_at.is_some() {
            return Err(Error::conflict("the key is revoked"));
        }
        let changed = edit(&current)?;
        if store.update_key(&current, &changed).await? {
            return Ok(changed);
        }
    }
    Err(Error::conflict("the key is being changed by others; try again"))
}
