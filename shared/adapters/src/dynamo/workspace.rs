//! Workspaces and their projects.

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, WorkspaceId};
use aiva_core::money::Rates;
use aiva_core::page::{Limit, Page};
use aiva_core::ports::WorkspaceStore;
use aiva_core::project::{Agent, Project};
use aiva_core::workspace::{Workspace, WorkspaceLimits, WorkspaceStatus};

use super::DynamoStore;
use super::item::{Item, from_item, key_item, key_of, text, to_item, to_value};
use super::keys;
use super::read::Reading;
use super::row::workspace::{LimitsRow, ProjectRow, RatesRow, WorkspaceRow};
use super::write::{Change, Written, put};

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

    async fn activate_workspace(&self, id: WorkspaceId) -> Result<bool> {
        let change = Change::new("SET #st = :active")
            .when("#st = :pending")
            .with("active", text(WorkspaceStatus::Active.as_str()))
            .with("pending", text(WorkspaceStatus::Pending.as_str()));
        Ok(matches!(self.update_row(keys::workspace(id), &change).await?, Written::Yes(_)))
    }

    /// One update of the workspace, then one for each of its keys.
    async fn set_limits(&self, workspace: &Workspace, limits: &WorkspaceLimits) -> Result<()> {
        let change =
            Change::new("SET #lim = :lim").with("lim", to_value(&LimitsRow::from(limits))?);
        self.change_workspace(workspace.id, change).await?;
        let changed = Workspace { limits: *limits, ..workspace.clone() };
        self.narrow_keys(workspace.id, changed.request_limits()).await
    }

    async fn set_rates(&self, id: WorkspaceId, rates: &Rates) -> Result<()> {
        let change = Change::new("SET #ra = :ra").with("ra", to_value(&RatesRow::from(*rates))?);
        self.change_workspace(id, change).await
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

impl DynamoStore {
    async fn change_workspace(&self, id: WorkspaceId, change: Change) -> Result<()> {
        let change = change.when("attribute_exists(#pk)");
        match self.update_row(keys::workspace(id), &change).await? {
            Written::Yes(_) => Ok(()),
            Written::No(_) => Err(Error::NotFound),
        }
    }
}

fn project_item(project: &Project) -> Result<Item> {
    to_item(keys::project(project.workspace, project.id), &ProjectRow::from(project))
}
