//! The callbacks, as webhooks of the document.

use aiva_core::callback::Event;
use utoipa::openapi::path::{HttpMethod, OperationBuilder, PathItem, Paths, PathsBuilder};
use utoipa::openapi::{ContentBuilder, Ref};

use crate::describe::telling;

/// Headers of every callback, beside those of Standard Webhooks.
const HEADERS: [(&str, &str); 4] = [
    ("X-Assistify-Signature", "`sha256=` and the hex HMAC-SHA256 of `{timestamp}.{rawBody}`"),
    ("X-Assistify-Timestamp", "Unix seconds of this attempt"),
    ("X-Assistify-Delivery-Id", "The same on every attempt"),
    ("X-Assistify-Event", "The event"),
];

/// The native events, their schemas, and what they say.
const EVENTS: [(Event, &str, &str); 6] = [
    (Event::AiReply, "ReplyEvent", "The agent replied"),
    (Event::AgentReply, "AgentReplyEvent", "A human agent replied"),
    (Event::ConversationHandoff, "HandoffEvent", "A conversation was handed to a human"),
    (Event::IdentityVerified, "IdentityVerifiedEvent", "An end user proved who they are"),
    (Event::GenerationFailed, "GenerationFailedEvent", "A reply will never come"),
    (Event::TestPing, "TestPingEvent", "A test of the endpoint"),
];

pub(super) fn all() -> Paths {
    let paths = PathsBuilder::new();
    let paths = EVENTS.into_iter().fold(paths, |paths, (event, schema, summary)| {
        let operation = operation(event, schema, summary);
        paths.path(event.as_str(), PathItem::new(HttpMethod::Post, operation))
    });
    paths.build()
}

fn operation(event: Event, schema: &str, summary: &str) -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(Ref::from_schema_name(schema))).build();
    let headers = HEADERS.into_iter().chain(telling::STANDARD);
    headers.fold(telling::call(event, summary, content), |operation, (name, what)| {
        operation.parameter(telling::header(name, what))
    })
}
