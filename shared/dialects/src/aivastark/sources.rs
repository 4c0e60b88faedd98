//! `POST`, `GET …/sources`, `GET`, `DELETE …/sources/{source_id}`, and `POST …/sources/uploads`.

use std::borrow::Cow;
use std::collections::BTreeMap;
use std::sync::Arc;

use aiva_core::error::{Error, Problem, Result as CoreResult};
use aiva_core::id::{SourceId, UploadId};
use aiva_core::key::{Caller, Scope};
use aiva_core::knowledge::{self, Progress, Source, Upload};
use aiva_core::ports::{KnowledgeStore, Ports, WorkspaceStore};
use aiva_core::project::Project;
use aiva_core::time;
use http::StatusCode;
use serde::Serialize;

use super::list::{self, DEFAULT_ITEMS};
use super::{project, route};
use crate::http::{Call, Edge, Failure, Function, Made, Reply, Route, RouteSet, Verb, once};
use crate::intake;

const READING: (Function, Scope) = (Function::KnowledgeManage, Scope::KnowledgeRead);
const WRITING: (Function, Scope) = (Function::KnowledgeManage, Scope::KnowledgeWrite);
const SOURCES: &[&str] = &["/v1/projects/{project_id}/sources"];
const SOURCE: &[&str] = &["/v1/projects/{project_id}/sources/{source_id}"];

pub(super) const ADD: Route = route(WRITING, Verb::Post, SOURCES);
pub(super) const LIST: Route = route(READING, Verb::Get, SOURCES);
pub(super) const READ: Route = route(READING, Verb::Get, SOURCE);
pub(super) const DELETE: Route = route(WRITING, Verb::Delete, SOURCE);
pub(super) const UPLOAD: Route =
    route(WRITING, Verb::Post, &["/v1/projects/{project_id}/sources/uploads"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(ADD, |edge, call| Box::pin(add(edge, call)))
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
        .serve(DELETE, |edge, call| Box::pin(delete(edge, call)))
        .serve(UPLOAD, |edge, call| Box::pin(upload(edge, call)))
}

#[derive(Serialize)]
struct SourceRow {
    id: SourceId,
    #[serde(rename = "type")]
    kind: &'static str,
    title: String,
    url: Option<String>,
    tags: Vec<String>,
    status: &'static str,
    reason: Option<String>,
    chunks: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    progress: Option<ProgressRow>,
    created_at: String,
    updated_at: String,
}

impl From<Source> for SourceRow {
    fn from(source: Source) -> Self {
        Self {
            id: source.id,
            kind: source.kind.as_str(),
            title: source.title.to_string(),
            url: source.url,
            tags: source.tags,
            status: source.state.as_str(),
            reason: source.reason,
            chunks: source.chunks,
            progress: source.progress.map(ProgressRow::from),
            created_at: time::seconds(source.created_at),
            updated_at: time::seconds(source.updated_at),
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
struct UploadRow {
    upload_id: UploadId,
    url: String,
    method: &'static str,
    headers: BTreeMap<String, String>,
    expires_at: String,
}

impl From<Upload> for UploadRow {
    fn from(upload: Upload) -> Self {
        Self {
            upload_id: upload.id,
            url: upload.link.url,
            method: upload.link.method,
            headers: upload.link.headers.into_iter().collect(),
            expires_at: time::seconds(upload.link.expires_at),
        }
    }
}

async fn add<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (caller, project) = enter(&edge, &call).await?;
    let (command, body) = intake::read(&call).await.map_err(of_source)?;
    let workspace = caller.key.id.workspace;
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let source = knowledge::add(app, &env, &project, command).await?;
        Made::json(StatusCode::ACCEPTED, &SourceRow::from(source))
    })
    .await
    .map_err(of_source)
}

async fn upload<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (caller, project) = enter(&edge, &call).await?;
    let (command, body) = intake::upload(&call).await?;
    let workspace = caller.key.id.workspace;
    once(&edge, &call, (workspace, &body), |app, env| async move {
        let upload = knowledge::begin_upload(app, &env, &project, command).await?;
        Made::json(StatusCode::CREATED, &UploadRow::from(upload))
    })
    .await
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let (workspace, project) = (caller.key.id.workspace, caller.key.project);
    let name = format!("sources/{project}");
    let asked = list::asked(&edge, &call, (workspace, &name), DEFAULT_ITEMS).await?;
    let store = &edge.app.store;
    let page = store.sources(workspace, project, asked.before()?, asked.limit).await?;
    list::reply(&asked, &edge, page, SourceRow::from).await
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let (workspace, project) = (caller.key.id.workspace, caller.key.project);
    let source = edge.app.store.source(workspace, project, named(&call)?).await?;
    Reply::json(StatusCode::OK, &SourceRow::from(source.ok_or(Error::NotFound)?))
}

async fn delete<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (_, project) = enter(&edge, &call).await?;
    knowledge::remove(&edge.app, &project, named(&call)?).await?;
    Ok(Reply::empty(StatusCode::NO_CONTENT))
}

async fn enter<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<(Caller, Project), Failure> {
    let caller = project::enter(edge, call).await?;
    let project = edge.app.store.project(caller.key.id.workspace, caller.key.project).await?;
    Ok((caller, project.ok_or(Error::NotFound)?))
}

/// The source in the path; what can be no id names none.
fn named(call: &Call) -> CoreResult<SourceId> {
    call.param("source_id").parse().map_err(|_| Error::NotFound)
}

/// Names a source's fields as this dialect's document does: `source.url`.
fn of_source(failure: Failure) -> Failure {
    let Failure::Core(Error::Invalid(problems)) = failure else { return failure };
    let whole = |field: &str| ["body", "Idempotency-Key"].contains(&field);
    let named = problems.into_iter().map(|Problem { field, problem }| {
        let field = if whole(&field) { field } else { Cow::from(format!("source.{field}")) };
        Problem { field, problem }
    });
    Error::Invalid(named.collect()).into()
}
