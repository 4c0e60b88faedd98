//! Finding the message that a broken-off request sent, to go on with its answer.

use super::{Message, Sender, SubmitReceipt, SubmitStatus};
use crate::conversation::{self, ConversationRef};
use crate::error::Result;
use crate::page::Limit;
use crate::ports::ConversationStore;
use crate::text::Content;

/// Messages from the end of a conversation that are looked through.
const LOOKED_AT: Limit = Limit::of(10);

/// The newest message of a conversation, if an unnamed visitor said just this; none otherwise. It is as
/// if the message had been sent a second time under one idempotency key.
///
/// # Errors
/// When the store fails.
pub async fn resume(
    store: &impl ConversationStore,
    reference: &ConversationRef,
    content: &Content,
) -> Result<Option<SubmitReceipt>> {
    let Some(conversation) = store.conversation(reference).await? else { return Ok(None) };
    let newest = conversation::newest(store, &conversation, LOOKED_AT).await?;
    let said = newest.into_iter().rfind(|message| message.sender == Sender::Visitor);
    let same = |message: &Message| message.user.is_none() && message.content == *content;
    Ok(said.filter(same).map(|message| SubmitReceipt {
        reference: reference.clone(),
        conversation: conversation.id,
        message: message.id,
        seq: message.seq,
        status: SubmitStatus::Duplicate,
        behind: true,
    }))
}
