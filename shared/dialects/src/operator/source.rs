//! The knowledge of a project.

use std::sync::Arc;

use aiva_core::error::Error;
use aiva_core::knowledge::{self, Progress, Source, Upload};
use aiva_core::ports::{KnowledgeStore, Ports};
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;

use super::once::{Made, once};
use super::page;
use super::{read, route};
use crate::http::{Call, Edge, Failure, Reply, Route, RouteSet, Verb};
use crate::intake;

const SOURCES: &str = "/admin/v1/workspaces/{workspace}/projects/{project}/sources";
const SOURCE: &str = "/admin/v1/workspaces/{workspace}/projects/{project}/sources/{source}";
const SYNC: &str = "/admin/v1/workspaces/{workspace}/projects/{project}/sources/{source}/sync";
const UPLOADS: &str = "/admin/v1/workspaces/{workspace}/projects/{project}/sources/uploads";

pub(super) const ADD: Route = route(Verb::Post, &[SOURCES]);
pub(super) const LIST: Route = route(Verb::Get, &[SOURCES]);
pub(super) const READ: Route = route(Verb::Get, &[SOURCE]);
pub(super) const REMOVE: Route = route(Verb::Delete, &[SOURCE]);
pub(super) const RESYNC: Route = route(Verb::Post, &[SYNC]);
pub(super) const UPLOAD: Route = route(Verb::Post, &[UPLOADS]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(ADD, |edge, call| Box::pin(add(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(REMOVE, |edge, call| Box::pin(remove(edge, call)))
        .serve(RESYNC, |edge, call| Box::pin(resync(edge, call)))
        .serve(UPLOAD, |edge, call| Box::pin(upload(edge, call)))
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
    #[serde(skip_serializing_if = "Option::is_none")]
    reason: Option<String>,
    characters: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    chunks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    refresh_seconds: Option<u64>,
    created_at: String,
    updated_at: String,
}

impl From<Source> for SourceRow {
    fn from(source: Source) -> Self {
        Self {
            source_id: source.id.to_string(),
            kind: source.kind.as_str(),
            title: source.title.to_string(),
            url: source.url,
            tags: source.tags,
            status: source.state.as_str(),
            reason: source.reason,
            characters: source.characters,
            chunks: source.chunks,
            progress: source.progress.map(ProgressRow::from),
            refresh_seconds: source.refresh_seconds,
            created_at: time::millis(source.created_at),
            updated_at: time::millis(source.updated_at),
        }
    }
}

/// How many passages of a source are in the index that is built.
#[derive(Serialize)]
struct ProgressRow {
    done: u64,
    total: u64,
}

impl From<Progress> for ProgressRow {
    fn from(progress: Progress) -> Self {
        Self { done: progress.done, total: progress.total }
    }
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct UploadRow {
    upload_id: String,
    url: String,
    method: &'static str,
    headers: std::collections::BTreeMap<String, String>,
    expires_at: String,
}

impl From<Upload> for UploadRow {
    fn from(upload: Upload) -> Self {
        Self {
            upload_id: upload.id.to_string(),
            url: upload.link.url,
            method: upload.link.method,
            headers: upload.link.headers.into_iter().collect(),
            expires_at: time::millis(upload.link.expires_at),
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
    let (command, body) = intake::read(&call).await?;
    let project = read::project(&edge, &call).await?;
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let source = knowledge::add(app, &env, &project, command).await?;
        Made::new(StatusCode::CREATED, &SourceRow::from(source))
    })
    .await
}

async fn upload<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (command, body) = intake::upload(&call).await?;
    let project = read::project(&edge, &call).await?;
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let upload = knowledge::begin_upload(app, &env, &project, command).await?;
        Made::new(StatusCode::CREATED, &UploadRow::from(upload))
    })
    .await
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

async fn resync<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let id = read::id(&call, "source")?;
    once(&edge, &call, (project.workspace, &[]), |app, _| async move {
        let source = knowledge::resync(app, &project, id).await?;
        Made::new(StatusCode::ACCEPTED, &SourceRow::from(source))
    })
    .await
}

async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let project = read::project(&edge, &call).await?;
    let id = read::id(&call, "source")?;
    knowledge::remove(&edge.app, &project, id).await?;
    Reply::success(StatusCode::OK, &Removed { source_id: id.to_string(), deleted: true })
}
