//! Every route, with what it takes, what it answers and what it refuses.

use super::super::{conversations, query, sources, webhooks, widgets};
use crate::describe::field::Kind::{Between, Text, Whole};
use crate::describe::field::{Field, field};
use crate::describe::operation::{Answer, Body, Described, answer, described, nothing, takes};
use crate::describe::refusal::Refusal::{
    self, Body as OfBody, Characters, Invalid, KeyReused, Message, NotFound, State, Unanswered,
};

pub(super) const ALL: &[Described] = &[
    described(
        sources::ADD,
        ("addSource", "Add knowledge, in JSON or a file in a form"),
        &[answer(202, "Stored, and read behind the request", "Source", SOURCE)],
        &[NO_URL, NotFound, OfBody, KeyReused, FULL_OF_SOURCES, Characters],
    )
    .body(Body {
        json: Some(("NewSource", NEW_SOURCE)),
        form: Some("SourceForm"),
        required: true,
    }),
    described(
        sources::LIST,
        ("listSources", "List the knowledge"),
        &[answer(200, "The sources", "SourceList", SOURCE_LIST)],
        READING,
    )
    .query(PAGE),
    described(
        sources::READ,
        ("readSource", "Read a source, or poll it"),
        &[answer(200, "The source", "Source", SOURCE)],
        &[NotFound],
    ),
    described(
        sources::DELETE,
        ("deleteSource", "Delete a source"),
        &[nothing(204, "It is deleted")],
        &[NotFound],
    ),
    described(
        sources::UPLOAD,
        ("beginUpload", "Get an address for a large file"),
        &[answer(201, "Where the bytes are sent", "Upload", UPLOAD)],
        &[Invalid("filename", "is required"), NotFound, OfBody, KeyReused],
    )
    .body(takes("NewUpload", NEW_UPLOAD)),
    described(
        query::QUERY,
        ("query", "Ask the agent"),
        &[Answer { stream: Some(STREAM), ..answer(200, ANSWERED, "Answer", ANSWER) }],
        &[Invalid("message", "is required"), NotFound, OfBody, Message, Unanswered],
    )
    .headers(&[field("Last-Event-ID", Whole, LAST_EVENT).optional()])
    .body(takes("Query", QUERY)),
    described(
        conversations::LIST,
        ("listConversations", "List conversations"),
        &[answer(200, "The conversations", "ConversationList", CONVERSATION_LIST)],
        READING,
    )
    .query(PAGE),
    described(
        conversations::READ,
        ("readConversation", "Read a conversation by our id or by your session"),
        &[answer(200, "It, with its messages", "ConversationDetail", CONVERSATION)],
        READING,
    )
    .query(MESSAGES),
    described(
        widgets::CREATE,
        ("createWidget", "Make a widget"),
        &[answer(201, "The widget", "Widget", WIDGET)],
        &[Invalid("name", "must be a string"), NotFound, OfBody, KeyReused, FULL_OF_WIDGETS],
    )
    .body(Body { required: false, ..takes("NewWidget", NEW_WIDGET) }),
    described(
        widgets::LIST,
        ("listWidgets", "List the widgets"),
        &[answer(200, "The widgets", "WidgetList", WIDGET_LIST)],
        READING,
    )
    .query(PAGE),
    described(
        widgets::READ,
        ("readWidget", "Read a widget"),
        &[answer(200, "The widget", "Widget", WIDGET)],
        &[NotFound],
    ),
    described(
        widgets::UPDATE,
        ("changeWidget", "Change a widget"),
        &[answer(200, "The widget as it is now", "Widget", WIDGET)],
        &[Invalid("name", "must be a string"), NotFound, OfBody],
    )
    .body(takes("WidgetPatch", r#"{"greeting":"Hi! How can we help?","theme":null}"#)),
    described(
        widgets::DELETE,
        ("deleteWidget", "Delete a widget"),
        &[nothing(204, "It is deleted")],
        &[NotFound],
    ),
    described(
        webhooks::CREATE,
        ("createWebhook", "Tell an address what happens"),
        &[answer(201, "The webhook", "Webhook", WEBHOOK)],
        &[Invalid("events", "is required"), NotFound, OfBody, KeyReused, FULL_OF_WEBHOOKS],
    )
    .body(takes("NewWebhook", NEW_WEBHOOK)),
    described(
        webhooks::LIST,
        ("listWebhooks", "List the webhooks"),
        &[answer(200, "The webhooks", "WebhookList", WEBHOOK_LIST)],
        READING,
    )
    .query(PAGE),
    described(
        webhooks::READ,
        ("readWebhook", "Read a webhook"),
        &[answer(200, "The webhook", "Webhook", WEBHOOK)],
        &[NotFound],
    ),
    described(
        webhooks::DELETE,
        ("deleteWebhook", "Delete a webhook"),
        &[nothing(204, "It is deleted, and what waited is not sent")],
        &[NotFound],
    ),
];

const PAGE: &[Field] = &[
    field("limit", Between(1, 200), "Items at most; 50 if left out").optional(),
    field("cursor", Text, "`next_cursor` of the page before").optional(),
];
const MESSAGES: &[Field] =
    &[field("limit", Between(1, 200), "Messages at most; 200 if left out").optional(), PAGE[1]];
const READING: &[Refusal] = &[Invalid("limit", "must be a whole number from 1 to 200"), NotFound];
const NO_URL: Refusal = Invalid("source.url", "is required for type=url");
const FULL_OF_WIDGETS: Refusal =
    State("the project has 200 widgets, which is the most it may have");
const FULL_OF_WEBHOOKS: Refusal =
    State("the project has 10 webhooks, which is the most it may have");
const FULL_OF_SOURCES: Refusal = State("the project has 10000 sources; delete some first");
const ANSWERED: &str = "The answer; where `stream` is set, as events: `delta` with a part of the text, at \
the end `citations`, and last `done` with a whole `Answer`, or `error` with an `Error`. The `id` of an \
event counts the characters up to its end; a comment breaks a silence of 15 s.";
const LAST_EVENT: &str = "Of a stream that broke off: the `id` of its last event. With the same \
`Idempotency-Key`, or the same message in the same session, the rest of the stored answer follows.";

const NEW_SOURCE: &str = r#"{"type":"url","url":"https://docs.example.com/getting-started",
    "title":"Getting started","tags":["docs","onboarding"]}"#;
const SOURCE: &str = r#"{"id":"src_01k2m8r4t5wq6x7y8z9a0bcdef","type":"url",
    "title":"Getting started","url":"https://docs.example.com/getting-started",
    "tags":["docs","onboarding"],"status":"queued","reason":null,"chunks":null,
    "created_at":"2026-07-02T10:30:00Z","updated_at":"2026-07-02T10:30:00Z"}"#;
