//! The knowledge of a website.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::id::SourceId;
use aiva_core::key::Caller;
use aiva_core::knowledge::{self, AddSource, FieldNames, NewSource};
use aiva_core::page::Limit;
use aiva_core::ports::{KnowledgeStore, Ports};
use aiva_core::project::{self, Project};
use aiva_core::workspace;
use http::StatusCode;

use super::asked::{website, website_id, website_if_named};
use super::wire::{Added, AddedPage, AddedTable, Entries, Entry, Removed};
use crate::http::{Call, Edge, Failure, Form, FormFile, Made, Reply, as_written, once};

/// The shortest text that is taken, in characters.
const MIN_CHARS: usize = 10;

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = Limit::cut(call.query.get("limit"), 50, 100)?;
    let project = website(&edge, &call, &caller).await?;
    let store = &edge.app.store;
    let page = store.sources(project.workspace, project.id, None, limit).await?;
    Reply::json(StatusCode::OK, &Entries::new(page.items.iter().map(Entry::from).collect()))
}

pub(super) async fn add_text<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await;
    let caller = call.authenticate(&edge).await?;
    let mut fields = fields?;
    let body = fields.canonical();
    let title = fields.required_text("title", as_written);
    let text = fields.required_text("content", long_enough);
    let number = fields.optional("website_id", website_id);
    let (Some(title), Some(text), Some(number)) = (title, text, number) else {
        return Err(fields.refusal());
    };
    let project = project::meant(&edge.app.store, &caller.key, number).await?;
    let command = AddSource { title: Some(title), ..of(NewSource::Raw(text)) };
    let desk = &edge.desk;
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let source = knowledge::add(app, &env, &project, command).await?;
        let source = knowledge::wait(app, desk, &project, (source, "content")).await?;
        Made::json(StatusCode::OK, &Added::from(source))
    })
    .await
}

/// What is asked for and nothing more.
fn of(what: NewSource) -> AddSource {
    let fields = FieldNames { text: "content", ..FieldNames::SNAKE };
    AddSource { title: None, url: None, tags: Vec::new(), refresh_seconds: None, what, fields }
}

/// The document's answer tells what was read, so the request waits for it.
pub(super) async fn add_url<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let fields = call.fields().await;
    let caller = call.authenticate(&edge).await?;
    let mut fields = fields?;
    let body = fields.canonical();
    let url = fields.required_text("url", as_written);
    let number = fields.optional("website_id", website_id);
    let (Some(url), Some(number)) = (url, number) else { return Err(fields.refusal()) };
    let project = project::meant(&edge.app.store, &caller.key, number).await?;
    let desk = &edge.desk;
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let command = of(NewSource::Url { url, crawl: None });
        let source = knowledge::add(app, &env, &project, command).await?;
        let source = knowledge::wait(app, desk, &project, (source, "url")).await?;
        Made::json(StatusCode::OK, &AddedPage::from(source))
    })
    .await
}

pub(super) async fn add_spreadsheet<P: Ports>(
    edge: Arc<Edge<P>>,
    call: Call,
) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let form = call.form().await?;
    let body = form.canonical();
    let (project, name, bytes) = table(&edge, &caller, form).await?;
    let plan = workspace::find(&edge.app.store, project.workspace).await?.plan;
    let (desk, max_rows) = (&edge.desk, u64::from(plan.terms().rows_per_upload));
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let command = of(NewSource::Spreadsheet { name, bytes, max_rows });
        let source = knowledge::add(app, &env, &project, command).await?;
        let source = knowledge::wait(app, desk, &project, (source, "file")).await?;
        Made::json(StatusCode::OK, &AddedTable::from(source))
    })
    .await
}

/// The website, the name and the content of an uploaded table.
async fn table<P: Ports>(
    edge: &Edge<P>,
    caller: &Caller,
    form: Form,
) -> Result<(Project, String, Vec<u8>), Failure> {
    let mut fields = form.fields(&[]);
    let number = fields.optional("website_id", website_id);
    let Some(FormFile { name, bytes }) = form.file else {
        return Err(Error::invalid("file", "is required").into());
    };
    let ending = name.rsplit_once('.').map(|(_, ending)| ending.to_ascii_lowercase());
    if !ending.is_some_and(|ending| ending == "csv" || ending == "xlsx") {
        return Err(Error::invalid("file", "must be a .csv or an .xlsx file").into());
    }
    let Some(number) = number else { return Err(fields.refusal()) };
    let project = project::meant(&edge.app.store, &caller.key, number).await?;
    Ok((project, name, bytes.to_vec()))
}

fn long_enough(field: &'static str, text: &str) -> CoreResult<String> {
    if text.trim().chars().count() < MIN_CHARS {
        return Err(Error::invalid(field, "must be at least 10 characters"));
    }
    Ok(text.to_owned())
}

pub(super) async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let website = website_if_named(&edge, &call, &caller).await?;
    let id: SourceId = call.param("id").parse().map_err(|_| Error::NotFound)?;
    match website {
        None => knowledge::remove_anywhere(&edge.app, &caller.key, id).await?,
        Some(website) => knowledge::remove(&edge.app, &website, id).await?,
    }
    Reply::json(StatusCode::OK, &Removed::entry())
}
