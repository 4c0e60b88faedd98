//! Reading one workspace, and listing all.

use super::Workspace;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::WorkspaceStore;

/// Reads a workspace.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn find(store: &impl WorkspaceStore, id: WorkspaceId) -> Result<Workspace> {
    store.workspace(id).await?.ok_or(Error::NotFound)
}
