//! Listing a workspace's projects.

use super::Project;
use crate::error::Result;
use crate::id::{ProjectId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::ports::WorkspaceStore;

/// Lists projects, newest first. There are few of them, so a page is cut from all.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &impl WorkspaceStore,
    workspace: WorkspaceId,
    before: Option<ProjectId>,
    limit: Limit,
) -> Result<Page<Project>> {
    let projects = store.projects(workspace).await?;
    Ok(page(projects, before, limit))
}

fn page(mut projects: Vec<Project>, before: Option<ProjectId>, limit: Limit) -> Page<Project> {
    projects.sort_by_key(|project| std::cmp::Reverse(project.id));
    projects.retain(|project| before.is_none_or(|before| project.id < before));
    let more = projects.len() > limit.get();
    projects.truncate(limit.get());
    let next = projects.last().filter(|_| more).map(|project| project.id.to_string());
    Page { items: projects, next }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::project::Agent;
    use crate::text::Label;

    fn project(number: u128) -> Project {
        Project {
            id: ProjectId::from_uuid(uuid::Uuid::from_u128(number)),
            workspace: WorkspaceId::from_uuid(uuid::Uuid::nil()),
            name: Label::parse("name", "p").unwrap(),
            domain: None,
            agent: Agent::default(),
            knowledge_version: 0,
            tools: crate::tool::Toolset::default(),
            webhooks: Vec::new(),
            knowledge: crate::knowledge::Published::default(),
            created_at: jiff::Timestamp::UNIX_EPOCH,
        }
    }

    #[test]
    fn pages_follow_each_other_without_gap_or_repetition() {
        let all: Vec<Project> = (1..=5).map(project).collect();
        let mut seen = Vec::new();
        let mut before = None;
        loop {
            let page = page(all.clone(), before, Limit::of(2));
            seen.extend(page.items.iter().map(|project| project.id.uuid().as_u128()));
            let Some(next) = page.next else { break };
            before = Some(next.parse().unwrap());
        }
        assert_eq!(seen, [5, 4, 3, 2, 1]);
    }
}
