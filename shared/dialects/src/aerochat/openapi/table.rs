//! Every route, and what requests and answers are made of.

use super::super::{LIST_MESSAGES, READ_CONTACT, SEND};
use crate::describe::field::Kind::{
    Between, Flag, Limited, Shape as Of, Shapes, Text, Texts, Time, Whole, Word,
};
use crate::describe::field::{Field, Shape, field, shape};
use crate::describe::operation::{Described, answer, described, takes};
use crate::describe::refusal::Refusal::{Body, Invalid, Message, NotFound};

pub(super) const ALL: &[Described] = &[
    described(
        SEND,
        ("sendMessage", "Send a message of a customer, and get the bot's reply"),
        &[answer(200, "Stored; `status` says who answers", "Sent", SENT)],
        &[Invalid("message", "is required"), NotFound, Body, Message],
    )
    .body(takes("NewMessage", r#"{"message":"what are your opening hours?"}"#)),
    described(
        READ_CONTACT,
        ("readContact", "Get a contact"),
        &[answer(200, "The contact", "Contact", CONTACT)],
        &[NotFound],
    ),
    described(
        LIST_MESSAGES,
        ("listMessages", "Get a conversation's messages, oldest first"),
        &[answer(200, "One page", "MessagePage", PAGE)],
        &[Invalid("page", "must be a whole number from 1"), NotFound],
    )
    .query(&[
        field("page", Between(1, u32::MAX), "Which page; 1 if left out").optional(),
        field("limit", Between(1, u32::MAX), "Messages of a page; 50 if left out, 100 at most")
            .optional(),
    ]),
];

/// Every shape.
pub(super) const SHAPES: &[Shape] = &[
    shape("Error", "The envelope of every error.", &[ERROR]),
    shape("ErrorDetail", "What went wrong.", &[ERROR_DETAIL]),
    shape("NewMessage", "A message of a customer.", &[NEW_MESSAGE]),
    shape("Identity", "What is known of the customer.", &[IDENTITY]),
    shape("Sent", "What became of a message.", &[SENT_FIELDS]),
    shape("Reply", "What was said.", &[REPLY]),
    shape("AssignedAgent", "A human agent.", &[&[field("name", Text, "The name")]]),
    shape("Contact", "A person who chats.", &[CONTACT_FIELDS]),
    shape("MessagePage", "Messages of a conversation, oldest first.", &[PAGE_FIELDS]),
    shape("Message", "One message.", &[MESSAGE]),
    shape("Author", "Who sent a message.", &[AUTHOR]),
    shape("Attachment", "A file of a message; there are none yet.", &[]),
    shape("Paging", "Which page it is, and of how much.", &[PAGING]),
];

pub(super) const CHANNELS: &[&str] =
    &["web", "whatsapp", "telegram", "facebook", "instagram", "email", "api"];
pub(super) const DIRECTIONS: &[&str] = &["inbound", "outbound"];
const TYPES: &[&str] = &[
    "invalid_request",
    "unauthorized",
    "out_of_credits",
    "spend_cap_reached",
    "rate_limited",
    "message_limit_reached",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "conflict",
    "message_too_long",
    "payload_too_large",
    "unsupported_media_type",
    "unavailable",
    "internal_error",
];

const ERROR: &[Field] = &[field("detail", Of("ErrorDetail"), "What went wrong")];
const ERROR_DETAIL: &[Field] = &[
    field("type", Word(TYPES), "What to branch on"),
    field("message", Text, "What happened, for people"),
];
const NEW_MESSAGE: &[Field] = &[
    field("message", Limited(16_000), "The customer's message"),
    field("conversation_id", Text, "Left out, a conversation begins; else it goes on").optional(),
    field("contact", Of("Identity"), "Identity to attach").optional(),
];
const IDENTITY: &[Field] = &[
    field("name", Text, "The name, at most 200 characters").optional(),
    field("email", Text, "The address").optional(),
    field("phone", Text, "The number").optional(),
];
const SENT_FIELDS: &[Field] = &[
    field("conversation_id", Text, "The conversation"),
    field("contact_id", Text, "The contact"),
    field("message_id", Text, "The customer's message"),
    field("status", Word(&["bot", "queued_for_agent", "unavailable"]), "Who answers it"),
    field("reply", Of("Reply"), "The bot's reply, where `status` is `bot`").optional(),
    field("intent", Text, "What the message is about; `general` where that is not clear"),
    field("language", Text, "Its language, in two letters"),
    field("created_at", Time, "When it was stored"),
];
const REPLY: &[Field] = &[field("text", Text, "The text")];
const CONTACT_FIELDS: &[Field] = &[
    field("contact_id", Text, "The contact"),
    field("name", Text, "The name, or `Guest` and six digits"),
    field("email", Text, "The address").or_null(),
    field("phone", Text, "The number").or_null(),
    field("channel", Word(CHANNELS), "Where the contact chats"),
    // The document's sample has none.
    field("source", Text, "What brought the contact").optional(),
    field("created_at", Time, "When the contact appeared"),
    field("last_seen", Time, "When the contact last wrote"),
];
const PAGE_FIELDS: &[Field] = &[
    field("conversation_id", Text, "The conversation"),
    field("messages", Shapes("Message"), "The messages"),
    field("paging", Of("Paging"), "Which page it is"),
];
const MESSAGE: &[Field] = &[
    field("message_id", Text, "The message"),
    field("direction", Word(DIRECTIONS), "From the customer, or to the customer"),
    field("author", Of("Author"), "Who sent it"),
    field("text", Text, "The text"),
    field("attachments", Shapes("Attachment"), "Always empty"),
    field("intent", Text, "What a customer's message is about").optional(),
    field("language", Text, "Its language, in two letters"),
    field("created_at", Time, "When it was sent"),
];
const AUTHOR: &[Field] = &[
    field("type", Word(&["customer", "bot", "agent"]), "What sent it"),
    field("name", Text, "The brand, or the human agent's name").optional().or_null(),
];
const PAGING: &[Field] = &[
    field("page", Whole, "The page"),
    field("limit", Whole, "Messages of a page"),
    field("total", Whole, "All messages of the conversation"),
    field("has_more", Flag, "Whether there is a next page"),
];

/// The fields of a webhook's contact that changed.
pub(super) const CHANGED: Field = field("changed_fields", Texts, "What changed");

const SENT: &str = r#"{"conversation_id":"cv_7Hq2...","contact_id":"ct_R2dE...",
    "message_id":"9b3c0e7a...","status":"bot",
    "reply":{"text":"We're open 9am-5pm on weekdays."},"intent":"business_hours",
    "language":"en","created_at":"2026-06-16T10:00:00Z"}"#;
const CONTACT: &str = r#"{"contact_id":"ct_R2dE...","name":"Jane Doe","email":"jane@example.com",
    "phone":null,"channel":"api","source":"api","created_at":"2026-06-16T09:59:50Z",
    "last_seen":"2026-06-16T10:00:00Z"}"#;
const PAGE: &str = r#"{"conversation_id":"cv_7Hq2...","messages":[
    {"message_id":"9b3c0e7a...","direction":"inbound","author":{"type":"customer"},
        "text":"what are your opening hours?","attachments":[],"intent":"business_hours",
        "language":"en","created_at":"2026-06-16T10:00:00Z"},
    {"message_id":"1f2e3d4c...","direction":"outbound",
        "author":{"type":"bot","name":"Acme Support"},
        "text":"We're open 9am-5pm on weekdays.","attachments":[],"language":"en",
        "created_at":"2026-06-16T10:00:01Z"}],
    "paging":{"page":1,"limit":50,"total":2,"has_more":false}}"#;
