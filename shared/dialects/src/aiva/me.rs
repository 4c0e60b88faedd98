//! `GET /me`.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::key::{Caller, Scope};
use aiva_core::ports::{Clock, Ports, WorkspaceStore};
use aiva_core::wallet::{self, WalletView};
use aiva_core::workspace::Workspace;
use http::StatusCode;

use super::wire::Me;
use crate::http::{Call, Edge, Failure, Reply};

pub(super) async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let workspace = edge.app.store.workspace(caller.key.id.workspace).await?;
    let workspace = workspace.ok_or_else(|| Error::internal("a live key has a workspace"))?;
    let wallet = wallet(&edge, &caller, &workspace).await?;
    Reply::success(StatusCode::OK, &Me::new(&caller.key, &workspace, wallet.as_ref()))
}

/// The wallet, where the key may see it.
async fn wallet<P: Ports>(
    edge: &Edge<P>,
    caller: &Caller,
    workspace: &Workspace,
) -> Result<Option<WalletView>, Failure> {
    if caller.key.require(Scope::AccountRead).is_err() {
        return Ok(None);
    }
    let store = &edge.app.store;
    let project = store.project(workspace.id, workspace.default_project()).await?;
    let project = project.ok_or_else(|| Error::internal("a workspace has a default project"))?;
    Ok(Some(wallet::view(store, workspace, &project, edge.app.now()).await?))
}
