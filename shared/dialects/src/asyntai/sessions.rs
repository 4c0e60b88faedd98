//! `GET /api/v1/sessions/`, `GET /api/v1/conversations/?session_id=` and `GET /api/v1/leads/`.

use std::sync::Arc;

use aiva_core::conversation::{self, ConversationFilter, ConversationRef, Source};
use aiva_core::error::Error;
use aiva_core::id::ProjectId;
use aiva_core::page::{Limit, Room, json_bytes};
use aiva_core::ports::{ConversationStore, Ports};
use aiva_core::project::Project;
use aiva_core::text::ExternalId;
use http::StatusCode;

use super::asked::{website_if_named, websites};
use super::wire::{History, Lead, Leads, Session, Sessions};
use crate::http::{Call, Edge, Failure, Reply};

/// Sources of the document that never bring a session here.
const ELSEWHERE: [&str; 6] =
    ["whatsapp", "instagram", "messenger", "gorgias", "freshchat", "zapier"];

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = Limit::cut(call.query.get("limit"), 20, 100)?;
    let source = match call.query.get("source") {
        None => None,
        Some(known) if ELSEWHERE.contains(&known) => {
            return Reply::json(StatusCode::OK, &Sessions::new(Vec::new()));
        }
        Some(text) => Some(source(text)?),
    };
    let websites = websites(&edge, &call, &caller).await?;
    let filter = ConversationFilter { source, ..ConversationFilter::default() };
    let (store, workspace) = (&edge.app.store, caller.key.id.workspace);
    let recent = conversation::recent(store, workspace, &ids(&websites), &filter, limit).await?;
    let references: Vec<ConversationRef> =
        recent.iter().map(|conversation| conversation.reference.clone()).collect();
    let first = store.first_messages(&references).await?;
    let mut room = Room::default();
    let sessions = recent.iter().zip(&first).filter_map(|(one, first)| {
        let website = websites.iter().find(|website| website.id == one.reference.project);
        Some(Session::new(one, first.as_ref()?, website?))
    });
    let sessions = sessions.take_while(|session| room.take(json_bytes(session.first_message())));
    Reply::json(StatusCode::OK, &Sessions::new(sessions.collect()))
}

fn ids(websites: &[Project]) -> Vec<ProjectId> {
    websites.iter().map(|website| website.id).collect()
}

fn source(text: &str) -> Result<Source, Error> {
    [Source::Api, Source::Widget]
        .into_iter()
        .find(|source| source.as_str() == text)
        .ok_or_else(|| Error::invalid("source", "must be one of the sources of a session"))
}

pub(super) async fn history<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = Limit::cut(call.query.get("limit"), 50, 100)?;
    let session = call.query.get("session_id").unwrap_or_default();
    if session.is_empty() {
        return Err(Error::invalid("session_id", "is required").into());
    }
    let website = website_if_named(&edge, &call, &caller).await?;
    // What cannot be an id names no session.
    let external = ExternalId::parse("session_id", session).map_err(|_| Error::NotFound)?;
    let store = &edge.app.store;
    let conversation = match website {
        None => conversation::find_anywhere(store, &caller.key, &external).await?,
        Some(Project { workspace, id: project, .. }) => {
            conversation::find(store, &ConversationRef { workspace, project, external }).await?
        }
    };
    let newest = conversation::newest(store, &conversation, limit).await?;
    Reply::json(StatusCode::OK, &History::new(session, &newest))
}

pub(super) async fn leads<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let limit = Limit::cut(call.query.get("limit"), 50, 100)?;
    let websites = ids(&websites(&edge, &call, &caller).await?);
    let workspace = caller.key.id.workspace;
    let found = conversation::leads(&edge.app.store, workspace, &websites, limit).await?;
    Reply::json(StatusCode::OK, &Leads::new(found.iter().map(Lead::from).collect()))
}
