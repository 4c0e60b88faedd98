//! Making a project.

use super::{Agent, Domain, Project};
use crate::error::{Error, Result};
use crate::id::{ProjectId, WorkspaceId};
use crate::ports::{Clock, Entropy, WorkspaceStore};
use crate::text::Label;
use crate::tool::Toolset;

/// Projects that a workspace may have. Two made at the same time may both be the last.
const MAX_PROJECTS: usize = 100;

/// Makes a project with an agent of the defaults and no knowledge.
///
/// # Errors
/// [`Error::Invalid`] for the name or the host name of its website, [`Error::Conflict`] when the workspace has as many as it may.
pub async fn create(
    store: &impl WorkspaceStore,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    (name, domain): (&str, Option<&str>),
) -> Result<Project> {
    let name = Label::parse("name", name)?;
    let domain = domain.map(|domain| Domain::parse("domain", domain)).transpose()?;
    if store.projects(workspace).await?.len() >= MAX_PROJECTS {
        return Err(Error::conflict(
            "the workspace has 100 projects, which is the most it may have",
        ));
    }
    let now = env.now();
    let project = Project {
        id: ProjectId::new(now, env),
        workspace,
        name,
        domain,
        agent: Agent::default(),
        knowledge_version: 0,
        tools: Toolset::default(),
        webhooks: Vec::new(),
        knowledge: crate::knowledge::Published::default(),
        created_at: now,
    };
    store.create_project(&project).await?;
    Ok(project)
}
