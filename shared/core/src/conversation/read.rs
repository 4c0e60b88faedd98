//! Reading one conversation: cheap when nothing is new.

use super::{Conversation, ConversationRef};
use crate::error::{Error, Result};
use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::key::ApiKey;
use crate::message::Message;
use crate::page::Limit;
use crate::ports::{ConversationStore, WorkspaceStore};
use crate::project;
use crate::text::ExternalId;

/// A conversation with some of its messages, in order.
#[derive(Debug, Clone)]
pub struct ConversationView {
    /// The conversation.
    pub conversation: Conversation,
    /// Messages with a greater `seq` than asked for, ascending.
    pub messages: Vec<Message>,
    /// The `seq` to ask for next, where more messages are stored.
    pub next_after: Option<u64>,
}

/// Reads the messages after a `seq`. `conversation` was read beforehand, so that an unchanged one
/// costs no second read.
///
/// # Errors
/// When the store fails.
pub async fn read(
    store: &impl ConversationStore,
    conversation: Conversation,
    after: u64,
    limit: Limit,
) -> Result<ConversationView> {
    // A turn that is stored while this runs belongs to the next read, as its version does.
    let newest = conversation.seq;
    let mut messages = if after >= newest {
        Vec::new()
    } else {
        store.messages_after(&conversation.reference, after, limit.get()).await?
    };
    messages.retain(|message| message.seq <= newest);
    let last = messages.last().map_or(after, |message| message.seq);
    let next_after = (last < newest && !messages.is_empty()).then_some(last);
    Ok(ConversationView { conversation, messages, next_after })
}

/// Finds a conversation of a project by our id.
///
/// # Errors
/// [`Error::NotFound`] when the project has none.
pub async fn find_by_id(
    store: &impl ConversationStore,
    (workspace, project): (WorkspaceId, ProjectId),
    id: ConversationId,
) -> Result<Conversation> {
    let found = store.conversation_by_id(workspace, id).await?;
    found.filter(|found| found.reference.project == project).ok_or(Error::NotFound)
}

/// Finds a conversation by the integrator's id.
///
/// # Errors
/// [`Error::NotFound`] when there is none.
pub async fn find(
    store: &impl ConversationStore,
    reference: &ConversationRef,
) -> Result<Conversation> {
    store.conversation(reference).await?.ok_or(Error::NotFound)
}

/// Finds a conversation by the integrator's id in a key's own project, else in the others that the key
/// sees, in the order of their numbers.
///
/// # Errors
/// [`Error::NotFound`] when none has it.
pub async fn find_anywhere(
    store: &(impl ConversationStore + WorkspaceStore),
    key: &ApiKey,
    external: &ExternalId,
) -> Result<Conversation> {
    let workspace = key.id.workspace;
    let at = |project| ConversationRef { workspace, project, external: external.clone() };
    if let Some(found) = store.conversation(&at(key.project)).await? {
        return Ok(found);
    }
    let others: Vec<ConversationRef> =
        project::others(store, key).await?.into_iter().map(|project| at(project.id)).collect();
    store.conversations(&others).await?.into_iter().next().ok_or(Error::NotFound)
}
