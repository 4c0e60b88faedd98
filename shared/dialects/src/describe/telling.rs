//! Webhooks, as webhooks of a document.

use aiva_core::callback::Event;
use serde_json::Value;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths,
    PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{Content, ContentBuilder, Ref, RefOr, Required, ResponseBuilder, Schema};

use super::field::{Field, object};

/// How a dialect tells what happens.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Telling {
    /// Its headers, beside those of Standard Webhooks.
    pub(crate) headers: &'static [(&'static str, &'static str)],
    /// The envelope around the data.
    pub(crate) envelope: &'static [Field],
    /// The member of the envelope that names the event.
    pub(crate) named_by: &'static str,
    /// What it tells.
    pub(crate) events: &'static [Told],
}

/// One event.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Told {
    pub(crate) event: Event,
    /// The name of its schema.
    pub(crate) name: &'static str,
    pub(crate) what: &'static str,
    /// Runs of fields of its data.
    pub(crate) data: &'static [&'static [Field]],
    /// A whole body, of the vendor's document where that has one.
    pub(crate) example: &'static str,
}

/// What Standard Webhooks adds.
pub(crate) const STANDARD: [(&str, &str); 3] = [
    ("webhook-id", "Standard Webhooks: the delivery id"),
    ("webhook-timestamp", "Standard Webhooks: unix seconds of this attempt"),
    ("webhook-signature", "Standard Webhooks: `v1,` and the base64 signature"),
];

/// The headers, as components.
pub(super) fn headers(telling: &Telling) -> impl Iterator<Item = (String, Parameter)> {
    let all = telling.headers.iter().copied().chain(STANDARD);
    all.map(|(name, what)| (name.to_owned(), header(name, what)))
}

/// A header of every call.
pub(crate) fn header(name: &str, what: &str) -> Parameter {
    let text = ObjectBuilder::new().schema_type(Type::String).build();
    let header = ParameterBuilder::new()
        .name(name)
        .parameter_in(ParameterIn::Header)
        .required(Required::True)
        .description(Some(what))
        .schema(Some(text));
    header.build()
}

/// The bodies of the events, under their names.
pub(super) fn schemas(telling: &Telling) -> impl Iterator<Item = (String, RefOr<Schema>)> {
    telling.events.iter().map(|told| {
        let event = ObjectBuilder::new()
            .schema_type(Type::String)
            .enum_values(Some([told.event.as_str()]))
            .description(Some("The event"));
        let data = object(told.data.iter().copied().flatten());
        let body = object(telling.envelope)
            .property(telling.named_by, event)
            .required(telling.named_by)
            .property("data", data)
            .required("data")
            .description(Some(told.what));
        (told.name.to_owned(), body.into())
    })
}

pub(super) fn webhooks(telling: &Telling) -> Paths {
    let paths = PathsBuilder::new();
    let paths = telling.events.iter().fold(paths, |paths, told| {
        let item = PathItem::new(HttpMethod::Post, operation(telling, told));
        paths.path(told.event.as_str(), item)
    });
    paths.build()
}

fn operation(telling: &Telling, told: &Told) -> OperationBuilder {
    let example: Value = serde_json::from_str(told.example).unwrap_or_default();
    let content = ContentBuilder::new()
        .schema(Some(Ref::from_schema_name(told.name)))
        .example(Some(example))
        .build();
    headers(telling).fold(call(told.event, told.what, content), |operation, (name, _)| {
        operation.parameter_ref(Ref::new(format!("#/components/parameters/{name}")))
    })
}

/// The call of an event with such a body, its headers left out.
pub(crate) fn call(event: Event, what: &str, content: Content) -> OperationBuilder {
    let body = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    let taken = ResponseBuilder::new()
        .description("Any 2xx within 5 s takes it; anything else is tried again, 410 disables");
    OperationBuilder::new()
        .operation_id(Some(event.as_str()))
        .summary(Some(what))
        .security(SecurityRequirement::default())
        .request_body(Some(body))
        .response("2XX", taken.build())
}
