//! The embedded engines, seen through the real SDK clients.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod conformance;
mod dynamo;
mod dynamo_refusals;
mod fault;
mod recorder;
mod sqs_durability;
mod sqs_time;
mod support;
