//! Deleting a widget.

use crate::error::{Error, Result};
use crate::id::{ProjectId, WidgetId, WorkspaceId};
use crate::ports::WidgetStore;

/// Deletes a widget of a project; its embed key opens nothing from then on.
///
/// # Errors
/// [`Error::NotFound`] when the project has none of this id.
pub async fn delete(
    store: &impl WidgetStore,
    (workspace, project): (WorkspaceId, ProjectId),
    id: WidgetId,
) -> Result<()> {
    let there = store.delete_widget(workspace, project, id).await?;
    there.then_some(()).ok_or(Error::NotFound)
}
