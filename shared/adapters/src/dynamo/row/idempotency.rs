//! Claims to idempotency keys of the header.

use serde::{Deserialize, Serialize};

use super::Millis;

/// A claim: `f` is the fingerprint of the request, `lh` and `lu` the holder and the end of its lease,
/// `sd` the sealed seed, `at` when the request was first made, `an` the sealed answer, `ex` when the key
/// may be used anew.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct ClaimRow {
    pub(in crate::dynamo) f: String,
    pub(in crate::dynamo) lh: String,
    pub(in crate::dynamo) sd: String,
    pub(in crate::dynamo) at: Millis,
    pub(in crate::dynamo) ex: Millis,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(in crate::dynamo) an: Option<String>,
}
