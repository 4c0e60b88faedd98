//! The dialects over the real store on the embedded engine, through the router.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod across;
mod billing;
mod budget;
mod contact;
mod delivery;
mod described;
mod edge;
mod identity;
mod intake;
mod large;
mod money;
mod once;
mod openapi;
mod operator;
mod plan;
mod recall;
mod refusal;
mod repeat;
mod resync;
mod routes;
mod sweep;
mod takeover;
mod telling;
mod tool;
mod transcript;
mod wallet;
mod world;
