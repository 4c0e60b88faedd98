//! The Aksita dialect: sessions, and answers while the caller waits.

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::ports::Ports;

use crate::describe;
use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod chat;
pub mod error;
pub(crate) mod openapi;
mod session;
mod wire;

const fn route(verb: Verb, paths: &'static [&'static str]) -> Route {
    let voice = Voice::Dialect(Dialect::Aksita);
    Route {
        function: Function::Chat,
        voice,
        verb,
        paths,
        access: Access::Key(Scope::MessagesWrite),
    }
}

const BEGIN_SESSION: Route = route(Verb::Post, &["/api/session"]);
const CHAT: Route = route(Verb::Post, &["/api/chat"]);

const OPENAPI: Route = Route {
    function: Function::ConversationRead,
    voice: Voice::Dialect(Dialect::Aksita),
    verb: Verb::Get,
    paths: &["/openapi/aksita.json"],
    access: Access::Open,
};

/// Its routes.
pub const ROUTES: &[Route] = &[BEGIN_SESSION, CHAT, OPENAPI];

/// What `chat` serves of it.
pub(crate) fn chatting<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(BEGIN_SESSION, |edge, call| Box::pin(session::begin(edge, call)))
        .serve(CHAT, |edge, call| Box::pin(chat::answer(edge, call)))
}

/// What `conversation-read` serves of it.
pub(crate) fn reading<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(OPENAPI, |_, _| Box::pin(describe::serve(openapi::COMMITTED)))
}
