//! The product, started in this process and used from outside.

#![expect(clippy::unwrap_used, reason = "what is not there fails the test")]

mod callback;
mod chat;
mod concurrency;
mod confidence;
mod crash;
mod data;
mod endpoint;
mod event;
mod going_live;
mod guide;
mod identity;
mod knowledge;
mod model;
mod program;
mod receiver;
mod recharge;
mod red_team;
mod simulation;
mod smoke;
mod stream;
mod structure;
mod support;
mod takeover;
mod template;
mod tool;
mod webhook;
