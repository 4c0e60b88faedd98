//! Making a widget.

use super::{Greeting, Origin, Theme, Widget};
use crate::error::{Error, Result};
use crate::id::{ProjectId, WidgetId, WorkspaceId};
use crate::page::Limit;
use crate::ports::{Clock, Entropy, WidgetStore};
use crate::text::Label;

/// Widgets that a project may have. Two made at the same time may both be the last.
const MAX_WIDGETS: u16 = 200;

/// A widget to make.
#[derive(Debug, Clone)]
pub struct CreateWidget {
    /// What its owner calls it.
    pub name: Label,
    /// The sites whose pages may show it.
    pub allowed_origins: Vec<Origin>,
    /// What it says before anyone speaks.
    pub greeting: Option<Greeting>,
    /// How it looks.
    pub theme: Theme,
}

/// Makes a widget of a project.
///
/// # Errors
/// [`Error::Conflict`] when the project has as many as it may.
pub async fn create(
    store: &impl WidgetStore,
    env: &(impl Clock + Entropy),
    (workspace, project): (WorkspaceId, ProjectId),
    command: CreateWidget,
) -> Result<Widget> {
    let there = store.widgets(workspace, project, None, Limit::of(MAX_WIDGETS)).await?;
    if there.items.len() >= usize::from(MAX_WIDGETS) {
        return Err(Error::conflict("the project has 200 widgets, which is the most it may have"));
    }
    let now = env.now();
    let widget = Widget {
        id: WidgetId::new(now, env),
        workspace,
        project,
        name: command.name,
        allowed_origins: command.allowed_origins,
        greeting: command.greeting,
        theme: command.theme,
        created_at: now,
        updated_at: now,
    };
    store.create_widget(&widget).await?;
    Ok(widget)
}
