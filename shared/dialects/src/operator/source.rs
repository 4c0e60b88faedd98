//! The knowledge of a project.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::knowledge::{self, AddSource, Source, SourceKind};
use aiva_core::ports::{KnowledgeStore, Ports};
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::read::as_written;
use super::{read, route};
use crate::http::{Call, Edge, Failure, Fields, Reply, Route, RouteSet, Verb, list as texts};

pub(super) const ADD: Route =
    route(Verb::Post, &["/admin/v1/workspaces/{workspace}/projects/{project}/sources"]);
pub(super) const LIST: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects/{project}/sources"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/projects/{project}/sources/{source}"]);
pub(super) const REMOVE: Route =
    route(Verb::Delete, &["/admin/v1/workspaces/{workspace}/projects/{project}/sources/{source}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(ADD, |edge, call| Box::pin(add(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(REMOVE, |edge, call| Box::pin(remove(edge, call)))
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct SourceRow {
    source_id: String,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    tags: Vec<String>,
    status: &'static str,
    characters: u64,
    created_at: String,
}

impl From<Source> for SourceRow {
    fn from(source: Source) -> Self {
        Self {
            source_id: source.id.to_string(),
            kind: source.kind.as_str(),
            title: source.title.to_string(),
            url: source.url,
            tags: source.tags,
            // A raw source answers from the next message on; no other kind is taken yet.
            status: "ready",
            characters: source.characters,
            created_at: time::millis(source.created_at),
        }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Removed {
    source_id: String,
    deleted: bool,
}

async fn add<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await?;
    let body = fields.canonical();
    let command = new_source(fields)?;
    let project = read::project(&edge, &call).await?;
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let source = knowledge::add(&app.store, &env, &project, command).await?;
        Made::new(StatusCode::CREATED, &SourceRow::from(source))
    })
    .await
}

fn new_source(mut fields: Fields) -> Result<AddSource, Failure> {
    let kind = fields.required_text("type", kind);
    let title = fields.optional_text("title", as_written);
    let url = fields.optional_text("url", as_written);
    let tags = fields.optional("tags", texts);
    // Of a kind that is not taken, other fields would be expected.
    let text = if kind.is_some() { fields.required_text("text", as_written) } else { None };
    let (Some(_), Some(title), Some(url), Some(tags), Some(text)) = (kind, title, url, tags, text)
    else {
        return Err(fields.refusal());
    };
    Ok(AddSource { title, url, tags: tags.unwrap_or_default(), text })
}

fn kind(field: &'static str, text: &str) -> CoreResult<SourceKind> {
    if text == SourceKind::Raw.as_str() {
        Ok(SourceKind::Raw)
    } else {
        Err(Error::invalid(field, "is not supported; send raw with the text"))
    }
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let name = format!("sources/{}", project.id);
    let asked = page::asked(&edge, &call, project.workspace, &name).await?;
    let (place, store) = ((project.workspace, project.id), &edge.app.store);
    let page = store.sources(place.0, place.1, asked.before()?, asked.limit).await?;
    page::reply(&asked, &edge, page, SourceRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let id = read::id(&call, "source")?;
    let source = edge.app.store.source(project.workspace, project.id, id).await?;
    let source = source.ok_or(Error::NotFound)?;
    Reply::success(StatusCode::OK, &SourceRow::from(source))
}

async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let id = read::id(&call, "source")?;
    knowledge::remove(&edge.app.store, &project, id).await?;
    Reply::success(StatusCode::OK, &Removed { source_id: id.to_string(), deleted: true })
}
