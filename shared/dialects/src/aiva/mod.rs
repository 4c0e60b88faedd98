//! The native dialect: base `/api/v1`, also reachable as `/v1`.

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::ports::Ports;

use crate::describe;
use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod conversations;
pub mod error;
mod identity;
mod me;
mod messages;
pub mod openapi;
mod telling;
pub mod wire;

pub(crate) use telling::render;

const VOICE: Voice = Voice::Dialect(Dialect::Aiva);

const SUBMIT_MESSAGE: Route = Route {
    function: Function::MessageSubmit,
    voice: VOICE,
    verb: Verb::Post,
    paths: &["/api/v1/messages", "/v1/messages"],
    access: Access::Key(Scope::MessagesWrite),
};

const LIST_CONVERSATIONS: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/api/v1/conversations", "/v1/conversations"],
    access: Access::Key(Scope::ConversationsRead),
};

const READ_CONVERSATION: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &[
        "/api/v1/conversations/{externalConversationId}",
        "/v1/conversations/{externalConversationId}",
    ],
    access: Access::Key(Scope::ConversationsRead),
};

const ME: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/api/v1/me", "/v1/me"],
    access: Access::AnyKey,
};

const OPENAPI: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/api/v1/openapi.json", "/v1/openapi.json", "/openapi/aiva.json"],
    access: Access::Open,
};

const VERIFY_IDENTITY: Route = Route {
    function: Function::IdentityVerify,
    voice: VOICE,
    verb: Verb::Post,
    paths: &["/api/v1/identity/verify", "/v1/identity/verify"],
    access: Access::Key(Scope::IdentityWrite),
};

/// Its routes.
pub const ROUTES: &[Route] =
    &[SUBMIT_MESSAGE, LIST_CONVERSATIONS, READ_CONVERSATION, VERIFY_IDENTITY, ME, OPENAPI];

/// What `message-submit` serves of it.
pub(crate) fn submitting<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(SUBMIT_MESSAGE, |edge, call| Box::pin(messages::submit(edge, call)))
}

/// What `identity-verify` serves of it.
pub(crate) fn verifying<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(VERIFY_IDENTITY, |edge, call| Box::pin(identity::verify(edge, call)))
}

/// What `conversation-read` serves of it.
pub(crate) fn reading<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(LIST_CONVERSATIONS, |edge, call| Box::pin(conversations::list(edge, call)))
        .serve(READ_CONVERSATION, |edge, call| Box::pin(conversations::read(edge, call)))
        .serve(ME, |edge, call| Box::pin(me::show(edge, call)))
        .serve(OPENAPI, |_, _| Box::pin(describe::serve(openapi::COMMITTED)))
}
