//! Changing a workspace against races.

use super::{Workspace, find};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{KeyStore, WorkspaceStore};

/// A change loses against another of the same settings; it then looks again.
const MAX_ROUNDS: usize = 8;

/// Changes a workspace: reads it, lets `edit` make the new one, and stores that if nothing of it moved.
/// Keys follow when the limits of requests changed, and wherever `limits` says that they are what is asked
/// for: an earlier try may have changed the workspace and died before its keys.
pub(super) async fn change(
    store: &(impl WorkspaceStore + KeyStore),
    id: WorkspaceId,
    limits: bool,
    edit: impl Fn(&Workspace) -> Result<Workspace>,
) -> Result<Workspace> {
    for _ in 0..MAX_ROUNDS {
        let current = find(store, id).await?;
        let changed = edit(&current)?;
        if !store.update_workspace(&current, &changed).await? {
            continue;
        }
        if limits || changed.request_limits() != current.request_limits() {
            narrow_keys(store, id).await?;
        }
        return Ok(changed);
    }
    Err(Error::conflict("the workspace is being changed by others; try again"))
}

/// Keys take the workspace's limits as they stand when nobody changes them any more: of two changes at
/// once, whoever ends last has seen the last value.
async fn narrow_keys(store: &impl WorkspaceStore, id: WorkspaceId) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let limits = find(store, id).await?.request_limits();
        store.narrow_keys(id, limits).await?;
        if find(store, id).await?.request_limits() == limits {
            return Ok(());
        }
    }
    Err(Error::conflict("the limits are being changed by others; try again"))
}
