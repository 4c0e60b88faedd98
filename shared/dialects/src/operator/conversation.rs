//! The inbox: conversations of a workspace or of one project, and one of them with its messages.

use std::borrow::Cow;
use std::sync::Arc;

use aiva_core::conversation::{
    self, Conversation, ConversationFilter, ConversationRef, ConversationStatus, Owner,
};
use aiva_core::error::{Error, Result as CoreResult};
use aiva_core::id::WorkspaceId;
use aiva_core::message::{Citation, Message};
use aiva_core::ports::{ConversationStore, Ports};
use aiva_core::text::ExternalId;
use aiva_core::{project, time, workspace};
use http::StatusCode;
use serde::{Deserialize, Serialize};

use super::once::Made;
use super::page;
use super::read::filter;
use super::{read, route};
use crate::http::{Asked, Call, Edge, Failure, Reply, Route, RouteSet, Verb};

pub(super) const LIST: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/conversations"]);
pub(super) const READ: Route =
    route(Verb::Get, &["/admin/v1/workspaces/{workspace}/conversations/{conversation}"]);

pub(super) fn serving<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(LIST, |edge, call| Box::pin(list(edge, call)))
        .serve(READ, |edge, call| Box::pin(show(edge, call)))
}

/// Read again, too, where it is kept as the answer of an action.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct ConversationRow {
    conversation_id: String,
    external_conversation_id: String,
    project_id: String,
    owner: Cow<'static, str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_name: Option<String>,
    status: Cow<'static, str>,
    pending_reply: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    external_user_id: Option<String>,
    message_count: u64,
    created_at: String,
    updated_at: String,
}

impl From<Conversation> for ConversationRow {
    fn from(conversation: Conversation) -> Self {
        Self {
            conversation_id: conversation.id.to_string(),
            external_conversation_id: conversation.reference.external.to_string(),
            project_id: conversation.reference.project.to_string(),
            owner: conversation.owner.as_str().into(),
            agent_name: match conversation.owner {
                Owner::Human { agent } => agent,
                Owner::Ai => None,
            },
            status: conversation.status.as_str().into(),
            pending_reply: conversation.pending_replies > 0,
            external_user_id: conversation.last_user.map(|user| user.to_string()),
            message_count: conversation.seq,
            created_at: time::millis(conversation.created_at),
            updated_at: time::millis(conversation.updated_at),
        }
    }
}

/// A message as the operator sees it.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct MessageRow {
    message_id: String,
    seq: u64,
    sender_type: &'static str,
    content: String,
    visibility: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    agent_name: Option<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    citations: Vec<CitationRow>,
    created_at: String,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct CitationRow {
    source_id: String,
    title: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    url: Option<String>,
    passage: String,
}

impl From<Citation> for CitationRow {
    fn from(citation: Citation) -> Self {
        Self {
            source_id: citation.source_id.to_string(),
            title: citation.title,
            url: citation.url,
            passage: citation.passage,
        }
    }
}

impl From<Message> for MessageRow {
    fn from(message: Message) -> Self {
        Self {
            message_id: message.id.to_string(),
            seq: message.seq,
            sender_type: message.sender.as_str(),
            content: message.content.as_str().to_owned(),
            visibility: message.visibility.as_str(),
            agent_name: message.agent_name,
            citations: message.citations.into_iter().map(CitationRow::from).collect(),
            created_at: time::millis(message.created_at),
        }
    }
}

/// A conversation with some of its messages.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct ConversationDetail {
    #[serde(flatten)]
    conversation: ConversationRow,
    messages: Vec<MessageRow>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

async fn list<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let wanted = ConversationFilter {
        status: filter(&call, "status", ConversationStatus::parse)?,
        human: filter(&call, "owner", is_human)?,
        ..ConversationFilter::default()
    };
    let store = &edge.app.store;
    let workspace = read::workspace(&edge, &call).await?.id;
    let asked = page::asked(&edge, &call, workspace, "conversations").await?;
    let (before, limit) = (asked.before()?, asked.limit);
    let page = match call.query.get("projectId").filter(|name| !name.is_empty()) {
        Some(name) => {
            let place = (workspace, project::resolve(store, workspace, name).await?.id);
            conversation::list(store, place, &wanted, before, limit).await?
        }
        None => workspace::inbox(store, workspace, &wanted, before, limit).await?,
    };
    page::reply(&asked, &edge, page, ConversationRow::from).await
}

fn is_human(text: &str) -> Option<bool> {
    [("HUMAN", true), ("AI", false)]
        .into_iter()
        .find_map(|(name, human)| name.eq_ignore_ascii_case(text).then_some(human))
}

async fn show<P: Ports>(edge: Arc<Edge<P>>, call: Call) -> Result<Reply, Failure> {
    let (workspace, id) = (read::id(&call, "workspace")?, read::id(&call, "conversation")?);
    let store = &edge.app.store;
    let found = store.conversation_by_id(workspace, id).await?.ok_or(Error::NotFound)?;
    let name = format!("conversation/{id}");
    let asked = page::asked(&edge, &call, workspace, &name).await?;
    let after = match asked.before()? {
        Some(after) => after,
        None => after(call.query.get("after"))?,
    };
    let whole = (found.reference.clone(), found.seq);
    Reply::success(StatusCode::OK, &detail(&edge, &asked, (whole, after), found.into()).await?)
}

/// A conversation as an action leaves it, which is kept as its answer.
pub(super) fn left(conversation: Conversation) -> CoreResult<Made> {
    Made::json(StatusCode::OK, &ConversationRow::from(conversation))
}

/// A conversation as an action left it, with the messages that reading it then began with.
pub(super) async fn shown<P: Ports>(
    edge: &Edge<P>,
    workspace: WorkspaceId,
    kept: Made,
) -> Result<Reply, Failure> {
    let row: ConversationRow = kept.kept()?;
    let project = row.project_id.parse().map_err(Error::internal)?;
    let external = ExternalId::parse("conversation", &row.external_conversation_id)?;
    let whole = (ConversationRef { workspace, project, external }, row.message_count);
    let name = format!("conversation/{}", row.conversation_id);
    let asked = page::beginning(workspace, &name);
    Reply::success(StatusCode::OK, &detail(edge, &asked, (whole, 0), row).await?)
}

/// A conversation with the messages after a number, of so many that it has.
async fn detail<P: Ports>(
    edge: &Edge<P>,
    asked: &Asked<'_>,
    ((reference, newest), after): ((ConversationRef, u64), u64),
    conversation: ConversationRow,
) -> CoreResult<ConversationDetail> {
    let (store, whole) = (&edge.app.store, (&reference, newest));
    let (messages, next) = conversation::messages(store, whole, after, asked.limit).await?;
    let next_cursor = asked.seal(edge, next.map(|seq| seq.to_string())).await?;
    let messages = messages.into_iter().map(MessageRow::from).collect();
    Ok(ConversationDetail { conversation, messages, next_cursor })
}

fn after(text: Option<&str>) -> CoreResult<u64> {
    let Some(text) = text else { return Ok(0) };
    text.parse().map_err(|_| Error::invalid("after", "must be a whole number from 0"))
}
