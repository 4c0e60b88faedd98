//! Changing a widget in part.

use super::{Greeting, Origin, Theme, Widget};
use crate::change::Change;
use crate::error::{Error, Result};
use crate::id::{ProjectId, WidgetId, WorkspaceId};
use crate::ports::{Clock, WidgetStore};
use crate::text::Label;

/// What to change; everything else stays.
#[derive(Debug, Clone, Default)]
pub struct WidgetPatch {
    /// Another name.
    pub name: Option<Label>,
    /// Another list of sites; cleared, no page may show it.
    pub allowed_origins: Change<Vec<Origin>>,
    /// Another greeting, or none.
    pub greeting: Change<Greeting>,
    /// Another theme, or the script's own.
    pub theme: Change<Theme>,
}

/// Changes a widget of a project.
///
/// # Errors
/// [`Error::NotFound`] when the project has none of this id.
pub async fn update(
    store: &impl WidgetStore,
    clock: &impl Clock,
    (workspace, project): (WorkspaceId, ProjectId),
    id: WidgetId,
    patch: WidgetPatch,
) -> Result<Widget> {
    let changed = store.change_widget((workspace, project), id, &patch, clock.now()).await?;
    changed.ok_or(Error::NotFound)
}
