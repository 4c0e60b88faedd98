//! What goes over the wire.

use aiva_core::conversation::Conversation;
use aiva_core::error::{Error, Unanswered};
use aiva_core::id::{ConversationId, MessageId};
use aiva_core::message::{Asked, Outcome, SkipReason};
use aiva_core::money::MicroCredits;
use serde::Serialize;

/// The answer to `POST /api/session`. The document shows the id bare, its program reads it from `data`;
/// both find it.
#[derive(Debug, Serialize)]
pub(super) struct Session {
    status: bool,
    data: SessionData,
    detail: &'static str,
    conversation_id: ConversationId,
}

#[derive(Debug, Serialize)]
struct SessionData {
    conversation_id: ConversationId,
}

impl From<&Conversation> for Session {
    fn from(conversation: &Conversation) -> Self {
        let conversation_id = conversation.id;
        let data = SessionData { conversation_id };
        Self { status: true, data, detail: "Session created successfully", conversation_id }
    }
}

/// The answer to `POST /api/chat`.
#[derive(Debug, Serialize)]
pub(super) struct Chat {
    status: bool,
    data: ChatData,
    detail: &'static str,
}

#[derive(Debug, Serialize)]
struct ChatData {
    response: Vec<String>,
    credits: i64,
    remaining_credits: i64,
    message_id: MessageId,
    conversation_id: ConversationId,
}

impl Chat {
    /// What came of a message; the remaining credits are told later.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when no reply came and none was due from a human either.
    pub(super) fn of(asked: &Asked) -> Result<Self, Error> {
        let (response, charge, message, detail) = match &asked.outcome {
            Outcome::Replied { reply, charge, .. } => {
                let said = paragraphs(reply.content.as_str());
                (said, *charge, reply.id, "Response generated successfully")
            }
            Outcome::Silent { reason, charge } => {
                let detail = match reason {
                    SkipReason::HumanOwned => "A human agent answers this conversation",
                    SkipReason::ConversationResolved => "The conversation is resolved",
                    SkipReason::AiDisabled => {
                        return Err(Error::Unanswered(Unanswered::AgentOff));
                    }
                };
                (Vec::new(), *charge, asked.receipt.message, detail)
            }
            Outcome::Failed => return Err(Error::Unanswered(Unanswered::Failed)),
            Outcome::Slow => return Err(Error::Unanswered(Unanswered::Slow)),
        };
        let data = ChatData {
            response,
            credits: charge.credits_up(),
            remaining_credits: 0,
            message_id: message,
            conversation_id: asked.receipt.conversation,
        };
        Ok(Self { status: true, data, detail })
    }

    /// The same with what is left in the wallet.
    pub(super) fn with_remaining(mut self, left: MicroCredits) -> Self {
        self.data.remaining_credits = left.credits_down();
        self
    }
}

/// The paragraphs of a text: what stands between empty lines.
fn paragraphs(text: &str) -> Vec<String> {
    let mut found = vec![String::new()];
    for line in text.lines() {
        let line = line.trim_end();
        match found.last_mut() {
            Some(last) if !line.is_empty() => {
                if !last.is_empty() {
                    last.push('\n');
                }
                last.push_str(line);
            }
            _ => found.push(String::new()),
        }
    }
    found.retain(|paragraph| !paragraph.is_empty());
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_reply_is_split_where_lines_are_empty_and_nowhere_else() {
        assert_eq!(paragraphs("One.\nStill one.\n\n \n\nTwo."), ["One.\nStill one.", "Two."]);
        assert_eq!(paragraphs("\n\nAlone\r\n"), ["Alone"]);
        assert_eq!(paragraphs("A\r\n\r\nB"), ["A", "B"]);
    }
}
