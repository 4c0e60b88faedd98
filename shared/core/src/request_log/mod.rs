//! The log of authenticated requests: what was asked and how it ended, never what was said.

use jiff::Timestamp;

use crate::id::RequestId;
use crate::key::KeyId;

/// One authenticated request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLogEntry {
    /// The id that the response carried.
    pub id: RequestId,
    /// The key that called.
    pub key: KeyId,
    /// When it came.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The route's pattern, not the path with its ids.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// The error code that was answered.
    pub code: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}
