//! Answers: the success envelope, and every refusal as the renderer writes it.

use aiva_core::error::{Conflict, Error, Forbidden};
use aiva_core::key::Scope;
use serde_json::Value;
use utoipa::openapi::content::ContentBuilder;
use utoipa::openapi::example::ExampleBuilder;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::{Ref, RefOr, Response, ResponseBuilder, Schema};

use crate::aiva::error::render;
use crate::http::Failure;

/// Headers of every authenticated answer.
const ALWAYS: [(&str, &str); 4] = [
    ("X-Request-Id", "Our id of the request"),
    ("X-RateLimit-Limit", "Requests in the window nearest to the end of its quota"),
    ("X-RateLimit-Remaining", "Requests left in it"),
    ("X-RateLimit-Reset", "When it ends, in unix seconds"),
];
const RETRY_AFTER: (&str, &str) = ("Retry-After", "Seconds to wait");
const ETAG: (&str, &str) = ("ETag", "Send it back as If-None-Match");

/// The headers, as components.
pub(super) fn headers() -> impl Iterator<Item = (String, RefOr<Header>)> {
    ALWAYS.into_iter().chain([RETRY_AFTER, ETAG]).map(|(name, description)| {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(description));
        (name.to_owned(), RefOr::T(header.build()))
    })
}

fn with_headers(answer: ResponseBuilder, more: &[(&str, &str)]) -> ResponseBuilder {
    ALWAYS.iter().chain(more).fold(answer, |answer, (name, _)| {
        answer.header_ref(*name, Ref::new(format!("#/components/headers/{name}")))
    })
}

/// `{"status":"success","data":…}` around a schema.
pub(crate) fn enveloped(description: &str, data: RefOr<Schema>) -> ResponseBuilder {
    let status = ObjectBuilder::new().schema_type(Type::String).enum_values(Some(["success"]));
    let envelope = ObjectBuilder::new()
        .property("status", status)
        .required("status")
        .property("data", data)
        .required("data")
        .build();
    let content = ContentBuilder::new().schema(Some(envelope)).build();
    ResponseBuilder::new().description(description).content("application/json", content)
}

/// A success with the headers of every authenticated answer.
pub(super) fn success(description: &str, schema: &str, tagged: bool) -> Response {
    let answer = enveloped(description, Ref::from_schema_name(schema).into());
    let more: &[(&str, &str)] = if tagged { &[ETAG] } else { &[] };
    with_headers(answer, more).build()
}

/// A status without a body.
pub(super) fn not_modified() -> Response {
    let answer = ResponseBuilder::new().description("Nothing changed since this ETag");
    with_headers(answer, &[ETAG]).build()
}

/// Refusals that any authenticated route may give.
pub(super) fn common(scope: Option<Scope>) -> Vec<Failure> {
    let mut failures = vec![
        Error::invalid("limit", "must be a whole number from 1 to 200"),
        Error::Unauthenticated,
        Error::Limited { retry_after_seconds: 12 },
        Error::internal("never shown"),
        Error::unavailable("never shown"),
    ];
    failures.extend(scope.map(|scope| Error::Forbidden(Forbidden::Scope(scope))));
    failures.into_iter().map(Failure::from).collect()
}

/// Refusals of a message.
pub(super) fn of_message() -> Vec<Failure> {
    let mut failures: Vec<Failure> = [
        Error::InsufficientCredits,
        Error::Forbidden(Forbidden::WorkspaceInactive),
        Error::Conflict(Conflict::IdempotencyKeyReused),
        Error::MessageTooLong { field: "content" },
        Error::SpendCapReached { retry_after_seconds: 86_400 },
    ]
    .map(Failure::from)
    .into();
    failures.extend(of_body());
    failures
}

/// Refusals of any body.
pub(super) fn of_body() -> [Failure; 2] {
    [
        Failure::PayloadTooLarge { most: Failure::MAX_BODY_BYTES },
        Failure::UnsupportedMediaType(Failure::JSON),
    ]
}

/// Refusals by status, each code with an example that the renderer itself wrote.
pub(crate) fn refusals(failures: &[Failure]) -> Vec<(String, Response)> {
    let mut by_status: std::collections::BTreeMap<u16, Vec<(&'static str, Value)>> =
        std::collections::BTreeMap::new();
    for failure in failures {
        let rendered = render(failure);
        let example = serde_json::from_slice(&rendered.body).unwrap_or_default();
        by_status.entry(rendered.status.as_u16()).or_default().push((rendered.code, example));
    }
    by_status
        .into_iter()
        .map(|(status, codes)| (status.to_string(), refusal(status, codes)))
        .collect()
}

fn refusal(status: u16, codes: Vec<(&'static str, Value)>) -> Response {
    let names = codes.iter().map(|(code, _)| format!("`{code}`")).collect::<Vec<_>>().join(", ");
    let examples = codes
        .into_iter()
        .map(|(code, value)| (code, ExampleBuilder::new().value(Some(value)).build()));
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name("ErrorEnvelope")))
        .examples_from_iter(examples)
        .build();
    let answer = ResponseBuilder::new().description(names).content("application/json", content);
    let more: &[(&str, &str)] = if matches!(status, 429 | 503) { &[RETRY_AFTER] } else { &[] };
    with_headers(answer, more).build()
}
