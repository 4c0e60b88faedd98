//! `GET /api/v1/account/`.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::ports::{Clock, Ports, WorkspaceStore};
use aiva_core::wallet;
use http::StatusCode;

use super::wire::Account;
use crate::http::{Call, Edge, Failure, Reply};

pub(super) async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let app = &*edge.app;
    let workspace = app.store.workspace(caller.key.id.workspace).await?;
    let workspace = workspace.ok_or_else(|| Error::internal("a live key has a workspace"))?;
    let project = app.store.project(workspace.id, workspace.default_project()).await?;
    let project = project.ok_or_else(|| Error::internal("a workspace has a default project"))?;
    let wallet = wallet::view(&app.store, &workspace, &project, app.now()).await?;
    Reply::json(StatusCode::OK, &Account::of(&workspace, wallet.messages_this_month))
}
