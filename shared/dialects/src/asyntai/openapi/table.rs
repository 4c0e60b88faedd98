//! Every route, with what it takes, what it answers and what it refuses.

use super::super::{
    ACCOUNT, ADD_SHEET, ADD_TEXT, ADD_URL, CHAT, HISTORY, KNOWLEDGE, LEADS, REMOVE, SESSIONS,
    SUBSCRIBE, UNSUBSCRIBE, WEBHOOKS, WEBSITES,
};
use super::shapes::SOURCES;
use crate::describe::field::Kind::{Limited, Text, Whole, Word};
use crate::describe::field::{Field, field};
use crate::describe::operation::{Body, Described, answer, described, takes};
use crate::describe::refusal::Refusal::{
    self, Body as OfBody, Characters, Form, Invalid, KeyReused, Message, NotFound, State,
    Unanswered,
};

pub(super) const ALL: &[Described] = &[
    described(
        CHAT,
        ("chat", "Send a message and get the response"),
        &[answer(200, "The response", "ChatAnswer", ANSWER)],
        &[Invalid("message", "is required"), NotFound, OfBody, Message, Unanswered],
    )
    .body(takes("ChatRequest", CHAT_REQUEST)),
    described(
        WEBSITES,
        ("listWebsites", "List the websites of the account"),
        &[answer(200, "The websites", "Websites", WEBSITE_LIST)],
        &[],
    ),
    described(
        HISTORY,
        ("readConversation", "Read a session"),
        &[answer(200, "The newest messages, oldest first", "History", HISTORY_SHOWN)],
        READING_ONE,
    )
    .query(&[
        field("session_id", Limited(128), "The session"),
        field("limit", Whole, "Messages at most; 50 if left out, 100 at most").optional(),
        ANY_WEBSITE,
    ]),
    described(
        SESSIONS,
        ("listSessions", "List sessions"),
        &[answer(200, "The sessions", "Sessions", SESSION_LIST)],
        READING,
    )
    .query(&[
        field("limit", Whole, "Sessions at most; 20 if left out, 100 at most").optional(),
        ALL_WEBSITES,
        field("source", Word(SOURCES), "Only those that came from there").optional(),
    ]),
    described(
        LEADS,
        ("listLeads", "List the addresses and numbers that visitors left"),
        &[answer(200, "The leads", "Leads", LEAD_LIST)],
        READING,
    )
    .query(&[ROWS, ALL_WEBSITES]),
    described(
        ACCOUNT,
        ("readAccount", "Read the account and what it used"),
        &[answer(200, "The account", "Account", ACCOUNT_SHOWN)],
        &[],
    ),
    described(
        KNOWLEDGE,
        ("listKnowledge", "List the knowledge of a website"),
        &[answer(200, "The entries", "Entries", ENTRY_LIST)],
        READING,
    )
    .query(&[ROWS, WEBSITE_ID]),
    described(
        ADD_TEXT,
        ("addText", "Add a text"),
        &[answer(200, "It was added", "AddedText", ADDED_TEXT)],
        &[
            Invalid("content", "must be at least 10 characters"),
            NotFound,
            OfBody,
            KeyReused,
            FULL_OF_SOURCES,
            Characters,
        ],
    )
    .body(takes("NewText", NEW_TEXT)),
    described(
        ADD_URL,
        ("addPage", "Add a page"),
        &[answer(200, "It was added", "AddedPage", ADDED_PAGE)],
        &[Invalid("url", "is required"), NotFound, OfBody, KeyReused, FULL_OF_SOURCES, Characters],
    )
    .body(takes("NewPage", r#"{"url":"https://example.com/faq","website_id":"123"}"#)),
    described(
        ADD_SHEET,
        ("addSpreadsheet", "Add a table: each row becomes an entry"),
        &[answer(200, "It was added", "AddedSpreadsheet", ADDED_TABLE)],
        &[
            Invalid("file", "must be a .csv or an .xlsx file"),
            NotFound,
            Form,
            KeyReused,
            FULL_OF_SOURCES,
            Characters,
        ],
    )
    .body(Body { json: None, form: Some("SpreadsheetForm"), required: true }),
    described(
        REMOVE,
        ("deleteKnowledge", "Delete an entry"),
        &[answer(200, "It is deleted", "Removed", REMOVED_ENTRY)],
        &[NO_WEBSITE, NotFound],
    )
    .query(&[ANY_WEBSITE]),
    described(
        WEBHOOKS,
        ("listWebhooks", "List the webhooks"),
        &[answer(200, "The webhooks", "Webhooks", WEBHOOK_LIST)],
        &[],
    ),
    described(
        SUBSCRIBE,
        ("createWebhook", "Tell an address what happens"),
        &[answer(200, "The webhook", "Subscribed", SUBSCRIBED)],
        &[Invalid("events", "is required"), NotFound, OfBody, KeyReused, FULL],
    )
    .body(takes("NewWebhook", NEW_WEBHOOK)),
    described(
        UNSUBSCRIBE,
        ("deleteWebhook", "Delete a webhook"),
        &[answer(
            200,
            "It is deleted",
            "Removed",
            r#"{"success":true,"message":"Webhook deleted"}"#,
        )],
        &[NotFound],
    ),
];

const WEBSITE_ID: Field =
    field("website_id", Text, "The number of a website; the key's own if left out").optional();
const ALL_WEBSITES: Field =
    field("website_id", Text, "The number of a website; all of them if left out").optional();
const ANY_WEBSITE: Field =
    field("website_id", Text, "The number of a website; looked for on all if left out").optional();
const ROWS: Field = field("limit", Whole, "Rows at most; 50 if left out, 100 at most").optional();
const READING_ONE: &[Refusal] = &[Invalid("session_id", "is required"), NotFound];
const READING: &[Refusal] = &[Invalid("limit", "must be a whole number from 1"), NotFound];
const NO_WEBSITE: Refusal = Invalid("website_id", "must be the number of a website");
const FULL: Refusal = State("the project has 10 webhooks, which is the most it may have");

const FULL_OF_SOURCES: Refusal = State("the project has 10000 sources; delete some first");
const CHAT_REQUEST: &str =
    r#"{"message":"What are your business hours?","session_id":"user_123","website_id":1}"#;
const ANSWER: &str = r#"{"success":true,
    "response":"Our business hours are Monday-Friday, 9 AM to 5 PM EST.",
    "session_id":"user_123"}"#;
const WEBSITE_LIST: &str = r#"{"success":true,"websites":[
    {"id":1,"name":"My Website","domain":"example.com","is_primary":true}]}"#;
