//! The dialects over the real store on the embedded engine, through the router.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod across;
mod billing;
mod budget;
mod delivery;
mod described;
mod edge;
mod identity;
mod once;
mod openapi;
mod operator;
mod plan;
mod refusal;
mod resync;
mod routes;
mod sweep;
mod takeover;
mod telling;
mod tool;
mod transcript;
mod wallet;
mod world;
