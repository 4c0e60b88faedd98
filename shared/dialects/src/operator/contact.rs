//! The end users of a workspace.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::identity;
use aiva_core::ports::Ports;
use aiva_core::text::ExternalId;
use http::StatusCode;
use serde::Serialize;

use super::{read, route};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb};

pub(super) const UNVERIFY: Route = route(
    Verb::Delete,
    &["/admin/v1/workspaces/{workspace}/contacts/{externalUserId}/verification"],
);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(UNVERIFY, |edge, call| Box::pin(unverify(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Unverified<'a> {
    external_user_id: &'a str,
    verified: bool,
}

async fn unverify<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::id(&call, "workspace")?;
    // A text that is no id names nobody.
    let user = ExternalId::parse("externalUserId", call.param("externalUserId"));
    let user = user.map_err(|_| Error::NotFound)?;
    identity::revoke(&edge.app.store, &*edge.app, workspace, &user).await?;
    let answer = Unverified { external_user_id: user.as_str(), verified: false };
    Reply::success(StatusCode::OK, &answer)
}
