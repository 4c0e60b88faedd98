//! What requests and answers are made of.

use crate::describe::field::Kind::{
    AtMost, Between, Document, File, Flag, Limited, Shape as Of, Shapes, Share, Text, Texts, Time,
    Whole, Word,
};
use crate::describe::field::{Field, Shape, field, shape};

const SOURCE_STATUS: &[&str] = &["queued", "fetching", "indexing", "ready", "failed"];
pub(super) const SOURCE_TYPE: &[&str] = &["raw", "url", "file", "github", "drive", "spreadsheet"];

/// Every shape.
pub(super) const ALL: &[Shape] = &[
    shape("Error", "The envelope of every error.", &[ERROR]),
    shape("ErrorBody", "What went wrong.", &[ERROR_BODY]),
    shape("NewSource", "Knowledge to add; which fields it needs, its `type` tells.", &[NEW_SOURCE]),
    shape("SourceForm", "A file to add, in a form.", &[SOURCE_FORM]),
    shape("Crawl", "How far pages are followed.", &[CRAWL]),
    shape("Progress", "How many of a source's passages are indexed.", &[PROGRESS]),
    shape("Source", "One source of knowledge.", &[SOURCE]),
    shape("SourceList", "Sources, newest first.", &[SOURCES, PAGE]),
    shape("NewUpload", "A large file that is about to be sent.", &[NEW_UPLOAD]),
    shape("Upload", "Where the bytes of a large file are sent.", &[UPLOAD]),
    shape("Query", "A question.", &[QUERY]),
    shape("Answer", "What the agent says, and what it rests on.", &[ANSWER]),
    shape("Citation", "A passage that an answer rests on.", &[CITATION]),
    shape("Conversation", "A conversation without its messages.", &[CONVERSATION]),
    shape("ConversationList", "Conversations, newest first.", &[CONVERSATIONS, PAGE]),
    shape("ConversationDetail", "A conversation, messages in order.", &[CONVERSATION, SAID, PAGE]),
    shape("Message", "One message.", &[MESSAGE]),
    shape("NewWidget", "A widget to make.", &[NEW_WIDGET]),
    shape("WidgetPatch", "What changes; `null` takes a setting back.", &[WIDGET_PATCH]),
    shape("Widget", "A deployment of the embed widget.", &[WIDGET]),
    shape("WidgetList", "Widgets, newest first.", &[WIDGETS, PAGE]),
    shape("NewWebhook", "Whom to tell of what.", &[NEW_WEBHOOK]),
    shape("Webhook", "Who is told of what.", &[WEBHOOK]),
    shape("WebhookList", "Webhooks, newest first.", &[WEBHOOKS, PAGE]),
];

const ERROR: &[Field] = &[field("error", Of("ErrorBody"), "What went wrong")];
const CODES: &[&str] = &[
    "invalid_request",
    "unauthorized",
    "insufficient_credits",
    "forbidden",
    "not_found",
    "method_not_allowed",
    "conflict",
    "payload_too_large",
    "unsupported_media_type",
    "rate_limited",
    "internal_error",
    "unavailable",
];
const ERROR_BODY: &[Field] = &[
    field("code", Word(CODES), "What to branch on"),
    field("message", Text, "What happened, for people; it names the field"),
    field("request_id", Text, "Our id of the request; say it when you ask for help"),
];
const PAGE: &[Field] = &[
    field("next_cursor", Text, "The `cursor` of the next page; null where there is none").or_null(),
    field("has_more", Flag, "Whether there is a next page"),
];

const NEW_SOURCE: &[Field] = &[
    field("type", Word(&["url", "file", "drive", "github", "raw"]), "What it is"),
    field("title", Text, "Its title").optional(),
    field("url", Text, "Where it is read (`url`, `drive`, `github`), or where readers find it")
        .optional(),
    field("tags", Texts, "Its tags, 20 at most").optional(),
    field("text", Limited(200_000), "Of `raw`: the text itself").optional(),
    field("crawl", Of("Crawl"), "Of `url`: follow its links").optional(),
    field("upload_id", Text, "Of `file`: the upload that holds it").optional(),
    field("filename", Text, "Of `file`: its name").optional(),
    field("repository", Text, "Of `github`: `owner/name`, in place of `url`").optional(),
    field("branch", Text, "Of `github`").optional(),
    field("path", Text, "Of `github`: a folder, a file or a pattern").optional(),
    field("refresh_seconds", Whole, "How often it is fetched again").optional(),
];
const SOURCE_FORM: &[Field] = &[
    field("file", File, "The file, at most 6 MiB with the rest of the form"),
    field("type", Word(&["file"]), "May be left out").optional(),
    field("title", Text, "Its title").optional(),
    field("url", Text, "Where readers find it").optional(),
    field("tags", Texts, "Its tags: a part for each").optional(),
    field("filename", Text, "Another name than the part's").optional(),
];
const CRAWL: &[Field] = &[
    field("max_pages", Between(1, 200), "Pages at most; 20 if left out").optional(),
    field("prefix", Text, "Only pages whose address begins so").optional(),
    field("sitemap", Text, "The sitemap to begin with").optional(),
];
const SOURCE: &[Field] = &[
    field("id", Text, "Its id"),
    field("type", Word(SOURCE_TYPE), "What it is"),
    field("title", Text, "Its title"),
    field("url", Text, "Where it is found").or_null(),
    field("tags", Texts, "Its tags"),
    field("status", Word(SOURCE_STATUS), "How far it is; poll it until `ready` or `failed`"),
    field("reason", Text, "Why it failed, or what was left out").or_null(),
    field("chunks", Whole, "Passages that it became").or_null(),
    field("progress", Of("Progress"), "While a large one is indexed").optional(),
    field("created_at", Time, "When it was added"),
    field("updated_at", Time, "When it last changed"),
];
const PROGRESS: &[Field] =
    &[field("done", Whole, "Indexed so far"), field("total", Whole, "All of them")];
