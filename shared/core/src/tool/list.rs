//! Listing a project's tools.

use std::cmp::Reverse;

use super::Tool;
use crate::error::Result;
use crate::page::{Limit, Page};
use crate::ports::ToolStore;
use crate::project::Project;

/// Lists tools, newest first. There are few of them, so a page is cut from all.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &impl ToolStore,
    project: &Project,
    position: Option<&str>,
    limit: Limit,
) -> Result<Page<Tool>> {
    let mut tools = store.tools(project.workspace, project.id).await?;
    tools.sort_by_key(|tool| Reverse(place(tool)));
    tools.retain(|tool| position.is_none_or(|position| place(tool).as_str() < position));
    let more = tools.len() > limit.get();
    tools.truncate(limit.get());
    let next = tools.last().filter(|_| more).map(place);
    Ok(Page { items: tools, next })
}

/// Where a tool stands in the list: by its age, then by its name.
fn place(tool: &Tool) -> String {
    format!("{:020}.{}", tool.created_at.as_millisecond(), tool.name)
}
