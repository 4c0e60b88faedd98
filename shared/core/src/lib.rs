//! The domain of Aiva over API. Modules are nouns, their files are verbs.
//!
//! Nothing here knows AWS, HTTP, an async runtime, the environment, a clock or randomness: those come
//! in through [`ports`]. The invariants that the modules keep stand in `docs/ARCHITECTURE.md`.

pub mod allowance;
pub mod app;
pub mod callback;
pub mod change;
pub mod contact;
pub mod conversation;
pub mod delivery;
pub mod dialect;
pub mod egress;
pub mod error;
pub mod id;
pub mod idempotency;
pub mod identity;
pub mod key;
pub mod knowledge;
pub mod message;
pub mod money;
pub mod notice;
pub mod operator;
pub mod outbox;
pub mod page;
pub mod payment;
pub mod ports;
pub mod project;
pub mod recharge;
pub mod recovery;
pub mod reply;
pub mod request_log;
pub mod text;
pub mod time;
pub mod tool;
pub mod wallet;
pub mod webhook;
pub mod widget;
pub mod workspace;
