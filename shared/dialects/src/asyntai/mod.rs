//! The Asyntai dialect: chat, websites, sessions, leads, the account, knowledge, and webhooks.

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::ports::Ports;

use crate::describe;
use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod account;
mod asked;
mod chat;
pub mod error;
mod knowledge;
pub(crate) mod openapi;
mod sessions;
mod telling;
mod webhooks;
mod websites;
mod wire;

pub(crate) use telling::render;

const fn read(paths: &'static [&'static str], scope: Scope) -> Route {
    let (function, voice) = (Function::ConversationRead, Voice::Dialect(Dialect::Asyntai));
    Route { function, voice, verb: Verb::Get, paths, access: Access::Key(scope) }
}

const fn chat(paths: &'static [&'static str]) -> Route {
    let (function, voice) = (Function::Chat, Voice::Dialect(Dialect::Asyntai));
    Route { function, voice, verb: Verb::Post, paths, access: Access::Key(Scope::MessagesWrite) }
}

const fn knowledge(verb: Verb, paths: &'static [&'static str], scope: Scope) -> Route {
    let (function, voice) = (Function::KnowledgeManage, Voice::Dialect(Dialect::Asyntai));
    Route { function, voice, verb, paths, access: Access::Key(scope) }
}

const fn manage(verb: Verb, paths: &'static [&'static str]) -> Route {
    let (function, voice) = (Function::Admin, Voice::Dialect(Dialect::Asyntai));
    Route { function, voice, verb, paths, access: Access::Key(Scope::WebhooksManage) }
}

const CHAT: Route = chat(&["/api/v1/chat"]);
const WEBSITES: Route = read(&["/api/v1/websites"], Scope::AccountRead);
const HISTORY: Route = read(&["/api/v1/conversations?session_id"], Scope::ConversationsRead);
const SESSIONS: Route = read(&["/api/v1/sessions"], Scope::ConversationsRead);
const LEADS: Route = read(&["/api/v1/leads"], Scope::ContactsRead);
const ACCOUNT: Route = read(&["/api/v1/account"], Scope::AccountRead);
const KNOWLEDGE: Route = knowledge(Verb::Get, &["/api/v1/knowledge"], Scope::KnowledgeRead);
const ADD_TEXT: Route = knowledge(Verb::Post, &["/api/v1/knowledge/text"], Scope::KnowledgeWrite);
const ADD_URL: Route = knowledge(Verb::Post, &["/api/v1/knowledge/url"], Scope::KnowledgeWrite);
const ADD_SHEET: Route =
    knowledge(Verb::Post, &["/api/v1/knowledge/spreadsheet"], Scope::KnowledgeWrite);
const REMOVE: Route = knowledge(Verb::Delete, &["/api/v1/knowledge/{id}"], Scope::KnowledgeWrite);
const WEBHOOKS: Route = manage(Verb::Get, &["/api/v1/webhooks"]);
const SUBSCRIBE: Route = manage(Verb::Post, &["/api/v1/webhooks"]);
const UNSUBSCRIBE: Route = manage(Verb::Delete, &["/api/v1/webhooks/{id}"]);

const OPENAPI: Route = Route {
    function: Function::ConversationRead,
    voice: Voice::Dialect(Dialect::Asyntai),
    verb: Verb::Get,
    paths: &["/openapi/asyntai.json"],
    access: Access::Open,
};

/// Its routes.
pub const ROUTES: &[Route] = &[
    CHAT,
    WEBSITES,
    HISTORY,
    SESSIONS,
    LEADS,
    ACCOUNT,
    KNOWLEDGE,
    ADD_TEXT,
    ADD_URL,
    ADD_SHEET,
    REMOVE,
    WEBHOOKS,
    SUBSCRIBE,
    UNSUBSCRIBE,
    OPENAPI,
];

/// What `admin` serves of it.
pub(crate) fn managing<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(WEBHOOKS, |edge, call| Box::pin(webhooks::list(edge, call)))
        .serve(SUBSCRIBE, |edge, call| Box::pin(webhooks::create(edge, call)))
        .serve(UNSUBSCRIBE, |edge, call| Box::pin(webhooks::remove(edge, call)))
}

/// What `chat` serves of it.
pub(crate) fn chatting<P: Ports>() -> RouteSet<P> {
    RouteSet::new().serve(CHAT, |edge, call| Box::pin(chat::answer(edge, call)))
}

/// What `knowledge-manage` serves of it.
pub(crate) fn managing_knowledge<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(KNOWLEDGE, |edge, call| Box::pin(knowledge::list(edge, call)))
        .serve(ADD_TEXT, |edge, call| Box::pin(knowledge::add_text(edge, call)))
        .serve(ADD_URL, |edge, call| Box::pin(knowledge::add_url(edge, call)))
        .serve(ADD_SHEET, |edge, call| Box::pin(knowledge::add_spreadsheet(edge, call)))
        .serve(REMOVE, |edge, call| Box::pin(knowledge::remove(edge, call)))
}

/// What `conversation-read` serves of it.
pub(crate) fn reading<P: Ports>() -> RouteSet<P> {
    RouteSet::new()
        .serve(WEBSITES, |edge, call| Box::pin(websites::list(edge, call)))
        .serve(HISTORY, |edge, call| Box::pin(sessions::history(edge, call)))
        .serve(SESSIONS, |edge, call| Box::pin(sessions::list(edge, call)))
        .serve(LEADS, |edge, call| Box::pin(sessions::leads(edge, call)))
        .serve(ACCOUNT, |edge, call| Box::pin(account::show(edge, call)))
        .serve(OPENAPI, |_, _| Box::pin(describe::serve(openapi::COMMITTED)))
}
