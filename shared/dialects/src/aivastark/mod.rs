//! The Aivastark dialect: base `/v1/projects/{project_id}`.

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::ports::Ports;

use crate::describe;
use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod conversations;
pub mod error;
mod list;
pub(crate) mod openapi;
mod project;
mod query;
mod sources;
mod stream;
mod telling;
mod webhooks;
mod widgets;
mod wire;

pub(crate) use telling::render;

const OPENAPI: Route = Route {
    function: Function::ConversationRead,
    voice: Voice::Dialect(Dialect::Aivastark),
    verb: Verb::Get,
    paths: &["/openapi/aivastark.json"],
    access: Access::Open,
};

/// Its routes.
pub const ROUTES: &[Route] = &[
    conversations::LIST,
    conversations::READ,
    query::QUERY,
    sources::ADD,
    sources::LIST,
    sources::READ,
    sources::DELETE,
    sources::UPLOAD,
    widgets::CREATE,
    widgets::LIST,
    widgets::READ,
    widgets::UPDATE,
    widgets::DELETE,
    webhooks::CREATE,
    webhooks::LIST,
    webhooks::READ,
    webhooks::DELETE,
    OPENAPI,
];

/// What `conversation-read` serves of it.
pub(crate) fn reading<P: Ports>() -> RouteSet<P> {
    conversations::serving().serve(OPENAPI, |_, _| Box::pin(describe::serve(openapi::COMMITTED)))
}

/// What `chat` serves of it.
pub(crate) fn chatting<P: Ports>() -> RouteSet<P> {
    query::serving().with(widgets::serving())
}

/// What `admin` serves of it.
pub(crate) fn managing<P: Ports>() -> RouteSet<P> {
    webhooks::serving()
}

/// What `knowledge-manage` serves of it.
pub(crate) fn managing_knowledge<P: Ports>() -> RouteSet<P> {
    sources::serving()
}

const fn route(
    (function, scope): (Function, Scope),
    verb: Verb,
    paths: &'static [&'static str],
) -> Route {
    let voice = Voice::Dialect(Dialect::Aivastark);
    Route { function, voice, verb, paths, access: Access::Key(scope) }
}
