//! Reading one conversation: cheap when nothing is new.

use super::{Conversation, ConversationRef};
use crate::error::{Error, Result};
use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::key::ApiKey;
use crate::message::Message;
use crate::page::Limit;
use crate::ports::{ConversationStore, MessagePage, Side, WorkspaceStore};
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

/// Looks at the messages again, so often at most, where some that must be there are not.
const MAX_LOOKS: usize = 8;

/// Reads the messages after a `seq`, as many as one answer may hold. `conversation` was read beforehand, so
/// that an unchanged one costs no second read.
///
/// # Errors
/// As [`messages`].
pub async fn read(
    store: &impl ConversationStore,
    conversation: Conversation,
    after: u64,
    limit: Limit,
) -> Result<ConversationView> {
    let whole = (&conversation.reference, conversation.seq);
    let (messages, next_after) = messages(store, whole, after, limit).await?;
    Ok(ConversationView { conversation, messages, next_after })
}

/// Reads the messages after a `seq` and up to the `newest` that is known, and where to go on from. A turn
/// that is stored meanwhile belongs to the next read, as its version does.
///
/// # Errors
/// [`Error::Unavailable`] when a message that the conversation counts is not to be seen yet.
pub async fn messages(
    store: &impl ConversationStore,
    (reference, newest): (&ConversationRef, u64),
    after: u64,
    limit: Limit,
) -> Result<(Vec<Message>, Option<u64>)> {
    let wanted = match newest.saturating_sub(after) {
        0 => return Ok((Vec::new(), None)),
        more => limit.get().min(usize::try_from(more).unwrap_or(usize::MAX)),
    };
    let messages = page(store, reference, Side::After(after), wanted).await?;
    let last = messages.last().map(|message| message.seq);
    Ok((messages, last.filter(|last| *last < newest)))
}

/// Reads the newest messages of a conversation, as many as one answer may hold, ascending.
///
/// # Errors
/// As [`messages`].
pub async fn newest(
    store: &impl ConversationStore,
    conversation: &Conversation,
    limit: Limit,
) -> Result<Vec<Message>> {
    let seq = conversation.seq;
    let wanted = limit.get().min(usize::try_from(seq).unwrap_or(usize::MAX));
    match wanted {
        0 => Ok(Vec::new()),
        wanted => page(store, &conversation.reference, Side::Until(seq), wanted).await,
    }
}

/// Reads so many messages that are known to be there. A conversation and its messages are stored in one
/// transaction, but a list of rows may be read while it is under way: the conversation is seen as it will
/// be and a message is not. Whoever then answered would show the new version without what it is about.
pub(super) async fn page(
    store: &impl ConversationStore,
    reference: &ConversationRef,
    side: Side,
    wanted: usize,
) -> Result<Vec<Message>> {
    for _ in 0..MAX_LOOKS {
        let page = store.messages_page(reference, side, wanted).await?;
        if is_whole(&page, side, wanted) {
            return Ok(page.messages);
        }
    }
    Err(Error::unavailable("a message of a conversation is not to be seen yet"))
}

/// Whether the messages are those that were asked for, without a gap: their numbers have none.
fn is_whole(page: &MessagePage, side: Side, wanted: usize) -> bool {
    let messages = &page.messages;
    let (Some(first), Some(last)) = (messages.first(), messages.last()) else { return false };
    let begins = match side {
        Side::After(seq) => first.seq == seq + 1,
        Side::Until(seq) => last.seq == seq,
    };
    let all = page.is_full || messages.len() == wanted;
    begins && all && messages.windows(2).all(|two| two[0].seq + 1 == two[1].seq)
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
