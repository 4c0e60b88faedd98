//! What requests and answers are made of.

use crate::describe::field::Kind::{
    AtMost, File, Flag, Limited, Shape as Of, Shapes, Text, Texts, Time, Whole, WholeOrDigits, Word,
};
use crate::describe::field::{Field, Shape, field, shape};

/// Where a session came from, in the words of the vendor's document.
pub(super) const SOURCES: &[&str] =
    &["widget", "api", "whatsapp", "instagram", "messenger", "gorgias", "freshchat", "zapier"];

/// Every shape.
pub(super) const ALL: &[Shape] = &[
    shape("Error", "The envelope of every error.", &[SUCCESS, ERROR]),
    shape("ChatRequest", "A message.", &[CHAT, WEBSITE_ID]),
    shape("ChatAnswer", "What the agent says.", &[SUCCESS, ANSWER]),
    shape("Websites", "The websites of the account.", &[SUCCESS, WEBSITES]),
    shape("Website", "A project.", &[WEBSITE]),
    shape("History", "What was said in a session, oldest first.", &[SUCCESS, HISTORY]),
    shape("Said", "One message.", &[SAID]),
    shape("Sessions", "Sessions, by their last message, newest first.", &[SUCCESS, SESSIONS]),
    shape("Session", "A conversation.", &[SESSION]),
    shape("Leads", "Leads, newest session first.", &[SUCCESS, LEADS]),
    shape("Lead", "Somebody who told how to be reached.", &[LEAD]),
    shape("Account", "The account.", &[SUCCESS, ACCOUNT]),
    shape("AccountData", "The account and its plan.", &[ACCOUNT_DATA]),
    shape("Entries", "What a website's agent knows, newest first.", &[SUCCESS, ENTRIES]),
    shape("Entry", "A source of knowledge.", &[ENTRY]),
    shape("NewText", "A text to add.", &[NEW_TEXT, WEBSITE_ID]),
    shape("AddedText", "A text was added.", &[SUCCESS, ADDED, CHUNKS, LATE]),
    shape("NewPage", "A page to add.", &[NEW_PAGE, WEBSITE_ID]),
    shape("AddedPage", "A page was added.", &[SUCCESS, ADDED, PAGE, CHUNKS, LATE]),
    shape("SpreadsheetForm", "A table to add.", &[TABLE_FORM]),
    shape("AddedSpreadsheet", "A table was added.", &[SUCCESS, ADDED, ROWS, CHUNKS, LATE]),
    shape("Removed", "Something was deleted.", &[SUCCESS, REMOVED]),
    shape("Webhooks", "The webhooks, newest first.", &[SUCCESS, WEBHOOKS]),
    shape("Webhook", "Who is told of what.", &[WEBHOOK, ACTIVE]),
    shape("NewWebhook", "Whom to tell of what.", &[NEW_WEBHOOK, WEBSITE_ID]),
    shape("Subscribed", "A webhook was made.", &[SUCCESS, SUBSCRIBED]),
    shape("WebhookSecret", "A webhook with its secret.", &[WEBHOOK, SECRET]),
];

const SUCCESS: &[Field] = &[field("success", Flag, "Whether the request succeeded")];
const ERROR: &[Field] = &[field("error", Text, "What went wrong")];
const WEBSITE_ID: &[Field] =
    &[field("website_id", WholeOrDigits, "Which website; the key's own if left out").optional()];

const CHAT: &[Field] = &[
    field("message", Limited(16_000), "The user's message"),
    field("session_id", AtMost(128), "Your id of the conversation; a new one begins it").optional(),
];
const ANSWER: &[Field] = &[
    field("response", Text, "What is said; empty where a human answers"),
    field("session_id", Text, "Your id of the conversation, or ours where you gave none"),
    field("status", Word(&["human", "resolved"]), "Why there is no response").optional(),
];

const WEBSITES: &[Field] = &[field("websites", Shapes("Website"), "The websites")];
const WEBSITE: &[Field] = &[
    field("id", Whole, "Its number"),
    field("name", Text, "Its name"),
    field("domain", Text, "Its host name; empty where nobody told it"),
    field("is_primary", Flag, "Whether it is the default one"),
];

