//! The demo: a workspace with a shop's knowledge, a funded wallet and a key, made at the first start.
//!
//! Every step can be done again. The record is written last, so that a start after a crash finds the
//! half-made workspace by its name and goes on from there.

use aiva_core::app::App;
use aiva_core::error::{Error, Result};
use aiva_core::key::{self, CreateKey, Scope};
use aiva_core::knowledge::{self, AddSource, FieldNames, NewSource};
use aiva_core::page::Limit;
use aiva_core::ports::{Clock, KeyStore, KnowledgeStore, NoticeStore, Ports, WorkspaceStore};
use aiva_core::project::{self, AgentDraft, Project};
use aiva_core::workspace::{self, RequestAccess, Workspace, WorkspaceStatus};
use secrecy::ExposeSecret;
use serde::{Deserialize, Serialize};

use crate::data_dir::DataDir;
use crate::error::StartError;

const NAME: &str = "demo";
const FILE: &str = "demo.json";
/// 10,000 credits, in micro-credits.
const STARTER_CREDIT: i64 = 10_000_000_000;
/// Pages of the list of workspaces that are looked through for a half-made demo.
const MAX_PAGES: usize = 10;
const PERSONA: &str = "You are the friendly assistant of Harbour & Pine, a small shop for outdoor \
    clothing. You answer briefly and only from what the shop has written down.";
const PAGES: [(&str, &str, &str); 3] = [
    (
        "Refund policy",
        "https://harbourandpine.example/refunds",
        include_str!("../demo/refund-policy.md"),
    ),
    (
        "Shipping and delivery",
        "https://harbourandpine.example/shipping",
        include_str!("../demo/shipping.md"),
    ),
    (
        "Opening hours and contact",
        "https://harbourandpine.example/contact",
        include_str!("../demo/opening-hours.md"),
    ),
];

/// What a script needs to talk to the demo.
#[derive(Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Demo {
    /// Where the runtime listens.
    pub base_url: String,
    /// The operator's token.
    pub operator_token: String,
    /// The workspace.
    pub workspace_id: String,
    /// Its default project.
    pub project_id: String,
    /// The key's id.
    pub key_id: String,
    /// The key itself.
    pub key: String,
}

impl std::fmt::Debug for Demo {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Demo").field("workspace_id", &self.workspace_id).finish_non_exhaustive()
    }
}

/// Reads the demo's record, or makes the demo; address and token are those of this start.
pub(crate) async fn prepare<P: Ports>(
    app: &App<P>,
    dir: &DataDir,
    base_url: &str,
    operator_token: &str,
) -> Result<Demo, StartError> {
    let known = dir.read(FILE)?.and_then(|text| serde_json::from_str::<Demo>(&text).ok());
    let mut demo = match known {
        Some(demo) => demo,
        None => make(app).await.map_err(StartError::Demo)?,
    };
    demo.base_url = base_url.to_owned();
    demo.operator_token = operator_token.to_owned();
    let text = serde_json::to_string_pretty(&demo).map_err(StartError::engine)?;
    dir.write(FILE, &format!("{text}\n"))?;
    Ok(demo)
}

async fn make<P: Ports>(app: &App<P>) -> Result<Demo> {
    let workspace = match half_made(app).await? {
        Some(workspace) => workspace,
        None => request(app).await?,
    };
    if workspace.status == WorkspaceStatus::Pending {
        workspace::approve(&app.store, app, &workspace, Some(STARTER_CREDIT)).await?;
        // The demo's owner is nobody: the mailbox begins empty.
        app.store.end_notice(workspace.id, "approved", app.now()).await?;
    }
    let place = workspace.default_project();
    let project = app.store.project(workspace.id, place).await?.ok_or(Error::NotFound)?;
    let agent = AgentDraft { persona: Some(PERSONA.to_owned()), ..AgentDraft::default() };
    project::set_agent(&app.store, &project, agent).await?;
    add_pages(app, &project).await?;
    let (key_id, key) = renew_key(app, &workspace).await?;
    Ok(Demo {
        base_url: String::new(),
        operator_token: String::new(),
        workspace_id: workspace.id.to_string(),
        project_id: place.to_string(),
        key_id,
        key,
    })
}

/// Finds the workspace of a start that did not get to the end.
async fn half_made<P: Ports>(app: &App<P>) -> Result<Option<Workspace>> {
    let mut before = None;
    for _ in 0..MAX_PAGES {
        let page = app.store.workspaces(before, Limit::of(100)).await?;
        before = page.items.last().map(|workspace| workspace.id);
        let found = page.items.into_iter().find(|workspace| workspace.name.as_str() == NAME);
        if found.is_some() || page.next.is_none() {
            return Ok(found);
        }
    }
    Ok(None)
}

async fn request<P: Ports>(app: &App<P>) -> Result<Workspace> {
    let command = RequestAccess {
        domain: None,
        name: NAME.to_owned(),
        email: "demo@harbourandpine.example".to_owned(),
        plan: Some("enterprise".to_owned()),
        use_case: Some("Trying things out on one machine".to_owned()),
        expected_volume: None,
    };
    workspace::request(&app.store, app, command).await
}

async fn add_pages<P: Ports>(app: &App<P>, project: &Project) -> Result<()> {
    let known = app.store.sources(project.workspace, project.id, None, Limit::of(100)).await?;
    for (title, url, text) in PAGES {
        if known.items.iter().any(|source| source.title.as_str() == title) {
            continue;
        }
        let command = AddSource {
            title: Some(title.to_owned()),
            url: Some(url.to_owned()),
            tags: Vec::new(),
            refresh_seconds: None,
            what: NewSource::Raw(text.to_owned()),
            fields: FieldNames::SNAKE,
        };
        knowledge::add(app, app, project, command).await?;
    }
    Ok(())
}

/// Makes the demo's key. A key whose secret was never written down is of no use, so it is revoked.
async fn renew_key<P: Ports>(app: &App<P>, workspace: &Workspace) -> Result<(String, String)> {
    let known = app.store.keys(workspace.id, None, Limit::of(100)).await?;
    for lost in known.items {
        if lost.name.as_str() == NAME && lost.revoked_at.is_none() {
            key::revoke(app, workspace.id, lost.id).await?;
        }
    }
    let command = CreateKey {
        name: NAME.to_owned(),
        scopes: Scope::ALL.iter().map(|scope| scope.as_str().to_owned()).collect(),
        ..CreateKey::default()
    };
    let made = key::create(app, app, workspace, command).await?;
    Ok((made.key.id.to_string(), made.token.expose_secret().to_owned()))
}
