//! What webhooks are told.

use aiva_core::callback::Event;

use super::shapes::SOURCE_TYPE;
use crate::describe::field::Kind::{Share, Text, Time, Whole, Word};
use crate::describe::field::{Field, field};
use crate::describe::telling::{Telling, Told};

pub(super) const TELLING: Telling = Telling {
    headers: &[
        ("X-Aivastark-Signature", "The hex HMAC-SHA256 of the raw body under the secret"),
        ("X-Aivastark-Event", "The event"),
        ("X-Aivastark-Delivery", "The same on every attempt"),
    ],
    envelope: &[
        field("id", Text, "What happened; the same for every webhook and on every attempt"),
        field("created_at", Time, "When it happened"),
        field("project_id", Text, "Where it happened"),
    ],
    named_by: "type",
    events: &[
        Told {
            event: Event::ConversationEscalated,
            name: "ConversationEscalatedEvent",
            what: "A conversation was handed to a human",
            data: &[WHERE, ESCALATED],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","type":"conversation.escalated",
                "created_at":"2026-07-02T10:30:00Z","project_id":"pr_01k2m8r4t5wq6x7y8z9a0bcdef",
                "data":{"conversation_id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef",
                    "session_id":"sess_abc123","reason":"user_request",
                    "summary":"2 messages so far."}}"#,
        },
        Told {
            event: Event::LeadCaptured,
            name: "LeadCapturedEvent",
            what: "Somebody left an address or a number",
            data: &[WHERE, LEAD],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","type":"lead.captured",
                "created_at":"2026-07-02T10:30:00Z","project_id":"pr_01k2m8r4t5wq6x7y8z9a0bcdef",
                "data":{"conversation_id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef",
                    "session_id":"sess_abc123","name":"Jane Doe","email":"jane@example.com",
                    "phone":null,"page_url":null}}"#,
        },
        Told {
            event: Event::KnowledgeUpdated,
            name: "KnowledgeUpdatedEvent",
            what: "A source of knowledge changed its state",
            data: &[KNOWLEDGE],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","type":"knowledge.updated",
                "created_at":"2026-07-02T10:30:00Z","project_id":"pr_01k2m8r4t5wq6x7y8z9a0bcdef",
                "data":{"source_id":"src_01k2m8r4t5wq6x7y8z9a0bcdef","type":"url",
                    "title":"Getting started","status":"ready","chunks":7}}"#,
        },
        Told {
            event: Event::LowConfidenceDetected,
            name: "LowConfidenceDetectedEvent",
            what: "An answer rests on nothing",
            data: &[WHERE, UNSURE],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","type":"low_confidence.detected",
                "created_at":"2026-07-02T10:30:00Z","project_id":"pr_01k2m8r4t5wq6x7y8z9a0bcdef",
                "data":{"conversation_id":"cv_01k2m8r4t5wq6x7y8z9a0bcdef",
                    "session_id":"sess_abc123","message":"Do you sell submarines?",
                    "confidence":0.0}}"#,
        },
        Told {
            event: Event::TestPing,
            name: "TestPingEvent",
            what: "A test of the endpoint",
            data: &[],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","type":"test.ping",
                "created_at":"2026-07-02T10:30:00Z","project_id":"pr_01k2m8r4t5wq6x7y8z9a0bcdef",
                "data":{}}"#,
        },
    ],
};

const WHERE: &[Field] = &[
    field("conversation_id", Text, "Our id of the conversation"),
    field("session_id", Text, "Yours, or ours where you gave none"),
];
const ESCALATED: &[Field] = &[
    field("reason", Text, "`keyword`, `user_request`, `low_confidence`, or the agent's own words"),
    field("summary", Text, "What a human should know"),
];
const LEAD: &[Field] = &[
    field("name", Text, "The name").or_null(),
    field("email", Text, "The address").or_null(),
    field("phone", Text, "The number").or_null(),
    field("page_url", Text, "The page where it was left").or_null(),
];
const KNOWLEDGE: &[Field] = &[
    field("source_id", Text, "The source"),
    field("type", Word(SOURCE_TYPE), "What it is"),
    field("title", Text, "Its title"),
    field("status", Text, "How it stands: `ready`, `failed`…"),
    field("chunks", Whole, "Passages that it became"),
];
const UNSURE: &[Field] = &[
    field("message", Text, "The question"),
    field("confidence", Share, "How well the answer rests on the knowledge").or_null(),
];