const SOURCES: &[Field] = &[field("data", Shapes("Source"), "The sources")];
const NEW_UPLOAD: &[Field] = &[
    field("filename", Text, "Its name"),
    field("size", Between(1, 104_857_600), "Its bytes"),
    field("content_type", Text, "Its media type").optional(),
];
const UPLOAD: &[Field] = &[
    field("upload_id", Text, "What `POST …/sources` takes when the bytes are there"),
    field("url", Text, "Where they are sent"),
    field("method", Text, "By which method"),
    field("headers", Document, "With which headers"),
    field("expires_at", Time, "Until when"),
];

const QUERY: &[Field] = &[
    field("message", Limited(16_000), "The question"),
    field("session_id", AtMost(128), "Your id of the conversation; a new one begins it").optional(),
    field("stream", Flag, "Whether the answer comes as server-sent events").optional(),
];
const ANSWER: &[Field] = &[
    field("answer", Text, "What is said; empty where a human answers"),
    field("citations", Shapes("Citation"), "What it rests on, the weightiest first"),
    field("confidence", Share, "How well it rests on that"),
    field("session_id", Text, "Your id of the conversation, or ours where you gave none"),
    field("conversation_id", Text, "Our id of the conversation"),
    field("message_id", Text, "Our id of the answer"),
    field("status", Word(&["human_owned", "resolved"]), "Why there is no answer").optional(),
];
const CITATION: &[Field] = &[
    field("source_id", Text, "The source"),
    field("title", Text, "Its title"),
    field("url", Text, "Where it is found").or_null(),
    field("passage", Text, "The passage, as it stands in the source"),
    field("score", Share, "How much of the answer rests on it"),
];

const CONVERSATION: &[Field] = &[
    field("id", Text, "Our id"),
    field("session_id", Text, "Yours, or ours where you gave none"),
    field("status", Word(&["open", "resolved"]), "Whether it goes on"),
    field("owner", Word(&["ai", "human"]), "Who answers"),
    field("message_count", Whole, "All its messages"),
    field("created_at", Time, "When it began"),
    field("updated_at", Time, "When it last changed"),
];
const CONVERSATIONS: &[Field] = &[field("data", Shapes("Conversation"), "The conversations")];
const SAID: &[Field] = &[field("messages", Shapes("Message"), "Its messages, oldest first")];
const MESSAGE: &[Field] = &[
    field("id", Text, "Our id"),
    field("role", Word(&["user", "assistant", "agent"]), "Who said it; `agent` is a human"),
    field("content", Text, "What was said"),
    field("citations", Shapes("Citation"), "What it rests on"),
    field("confidence", Share, "How well; null of what the agent did not say").or_null(),
    field("created_at", Time, "When it was said"),
];

const NEW_WIDGET: &[Field] = &[
    field("name", Limited(200), "What its owner calls it").optional(),
    field("allowed_origins", Texts, "The sites whose pages may show it, 50 at most").optional(),
    field("greeting", Limited(1_000), "What it says first").optional(),
    field("theme", Document, "How it looks, at most 4 KiB").optional(),
];
const WIDGET_PATCH: &[Field] = &[
    field("name", Limited(200), "What its owner calls it").optional().or_null(),
    field("allowed_origins", Texts, "The sites whose pages may show it").optional().or_null(),
    field("greeting", Limited(1_000), "What it says first").optional().or_null(),
    field("theme", Document, "How it looks").optional().or_null(),
];
const WIDGET: &[Field] = &[
    field("id", Text, "Its id"),
    field("name", Text, "What its owner calls it"),
    field("embed_key", Text, "The public key of the script: it can chat, and nothing else"),
    field("allowed_origins", Texts, "The sites whose pages may show it"),
    field("greeting", Text, "What it says first").or_null(),
    field("theme", Document, "How it looks"),
    field("created_at", Time, "When it was made"),
    field("updated_at", Time, "When it last changed"),
];
const WIDGETS: &[Field] = &[field("data", Shapes("Widget"), "The widgets")];

const NEW_WEBHOOK: &[Field] = &[
    field("url", Text, "Where to; https only"),
    field("events", Texts, "Which events; at least one"),
    field("secret", Text, "What signs them, 8 to 256 characters; made if left out").optional(),
];
const WEBHOOK: &[Field] = &[
    field("id", Text, "Its id"),
    field("url", Text, "Where to"),
    field("events", Texts, "Which events"),
    field("status", Word(&["enabled", "disabled"]), "Whether they are sent"),
    field("created_at", Time, "When it was made"),
    field("secret", Text, "What signs them, shown once where you chose none").optional(),
];
const WEBHOOKS: &[Field] = &[field("data", Shapes("Webhook"), "The webhooks")];
