//! Which routes each function serves; a host that is one process serves [`everything`].

use aiva_core::ports::Ports;

use crate::http::RouteSet;
use crate::{aerochat, aiva, aivastark, aksita, asyntai, operator, payments, verify};

/// The routes of `message-submit`.
pub fn message_submit<P: Ports>() -> RouteSet<P> {
    aiva::submitting()
}

/// The routes of `conversation-read`; it also answers whatever no route matches.
pub fn conversation_read<P: Ports>() -> RouteSet<P> {
    aiva::reading()
        .with(aivastark::reading())
        .with(aksita::reading())
        .with(aerochat::reading())
        .with(asyntai::reading())
}

/// The routes of `identity-verify`.
pub fn identity_verify<P: Ports>() -> RouteSet<P> {
    aiva::verifying().with(verify::serving())
}

/// The routes of `chat`.
pub fn chat<P: Ports>() -> RouteSet<P> {
    aksita::chatting()
        .with(aivastark::chatting())
        .with(aerochat::chatting())
        .with(asyntai::chatting())
}

/// The routes of `knowledge-manage`.
pub fn knowledge_manage<P: Ports>() -> RouteSet<P> {
    asyntai::managing_knowledge().with(aivastark::managing_knowledge())
}

/// The routes of `admin`: the operator's, and those by which the holder of a key manages webhooks, which
/// take the same rights.
pub fn admin<P: Ports>() -> RouteSet<P> {
    let webhooks = aivastark::managing().with(asyntai::managing());
    operator::serving().with(payments::serving()).with(webhooks)
}

/// Every route in one process.
pub fn everything<P: Ports>() -> RouteSet<P> {
    message_submit()
        .with(conversation_read())
        .with(identity_verify())
        .with(chat())
        .with(knowledge_manage())
        .with(admin())
}
