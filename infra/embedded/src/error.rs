//! What can go wrong when an engine is opened or maintained from outside a request.

/// A failure of an embedded engine outside a request.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum EngineError {
    /// The database path is not valid UTF-8, which the DynamoDB engine needs.
    #[error("the database path is not valid UTF-8")]
    Path,
    /// The DynamoDB engine failed.
    #[error("the embedded DynamoDB failed: {0}")]
    Dynamo(#[from] dynoxide::DynoxideError),
    /// The SQS engine's database failed.
    #[error("the embedded SQS failed: {0}")]
    Sqs(#[from] rusqlite::Error),
    /// An SQS operation failed; the cause is in the log.
    #[error("{0}")]
    Operation(String),
    /// The file was written by another version of the SQS engine.
    #[error("the SQS file has layout {found}, this program reads layout {expected}")]
    Layout {
        /// The layout number that the file carries.
        found: i64,
        /// The layout number that this program writes.
        expected: i64,
    },
}
