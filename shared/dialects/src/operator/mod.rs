//! The operator API `/admin/v1`, in Aiva's envelope.

use aiva_core::operator::Role;
use aiva_core::ports::Ports;

use crate::http::{Access, Function, Route, RouteSet, Verb, Voice};

mod billing;
mod contact;
mod conversation;
mod delivery;
mod key;
mod once;
pub(crate) mod openapi;
mod page;
mod people;
mod project;
mod read;
mod recovery;
mod source;
mod takeover;
mod tool;
mod usage;
mod wallet;
mod webhook;
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
    people::CREATE,
    people::LIST,
    people::REVOKE,
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
    webhook::CREATE,
    webhook::LIST,
    webhook::READ,
    webhook::UPDATE,
    webhook::REMOVE,
    webhook::TEST,
    webhook::ROTATE_SECRET,
    recovery::RECOVER,
    recovery::READ,
    wallet::READ,
    wallet::TOP_UP,
    wallet::LEDGER,
    usage::READ,
    billing::SET_RECHARGE,
    billing::READ_RECHARGE,
    billing::SET_LOW_BALANCE,
    billing::READ_LOW_BALANCE,
    billing::SET_METHOD,
    billing::LIST,
    billing::READ,
    billing::CONFIRM,
    billing::FAIL,
    project::CREATE,
    project::LIST,
    project::SET_AGENT,
    project::AGENT,
    source::ADD,
    source::LIST,
    source::READ,
    source::REMOVE,
    source::RESYNC,
    source::UPLOAD,
    tool::PUT,
    tool::LIST,
    tool::READ,
    tool::REMOVE,
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
        .with(people::serving())
        .with(key::serving())
        .with(delivery::serving())
        .with(webhook::serving())
        .with(recovery::serving())
        .with(wallet::serving())
        .with(usage::serving())
        .with(billing::serving())
        .with(project::serving())
        .with(source::serving())
        .with(tool::serving())
        .with(contact::serving())
        .with(conversation::serving())
        .with(takeover::serving())
}

/// A route of a workspace's operators: any of them reads, its owner changes.
const fn route(verb: Verb, paths: &'static [&'static str]) -> Route {
    let (function, voice) = (Function::Admin, Voice::Operator);
    Route { function, voice, verb, paths, access: Access::Operator }
}

/// A route of the inbox, which is also an agent's.
const fn for_agent(verb: Verb, paths: &'static [&'static str]) -> Route {
    Route { access: Access::Role(Role::Agent), ..route(verb, paths) }
}

/// A route of the workspace's owner, also to read.
const fn for_owner(verb: Verb, paths: &'static [&'static str]) -> Route {
    Route { access: Access::Role(Role::Owner), ..route(verb, paths) }
}

/// A route of the deployment's operator alone: what gives credit, sets prices or lets somebody in.
const fn for_deployment(verb: Verb, paths: &'static [&'static str]) -> Route {
    Route { access: Access::Role(Role::Deployment), ..route(verb, paths) }
}
