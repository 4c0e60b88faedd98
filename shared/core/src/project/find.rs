//! Naming a project.

use super::Project;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::WorkspaceStore;
use crate::workspace::default_project;

/// Reads the project that a path or a body names; `default` is the workspace's default project.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none of this name.
pub async fn resolve(
    store: &impl WorkspaceStore,
    workspace: WorkspaceId,
    name: &str,
) -> Result<Project> {
    let id = match name {
        "default" => default_project(workspace),
        id => id.parse().map_err(|_| Error::NotFound)?,
    };
    store.project(workspace, id).await?.ok_or(Error::NotFound)
}
