//! Shapes that are only documented here: requests are read field by field, callbacks are rendered by
//! the core.

use utoipa::ToSchema;

use crate::aiva::{identity, wire};

/// Every schema of the document.
#[derive(Debug, utoipa::OpenApi)]
#[openapi(components(schemas(
    MessageRequest,
    VerificationRequest,
    ErrorEnvelope,
    ReplyEvent,
    AgentReplyEvent,
    HandoffEvent,
    IdentityVerifiedEvent,
    GenerationFailedEvent,
    TestPingEvent,
    wire::Submitted,
    identity::VerificationSent,
    wire::ConversationDetail,
    wire::ConversationPage,
    wire::Me
)))]
pub struct Schemas;

/// A message of an end user.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "externalConversationId": "order-4821",
    "externalUserId": "user-93",
    "content": "What is your refund policy?",
    "idempotencyKey": "6f9619ff-8b86-4011-b42d-00cf4fc964ff",
}))]
pub struct MessageRequest {
    /// Your stable id of the conversation; the first message with a new one makes it.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:@+=~-]+$")]
    pub external_conversation_id: String,
    /// Your stable id of the end user.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:@+=~-]+$")]
    pub external_user_id: Option<String>,
    /// What the end user says: 1 to 16,000 characters after trimming.
    #[schema(min_length = 1, max_length = 16_000)]
    pub content: String,
    /// A UUID you make for each message; a retry with the same one is answered `duplicate`. The
    /// `Idempotency-Key` header may stand in its place.
    #[schema(format = "uuid")]
    pub idempotency_key: Option<String>,
}

/// Whom to ask for a proof of identity.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase", example = json!({
    "method": "magic_link",
    "externalUserId": "user-93",
    "email": "ada@example.com",
    "externalConversationId": "order-4821",
    "returnUrl": "https://shop.example.com/help",
}))]
pub struct VerificationRequest {
    /// How; `magic_link` is the one way.
    #[schema(pattern = "^magic_link$")]
    pub method: String,
    /// Your stable id of the end user, who is verified by using the link.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:@+=~-]+$")]
    pub external_user_id: String,
    /// Where the link is mailed to.
    #[schema(max_length = 254, format = "email")]
    pub email: String,
    /// The conversation that `identity.verified` will name; its last writer's callback gets the event.
    #[schema(min_length = 1, max_length = 128, pattern = "^[A-Za-z0-9._:@+=~-]+$")]
    pub external_conversation_id: Option<String>,
    /// Where the browser goes after the confirmation; https only.
    #[schema(max_length = 2_048, format = "uri")]
    pub return_url: Option<String>,
}

/// The envelope of every error.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ErrorEnvelope {
    /// Always `error`.
    #[schema(pattern = "^error$")]
    pub status: String,
    /// The status of the answer.
    #[schema(minimum = 400, maximum = 599)]
    pub status_code: u16,
    /// What to branch on.
    pub code: ErrorCode,
    /// What happened, for people.
    pub message: String,
    /// The broken rules of an `INVALID_REQUEST`.
    pub details: Option<Vec<ErrorDetail>>,
}

/// One broken rule.
#[derive(Debug, ToSchema)]
pub struct ErrorDetail {
    /// The field.
    #[schema(example = "content")]
    pub field: String,
    /// What is wrong with it.
    #[schema(example = "is required")]
    pub problem: String,
}

/// What to branch on.
#[derive(Debug, Clone, Copy, ToSchema)]
#[schema(rename_all = "SCREAMING_SNAKE_CASE")]
pub enum ErrorCode {
    /// 400: the request breaks a rule.
    InvalidRequest,
    /// 401: no key, or a wrong one.
    Unauthorized,
    /// 402: the wallet cannot cover the worst case of one reply.
    InsufficientCredits,
    /// 403: the key lacks the scope.
    InsufficientScope,
    /// 403: the workspace is not active.
    WorkspaceInactive,
    /// 404: not there, or not yours.
    NotFound,
    /// 405: see `Allow`.
    MethodNotAllowed,
    /// 409: the idempotency key was used with another body.
    IdempotencyKeyReused,
    /// 409: the state does not allow it.
    Conflict,
    /// 413: more than 16,000 characters.
    MessageTooLong,
    /// 413: more than 256 KiB.
    PayloadTooLarge,
    /// 415: not declared as JSON in UTF-8.
    UnsupportedMediaType,
    /// 429: see `Retry-After`.
    RateLimited,
    /// 429: the end user's monthly cap is reached.
    UserSpendCapReached,
    /// 500: our fault.
    Internal,
    /// 503: try again, see `Retry-After`.
    Unavailable,
}

/// What every callback body has.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct EventEnvelope {
    /// The event.
    pub event: String,
    /// Your `externalConversationId` (ours where there is none); `null` where none is concerned.
    #[schema(example = "order-4821")]
    pub conversation_id: Option<String>,
    /// The brand.
    #[schema(example = "Assistify")]
    pub powered_by: String,
    /// When the event arose.
    #[schema(example = "2026-07-02T10:30:00.000Z", format = DateTime)]
    pub timestamp: String,
    /// The same on every attempt: deduplicate on it.
    #[schema(example = "dl_01k2m8r4t5wq6x7y8z9a0bcdef")]
    pub delivery_id: String,
}

/// `ai.reply`: the agent replied.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct ReplyEvent {
    /// What every callback has.
    #[schema(inline)]
    #[serde(flatten)]
    pub envelope: EventEnvelope,
    /// Our id of the reply.
    pub message_id: String,
    /// Its number in the conversation.
    #[schema(example = 2, minimum = 1)]
    pub seq: u64,
    /// What was said.
    #[schema(example = "Our refund policy is…")]
    pub content: String,
    /// Render a private one only where its user is authenticated.
    pub visibility: wire::Visibility,
}

/// `agent.reply`: a human agent replied. The shape of `ai.reply` and a name.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct AgentReplyEvent {
    /// What `ai.reply` has.
    #[serde(flatten)]
    pub reply: ReplyEvent,
    /// The human agent's name.
    #[schema(example = "Dana")]
    pub agent_name: String,
}

/// `conversation.handoff`: the conversation was handed to a human.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct HandoffEvent {
    /// What every callback has.
    #[serde(flatten)]
    pub envelope: EventEnvelope,
    /// The visitor's message that it is about.
    pub message_id: Option<String>,
    /// Why.
    pub reason: String,
    /// What a human should know.
    pub summary: String,
}

/// `identity.verified`: the end user proved who they are.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct IdentityVerifiedEvent {
    /// What every callback has.
    #[serde(flatten)]
    pub envelope: EventEnvelope,
    /// The end user.
    #[schema(example = "user-93")]
    pub external_user_id: String,
    /// How.
    #[schema(example = "magic_link")]
    pub method: String,
}

/// `generation.failed`: a reply that will never come.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct GenerationFailedEvent {
    /// What every callback has.
    #[serde(flatten)]
    pub envelope: EventEnvelope,
    /// The visitor's message that gets no reply.
    pub message_id: String,
    /// Why.
    pub reason: String,
}

/// `test.ping`: Send test.
#[derive(Debug, ToSchema)]
#[schema(rename_all = "camelCase")]
pub struct TestPingEvent {
    /// What every callback has.
    #[serde(flatten)]
    pub envelope: EventEnvelope,
}