const SOURCE_LIST: &str = r#"{"data":[{"id":"src_01k2m8r4t5wq6x7y8z9a0bcdef","type":"url",
    "title":"Getting started","url":"https://docs.example.com/getting-started",
    "tags":["docs"],"status":"ready","reason":null,"chunks":7,
    "created_at":"2026-07-02T10:30:00Z","updated_at":"2026-07-02T10:30:04Z"}],
    "next_cursor":null,"has_more":false}"#;
const NEW_UPLOAD: &str =
    r#"{"filename":"catalogue.pdf","size":20971520,"content_type":"application/pdf"}"#;
const UPLOAD: &str = r#"{"upload_id":"up_01k2m8r4t5wq6x7y8z9a0bcdef",
    "url":"https://objects.example.com/up_01k2m8r4t5wq6x7y8z9a0bcdef","method":"PUT",
    "headers":{"content-type":"application/pdf"},"expires_at":"2026-07-02T11:30:00Z"}"#;
const QUERY: &str =
    r#"{"message":"How do I reset my password?","session_id":"sess_abc123","stream":true}"#;
const ANSWER: &str = r#"{"answer":"Open Settings and choose Reset password.",
    "citations":[{"source_id":"src_01k2m8r4t5wq6x7y8z9a0bcdef","title":"Getting started",
        "url":"https://docs.example.com/getting-started",
        "passage":"To reset your password, open Settings.","score":1.0}],
    "confidence":0.9,"session_id":"sess_abc123",
    "conversation_id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef",
    "message_id":"msg_01k2m8r4t5wq6x7y8z9a0bcdef"}"#;
