//! What webhooks are told.

use aiva_core::callback::Event;

use super::table::{CHANGED, CHANNELS, DIRECTIONS};
use crate::describe::field::Kind::{Document, Shape as Of, Text, Time, Word};
use crate::describe::field::{Field, field};
use crate::describe::telling::{Telling, Told};

pub(super) const TELLING: Telling = Telling {
    headers: &[
        ("X-AeroChat-Signature", "The hex HMAC-SHA256 of the raw body under the secret"),
        ("X-AeroChat-Event", "The event type"),
        ("X-AeroChat-Delivery", "Another on every attempt"),
    ],
    envelope: &[
        field("id", Text, "The event; the same on every attempt: deduplicate on it"),
        field("created_at", Time, "When it happened"),
    ],
    named_by: "type",
    events: &[
        Told {
            event: Event::MessageInbound,
            name: "MessageInboundEvent",
            what: "A customer sends a message",
            data: &[MESSAGE],
            example: r#"{"id":"evt_a1b2c3","type":"message.inbound",
                "created_at":"2026-06-16T10:00:00Z",
                "data":{"message_id":"9b3c0e7a4d5f4c8e9a1b2c3d",
                    "conversation_id":"cv_7Hq2Lm8pR1vXc0","contact_id":"ct_R2dE8nQ1pXkLZ0",
                    "channel":"whatsapp","direction":"inbound","author":{"type":"customer"},
                    "text":"where is my order?","language":"en",
                    "created_at":"2026-06-16T10:00:00Z"}}"#,
        },
        Told {
            event: Event::MessageOutbound,
            name: "MessageOutboundEvent",
            what: "The bot or a human agent replies",
            data: &[MESSAGE, INTENT],
            example: r#"{"id":"evt_b2c3d4","type":"message.outbound",
                "created_at":"2026-06-16T10:00:05Z",
                "data":{"message_id":"1f2e3d4c5b6a","conversation_id":"cv_7Hq2Lm8pR1vXc0",
                    "contact_id":"ct_R2dE8nQ1pXkLZ0","channel":"whatsapp",
                    "direction":"outbound","author":{"type":"bot","name":"Acme Support"},
                    "text":"Your order #123 ships tomorrow.","intent":"order_status",
                    "language":"en","created_at":"2026-06-16T10:00:05Z"}}"#,
        },
        Told {
            event: Event::ContactCreated,
            name: "ContactCreatedEvent",
            what: "A new contact appears",
            data: &[PERSON, CREATED, UPDATED],
            example: r#"{"id":"evt_c3d4e5","type":"contact.created",
                "created_at":"2026-06-16T09:59:50Z",
                "data":{"contact_id":"ct_R2dE8nQ1pXkLZ0","name":"Guest351497","email":null,
                    "phone":"+15551234567","channel":"whatsapp","source":"whatsapp",
                    "geo":{"city":"Pune","country":"India"},
                    "created_at":"2026-06-16T09:59:50Z","updated_at":"2026-06-16T09:59:50Z"}}"#,
        },
        Told {
            event: Event::ContactUpdated,
            name: "ContactUpdatedEvent",
            what: "A contact's name, email or phone changes",
            data: &[PERSON, &[CHANGED], UPDATED],
            example: r#"{"id":"evt_d4e5f6","type":"contact.updated",
                "created_at":"2026-06-16T10:02:00Z",
                "data":{"contact_id":"ct_R2dE8nQ1pXkLZ0","changed_fields":["name","email"],
                    "name":"Jane Doe","email":"jane@example.com","phone":null,"channel":"web",
                    "updated_at":"2026-06-16T10:02:00Z"}}"#,
        },
        Told {
            event: Event::ConversationEscalated,
            name: "ConversationEscalatedEvent",
            what: "A conversation is handed to a human",
            data: &[WHOSE, ESCALATED],
            example: r#"{"id":"evt_e5f6a7","type":"conversation.escalated",
                "created_at":"2026-06-16T10:03:00Z",
                "data":{"conversation_id":"cv_7Hq2Lm8pR1vXc0","contact_id":"ct_R2dE8nQ1pXkLZ0",
                    "contact_name":"Guest351497",
                    "trigger_message":{"text":"I want to talk to a human"},
                    "assigned_agent":{"name":"Sarah"}}}"#,
        },
        Told {
            event: Event::ConversationResolved,
            name: "ConversationResolvedEvent",
            what: "A conversation is closed",
            data: &[WHOSE],
            example: r#"{"id":"evt_f6a7b8","type":"conversation.resolved",
                "created_at":"2026-06-16T10:30:00Z",
                "data":{"conversation_id":"cv_7Hq2Lm8pR1vXc0","contact_id":"ct_R2dE8nQ1pXkLZ0",
                    "contact_name":"Guest351497"}}"#,
        },
        Told {
            event: Event::TestPing,
            name: "TestPingEvent",
            what: "A test of the endpoint",
            data: &[],
            example: r#"{"id":"evt_a1b2c3","type":"test.ping",
                "created_at":"2026-06-16T10:00:00Z","data":{}}"#,
        },
    ],
};

const MESSAGE: &[Field] = &[
    field("message_id", Text, "The message"),
    field("conversation_id", Text, "The conversation"),
    field("contact_id", Text, "The contact"),
    field("channel", Word(CHANNELS), "Where the conversation happens"),
    field("direction", Word(DIRECTIONS), "From the customer, or to the customer"),
    field("author", Of("Author"), "Who sent it"),
    field("text", Text, "The text, without addresses and numbers where the webhook is strict"),
    field("language", Text, "Its language, in two letters"),
    field("created_at", Time, "When it was sent"),
];
const INTENT: &[Field] =
    &[field("intent", Text, "Of a bot's message: what its question is about").optional()];
const PERSON: &[Field] = &[
    field("contact_id", Text, "The contact"),
    field("name", Text, "The name, or `Guest` and six digits"),
    field("email", Text, "The address; `[redacted]` where the webhook is strict").or_null(),
    field("phone", Text, "The number; `[redacted]` where the webhook is strict").or_null(),
    field("channel", Word(CHANNELS), "Where the contact chats"),
];
const CREATED: &[Field] = &[
    field("source", Text, "What brought the contact"),
    field("geo", Document, "Where from; null where that is not known").or_null(),
    field("created_at", Time, "When the contact appeared"),
];
const UPDATED: &[Field] = &[field("updated_at", Time, "When the contact last changed")];
const WHOSE: &[Field] = &[
    field("conversation_id", Text, "The conversation"),
    field("contact_id", Text, "The contact"),
    field("contact_name", Text, "The contact's name"),
];
const ESCALATED: &[Field] = &[
    field("trigger_message", Of("Reply"), "The message that caused it, if one did").or_null(),
    field("assigned_agent", Of("AssignedAgent"), "The human who has it, if one does").or_null(),
];
