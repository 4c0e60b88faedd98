//! The AeroChat dialect: messages that are answered at once, contacts, conversations by the page, webhooks.

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::ports::Ports;

use crate::describe;
use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod contacts;
pub mod error;
mod messages;
pub(crate) mod openapi;
mod redact;
mod telling;
mod wire;

pub(crate) use telling::render;

const VOICE: Voice = Voice::Dialect(Dialect::Aerochat);

const SEND: Route = Route {
    function: Function::Chat,
    voice: VOICE,
    verb: Verb::Post,
    paths: &["/bot/v1/conversations/messages"],
    access: Access::Key(Scope::MessagesWrite),
};

const READ_CONTACT: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/bot/v1/contacts/{contact_id}"],
    access: Access::Key(Scope::ContactsRead),
};

const LIST_MESSAGES: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/bot/v1/conversations/{conversation_id}/messages"],
    access: Access::Key(Scope::ConversationsRead),
};

const OPENAPI: Route = Route {
    function: Function::ConversationRead,
    voice: VOICE,
    verb: Verb::Get,
    paths: &["/openapi/aerochat.json"],
    access: Access::Open,
};

/// Its routes.
pub const ROUTES: &[Route] = &[SEND, READ_CONTACT, LIST_MESSAGES, OPENAPI];

/// What `chat` serves of it.
pub(crate) fn chatting<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(SEND, |edge, call| Box::pin(messages::send(edge, call)))
}

/// What `conversation-read` serves of it.
pub(crate) fn reading<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(READ_CONTACT, |edge, call| Box::pin(contacts::show(edge, call)))
        .serve(LIST_MESSAGES, |edge, call| Box::pin(messages::list(edge, call)))
        .serve(OPENAPI, |_, _| Box::pin(describe::serve(openapi::COMMITTED)))
}
