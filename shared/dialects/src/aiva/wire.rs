//! What Aiva's answers look like on the wire.

use aiva_core::conversation::{Conversation, ConversationView};
use aiva_core::message::{Citation, Message, SubmitReceipt, SubmitStatus};
use aiva_core::time;
use serde::Serialize;
use utoipa::ToSchema;

mod key;

pub use key::{Limits, Me, MonthUsage, Rates, Wallet};

/// What became of a message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Submitted {
    /// Our id of the conversation.
    #[schema(example = "cv_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub conversation_id: String,
    /// Our id of the message.
    #[schema(example = "msg_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub message_id: String,
    /// `queued`: a reply is being generated; `duplicate`: this idempotency key was used before;
    /// `skipped`: stored, but no reply will be generated.
    pub status: SubmissionStatus,
    /// Why it was skipped.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub reason: Option<SkipReason>,
}

/// What became of a message, in a word.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum SubmissionStatus {
    /// A reply is being generated.
    Queued,
    /// The idempotency key was used before.
    Duplicate,
    /// Stored; no reply will be generated.
    Skipped,
}

/// Why a message gets no reply.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum SkipReason {
    /// A human owns the conversation.
    HumanOwned,
    /// It is resolved, and the workspace does not reopen.
    ConversationResolved,
    /// The agent is switched off.
    AiDisabled,
}

impl From<aiva_core::message::SkipReason> for SkipReason {
    fn from(reason: aiva_core::message::SkipReason) -> Self {
        match reason {
            aiva_core::message::SkipReason::HumanOwned => Self::HumanOwned,
            aiva_core::message::SkipReason::ConversationResolved => Self::ConversationResolved,
            aiva_core::message::SkipReason::AiDisabled => Self::AiDisabled,
        }
    }
}

impl From<SubmitReceipt> for Submitted {
    fn from(receipt: SubmitReceipt) -> Self {
        let (status, reason) = match receipt.status {
            SubmitStatus::Queued => (SubmissionStatus::Queued, None),
            SubmitStatus::Duplicate => (SubmissionStatus::Duplicate, None),
            SubmitStatus::Skipped(reason) => (SubmissionStatus::Skipped, Some(reason.into())),
        };
        Self {
            conversation_id: receipt.conversation.to_string(),
            message_id: receipt.message.to_string(),
            status,
            reason,
        }
    }
}

/// A conversation without its messages.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationSummary {
    /// Our id.
    #[schema(example = "cv_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub conversation_id: String,
    /// Yours; ours where it was made without one.
    #[schema(example = "order-4821")]
    pub external_conversation_id: String,
    /// The end user who last wrote in it, if named.
    #[serde(skip_serializing_if = "Option::is_none")]
    #[schema(example = "user-93")]
    pub external_user_id: Option<String>,
    /// Who answers.
    pub owner: Owner,
    /// Whether it goes on.
    pub status: ConversationStatus,
    /// Whether a reply is being generated.
    pub pending_reply: bool,
    /// When it was made.
    #[schema(example = "2026-07-02T10:30:00.000Z", format = DateTime)]
    pub created_at: String,
    /// When it last changed.
    #[schema(example = "2026-07-02T10:30:04.210Z", format = DateTime)]
    pub updated_at: String,
}

/// Who answers.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum Owner {
    /// The agent.
    Ai,
    /// A human.
    Human,
}

/// Whether a conversation goes on.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum ConversationStatus {
    /// It goes on.
    Open,
    /// It was closed.
    Resolved,
}

impl From<&Conversation> for ConversationSummary {
    fn from(conversation: &Conversation) -> Self {
        use aiva_core::conversation::{ConversationStatus as Status, Owner as Who};
        Self {
            conversation_id: conversation.id.to_string(),
            external_conversation_id: conversation.reference.external.to_string(),
            external_user_id: conversation.last_user.as_ref().map(ToString::to_string),
            owner: match conversation.owner {
                Who::Ai => Owner::Ai,
                Who::Human { .. } => Owner::Human,
            },
            status: match conversation.status {
                Status::Open => ConversationStatus::Open,
                Status::Resolved => ConversationStatus::Resolved,
            },
            pending_reply: conversation.pending_replies > 0,
            created_at: time::millis(conversation.created_at),
            updated_at: time::millis(conversation.updated_at),
        }
    }
}

/// A conversation with messages in order.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationDetail {
    /// The conversation itself.
    #[serde(flatten)]
    pub summary: ConversationSummary,
    /// Messages after the one asked for, ascending by `seq`.
    pub messages: Vec<MessageView>,
    /// The cursor of the next messages, where more are stored.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}

impl ConversationDetail {
    /// Shows a conversation; `next_cursor` is sealed by the caller.
    pub fn new(view: &ConversationView, next_cursor: Option<String>) -> Self {
        let summary = ConversationSummary::from(&view.conversation);
        Self {
            summary,
            messages: view.messages.iter().map(MessageView::from).collect(),
            next_cursor,
        }
    }
}

/// One message.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct MessageView {
    /// Our id.
    #[schema(example = "msg_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub message_id: String,
    /// Its number in the conversation, from 1, gapless.
    #[schema(example = 2, minimum = 1)]
    pub seq: u64,
    /// Who said it.
    pub sender_type: SenderType,
    /// What was said.
    #[schema(example = "Our refund policy is…")]
    pub content: String,
    /// Who may see it.
    pub visibility: Visibility,
    /// The human agent's name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub agent_name: Option<String>,
    /// What a reply rests on.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub citations: Vec<CitationView>,
    /// When it was stored.
    #[schema(example = "2026-07-02T10:30:00.000Z", format = DateTime)]
    pub created_at: String,
}

/// Who said it.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "UPPERCASE")]
pub enum SenderType {
    /// The end user.
    Visitor,
    /// The AI agent.
    Ai,
    /// A human agent.
    Agent,
}

/// Who may see a message. Render a private one only where its user is authenticated.
#[derive(Debug, Clone, Copy, Serialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Visibility {
    /// Anyone in the conversation.
    Public,
    /// Only a surface where the user is authenticated.
    Private,
}

impl From<&Message> for MessageView {
    fn from(message: &Message) -> Self {
        use aiva_core::message::{Sender, Visibility as Seen};
        Self {
            message_id: message.id.to_string(),
            seq: message.seq,
            sender_type: match message.sender {
                Sender::Visitor => SenderType::Visitor,
                Sender::Ai => SenderType::Ai,
                Sender::Agent => SenderType::Agent,
            },
            content: message.content.as_str().to_owned(),
            visibility: match message.visibility {
                Seen::Public => Visibility::Public,
                Seen::Private => Visibility::Private,
            },
            agent_name: message.agent_name.clone(),
            citations: message.citations.iter().map(CitationView::from).collect(),
            created_at: time::millis(message.created_at),
        }
    }
}

/// The passage that a reply rests on.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct CitationView {
    /// The source.
    #[schema(example = "src_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub source_id: String,
    /// Its title.
    #[schema(example = "Refund policy")]
    pub title: String,
    /// Its address, if it has one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The passage, as it stands in the source.
    pub passage: String,
}

impl From<&Citation> for CitationView {
    fn from(citation: &Citation) -> Self {
        Self {
            source_id: citation.source_id.to_string(),
            title: citation.title.clone(),
            url: citation.url.clone(),
            passage: citation.passage.clone(),
        }
    }
}

/// One page of conversations, newest first.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct ConversationPage {
    /// The conversations.
    pub items: Vec<ConversationSummary>,
    /// The cursor of the next page, where there may be one. A rare filter may give a short page.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub next_cursor: Option<String>,
}
