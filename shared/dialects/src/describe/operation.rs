//! Routes, as operations of a document.

use serde_json::Value;
use utoipa::openapi::header::{Header, HeaderBuilder};
use utoipa::openapi::path::{OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{
    Content, ContentBuilder, Ref, RefOr, Required, Response, ResponseBuilder, Schema,
};

use super::field::Field;
use super::refusal::{self, Refusal, Refusals};
use super::{Sheet, method};
use crate::http::{Access, Route, Verb};

/// A route in words.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Described {
    pub(crate) route: Route,
    pub(crate) id: &'static str,
    pub(crate) summary: &'static str,
    pub(crate) query: &'static [Field],
    pub(crate) headers: &'static [Field],
    pub(crate) body: Option<Body>,
    pub(crate) answers: &'static [Answer],
    pub(crate) refuses: &'static [Refusal],
}

/// What a route takes.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Body {
    /// The shape of its JSON, with an example of the vendor's document where that has one.
    pub(crate) json: Option<(&'static str, &'static str)>,
    /// The shape of its form.
    pub(crate) form: Option<&'static str>,
    /// Whether it must be there.
    pub(crate) required: bool,
}

/// What a route answers when all is well.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) what: &'static str,
    /// The shape of its JSON, with an example.
    pub(crate) json: Option<(&'static str, &'static str)>,
    /// An example of its server-sent events, where it may come as such.
    pub(crate) stream: Option<&'static str>,
}

/// A route that takes nothing.
pub(crate) const fn described(
    route: Route,
    (id, summary): (&'static str, &'static str),
    answers: &'static [Answer],
    refuses: &'static [Refusal],
) -> Described {
    let (query, headers): (&[Field], &[Field]) = (&[], &[]);
    Described { route, id, summary, query, headers, body: None, answers, refuses }
}

impl Described {
    pub(crate) const fn query(self, query: &'static [Field]) -> Self {
        Self { query, ..self }
    }

    pub(crate) const fn headers(self, headers: &'static [Field]) -> Self {
        Self { headers, ..self }
    }

    pub(crate) const fn body(self, body: Body) -> Self {
        Self { body: Some(body), ..self }
    }
}

/// A JSON body that must be there.
pub(crate) const fn takes(shape: &'static str, example: &'static str) -> Body {
    Body { json: Some((shape, example)), form: None, required: true }
}

/// A JSON answer.
pub(crate) const fn answer(
    status: u16,
    what: &'static str,
    shape: &'static str,
    example: &'static str,
) -> Answer {
    Answer { status, what, json: Some((shape, example)), stream: None }
}

/// An answer without a body.
pub(crate) const fn nothing(status: u16, what: &'static str) -> Answer {
    Answer { status, what, json: None, stream: None }
}

/// Headers of every authenticated answer.
const ALWAYS: [(&str, &str); 4] = [
    ("X-Request-Id", "Our id of the request"),
    ("X-RateLimit-Limit", "Requests in the window nearest to the end of its quota"),
    ("X-RateLimit-Remaining", "Requests left in it"),
    ("X-RateLimit-Reset", "When it ends, in unix seconds"),
];
pub(super) const RETRY_AFTER: &str = "Retry-After";
const REPLAYED: &str = "Idempotency-Replayed";
const SOMETIMES: [(&str, &str); 2] = [
    (RETRY_AFTER, "Seconds to wait"),
    (REPLAYED, "`true` where the request was answered before under its idempotency key"),
];
/// The header that every POST may have.
pub(super) const IDEMPOTENCY_KEY: &str = "Idempotency-Key";

/// The headers, as components.
pub(super) fn headers() -> impl Iterator<Item = (String, RefOr<Header>)> {
    ALWAYS.into_iter().chain(SOMETIMES).map(|(name, what)| {
        let schema = ObjectBuilder::new().schema_type(Type::String).build();
        let header = HeaderBuilder::new().schema(Some(schema)).description(Some(what));
        (name.to_owned(), RefOr::T(header.build()))
    })
}

/// Parameters that operations share, as components.
pub(super) fn shared() -> [(String, Parameter); 1] {
    let what = "1 to 128 printable ASCII characters: the first answer again under the same key";
    let text = ObjectBuilder::new().schema_type(Type::String).min_length(Some(1));
    let header = ParameterBuilder::new()
        .name(IDEMPOTENCY_KEY)
        .parameter_in(ParameterIn::Header)
        .required(Required::False)
        .description(Some(what))
        .schema(Some(text.max_length(Some(128)).build()));
    [(IDEMPOTENCY_KEY.to_owned(), header.build())]
}

