//! The operator API `/admin/v1`, in Aiva's envelope.

use aiva_core::ports::Ports;

use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod contact;
mod conversation;
mod delivery;
mod key;
mod once;
mod page;
mod project;
mod read;
mod source;
mod takeover;
mod wallet;
mod workspace;

/// Its routes.
pub const ROUTES: &[Route] = &[
    workspace::REQUEST,
    workspace::LIST,
    workspace::READ,
    workspace::UPDATE,
    workspace::APPROVE,
    workspace::LIMITS,
    workspace::RATES,
    key::CREATE,
    key::LIST,
    key::READ,
    key::UPDATE,
    key::REVOKE,
    key::ROTATE_SECRET,
    key::ROTATE_CALLBACK_SECRET,
    key::TEST,
    delivery::REQUEST_LOG,
    delivery::LOG,
    delivery::READ,
    delivery::REPLAY,
    wallet::READ,
    wallet::TOP_UP,
    wallet::LEDGER,
    project::CREATE,
    project::LIST,
    project::SET_AGENT,
    project::AGENT,
    source::ADD,
    source::LIST,
    source::READ,
    source::REMOVE,
    contact::UNVERIFY,
    conversation::LIST,
    conversation::READ,
    takeover::TAKE_OVER,
    takeover::REPLY,
    takeover::HAND_BACK,
    takeover::RESOLVE,
];

/// Its handlers.
pub fn serving<P: Ports>() -> RouteSet<P> {
    workspace::serving()
        .with(key::serving())
        .with(delivery::serving())
        .with(wallet::serving())
        .with(project::serving())
        .with(source::serving())
        .with(contact::serving())
        .with(conversation::serving())
        .with(takeover::serving())
}

const fn route(verb: Verb, paths: &'static [&'static str]) -> Route {
    let (function, voice) = (Function::Admin, Voice::Operator);
    Route { function, voice, verb, paths, access: Access::Operator }
}
