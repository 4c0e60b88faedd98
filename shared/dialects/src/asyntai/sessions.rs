//! `GET /api/v1/sessions/`, `GET /api/v1/conversations/?session_id=` and `GET /api/v1/leads/`.

use std::sync::Arc;

use aiva_core::conversation::{self, ConversationFilter, ConversationRef, Source};
use aiva_core::error::Error;
use aiva_core::ports::{ConversationStore, Ports};
use aiva_core::text::ExternalId;
use http::StatusCode;

use super::asked::{limit, website};
use super::wire::{History, Lead, Leads, Session, Sessions};
use crate::http::{Call, Edge, Failure, Reply};

/// Sources of the document that never bring a session here.
const ELSEWHERE: [&str; 6] =
    ["whatsapp", "instagram", "messenger", "gorgias", "freshchat", "zapier"];

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = limit(&call, 20, 100)?;
    let source = match call.query.get("source") {
        None => None,
        Some(known) if ELSEWHERE.contains(&known) => {
            return Reply::json(StatusCode::OK, &Sessions::new(Vec::new()));
        }
        Some(text) => Some(source(text)?),
    };
    let project = website(&edge, &call, &caller).await?;
    let filter = ConversationFilter { source, ..ConversationFilter::default() };
    let (store, place) = (&edge.app.store, (project.workspace, project.id));
    let page = conversation::list(store, place, &filter, None, limit).await?;
    let references: Vec<ConversationRef> =
        page.items.iter().map(|conversation| conversation.reference.clone()).collect();
    let first = store.first_messages(&references).await?;
    let sessions = page.items.iter().zip(&first);
    let sessions = sessions.filter_map(|(one, first)| Some(Session::new(one, first.as_ref()?)));
    Reply::json(StatusCode::OK, &Sessions::new(sessions.collect()))
}

fn source(text: &str) -> Result<Source, Error> {
    [Source::Api, Source::Widget]
        .into_iter()
        .find(|source| source.as_str() == text)
        .ok_or_else(|| Error::invalid("source", "must be one of the sources of a session"))
}

pub(super) async fn history<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = limit(&call, 50, 100)?;
    let session = call.query.get("session_id").unwrap_or_default();
    let project = website(&edge, &call, &caller).await?;
    // What cannot be an id names no session.
    let external = ExternalId::parse("session_id", session).map_err(|_| Error::NotFound)?;
    let reference = ConversationRef { workspace: project.workspace, project: project.id, external };
    let store = &edge.app.store;
    let conversation = conversation::find(store, &reference).await?;
    let newest = store.messages_until(&reference, conversation.seq, limit.get()).await?;
    Reply::json(StatusCode::OK, &History::new(session, &newest))
}

pub(super) async fn leads<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = limit(&call, 50, 100)?;
    let project = website(&edge, &call, &caller).await?;
    let place = (project.workspace, project.id);
    let found = conversation::leads(&edge.app.store, place, limit).await?;
    Reply::json(StatusCode::OK, &Leads::new(found.iter().map(Lead::from).collect()))
}
