//! What Aiva's answers look like on the wire.

use aiva_core::conversation::{Conversation, ConversationView};
use aiva_core::key::ApiKey;
use aiva_core::message::{Citation, Message, SubmitReceipt, SubmitStatus};
use aiva_core::money::MicroCredits;
use aiva_core::time;
use aiva_core::wallet::WalletView;
use aiva_core::workspace::Workspace;
use serde::Serialize;
use utoipa::ToSchema;

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

/// The key that calls.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Me {
    /// Its workspace.
    #[schema(example = "ws_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub workspace_id: String,
    /// Its project.
    #[schema(example = "pr_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub project_id: String,
    /// The key's public id.
    pub key_id: String,
    /// What the operator calls it.
    #[schema(example = "backend")]
    pub name: String,
    /// What it may do.
    #[schema(example = json!(["messages:write", "conversations:read"]))]
    pub scopes: Vec<&'static str>,
    /// What the workspace pays for.
    #[schema(example = "enterprise")]
    pub plan: &'static str,
    /// The limits in force.
    pub limits: Limits,
    /// The wallet, for a key with `account:read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub wallet: Option<Wallet>,
}

/// The limits in force; `null` is no limit.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Limits {
    /// Requests a minute.
    #[schema(example = 600)]
    pub requests_per_minute: Option<u32>,
    /// Requests a day (UTC).
    pub requests_per_day: Option<u32>,
    /// Micro-credits one end user may spend in a calendar month (UTC).
    pub user_monthly_cap: Option<i64>,
}

/// The wallet, in micro-credits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Wallet {
    /// The sum of the ledger.
    pub balance: i64,
    /// The balance less what is held.
    pub available: i64,
    /// What is held for replies being generated.
    pub held: i64,
    /// Always `microcredit`: 1,000,000 are one credit.
    #[schema(example = "microcredit")]
    pub currency: &'static str,
    /// What tokens cost.
    pub rates: Rates,
    /// What is held for one reply.
    pub worst_case: i64,
}

/// What a million tokens cost, in micro-credits.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub struct Rates {
    /// Of a prompt.
    pub input_per_million_tokens: i64,
    /// Of a reply.
    pub output_per_million_tokens: i64,
}

impl From<&WalletView> for Wallet {
    fn from(view: &WalletView) -> Self {
        let MicroCredits(worst_case) = view.worst_case;
        Self {
            balance: view.balance.0,
            available: view.available.0,
            held: view.held.0,
            currency: "microcredit",
            rates: Rates {
                input_per_million_tokens: view.rates.input_per_million_tokens.0,
                output_per_million_tokens: view.rates.output_per_million_tokens.0,
            },
            worst_case,
        }
    }
}

impl Me {
    /// Shows a key in its workspace.
    pub fn new(key: &ApiKey, workspace: &Workspace, wallet: Option<&WalletView>) -> Self {
        Self {
            workspace_id: workspace.id.to_string(),
            project_id: key.project.to_string(),
            key_id: key.id.to_string(),
            name: key.name.to_string(),
            scopes: key.scopes.iter().map(|scope| scope.as_str()).collect(),
            plan: workspace.plan.as_str(),
            limits: Limits {
                requests_per_minute: key.limits.per_minute,
                requests_per_day: key.limits.per_day,
                user_monthly_cap: workspace.limits.user_monthly_cap.map(|cap| cap.0),
            },
            wallet: wallet.map(Wallet::from),
        }
    }
}
