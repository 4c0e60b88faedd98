//! `GET /conversations` and `GET /conversations/{externalConversationId}`.

use std::sync::Arc;

use aiva_core::conversation::{
    self, Conversation, ConversationFilter, ConversationRef, ConversationStatus,
};
use aiva_core::error::Error;
use aiva_core::id::ConversationId;
use aiva_core::key::Caller;
use aiva_core::page::{CursorScope, Limit};
use aiva_core::ports::{ConversationStore, Ports};
use aiva_core::text::ExternalId;
use aiva_core::workspace::default_project;
use http::StatusCode;

use super::wire::{ConversationDetail, ConversationPage, ConversationSummary};
use crate::http::{Asked, Call, Edge, Failure, Reply, is_none_match};

const DEFAULT_LIMIT: u16 = 50;
const MAX_LIMIT: u16 = 200;

/// Names the shape of the answer in its entity tag: change it with the shape.
const SHAPE: u8 = 1;

pub(super) async fn read<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let ahead = look_ahead(&edge, &call);
    let (caller, ahead) = call.authenticate_beside(&edge, ahead).await?;
    let conversation = find(&edge, &call, &caller, ahead).await?;
    let list = messages_of(&conversation);
    let scope = CursorScope { workspace: caller.key.id.workspace, list: &list };
    let (after, asked) = window(&edge, &call, scope).await?;
    let etag = etag(&conversation, after, asked.limit);
    if is_none_match(&call.headers, &etag) {
        return Reply::empty(StatusCode::NOT_MODIFIED).tagged(&etag);
    }
    let view = conversation::read(&edge.app.store, conversation, after, asked.limit).await?;
    let next = asked.seal(&edge, view.next_after.map(|seq| seq.to_string())).await?;
    Reply::success(StatusCode::OK, &ConversationDetail::new(&view, next))?.tagged(&etag)
}

/// Reads the conversation while the key is being checked; `None` when it must be read afterwards.
async fn look_ahead<P: Ports>(edge: &Edge<P>, call: &Call) -> Option<Option<Conversation>> {
    let workspace = call.claimed_key()?.id.workspace;
    let project = default_project(workspace);
    let external = external_of(call)?;
    let reference = ConversationRef { workspace, project, external };
    edge.app.store.conversation(&reference).await.ok()
}

fn external_of(call: &Call) -> Option<ExternalId> {
    ExternalId::parse("externalConversationId", call.param("externalConversationId")).ok()
}

/// The conversation by the integrator's id, or else by ours. A text that can be neither names none.
async fn find<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
    ahead: Option<Option<Conversation>>,
) -> Result<Conversation, Failure> {
    let (workspace, project) = (caller.key.id.workspace, caller.key.project);
    let external = external_of(call).ok_or(Error::NotFound)?;
    let ours = external.as_str().parse::<ConversationId>();
    let found = match ahead.filter(|_| project == default_project(workspace)) {
        Some(read) => read,
        None => {
            let reference = ConversationRef { workspace, project, external };
            edge.app.store.conversation(&reference).await?
        }
    };
    if let Some(conversation) = found {
        return Ok(conversation);
    }
    let id = ours.map_err(|_| Error::NotFound)?;
    let by_id = edge.app.store.conversation_by_id(workspace, id).await?;
    let own = by_id.filter(|conversation| conversation.reference.project == project);
    Ok(own.ok_or(Error::NotFound)?)
}

/// From where, and how many messages: `?after=`, or the cursor that stands for it, and `?limit=`.
async fn window<'a, P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    scope: CursorScope<'a>,
) -> Result<(u64, Asked<'a>), Failure> {
    let limit = Limit::parse(call.query.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)?;
    let Some(after) = call.query.get("after") else {
        let asked = Asked::read(edge, scope, limit, call.query.get("cursor")).await?;
        return Ok((asked.before()?.unwrap_or(0), asked));
    };
    if call.query.get("cursor").is_some() {
        return Err(Error::invalid("cursor", "cannot be combined with after").into());
    }
    let after =
        after.parse().map_err(|_| Error::invalid("after", "must be a whole number from 0"))?;
    Ok((after, Asked::beginning(scope, limit)))
}

fn messages_of(conversation: &Conversation) -> String {
    format!("messages/{}", conversation.id)
}

/// Strong: the version counts every change of the conversation, and its messages never change.
fn etag(conversation: &Conversation, after: u64, limit: Limit) -> String {
    let (id, version) = (conversation.id.bare(), conversation.version);
    format!("\"{SHAPE}.{id}.{version}.{after}.{}\"", limit.get())
}

pub(super) async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let caller = call.authenticate(&edge).await?;
    let place = (caller.key.id.workspace, caller.key.project);
    let list = format!("conversations/{}", place.1);
    let scope = CursorScope { workspace: place.0, list: &list };
    let limit = Limit::parse(call.query.get("limit"), DEFAULT_LIMIT, MAX_LIMIT)?;
    let filter = filter(&call)?;
    let asked = Asked::read(&edge, scope, limit, call.query.get("cursor")).await?;
    let page = conversation::list(&edge.app.store, place, &filter, asked.before()?, limit).await?;
    let items = page.items.iter().map(ConversationSummary::from).collect();
    let next_cursor = asked.seal(&edge, page.next).await?;
    Reply::success(StatusCode::OK, &ConversationPage { items, next_cursor })
}

fn filter(call: &Call) -> Result<ConversationFilter, Error> {
    let status = call.query.get("status").map(|text| {
        ConversationStatus::parse(text)
            .ok_or_else(|| Error::invalid("status", "must be open or resolved"))
    });
    let user = call.query.get("externalUserId");
    let user = user.map(|text| ExternalId::parse("externalUserId", text));
    Ok(ConversationFilter {
        status: status.transpose()?,
        user: user.transpose()?,
        ..ConversationFilter::default()
    })
}
