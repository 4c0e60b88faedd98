//! The callbacks, as webhooks of the document.

use aiva_core::callback::Event;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, ParameterBuilder, ParameterIn, PathItem, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, Required, ResponseBuilder};

/// Headers of every callback.
const HEADERS: [(&str, &str); 7] = [
    ("X-Assistify-Signature", "`sha256=` and the hex HMAC-SHA256 of `{timestamp}.{rawBody}`"),
    ("X-Assistify-Timestamp", "Unix seconds of this attempt"),
    ("X-Assistify-Delivery-Id", "The same on every attempt"),
    ("X-Assistify-Event", "The event"),
    ("webhook-id", "Standard Webhooks: the delivery id"),
    ("webhook-timestamp", "Standard Webhooks: unix seconds of this attempt"),
    ("webhook-signature", "Standard Webhooks: `v1,` and the base64 signature"),
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
    let body = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    let taken = ResponseBuilder::new()
        .description("Any 2xx within 5 s takes it; anything else is tried again, 410 disables");
    let operation = OperationBuilder::new()
        .operation_id(Some(event.as_str()))
        .summary(Some(summary))
        .security(SecurityRequirement::default())
        .request_body(Some(body))
        .response("2XX", taken.build());
    HEADERS.into_iter().fold(operation, |operation, (name, description)| {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let header = ParameterBuilder::new()
            .name(name)
            .parameter_in(ParameterIn::Header)
            .required(Required::True)
            .description(Some(description))
            .schema(Some(schema));
        operation.parameter(header)
    })
}
