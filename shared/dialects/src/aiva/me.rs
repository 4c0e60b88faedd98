//! `GET /me`.

use std::sync::Arc;

use aiva_core::error::{Error, Result};
use aiva_core::key::Scope;
use aiva_core::ports::{Clock, Ports, WorkspaceStore};
use aiva_core::project::Project;
use aiva_core::wallet;
use aiva_core::workspace::{Workspace, default_project};
use http::StatusCode;

use super::wire::Me;
use crate::http::{Call, Edge, Failure, Reply};

/// Two rounds to the database at most: what can be named before the key is known to be right is read
/// beside its check, and the shards of the wallet, which only some keys may see, after it.
pub(super) async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (caller, read) = call.authenticate_beside(&edge, claimed(&edge, &call)).await?;
    let (workspace, project) = read?;
    let app = &*edge.app;
    let now = app.now();
    let wallet = match caller.key.require(Scope::AccountRead) {
        Ok(()) => Some(wallet::view(&app.store, &workspace, &project, now).await?),
        Err(_) => None,
    };
    Reply::success(StatusCode::OK, &Me::new(&caller.key, &workspace, wallet.as_ref(), now))
}

/// The workspace that the key's text names, and its default project.
async fn claimed<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<(Workspace, Project)> {
    let id = call.claimed_key().ok_or(Error::Unauthenticated)?.id.workspace;
    let store = &edge.app.store;
    let (workspace, project) =
        tokio::try_join!(store.workspace(id), store.project(id, default_project(id)))?;
    workspace
        .zip(project)
        .ok_or_else(|| Error::internal("a live key has a workspace and a project"))
}