const HISTORY_SHOWN: &str = r#"{"success":true,"session_id":"user_123","messages":[
    {"role":"user","content":"What are your business hours?",
        "timestamp":"2024-01-15T10:30:00Z"},
    {"role":"assistant","content":"Our business hours are Monday-Friday, 9 AM to 5 PM EST.",
        "timestamp":"2024-01-15T10:30:01Z"}]}"#;
const SESSION_LIST: &str = r#"{"success":true,"sessions":[
    {"session_id":"session_abc123def","source":"widget","message_count":5,
        "first_message":"What are your business hours?",
        "first_message_at":"2024-01-15T10:30:00Z","last_message_at":"2024-01-15T10:35:00Z",
        "website_domain":"example.com"}]}"#;
const LEAD_LIST: &str = r#"{"success":true,"leads":[
    {"session_id":"session_abc123def","email":"visitor@example.com","phone":"+1234567890",
        "page_url":"https://example.com/pricing","started_at":"2024-01-15T10:30:00Z"}]}"#;
const ACCOUNT_SHOWN: &str = r#"{"success":true,"account":{"email":"you@example.com",
    "plan":"starter","messages_used":150,"messages_limit":2500}}"#;
const ENTRY_LIST: &str = r#"{"success":true,"entries":[
    {"id":"abc-123-def","type":"text","title":"Business Hours",
        "description":"Manual text content (150 words)","created_at":"2024-01-15T10:30:00Z"},
    {"id":"ghi-456-jkl","type":"url","title":"About Us - Example",
        "description":"Content from https://example.com/about",
        "created_at":"2024-01-14T09:00:00Z"}]}"#;
const NEW_TEXT: &str = r#"{"title":"Return Policy",
    "content":"We offer a 30-day return policy on all items. Items must be unused and in original packaging. Refunds are processed within 5-7 business days.",
    "website_id":"123"}"#;
const ADDED_TEXT: &str =
    r#"{"success":true,"id":"abc-123-def","title":"Return Policy","chunks_created":1}"#;
const ADDED_PAGE: &str = r#"{"success":true,"id":"abc-123-def","title":"FAQ - Example",
    "url":"https://example.com/faq","chunks_created":5}"#;
const ADDED_TABLE: &str = r#"{"success":true,"id":"abc-123-def","title":"products.csv",
    "rows_processed":15,"chunks_created":15}"#;
const REMOVED_ENTRY: &str = r#"{"success":true,"message":"Knowledge base entry deleted"}"#;
const WEBHOOK_LIST: &str = r#"{"success":true,"webhooks":[
    {"id":"abc-123-def","url":"https://example.com/webhook",
        "events":["message.received","escalation.requested"],"is_active":true,
        "created_at":"2024-01-15T10:30:00Z"}]}"#;
const NEW_WEBHOOK: &str = r#"{"url":"https://example.com/webhook",
    "events":["message.received","escalation.requested"],"website_id":"123"}"#;
const SUBSCRIBED: &str = r#"{"success":true,"webhook":{"id":"abc-123-def",
    "url":"https://example.com/webhook","events":["message.received","escalation.requested"],
    "secret":"whsec_abc123...","created_at":"2024-01-15T10:30:00Z"}}"#;
