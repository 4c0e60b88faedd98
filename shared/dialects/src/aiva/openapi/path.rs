//! The routes, as operations.

use aiva_core::error::{Conflict, Error, Forbidden};
use aiva_core::key::Scope;
use utoipa::openapi::path::{
    HttpMethod, OperationBuilder, Parameter, ParameterBuilder, ParameterIn, PathItem, Paths,
    PathsBuilder,
};
use utoipa::openapi::request_body::RequestBodyBuilder;
use utoipa::openapi::schema::{ObjectBuilder, Type};
use utoipa::openapi::security::SecurityRequirement;
use utoipa::openapi::{ContentBuilder, Ref, Required, Response, ResponseBuilder, ResponsesBuilder};

use super::answer::{common, not_modified, of_body, of_message, refusals, success};
use crate::http::Failure;

pub(super) fn all() -> Paths {
    PathsBuilder::new()
        .path("/messages", PathItem::new(HttpMethod::Post, submit()))
        .path("/conversations", PathItem::new(HttpMethod::Get, list()))
        .path("/conversations/{externalConversationId}", PathItem::new(HttpMethod::Get, read()))
        .path("/identity/verify", PathItem::new(HttpMethod::Post, verify()))
        .path("/me", PathItem::new(HttpMethod::Get, me()))
        .path("/openapi.json", PathItem::new(HttpMethod::Get, openapi()))
        .build()
}

fn operation(id: &str, summary: &str, scope: Option<Scope>) -> OperationBuilder {
    let needs = scope.map_or_else(
        || "Any live key.".to_owned(),
        |scope| format!("Needs the scope `{}`.", scope.as_str()),
    );
    OperationBuilder::new().operation_id(Some(id)).summary(Some(summary)).description(Some(needs))
}

fn answers(fine: Vec<(&str, Response)>, failures: &[Failure]) -> ResponsesBuilder {
    ResponsesBuilder::new().responses_from_iter(fine).responses_from_iter(refusals(failures))
}

fn submit() -> OperationBuilder {
    let scope = Some(Scope::MessagesWrite);
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("MessageRequest"))).build();
    let body = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    let mut failures = common(scope);
    failures.extend(of_message());
    let accepted = success("Stored; `status` says what becomes of it", "Submitted", false);
    operation("submitMessage", "Send a message of an end user", scope)
        .parameter(header("Idempotency-Key", "In place of `idempotencyKey`; both must be equal"))
        .request_body(Some(body))
        .responses(answers(vec![("202", accepted)], &failures))
}

fn list() -> OperationBuilder {
    let scope = Some(Scope::ConversationsRead);
    let found = success("Conversations, newest first", "ConversationPage", false);
    operation("listConversations", "List conversations", scope)
        .parameter(limit())
        .parameter(query("cursor", "`nextCursor` of the page before", Type::String))
        .parameter(query("status", "Only `open` or only `resolved` ones", Type::String))
        .parameter(query("externalUserId", "Only those this user last wrote in", Type::String))
        .responses(answers(vec![("200", found)], &common(scope)))
}

fn read() -> OperationBuilder {
    let scope = Some(Scope::ConversationsRead);
    let id = ParameterBuilder::new()
        .name("externalConversationId")
        .parameter_in(ParameterIn::Path)
        .required(Required::True)
        .description(Some("Your id of the conversation, or ours (`cv_…`)"))
        .schema(Some(ObjectBuilder::new().schema_type(Type::String).build()));
    let found = success("The conversation and its messages, in order", "ConversationDetail", true);
    let mut failures = common(scope);
    failures.push(Failure::Core(Error::NotFound));
    operation("readConversation", "Read a conversation, or poll it", scope)
        .parameter(id)
        .parameter(query("after", "Only messages with a greater `seq`", Type::Integer))
        .parameter(limit())
        .parameter(query("cursor", "`nextCursor` of the answer before", Type::String))
        .parameter(header(
            "If-None-Match",
            "The `ETag` of the answer before: 304 if it still holds",
        ))
        .responses(answers(vec![("200", found), ("304", not_modified())], &failures))
}

fn verify() -> OperationBuilder {
    let scope = Some(Scope::IdentityWrite);
    let content =
        ContentBuilder::new().schema(Some(Ref::from_schema_name("VerificationRequest"))).build();
    let body = RequestBodyBuilder::new()
        .content("application/json", content)
        .required(Some(Required::True))
        .build();
    let mut failures = common(scope);
    failures.extend(of_body());
    failures.push(Error::Forbidden(Forbidden::WorkspaceInactive).into());
    let sent = success("A link is on its way to the address", "VerificationSent", false);
    failures.push(Error::Conflict(Conflict::IdempotencyKeyReused).into());
    operation("verifyIdentity", "Mail an end user a link that proves who they are", scope)
        .parameter(header(
            "Idempotency-Key",
            "Asked again under the same key, no other mail is sent, unless the first try was never \
             answered",
        ))
        .request_body(Some(body))
        .responses(answers(vec![("202", sent)], &failures))
}

fn me() -> OperationBuilder {
    let found = success("The key, its workspace, limits and wallet", "Me", false);
    operation("showKey", "Show the key that calls", None)
        .responses(answers(vec![("200", found)], &common(None)))
}

fn openapi() -> OperationBuilder {
    let content = ContentBuilder::new().schema(Some(ObjectBuilder::new().build())).build();
    let found = ResponseBuilder::new()
        .description("This document")
        .content("application/json", content)
        .build();
    OperationBuilder::new()
        .operation_id(Some("showOpenApi"))
        .summary(Some("This document"))
        .description(Some("Needs no key."))
        .security(SecurityRequirement::default())
        .response("200", found)
}

fn limit() -> ParameterBuilder {
    let schema = ObjectBuilder::new()
        .schema_type(Type::Integer)
        .minimum(Some(1))
        .maximum(Some(200))
        .default(Some(50.into()))
        .build();
    parameter(ParameterIn::Query, "limit", "Items at most").schema(Some(schema))
}

fn query(name: &str, description: &str, kind: Type) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(kind).build();
    parameter(ParameterIn::Query, name, description).schema(Some(schema)).build()
}

fn header(name: &str, description: &str) -> Parameter {
    let schema = ObjectBuilder::new().schema_type(Type::String).build();
    parameter(ParameterIn::Header, name, description).schema(Some(schema)).build()
}

fn parameter(place: ParameterIn, name: &str, description: &str) -> ParameterBuilder {
    ParameterBuilder::new()
        .name(name)
        .parameter_in(place)
        .required(Required::False)
        .description(Some(description))
}
