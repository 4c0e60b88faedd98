//! The tools of a project.

use std::sync::Arc;

use aiva_core::ports::Ports;
use aiva_core::time;
use aiva_core::tool::{self, PutTool, Saved, Tool};
use http::StatusCode;
use secrecy::{ExposeSecret, SecretString};
use serde::Serialize;
use serde_json::Value;

use super::page;
use super::{read, route};
use crate::http::{
    Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, as_written, yes_or_no,
};

pub(super) const PUT: Route =
    route(Verb::Put, &["/admin/v1/workspaces/{workspace}/projects/{project}/tools/{name}"]);
pub(super) const LIST: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects/{project}/tools"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects/{project}/tools/{name}"]);
pub(super) const REMOVE: Route =
    route(Verb::Delete, &["/admin/v1/workspaces/{workspace}/projects/{project}/tools/{name}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(PUT, |edge, call| Box::pin(put(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(REMOVE, |edge, call| Box::pin(remove(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ToolRow {
    name: String,
    description: String,
    parameters: Value,
    url: String,
    access: &'static str,
    repeatable: bool,
    /// Shown in the answer that made it, and never again.
    #[serde(skip_serializing_if = "Option::is_none")]
    secret: Option<String>,
    created_at: String,
    updated_at: String,
}

impl From<Tool> for ToolRow {
    fn from(tool: Tool) -> Self {
        // The query may hold the integrator's own secret.
        let url = tool.url.split('?').next().unwrap_or_default().to_owned();
        Self {
            name: tool.name.to_string(),
            description: tool.description,
            parameters: serde_json::from_str(&tool.parameters).unwrap_or_default(),
            url,
            access: tool.access.as_str(),
            repeatable: tool.repeatable,
            secret: None,
            created_at: time::millis(tool.created_at),
            updated_at: time::millis(tool.updated_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    name: String,
    deleted: bool,
}

async fn put<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let command = command(call.fields().await?, call.param("name"))?;
    let project = read::project(&edge, &call).await?;
    let Saved { tool, created, secret } = tool::put(&edge.app, &project, command).await?;
    let secret = secret.map(|secret| secret.expose_secret().to_owned());
    let status = if created { StatusCode::CREATED } else { StatusCode::OK };
    Reply::success(status, &ToolRow { secret, ..ToolRow::from(tool) })
}

fn command(mut fields: Fields, name: &str) -> Result<PutTool, Failure> {
    let description = fields.required_text("description", as_written);
    let parameters = fields.required("parameters", |_, value| Ok(value.clone()));
    let url = fields.required_text("url", as_written);
    let secret = fields.optional_text("secret", |_, text| Ok(SecretString::from(text)));
    let access = fields.required_text("access", as_written);
    let repeatable = fields.optional("repeatable", yes_or_no);
    let (Some(description), Some(parameters), Some(url)) = (description, parameters, url) else {
        return Err(fields.refusal());
    };
    let (Some(secret), Some(access), Some(repeatable)) = (secret, access, repeatable) else {
        return Err(fields.refusal());
    };
    let (name, repeatable) = (name.to_owned(), repeatable.unwrap_or_default());
    Ok(PutTool { name, description, parameters, url, secret, access, repeatable })
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let name = format!("tools/{}", project.id);
    let asked = page::asked(&edge, &call, project.workspace, &name).await?;
    let position = asked.position.as_deref();
    let page = tool::list(&edge.app.store, &project, position, asked.limit).await?;
    page::reply(&asked, &edge, page, ToolRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let tool = tool::find(&edge.app.store, &project, call.param("name")).await?;
    Reply::success(StatusCode::OK, &ToolRow::from(tool))
}

async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let name = call.param("name").to_owned();
    tool::delete(&edge.app.store, &project, &name).await?;
    Reply::success(StatusCode::OK, &Removed { name, deleted: true })
}
