//! The knowledge of a website.

use std::sync::Arc;

use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::id::SourceId;
use aiva_core::knowledge::{self, AddSource};
use aiva_core::ports::{KnowledgeStore, Ports};
use aiva_core::project;
use http::StatusCode;

use super::asked::{limit, website, website_id};
use super::wire::{Added, Entries, Entry, Removed};
use crate::http::{Call, Edge, Failure, Made, Reply, once};

/// The shortest text that is taken, in characters.
const MIN_CHARS: usize = 10;

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = limit(&call, 50, 100)?;
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
    let title = fields.required_text("title", |_, text| Ok(text.to_owned()));
    let text = fields.required_text("content", long_enough);
    let number = fields.optional("website_id", website_id);
    let (Some(title), Some(text), Some(number)) = (title, text, number) else {
        return Err(fields.refusal());
    };
    let project = project::meant(&edge.app.store, &caller.key, number).await?;
    let command = AddSource { title: Some(title), url: None, tags: Vec::new(), text };
    once(&edge, &call, (project.workspace, &body), |app, env| async move {
        let source = knowledge::add(&app.store, &env, &project, command).await?;
        Made::json(StatusCode::OK, &Added::of(&source))
    })
    .await
}

fn long_enough(field: &'static str, text: &str) -> CoreResult<String> {
    if text.trim().chars().count() < MIN_CHARS {
        return Err(Error::invalid(field, "must be at least 10 characters"));
    }
    Ok(text.to_owned())
}

pub(super) async fn remove<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let project = website(&edge, &call, &caller).await?;
    let id: SourceId = call.param("id").parse().map_err(|_| Error::NotFound)?;
    knowledge::remove(&edge.app.store, &project, id).await?;
    Reply::json(StatusCode::OK, &Removed::entry())
}
