//! Naming a tool.

use super::{Tool, ToolName};
use crate::error::{Error, Result};
use crate::ports::ToolStore;
use crate::project::Project;

/// Reads the tool of a project with this name.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn find(store: &impl ToolStore, project: &Project, name: &str) -> Result<Tool> {
    // A text that is no name names nothing.
    let name = ToolName::parse(name).map_err(|_| Error::NotFound)?;
    store.tool(project.workspace, project.id, &name).await?.ok_or(Error::NotFound)
}
