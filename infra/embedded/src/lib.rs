//! DynamoDB and SQS inside the process.
//!
//! The real AWS SDK clients run unchanged; their HTTP client is an engine on SQLite instead of a
//! socket. Nothing here opens a connection, so nothing can leak to AWS.
//!
//! Both engines survive a crash of the process with every acknowledged write. They write with
//! `synchronous = NORMAL` in WAL mode, so a power failure may cost either the writes since its last
//! checkpoint, and the two need not agree on how many; what is left is never corrupt.

mod client;
mod clock;
pub mod dynamo;
mod error;
pub mod fault;
mod mix;
pub mod recorder;
pub mod sqs;
mod wire;

pub use client::{ClientOptions, quick_retries};
pub use clock::{Clock, ManualClock};
pub use dynamo::EmbeddedDynamo;
pub use error::EngineError;
pub use fault::{Fault, FaultPlan};
pub use recorder::{Recorder, Usage};
pub use sqs::EmbeddedSqs;
