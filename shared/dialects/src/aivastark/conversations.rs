//! `GET …/conversations` and `GET …/conversations/{conversation_id}`.

use std::sync::Arc;

use aiva_core::conversation::{self, Conversation, ConversationFilter, ConversationRef};
use aiva_core::error::Error;
use aiva_core::id::ConversationId;
use aiva_core::key::{Caller, Scope};
use aiva_core::ports::{ConversationStore, Ports};
use aiva_core::text::ExternalId;
use http::StatusCode;

use super::list::{self, DEFAULT_ITEMS, MAX_ITEMS};
use super::wire::{ConversationDetail, ConversationRow};
use super::{project, route};
use crate::http::{Call, Edge, Failure, Function, Reply, Route, RouteSet, Verb};

const READING: (Function, Scope) = (Function::ConversationRead, Scope::ConversationsRead);

pub(super) const LIST: Route =
    route(READING, Verb::Get, &["/v1/projects/{project_id}/conversations"]);
pub(super) const READ: Route =
    route(READING, Verb::Get, &["/v1/projects/{project_id}/conversations/{conversation_id}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let place = (caller.key.id.workspace, caller.key.project);
    let name = format!("conversations/{}", place.1);
    let asked = list::asked(&edge, &call, (place.0, &name), DEFAULT_ITEMS).await?;
    let (store, any) = (&edge.app.store, ConversationFilter::default());
    let page = conversation::list(store, place, &any, asked.before()?, asked.limit).await?;
    list::reply(&asked, &edge, page, ConversationRow::from).await
}

/// As many messages as one page takes; `?limit` and `?cursor` lead through more.
async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = project::enter(&edge, &call).await?;
    let found = find(&edge, &call, &caller).await?;
    let name = format!("messages/{}", found.id);
    let asked = list::asked(&edge, &call, (caller.key.id.workspace, &name), MAX_ITEMS).await?;
    let after = asked.before()?.unwrap_or(0);
    let view = conversation::read(&edge.app.store, found, after, asked.limit).await?;
    let next = asked.seal(&edge, view.next_after.map(|seq| seq.to_string())).await?;
    Reply::json(StatusCode::OK, &ConversationDetail::new(view, next))
}

/// The conversation by our id, or else by the caller's session. What can be neither names none.
async fn find<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
) -> Result<Conversation, Failure> {
    let (workspace, project) = (caller.key.id.workspace, caller.key.project);
    let (store, named) = (&edge.app.store, call.param("conversation_id"));
    if let Ok(id) = named.parse::<ConversationId>() {
        let found = store.conversation_by_id(workspace, id).await?;
        if let Some(own) = found.filter(|found| found.reference.project == project) {
            return Ok(own);
        }
    }
    let external = ExternalId::parse("conversation_id", named).map_err(|_| Error::NotFound)?;
    let reference = ConversationRef { workspace, project, external };
    Ok(store.conversation(&reference).await?.ok_or(Error::NotFound)?)
}
