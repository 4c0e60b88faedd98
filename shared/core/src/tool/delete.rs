//! Deleting a tool.

use super::{ToolChange, ToolChanged, find};
use crate::error::{Error, Result};
use crate::ports::ToolStore;
use crate::project::Project;

/// Tries after a lost race, so many at most.
const MAX_ROUNDS: usize = 10;

/// Deletes a tool; no generation that begins later calls it.
///
/// # Errors
/// [`Error::NotFound`] when the project has none of this name.
pub async fn delete(store: &impl ToolStore, project: &Project, name: &str) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let before = Some(find(store, project, name).await?);
        let change = ToolChange { before, after: None };
        if store.change_tool(&change).await? == ToolChanged::Stored {
            return Ok(());
        }
    }
    Err(Error::unavailable("the tool is contended"))
}
