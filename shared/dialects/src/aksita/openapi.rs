//! The dialect's OpenAPI document. What is served is the committed text; a test holds it to the code.

use utoipa::openapi::OpenApi;

use super::{BEGIN_SESSION, CHAT, OPENAPI, error};
use crate::describe::field::Kind::{AtMost, Flag, Limited, Shape as Of, Text, Texts, Whole};
use crate::describe::field::{Field, Shape, field, shape};
use crate::describe::operation::{Body, Described, answer, described, takes};
use crate::describe::refusal::Refusal::{
    Body as OfBody, Invalid, KeyReused, Message, NotFound, Unanswered,
};
use crate::describe::{Presented, Sheet};

/// The document as it is committed and served.
pub(crate) const COMMITTED: &str = include_str!("../../openapi/aksita.json");

const WHAT: &str = "The dialect of Aksita: sessions, and answers while the caller waits. Send a key as \
`X-API-Key`. Every answer to a right key carries `X-RateLimit-Limit`, `X-RateLimit-Remaining` and \
`X-RateLimit-Reset`, every one `X-Request-Id`. Errors are `{status:false,reason}`: branch on the status \
of the answer. Unknown fields and parameters are ignored, and a trailing slash changes nothing. There \
are no webhooks.";

/// Builds the document from the dialect's tables, its routes and its renderer of errors.
pub(crate) fn document() -> OpenApi {
    let sheet = Sheet {
        title: "Aksita over API",
        shown_at: OPENAPI,
        what: WHAT,
        keys: &[Presented::Header("X-API-Key")],
        slash: false,
        shapes: &[SHAPES],
        operations: OPERATIONS,
        telling: None,
        render: error::render,
    };
    sheet.document()
}

const OPERATIONS: &[Described] = &[
    described(
        BEGIN_SESSION,
        ("createSession", "Create a session, which is a conversation"),
        &[answer(200, "The conversation's id, bare and in `data`", "Session", SESSION)],
        &[Invalid("body", "must be a JSON object"), OfBody, KeyReused],
    )
    .body(Body { required: false, ..takes("NewSession", "{}") }),
    described(
        CHAT,
        ("chat", "Send a message to the agent and get its response"),
        &[answer(200, "The response; empty where a human answers", "ChatAnswer", ANSWER)],
        &[Invalid("message", "is required"), NotFound, OfBody, Message, Unanswered],
    )
    .body(takes("ChatRequest", REQUEST)),
];

const SHAPES: &[Shape] = &[
    shape("Error", "The envelope of every error.", &[STATUS, ERROR]),
    shape("NewSession", "Nothing has to be said to begin.", &[]),
    shape("Session", "A session was created.", &[STATUS, SESSION_FIELDS, DETAIL, IDS]),
    shape("SessionData", "Its conversation.", &[IDS]),
    shape("ChatRequest", "A message.", &[REQUEST_FIELDS]),
    shape("ChatAnswer", "What came of it.", &[STATUS, ANSWER_FIELDS, DETAIL]),
    shape("ChatData", "The response, and what it cost.", &[DATA, IDS]),
];

const STATUS: &[Field] = &[field("status", Flag, "Whether the request succeeded")];
const ERROR: &[Field] = &[field("reason", Text, "What happened")];
const DETAIL: &[Field] = &[field("detail", Text, "What happened, in a sentence")];
const IDS: &[Field] = &[field("conversation_id", Text, "The conversation")];
const SESSION_FIELDS: &[Field] = &[field("data", Of("SessionData"), "The conversation again")];
const REQUEST_FIELDS: &[Field] = &[
    field("conversation_id", Text, "The conversation of a session"),
    field("message", Limited(16_000), "What the user says"),
    field("additional_context", AtMost(4_000), "What your system says of the user").optional(),
];
const ANSWER_FIELDS: &[Field] = &[field("data", Of("ChatData"), "The response")];
const DATA: &[Field] = &[
    field("response", Texts, "The paragraphs of the response"),
    field("credits", Whole, "What it cost, rounded up to whole credits"),
    field("remaining_credits", Whole, "What is left, rounded down"),
    field("message_id", Text, "The response; the message itself where there is none"),
];

const SESSION: &str = r#"{"status":true,"data":{"conversation_id":"conv-abc-123"},
    "detail":"Session created successfully","conversation_id":"conv-abc-123"}"#;
const REQUEST: &str = r#"{"conversation_id":"conv-abc-123",
    "message":"Hello, what can you help me with?",
    "additional_context":"User: John, Plan: Premium"}"#;
const ANSWER: &str = r#"{"status":true,"data":{
        "response":["Hello! I'm here to help you...","What can I do for you today?"],
        "credits":15,"remaining_credits":9985,"message_id":"msg-xyz-789",
        "conversation_id":"conv-abc-123"},
    "detail":"Response generated successfully"}"#;
