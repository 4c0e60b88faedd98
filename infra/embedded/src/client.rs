//! How a client over an embedded engine is made.

use std::time::Duration;

use aws_smithy_types::retry::RetryConfig;

use crate::fault::FaultPlan;
use crate::recorder::Recorder;

/// The layers between a client and its engine, and how the client retries.
#[derive(Clone, Debug)]
pub struct ClientOptions {
    /// The faults that are injected below the recorder, or none.
    pub faults: Option<FaultPlan>,
    /// The recorder that counts every attempt, or none.
    pub recorder: Option<Recorder>,
    /// How the SDK retries.
    pub retry: RetryConfig,
    /// Whether DynamoDB knows for ten minutes which transactions it has run, by their tokens. The engine
    /// looks through all that it knows at each transaction; where no answer can be lost on the way,
    /// that buys nothing.
    pub knows_transactions: bool,
}

impl Default for ClientOptions {
    fn default() -> Self {
        let (faults, recorder) = (None, None);
        Self { faults, recorder, retry: quick_retries(), knows_transactions: true }
    }
}

/// The SDK's standard three attempts with a backoff of 1 ms to 5 ms: nothing here gets better by
/// waiting.
pub fn quick_retries() -> RetryConfig {
    RetryConfig::standard()
        .with_max_attempts(3)
        .with_initial_backoff(Duration::from_millis(1))
        .with_max_backoff(Duration::from_millis(5))
}
