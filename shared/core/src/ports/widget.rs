//! What is stored of widgets.

use std::future::Future;

use jiff::Timestamp;

use crate::error::Result;
use crate::id::{ProjectId, WidgetId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::widget::{Widget, WidgetPatch};

/// Widgets.
pub trait WidgetStore: Send + Sync + 'static {
    /// Stores a widget; one that exists stays as it is (see [`super::KeyStore::create_key`]).
    fn create_widget(&self, widget: &Widget) -> impl Future<Output = Result<()>> + Send;

    /// Reads a widget.
    fn widget(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        id: WidgetId,
    ) -> impl Future<Output = Result<Option<Widget>>> + Send;

    /// Lists a project's widgets, newest first.
    fn widgets(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<WidgetId>,
        limit: Limit,
    ) -> impl Future<Output = Result<Page<Widget>>> + Send;

    /// Changes a widget and answers it as it stands then; `None` when there is none.
    fn change_widget(
        &self,
        place: (WorkspaceId, ProjectId),
        id: WidgetId,
        patch: &WidgetPatch,
        now: Timestamp,
    ) -> impl Future<Output = Result<Option<Widget>>> + Send;

    /// Deletes a widget; `false` when there is none.
    fn delete_widget(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        id: WidgetId,
    ) -> impl Future<Output = Result<bool>> + Send;
}