const STREAM: &str = "id: 5\nevent: delta\ndata: {\"delta\":\"Open \"}\n\n\
id: 40\nevent: delta\ndata: {\"delta\":\"Settings and choose Reset password.\"}\n\n\
id: 41\nevent: citations\ndata: {\"citations\":[]}\n\n\
id: 42\nevent: done\ndata: {\"answer\":\"Open Settings and choose Reset password.\",\"citations\":[],\
\"confidence\":0.0,\"session_id\":\"sess_abc123\",\"conversation_id\":\"cv_…\",\"message_id\":\"msg_…\"}\n\n";
const CONVERSATION_LIST: &str = r#"{"data":[{"id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef",
    "session_id":"sess_abc123","status":"open","owner":"ai","message_count":2,
    "created_at":"2026-07-02T10:30:00Z","updated_at":"2026-07-02T10:30:02Z"}],
    "next_cursor":null,"has_more":false}"#;
const CONVERSATION: &str = r#"{"id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef","session_id":"sess_abc123",
    "status":"open","owner":"ai","message_count":1,"created_at":"2026-07-02T10:30:00Z",
    "updated_at":"2026-07-02T10:30:00Z","messages":[{"id":"msg_01k2m8r4t5wq6x7y8z9a0bcdef",
        "role":"user","content":"How do I reset my password?","citations":[],
        "confidence":null,"created_at":"2026-07-02T10:30:00Z"}],
    "next_cursor":null,"has_more":false}"#;
const NEW_WIDGET: &str = r##"{"name":"Shop","allowed_origins":["https://shop.example.com"],
    "greeting":"Hi! How can we help?","theme":{"colour":"#224466"}}"##;
const WIDGET: &str = r##"{"id":"wg_01k2m8r4t5wq6x7y8z9a0bcdef","name":"Shop",
    "embed_key":"emb_example","allowed_origins":["https://shop.example.com"],
    "greeting":"Hi! How can we help?","theme":{"colour":"#224466"},
    "created_at":"2026-07-02T10:30:00Z","updated_at":"2026-07-02T10:30:00Z"}"##;
const WIDGET_LIST: &str = r#"{"data":[{"id":"wg_01k2m8r4t5wq6x7y8z9a0bcdef","name":"Shop",
    "embed_key":"emb_example","allowed_origins":[],"greeting":null,"theme":{},
    "created_at":"2026-07-02T10:30:00Z","updated_at":"2026-07-02T10:30:00Z"}],
    "next_cursor":null,"has_more":false}"#;
const NEW_WEBHOOK: &str = r#"{"url":"https://your-app.example.com/aivastark/hook",
    "events":["conversation.escalated","lead.captured","knowledge.updated",
        "low_confidence.detected"],
    "secret":"whsec_..."}"#;
const WEBHOOK: &str = r#"{"id":"wh_01k2m8r4t5wq6x7y8z9a0bcdef",
    "url":"https://your-app.example.com/aivastark/hook","events":["lead.captured"],
    "status":"enabled","created_at":"2026-07-02T10:30:00Z"}"#;
const WEBHOOK_LIST: &str = r#"{"data":[{"id":"wh_01k2m8r4t5wq6x7y8z9a0bcdef",
    "url":"https://your-app.example.com/aivastark/hook","events":["lead.captured"],
    "status":"enabled","created_at":"2026-07-02T10:30:00Z"}],
    "next_cursor":null,"has_more":false}"#;
