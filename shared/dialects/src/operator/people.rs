//! The operators of a workspace: made by the deployment's own, each with a token and a role.

use std::sync::Arc;

use aiva_core::operator::{self, CreateOperator, Operator, OperatorId};
use aiva_core::ports::{OperatorStore, Ports};
use aiva_core::time;
use http::StatusCode;
use secrecy::ExposeSecret;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::{for_deployment, for_owner, read};
use crate::http::{Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written};

pub(super) const CREATE: Route =
    for_deployment(Verb::Post, &["/admin/v1/workspaces/{workspace}/operators"]);
pub(super) const LIST: Route =
    for_owner(Verb::Get, &["/admin/v1/workspaces/{workspace}/operators"]);
pub(super) const REVOKE: Route =
    for_deployment(Verb::Delete, &["/admin/v1/workspaces/{workspace}/operators/{operator}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(CREATE, |edge, call| Box::pin(create(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(REVOKE, |edge, call| Box::pin(revoke(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct OperatorRow {
    operator_id: String,
    name: String,
    email: String,
    role: &'static str,
    status: &'static str,
    created_at: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    revoked_at: Option<String>,
}

/// An operator just made, with the token that is shown this once.
#[derive(Serialize)]
struct NewOperator<'a> {
    #[serde(flatten)]
    operator: OperatorRow,
    token: &'a str,
}

impl From<Operator> for OperatorRow {
    fn from(operator: Operator) -> Self {
        Self {
            operator_id: operator.id.to_string(),
            name: operator.name.to_string(),
            email: operator.email,
            role: operator.role.as_str(),
            status: if operator.revoked_at.is_some() { "revoked" } else { "live" },
            created_at: time::millis(operator.created_at),
            revoked_at: operator.revoked_at.map(time::millis),
        }
    }
}

async fn create<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = new_operator(fields)?;
    let workspace = read::workspace(&edge, &call).await?;
    once(&edge, &call, (workspace.id, &body), |app, env| async move {
        let (made, token) = operator::create(&app.store, &env, &workspace, command).await?;
        let answer = NewOperator { operator: made.into(), token: token.expose_secret() };
        Made::new(StatusCode::CREATED, &answer)
    })
    .await
}

fn new_operator(mut fields: Fields) -> Result<CreateOperator, Failure> {
    let name = fields.required_text("name", as_written);
    let email = fields.required_text("email", as_written);
    let role = fields.required_text("role", as_written);
    let (Some(name), Some(email), Some(role)) = (name, email, role) else {
        return Err(fields.refusal());
    };
    Ok(CreateOperator { name, email, role })
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "operators").await?;
    let position = asked.position.as_deref();
    let page = edge.app.store.operators(workspace, position, asked.limit).await?;
    page::reply(&asked, &edge, page, OperatorRow::from).await
}

async fn revoke<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let workspace = read::id(&call, "workspace")?;
    let id: OperatorId = read::id(&call, "operator")?;
    let app = &*edge.app;
    let revoked = operator::revoke(&app.store, app, workspace, id).await?;
    Reply::success(StatusCode::OK, &OperatorRow::from(revoked))
}
