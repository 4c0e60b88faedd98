//! The store over the embedded engine: what each method promises, and what rivals may not do to it.

mod conversation;
mod delivery;
mod endpoint;
mod faults;
mod idempotency;
mod key;
mod knowledge;
mod outbox;
mod recovery;
mod reply;
mod submit;
mod tool;
mod units;
mod wallet;
mod webhook;
mod widget;
mod workspace;
mod world;
