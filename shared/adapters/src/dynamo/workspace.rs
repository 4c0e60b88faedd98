//! Workspaces and their projects.

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, WorkspaceId};
use aiva_core::key::RequestLimits;
use aiva_core::notice::Notice;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::WorkspaceStore;
use aiva_core::project::{Agent, Project};
use aiva_core::workspace::{Workspace, WorkspaceStatus};
use aws_sdk_dynamodb::types::AttributeValue;

use super::DynamoStore;
use super::item::{Item, from_item, key_item, key_of, number, text, to_item, to_value};
use super::keys;
use super::read::Reading;
use super::row::workspace::{LimitsRow, ProjectRow, RatesRow, WorkspaceRow};
use super::write::{Assignment, Change, Transacted, Written, put, update};

/// Projects of one workspace that are listed.
const MAX_PROJECTS: usize = 1_000;

impl WorkspaceStore for DynamoStore {
    async fn create_workspace(&self, workspace: &Workspace, project: &Project) -> Result<()> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        let row = to_item(keys::workspace(workspace.id), &WorkspaceRow::from(workspace))?;
        let entry = key_item(keys::directory_entry(workspace.id));
        let actions = vec![
            put(&self.table, row, &once)?,
            put(&self.table, project_item(project)?, &once)?,
            put(&self.table, entry, &Change::default())?,
        ];
        // Refused means that it exists.
        self.transact(None, actions).await.map(|_| ())
    }

    async fn workspace(&self, id: WorkspaceId) -> Result<Option<Workspace>> {
        let row: Option<WorkspaceRow> = self.parsed_row(keys::workspace(id)).await?;
        row.map(Workspace::try_from).transpose()
    }

    /// A query of the directory, then the rows that it names.
    async fn workspaces(
        &self,
        before: Option<WorkspaceId>,
        limit: Limit,
    ) -> Result<Page<Workspace>> {
        let position = before.map(WorkspaceId::bare);
        let named = |item: Item| Ok(keys::parse_directory_entry(&key_of(&item)?));
        let (ids, next) =
            self.newest_first(&[keys::directory()], position, limit.get(), named).await?;
        let next = next.and_then(|_| ids.last().map(ToString::to_string));
        let mut rows = self.rows(ids.iter().map(|id| keys::workspace(*id)).collect()).await?;
        let found = ids.iter().filter_map(|id| {
            let item = rows.remove(&keys::workspace(*id))?;
            Some(from_item::<WorkspaceRow>(item).and_then(Workspace::try_from))
        });
        Ok(Page { items: found.collect::<Result<_>>()?, next })
    }

    async fn activate_workspace(&self, notice: &Notice) -> Result<bool> {
        let change = Change::new("SET #st = :active")
            .when("#st = :pending")
            .with("active", text(WorkspaceStatus::Active.as_str()))
            .with("pending", text(WorkspaceStatus::Pending.as_str()));
        let key = keys::workspace(notice.workspace);
        let actions = vec![
            update(&self.table, key, &change)?,
            self.notice_action(notice)?,
            self.allowance_action(notice.workspace, notice.created_at)?,
        ];
        Ok(matches!(self.transact(None, actions).await?, Transacted::Yes))
    }

    async fn update_workspace(&self, expected: &Workspace, workspace: &Workspace) -> Result<bool> {
        let (before, after) = (settings(expected)?, settings(workspace)?);
        let differing = before.into_iter().zip(after).filter(|(before, after)| before != after);
        let (before, after): (Vec<_>, Vec<_>) = differing.unzip();
        if after.is_empty() {
            return Ok(true);
        }
        let change = Change::assigning(after).when("attribute_exists(#pk)");
        let change = before.into_iter().fold(change, Change::when_is);
        match self.update_row(keys::workspace(workspace.id), &change).await? {
            Written::Yes(_) => Ok(true),
            Written::No(Some(_)) => Ok(false),
            Written::No(None) => Err(Error::NotFound),
        }
    }

    /// A query of the list and the rows that it names, a page at a time, then one update for each.
    async fn narrow_keys(&self, workspace: WorkspaceId, limits: RequestLimits) -> Result<()> {
        self.narrow_all_keys(workspace, limits).await
    }

    async fn create_project(&self, project: &Project) -> Result<()> {
        let once = Change::only_when("attribute_not_exists(#pk)");
        let actions = vec![put(&self.table, project_item(project)?, &once)?];
        // Refused means that it exists.
        self.transact(None, actions).await.map(|_| ())
    }

    async fn project(&self, workspace: WorkspaceId, project: ProjectId) -> Result<Option<Project>> {
        let row: Option<ProjectRow> = self.parsed_row(keys::project(workspace, project)).await?;
        row.map(Project::try_from).transpose()
    }

    async fn projects(&self, workspace: WorkspaceId) -> Result<Vec<Project>> {
        let run = self.run(&keys::projects(workspace), Reading::oldest(MAX_PROJECTS)).await?;
        let rows = run.items.into_iter().map(from_item::<ProjectRow>);
        rows.map(|row| row.and_then(Project::try_from)).collect()
    }

    async fn set_agent(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        agent: &Agent,
    ) -> Result<bool> {
        let change =
            Change::new("SET #ag = :ag").when("attribute_exists(#pk)").with("ag", to_value(agent)?);
        let key = keys::project(workspace, project);
        Ok(matches!(self.update_row(key, &change).await?, Written::Yes(_)))
    }
}

/// What of a workspace may be changed, as it is stored.
fn settings(workspace: &Workspace) -> Result<[Assignment; 7]> {
    Ok([
        ("nm", Some(text(workspace.name.as_str()))),
        ("em", Some(text(&workspace.email))),
        ("pl", Some(text(workspace.plan.as_str()))),
        ("lim", Some(to_value(&LimitsRow::from(&workspace.limits))?)),
        ("ra", Some(to_value(&RatesRow::from(workspace.rates))?)),
        ("ws", Some(number(workspace.wallet_shards))),
        ("ro", Some(AttributeValue::Bool(workspace.reopen_on_message))),
    ])
}

fn project_item(project: &Project) -> Result<Item> {
    to_item(keys::project(project.workspace, project.id), &ProjectRow::from(project))
}