pub(super) fn with_headers(answer: ResponseBuilder, more: &[&str]) -> ResponseBuilder {
    let names = ALWAYS.iter().map(|(name, _)| *name).chain(more.iter().copied());
    names.fold(answer, |answer, name| {
        answer.header_ref(name, Ref::new(format!("#/components/headers/{name}")))
    })
}

/// An operation under its path; what it refuses is added to the refusals of the document.
pub(super) fn operation(
    sheet: &Sheet,
    described: &Described,
    refusals: &mut Refusals,
) -> (String, PathItem) {
    let route = described.route;
    let operation = OperationBuilder::new()
        .operation_id(Some(described.id))
        .summary(Some(described.summary))
        .description(Some(who(route.access)))
        .request_body(described.body.map(body));
    let operation = if route.access == Access::Open {
        operation.security(SecurityRequirement::default())
    } else {
        operation
    };
    let operation = parameters(described).into_iter().fold(operation, OperationBuilder::parameter);
    let operation = match route.verb {
        Verb::Post => {
            operation.parameter_ref(Ref::new(format!("#/components/parameters/{IDEMPOTENCY_KEY}")))
        }
        Verb::Get | Verb::Put | Verb::Patch | Verb::Delete => operation,
    };
    let operation = described.answers.iter().fold(operation, |operation, answer| {
        operation.response(answer.status.to_string(), response(answer, &route))
    });
    let refused = refusals.add(&refusal::all(route.access, described.refuses), sheet.render);
    let operation = refused.into_iter().fold(operation, |operation, (status, name)| {
        operation.response(status.to_string(), Ref::from_response_name(name))
    });
    (path(sheet, &route), PathItem::new(method(route.verb), operation))
}

/// The path as the vendor's document writes it.
fn path(sheet: &Sheet, route: &Route) -> String {
    let path = route.path().split('?').next().unwrap_or_default();
    let slash = if sheet.slash && route.access != Access::Open { "/" } else { "" };
    format!("{path}{slash}")
}

fn who(access: Access) -> String {
    match access {
        Access::Key(scope) => format!("Needs the scope `{}`.", scope.as_str()),
        Access::AnyKey => "Any live key.".to_owned(),
        Access::Open | Access::Operator | Access::Role(_) => "Needs no key.".to_owned(),
    }
}

fn parameters(described: &Described) -> Vec<Parameter> {
    let path = described.route.path().split('?').next().unwrap_or_default();
    let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let named = named.map(|name| {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let parameter = ParameterBuilder::new().name(name).parameter_in(ParameterIn::Path);
        parameter.required(Required::True).schema(Some(text)).build()
    });
    let place = |place: ParameterIn, fields: &'static [Field]| {
        fields.iter().map(move |field| {
            let required = if field.required { Required::True } else { Required::False };
            ParameterBuilder::new()
                .name(field.name)
                .parameter_in(place.clone())
                .required(required)
                .description(Some(field.what))
                .schema(Some(field.bare_schema()))
                .build()
        })
    };
    let query = place(ParameterIn::Query, described.query);
    named.chain(query).chain(place(ParameterIn::Header, described.headers)).collect()
}

fn body(body: Body) -> RequestBody {
    let mut built = RequestBodyBuilder::new();
    if let Some((shape, example)) = body.json {
        built = built.content("application/json", content(shape, example));
    }
    if let Some(shape) = body.form {
        let form = ContentBuilder::new().schema(Some(Ref::from_schema_name(shape))).build();
        built = built.content("multipart/form-data", form);
    }
    let required = if body.required { Required::True } else { Required::False };
    built.required(Some(required)).build()
}

fn response(answer: &Answer, route: &Route) -> Response {
    let mut built = ResponseBuilder::new().description(answer.what);
    if let Some((shape, example)) = answer.json {
        built = built.content("application/json", content(shape, example));
    }
    if let Some(example) = answer.stream {
        let text: Schema = ObjectBuilder::new().schema_type(Type::String).build().into();
        let events = ContentBuilder::new().schema(Some(text)).example(Some(example.into()));
        built = built.content("text/event-stream", events.build());
    }
    match route {
        Route { access: Access::Open, .. } => built.build(),
        Route { verb: Verb::Post, .. } => with_headers(built, &[REPLAYED]).build(),
        _ => with_headers(built, &[]).build(),
    }
}

/// JSON of a shape; an example that cannot be read would be `null`, which fits no shape.
pub(super) fn content(shape: &str, example: &str) -> Content {
    let example: Value = serde_json::from_str(example).unwrap_or_default();
    ContentBuilder::new().schema(Some(Ref::from_schema_name(shape))).example(Some(example)).build()
}
