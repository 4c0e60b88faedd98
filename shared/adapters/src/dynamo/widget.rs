//! Widgets.

use aiva_core::change::Change as Asked;
use aiva_core::error::Result;
use aiva_core::id::{ProjectId, WidgetId, WorkspaceId};
use aiva_core::page::{Limit, Page};
use aiva_core::ports::WidgetStore;
use aiva_core::widget::{Widget, WidgetPatch};
use aws_sdk_dynamodb::types::AttributeValue;
use jiff::Timestamp;

use super::DynamoStore;
use super::item::{from_item, moment, text, to_item, to_value};
use super::keys;
use super::row::widget::{WidgetRow, theme_text};
use super::write::{Assignment, Change, Transacted, Written, delete, put};

impl WidgetStore for DynamoStore {
    async fn create_widget(&self, widget: &Widget) -> Result<()> {
        let key = keys::widget(widget.workspace, widget.project, widget.id);
        let once = Change::only_when("attribute_not_exists(#pk)");
        let actions = vec![put(&self.table, to_item(key, &WidgetRow::from(widget))?, &once)?];
        // Refused means that it exists.
        self.transact(None, actions).await.map(|_| ())
    }

    async fn widget(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        id: WidgetId,
    ) -> Result<Option<Widget>> {
        let row: Option<WidgetRow> = self.parsed_row(keys::widget(workspace, project, id)).await?;
        row.map(Widget::try_from).transpose()
    }

    async fn widgets(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        before: Option<WidgetId>,
        limit: Limit,
    ) -> Result<Page<Widget>> {
        let spans = [keys::widgets(workspace, project)];
        let position = before.map(WidgetId::bare);
        let parse = |item| Widget::try_from(from_item::<WidgetRow>(item)?).map(Some);
        let (items, next) = self.newest_first(&spans, position, limit.get(), parse).await?;
        let next = next.and_then(|_| items.last().map(|widget| widget.id.to_string()));
        Ok(Page { items, next })
    }

    async fn change_widget(
        &self,
        (workspace, project): (WorkspaceId, ProjectId),
        id: WidgetId,
        patch: &WidgetPatch,
        now: Timestamp,
    ) -> Result<Option<Widget>> {
        let change = Change::assigning(assignments(patch, now)?).when("attribute_exists(#pk)");
        match self.update_row(keys::widget(workspace, project, id), &change).await? {
            Written::Yes(item) => from_item::<WidgetRow>(item)?.try_into().map(Some),
            Written::No(_) => Ok(None),
        }
    }

    async fn delete_widget(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        id: WidgetId,
    ) -> Result<bool> {
        let exists = Change::only_when("attribute_exists(#pk)");
        let action = delete(&self.table, keys::widget(workspace, project, id), &exists)?;
        Ok(matches!(self.transact(None, vec![action]).await?, Transacted::Yes))
    }
}

fn assignments(patch: &WidgetPatch, now: Timestamp) -> Result<Vec<Assignment>> {
    let mut changes: Vec<Assignment> = vec![("up", Some(moment(now)))];
    if let Some(name) = &patch.name {
        changes.push(("nm", Some(text(name.as_str()))));
    }
    let origins = assignment(&patch.allowed_origins, "or", |origins| to_value(origins).map(Some))?;
    let greeting = assignment(&patch.greeting, "gr", |said| Ok(Some(text(said.as_str()))))?;
    let theme = assignment(&patch.theme, "th", |theme| Ok(theme_text(theme).map(text)))?;
    changes.extend([origins, greeting, theme].into_iter().flatten());
    Ok(changes)
}

fn assignment<T>(
    asked: &Asked<T>,
    name: &'static str,
    value: impl FnOnce(&T) -> Result<Option<AttributeValue>>,
) -> Result<Option<Assignment>> {
    Ok(match asked {
        Asked::Keep => None,
        Asked::Clear => Some((name, None)),
        Asked::Set(wanted) => Some((name, value(wanted)?)),
    })
}
