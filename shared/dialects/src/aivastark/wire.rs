//! What Aivastark's answers look like on the wire.

use aiva_core::conversation::{Conversation, ConversationView, Owner};
use aiva_core::error::{Error, Unanswered};
use aiva_core::id::{ConversationId, MessageId, SourceId};
use aiva_core::message::{self, Asked, Citation, Message, Outcome, Sender, SkipReason};
use aiva_core::time;
use serde::Serialize;

/// A conversation without its messages.
#[derive(Debug, Serialize)]
pub(super) struct ConversationRow {
    id: ConversationId,
    session_id: String,
    status: &'static str,
    owner: &'static str,
    message_count: u64,
    created_at: String,
    updated_at: String,
}

impl From<Conversation> for ConversationRow {
    fn from(conversation: Conversation) -> Self {
        Self {
            id: conversation.id,
            session_id: conversation.reference.external.to_string(),
            status: conversation.status.as_str(),
            owner: match conversation.owner {
                Owner::Ai => "ai",
                Owner::Human { .. } => "human",
            },
            message_count: conversation.seq,
            created_at: time::seconds(conversation.created_at),
            updated_at: time::seconds(conversation.updated_at),
        }
    }
}

/// A conversation with messages in order.
#[derive(Debug, Serialize)]
pub(super) struct ConversationDetail {
    #[serde(flatten)]
    conversation: ConversationRow,
    messages: Vec<MessageRow>,
    next_cursor: Option<String>,
    has_more: bool,
}

impl ConversationDetail {
    /// Shows a conversation; `next_cursor` is sealed by the caller.
    pub(super) fn new(view: ConversationView, next_cursor: Option<String>) -> Self {
        let ConversationView { conversation, messages, next_after: _ } = view;
        Self {
            conversation: conversation.into(),
            messages: messages.into_iter().map(MessageRow::from).collect(),
            has_more: next_cursor.is_some(),
            next_cursor,
        }
    }
}

/// One message.
#[derive(Debug, Serialize)]
struct MessageRow {
    id: MessageId,
    role: &'static str,
    content: String,
    citations: Vec<CitationRow>,
    /// The agent's messages have one.
    confidence: Option<f64>,
    created_at: String,
}

impl From<Message> for MessageRow {
    fn from(message: Message) -> Self {
        Self {
            id: message.id,
            role: match message.sender {
                Sender::Visitor => "user",
                Sender::Ai => "assistant",
                Sender::Agent => "agent",
            },
            content: message.content.as_str().to_owned(),
            confidence: message::confidence(&message).map(share),
            citations: citations(message.citations),
            created_at: time::seconds(message.created_at),
        }
    }
}

/// The passage that an answer rests on.
#[derive(Debug, Serialize)]
pub(super) struct CitationRow {
    source_id: SourceId,
    title: String,
    url: Option<String>,
    passage: String,
    score: f64,
}

/// The citations of an answer, the weightiest first.
pub(super) fn citations(found: Vec<Citation>) -> Vec<CitationRow> {
    let rows = found.into_iter().enumerate().map(|(rank, citation)| CitationRow {
        source_id: citation.source_id,
        title: citation.title,
        url: citation.url,
        passage: citation.passage,
        score: share(message::weight(rank)),
    });
    rows.collect()
}

/// Thousandths as a number from 0 to 1.
#[expect(clippy::float_arithmetic, reason = "a share of one as JSON writes it, no money")]
pub(super) fn share(permille: u16) -> f64 {
    f64::from(permille) / 1_000.0
}

/// The answer to a question.
#[derive(Debug, Serialize)]
pub(super) struct Answer {
    answer: String,
    citations: Vec<CitationRow>,
    confidence: f64,
    session_id: String,
    conversation_id: ConversationId,
    message_id: MessageId,
    /// Why there is no answer.
    #[serde(skip_serializing_if = "Option::is_none")]
    status: Option<&'static str>,
}

impl Answer {
    /// What came of a message.
    ///
    /// # Errors
    /// [`Error::Unanswered`] when no reply came and none was due from a human either.
    pub(super) fn of(asked: Asked) -> Result<Self, Error> {
        let Asked { receipt, outcome } = asked;
        let (session, conversation_id) = (receipt.reference.external, receipt.conversation);
        let session_id = session.to_string();
        match outcome {
            Outcome::Replied { reply, .. } => Ok(Self {
                answer: reply.content.as_str().to_owned(),
                confidence: message::confidence(&reply).map_or(0.0, share),
                message_id: reply.id,
                citations: citations(reply.citations),
                session_id,
                conversation_id,
                status: None,
            }),
            Outcome::Silent { reason, charge: _ } => {
                let status = match reason {
                    SkipReason::HumanOwned => "human_owned",
                    SkipReason::ConversationResolved => "resolved",
                    SkipReason::AiDisabled => {
                        return Err(Error::Unanswered(Unanswered::AgentOff));
                    }
                };
                Ok(Self {
                    answer: String::new(),
                    citations: Vec::new(),
                    confidence: 0.0,
                    session_id,
                    conversation_id,
                    message_id: receipt.message,
                    status: Some(status),
                })
            }
            Outcome::Failed => Err(Error::Unanswered(Unanswered::Failed)),
            Outcome::Slow => Err(Error::Unanswered(Unanswered::Slow)),
        }
    }

    /// What is said.
    pub(super) fn text(&self) -> &str {
        &self.answer
    }

    /// What it rests on.
    pub(super) fn citations(&self) -> &[CitationRow] {
        &self.citations
    }
}
