//! Small numbers for projects, for dialects that know no other ids.

use super::Project;
use crate::error::{Error, Result};
use crate::id::{ProjectId, WorkspaceId};
use crate::key::ApiKey;
use crate::ports::WorkspaceStore;
use crate::workspace::default_project;

/// A workspace's projects with their numbers: the default project is 1, and each that was made later has
/// the next. No project is ever deleted, so a number keeps its meaning. A key of another project than the
/// default sees that one alone.
///
/// # Errors
/// When the store fails.
pub async fn numbered(store: &impl WorkspaceStore, key: &ApiKey) -> Result<Vec<(u32, Project)>> {
    let workspace = key.id.workspace;
    let all = all(store, workspace).await?;
    Ok(all.into_iter().filter(|(_, project)| may_see(key, workspace, project)).collect())
}

/// The projects that a key sees beside its own, in the order of their numbers.
///
/// # Errors
/// When the store fails.
pub async fn others(store: &impl WorkspaceStore, key: &ApiKey) -> Result<Vec<Project>> {
    let all = numbered(store, key).await?.into_iter().map(|(_, project)| project);
    Ok(all.filter(|project| project.id != key.project).collect())
}

/// The number of a project.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has no such project.
pub async fn number_of(
    store: &impl WorkspaceStore,
    workspace: WorkspaceId,
    project: ProjectId,
) -> Result<u32> {
    let all = all(store, workspace).await?;
    let found = all.iter().find(|(_, known)| known.id == project);
    found.map(|(number, _)| *number).ok_or(Error::NotFound)
}

async fn all(store: &impl WorkspaceStore, workspace: WorkspaceId) -> Result<Vec<(u32, Project)>> {
    let mut projects = store.projects(workspace).await?;
    // A project made in the millisecond of its workspace could sort before the default one.
    projects.sort_by_key(|project| project.id != default_project(workspace));
    Ok((1_u32..).zip(projects).collect())
}

/// The project that a key means: its own, or the one with a number.
///
/// # Errors
/// [`Error::NotFound`] when there is none with the number, or none for this key.
pub async fn meant(
    store: &impl WorkspaceStore,
    key: &ApiKey,
    number: Option<u32>,
) -> Result<Project> {
    let Some(number) = number else {
        let own = store.project(key.id.workspace, key.project).await?;
        return own.ok_or(Error::NotFound);
    };
    let all = numbered(store, key).await?;
    let found = all.into_iter().find(|(known, _)| *known == number);
    found.map(|(_, project)| project).ok_or(Error::NotFound)
}

fn may_see(key: &ApiKey, workspace: WorkspaceId, project: &Project) -> bool {
    key.project == default_project(workspace) || key.project == project.id
}