const HISTORY: &[Field] = &[
    field("session_id", Text, "The session"),
    field("messages", Shapes("Said"), "The newest messages, oldest first"),
];
const SAID: &[Field] = &[
    field("role", Word(&["user", "assistant"]), "Who said it; a human agent is an `assistant`"),
    field("content", Text, "What was said"),
    field("timestamp", Time, "When it was said"),
];

const SESSIONS: &[Field] = &[field("sessions", Shapes("Session"), "The sessions")];
const SESSION: &[Field] = &[
    field("session_id", Text, "Its id"),
    field("source", Word(SOURCES), "Where it came from"),
    field("message_count", Whole, "All its messages"),
    field("first_message", Text, "What was said first"),
    field("first_message_at", Time, "When"),
    field("last_message_at", Time, "When it was last written in"),
    field("website_domain", Text, "The host name of its website; empty where nobody told it"),
];

const LEADS: &[Field] = &[field("leads", Shapes("Lead"), "The leads")];
const LEAD: &[Field] = &[
    field("session_id", Text, "The session"),
    field("email", Text, "The address").or_null(),
    field("phone", Text, "The number").or_null(),
    field("page_url", Text, "The page where the visitor was").or_null(),
    field("started_at", Time, "When the session began"),
];

const ACCOUNT: &[Field] = &[field("account", Of("AccountData"), "The account")];
const ACCOUNT_DATA: &[Field] = &[
    field("email", Text, "Its owner's address"),
    field("plan", Text, "Its plan"),
    field("messages_used", Whole, "Messages of this month"),
    field("messages_limit", Whole, "What the plan allows; null where it sets none").or_null(),
];

const ENTRIES: &[Field] = &[field("entries", Shapes("Entry"), "The entries")];
const KINDS: &[&str] = &["text", "url", "spreadsheet", "file", "github", "drive"];
const ENTRY: &[Field] = &[
    field("id", Text, "Its id"),
    field("type", Word(KINDS), "What it is"),
    field("title", Text, "Its title"),
    field("description", Text, "What is in it, in a sentence"),
    field("created_at", Time, "When it was added"),
];
const NEW_TEXT: &[Field] = &[
    field("title", Text, "A title"),
    field("content", Limited(200_000), "The text, at least 10 characters"),
];
const NEW_PAGE: &[Field] = &[field("url", Text, "The page to fetch")];
const TABLE_FORM: &[Field] = &[
    field("file", File, "A .csv or an .xlsx file; its first row names the columns"),
    field("website_id", Text, "Which website; the key's own if left out").optional(),
];
const ADDED: &[Field] = &[field("id", Text, "Its id"), field("title", Text, "Its title")];
const PAGE: &[Field] = &[field("url", Text, "The page").or_null()];
const CHUNKS: &[Field] = &[field("chunks_created", Whole, "Passages that it became")];
const ROWS: &[Field] = &[
    field("rows_processed", Whole, "Rows that were taken"),
    field("note", Text, "What the plan's limit cut off").optional(),
];
const LATE: &[Field] =
    &[field("status", Word(&["processing"]), "Where it is still being read").optional()];
const REMOVED: &[Field] = &[field("message", Text, "What was deleted")];

const WEBHOOKS: &[Field] = &[field("webhooks", Shapes("Webhook"), "The webhooks")];
const WEBHOOK: &[Field] = &[
    field("id", Text, "Its id"),
    field("url", Text, "Where to"),
    field("events", Texts, "Which events"),
    field("created_at", Time, "When it was made"),
];
const ACTIVE: &[Field] = &[field("is_active", Flag, "Whether they are sent")];
const SECRET: &[Field] = &[field("secret", Text, "What signs them, shown once")];
const NEW_WEBHOOK: &[Field] = &[
    field("url", Text, "Where to; https only"),
    field("events", Texts, "Which events; at least one"),
];
const SUBSCRIBED: &[Field] = &[field("webhook", Of("WebhookSecret"), "The webhook")];
