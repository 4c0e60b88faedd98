//! What webhooks are told.

use aiva_core::callback::Event;

use super::shapes::SOURCES;
use crate::describe::field::Kind::{Text, Time, Whole, Word};
use crate::describe::field::{Field, field};
use crate::describe::telling::{Telling, Told};

pub(super) const TELLING: Telling = Telling {
    headers: &[
        ("X-Webhook-Signature", "The hex HMAC-SHA256 of the raw body under the secret"),
        ("X-Webhook-Event", "The event"),
        ("X-Webhook-Delivery", "The same on every attempt"),
    ],
    envelope: &[
        field("id", Text, "What happened; the same for every webhook and on every attempt"),
        field("timestamp", Time, "When it happened"),
    ],
    named_by: "event",
    events: &[
        Told {
            event: Event::MessageReceived,
            name: "MessageReceivedEvent",
            what: "A visitor sent a message and received a response",
            data: &[SESSION, RECEIVED],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","event":"message.received",
                "timestamp":"2024-01-15T10:30:01Z",
                "data":{"session_id":"user_123","website_id":1,
                    "message":"What are your business hours?",
                    "response":"Our business hours are Monday-Friday, 9 AM to 5 PM EST."}}"#,
        },
        Told {
            event: Event::ConversationStarted,
            name: "ConversationStartedEvent",
            what: "A new chat session was started",
            data: &[SESSION, STARTED],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","event":"conversation.started",
                "timestamp":"2024-01-15T10:30:00Z",
                "data":{"session_id":"user_123","website_id":1,"source":"api",
                    "started_at":"2024-01-15T10:30:00Z"}}"#,
        },
        Told {
            event: Event::EscalationRequested,
            name: "EscalationRequestedEvent",
            what: "A conversation is handed to a human agent",
            data: &[SESSION, ESCALATED],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","event":"escalation.requested",
                "timestamp":"2024-01-15T10:30:00Z",
                "data":{"session_id":"user_123","website_id":1,
                    "message":"I want to talk to a human","reason":"user_request"}}"#,
        },
        Told {
            event: Event::TakeoverStarted,
            name: "TakeoverStartedEvent",
            what: "A human agent took over a chat session",
            data: &[SESSION, TAKEN],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","event":"takeover.started",
                "timestamp":"2024-01-15T10:30:00Z",
                "data":{"session_id":"user_123","website_id":1,"agent_name":"Sarah"}}"#,
        },
        Told {
            event: Event::TestPing,
            name: "TestPingEvent",
            what: "A test of the endpoint",
            data: &[WEBSITE],
            example: r#"{"id":"evt_01k2m8r4t5wq6x7y8z9a0bcdef","event":"test.ping",
                "timestamp":"2024-01-15T10:30:00Z","data":{"website_id":1}}"#,
        },
    ],
};

const WEBSITE: &[Field] = &[field("website_id", Whole, "The website")];
const SESSION: &[Field] = &[field("session_id", Text, "The session"), WEBSITE[0]];
const RECEIVED: &[Field] = &[
    field("message", Text, "What the visitor said"),
    field("response", Text, "What the agent answered"),
];
const STARTED: &[Field] = &[
    field("source", Word(SOURCES), "Where it came from"),
    field("started_at", Time, "When it began"),
];
const ESCALATED: &[Field] = &[
    field("message", Text, "The visitor's message"),
    field("reason", Text, "`keyword`, `user_request`, `low_confidence`, or the agent's own words"),
];
const TAKEN: &[Field] = &[field("agent_name", Text, "Who took it over")];
