//! DynamoDB and SQS inside the process.
//!
//! The real AWS SDK clients run unchanged; their HTTP client is an engine on SQLite instead of a
//! socket. Nothing here opens a connection, so nothing can leak to AWS.
//!
//! Both engines survive a crash of the process with every acknowledged write. The queue engine
//! writes with `synchronous = NORMAL`, so a power failure may cost it the last writes.

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
