//! What a prompt recalls: what was said before its question, and what was told of the person who asks.

use super::listen::both;
use crate::conversation::Conversation;
use crate::error::Result;
use crate::message::{Message, Sender};
use crate::ports::{ConversationStore, OWED_LOOKBACK};
use crate::text::Background;

/// Messages of the history at most.
const HISTORY_MESSAGES: usize = 20;

/// What was before a question.
pub(super) struct Recalled {
    /// What was said, oldest first.
    pub(super) history: Vec<Message>,
    /// What the integrator's system told earlier of the person who asks.
    pub(super) background: Option<Background>,
}

/// Reads what was before a question. That is more than the messages with a smaller number: while the
/// question waited for its turn, earlier ones were answered, and the person has read those answers. What was
/// asked after it is not before it.
///
/// What was told longer ago than the history goes back is read beside it.
pub(super) async fn recall(
    store: &impl ConversationStore,
    conversation: &Conversation,
    question: &Message,
) -> Result<Recalled> {
    let (reference, newest) = (&conversation.reference, conversation.seq);
    if newest <= 1 {
        return Ok(Recalled { history: Vec::new(), background: None });
    }
    let waiting = usize::try_from(conversation.pending_replies).unwrap_or(OWED_LOOKBACK);
    // The question is read again, and so is what waits behind it.
    let limit = HISTORY_MESSAGES + waiting.clamp(1, OWED_LOOKBACK);
    let unread = newest.saturating_sub(u64::try_from(limit).unwrap_or(u64::MAX));
    let told = match question.background {
        Some(_) => None,
        None => conversation.told_of(question.user.as_ref()).filter(|seq| *seq <= unread),
    };
    let reading = store.messages_until(reference, newest, limit);
    let (read, told) = match told {
        None => (reading.await, Ok(Vec::new())),
        Some(seq) => both(reading, store.messages_until(reference, seq, 1)).await,
    };
    let mut history = read?;
    history.retain(|message| {
        message.seq < question.seq
            || (message.seq > question.seq && message.sender != Sender::Visitor)
    });
    let of_person = |message: &&Message| {
        message.sender == Sender::Visitor
            && message.user == question.user
            && message.seq < question.seq
    };
    let told = told?;
    let mut earlier = history.iter().rev().chain(&told).filter(of_person);
    let background = earlier.find_map(|message| message.background.clone());
    history.drain(..history.len().saturating_sub(HISTORY_MESSAGES));
    Ok(Recalled { history, background })
}
