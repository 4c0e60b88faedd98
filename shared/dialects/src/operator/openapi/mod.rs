//! The operator API as operations of the OpenAPI document.

use aiva_core::error::{Conflict, Error, Forbidden};
use aiva_core::operator::Role;
use utoipa::openapi::path::{
    OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths, PathsBuilder,
};
use utoipa::openapi::request_body::{RequestBody, RequestBodyBuilder};
use utoipa::openapi::schema::{ObjectBuilder, Schema, Type};
use utoipa::openapi::security::{HttpAuthScheme, HttpBuilder, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ContentBuilder, Ref, RefOr, Required, Response, ResponsesBuilder, Server,
};

use crate::aiva::openapi::answer::{enveloped, refusals};
use crate::describe::field::{self, Field, Kind, object};
use crate::describe::method;
use crate::http::{Access, Failure, Verb};

mod shapes;
mod table;

use table::{Answer, Body, Described};

/// Below what all its paths lie.
const SERVER: &str = "/admin/v1";
/// The name of the operator's token among the ways to authenticate.
const TOKEN: &str = "operatorToken";
const LIST_QUERY: &[Field] = &[
    field::field("limit", Kind::Whole, "Items at most, from 1 to 200; 50 if left out"),
    field::field("cursor", Kind::Text, "`nextCursor` of the page before"),
];

/// Its paths, each under its own server.
pub(crate) fn paths() -> Paths {
    let mut paths = PathsBuilder::new();
    for described in table::all() {
        let path = described.route.path();
        let path = path.strip_prefix(SERVER).unwrap_or(path);
        let mut item = PathItem::new(method(described.route.verb), operation(described));
        item.servers = Some(vec![Server::new(SERVER)]);
        paths = paths.path(path, item);
    }
    paths.build()
}

/// Its shapes, its refusals and its token.
pub(crate) fn add_to(components: &mut Components) {
    for shape in shapes::ALL {
        components.schemas.insert(shape.name.to_owned(), RefOr::T(shape.schema()));
    }
    for (status, response) in refusals(&failures(true, true)) {
        components.responses.insert(refusal_name(&status), RefOr::T(response));
    }
    let token = HttpBuilder::new()
        .scheme(HttpAuthScheme::Bearer)
        .description(Some(
            "The deployment's operator token, or that of an operator of a workspace.",
        ))
        .build();
    components.add_security_scheme(TOKEN, SecurityScheme::Http(token));
}

fn operation(described: &Described) -> OperationBuilder {
    let nothing: [&str; 0] = [];
    let operation = OperationBuilder::new()
        .operation_id(Some(described.id))
        .summary(Some(described.summary))
        .description(Some(who(described.route.access)))
        .tag("operator")
        .security(SecurityRequirement::new(TOKEN, nothing))
        .request_body(body(described.body))
        .responses(responses(described));
    parameters(described).into_iter().fold(operation, OperationBuilder::parameter)
}

/// Who may call a route.
fn who(access: Access) -> &'static str {
    match access {
        Access::Operator => "Any operator of the workspace reads; its owner changes.",
        Access::Role(Role::Agent) => "Any operator of the workspace.",
        Access::Role(Role::Owner) => "An owner of the workspace.",
        Access::Role(Role::Deployment) => "The deployment's operator alone.",
        Access::Open | Access::AnyKey | Access::Key(_) => "Anyone with a key.",
    }
}

fn parameters(described: &Described) -> Vec<Parameter> {
    let named = described.route.path().split('/');
    let named = named.filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
    let mut parameters: Vec<Parameter> = named
        .map(|name| {
            let text = ObjectBuilder::new().schema_type(Type::String).build();
            let path = parameter(name, ParameterIn::Path, text.into());
            path.required(Required::True).build()
        })
        .collect();
    let lists = matches!(described.answer, Answer::Page(_)).then_some(LIST_QUERY);
    for field in lists.into_iter().flatten().chain(described.query) {
        let query = parameter(field.name, ParameterIn::Query, field.bare_schema());
        parameters.push(query.description(Some(field.what)).required(Required::False).build());
    }
    if described.route.verb == Verb::Post {
        let text = ObjectBuilder::new().schema_type(Type::String).build();
        let header = parameter("Idempotency-Key", ParameterIn::Header, text.into());
        let what = "The first answer again, for a day";
        parameters.push(header.description(Some(what)).required(Required::False).build());
    }
    parameters
}

fn parameter(name: &str, place: ParameterIn, schema: RefOr<Schema>) -> ParameterBuilder {
    ParameterBuilder::new().name(name).parameter_in(place).schema(Some(schema))
}

fn body(body: Body) -> Option<RequestBody> {
    let (fields, required) = match body {
        Body::None => return None,
        Body::May(fields) => (fields, Required::False),
        Body::Must(fields) => (fields, Required::True),
    };
    let schema = Schema::from(object(fields).build());
    let content = ContentBuilder::new().schema(Some(schema)).build();
    let body = RequestBodyBuilder::new().content("application/json", content);
    Some(body.required(Some(required)).build())
}

fn responses(described: &Described) -> ResponsesBuilder {
    let found =
        |schema: RefOr<Schema>| -> Response { enveloped(described.summary, schema).build() };
    let named = |name: &str| RefOr::from(Ref::from_schema_name(name));
    let fine = match described.answer {
        Answer::One(status, name) => vec![(status, found(named(name)))],
        Answer::New(name) => vec![(201, found(named(name))), (200, found(named(name)))],
        Answer::Fields(status, fields) => {
            vec![(status, found(Schema::from(object(fields).build()).into()))]
        }
        Answer::Page(name) => {
            let fields = [
                field::field("items", Kind::Shapes(name), "The items, newest first"),
                field::field("nextCursor", Kind::Text, "Where there may be more").optional(),
            ];
            vec![(200, found(Schema::from(object(&fields).build()).into()))]
        }
    };
    let mut answers = ResponsesBuilder::new();
    for (status, response) in fine {
        answers = answers.response(status.to_string(), response);
    }
    let takes = !matches!(described.body, Body::None);
    for (status, _) in refusals(&failures(described.route.verb != Verb::Get, takes)) {
        let shared = Ref::from_response_name(refusal_name(&status));
        answers = answers.response(status, shared);
    }
    answers
}

fn refusal_name(status: &str) -> String {
    format!("Operator{status}")
}

/// What a route may refuse: one that changes something, one that takes a body.
fn failures(changes: bool, takes: bool) -> Vec<Failure> {
    let mut failures: Vec<Failure> = [
        Error::invalid("name", "is required"),
        Error::Unauthenticated,
        Error::Forbidden(Forbidden::Role(Role::Owner)),
        Error::NotFound,
        Error::Limited { retry_after_seconds: 12 },
        Error::internal("never shown"),
        Error::unavailable("never shown"),
    ]
    .map(Failure::from)
    .into();
    if changes {
        failures.push(Error::Conflict(Conflict::IdempotencyKeyReused).into());
        failures
            .push(Error::Conflict(Conflict::State("the state does not allow it".into())).into());
    }
    if takes {
        failures.extend([
            Failure::PayloadTooLarge { most: Failure::MAX_BODY_BYTES },
            Failure::UnsupportedMediaType(Failure::JSON),
        ]);
    }
    failures
}
