//! The `Idempotency-Key` header on every POST of the operator API.

use crate::http::Call;
pub(super) use crate::http::{Made, once, once_shown, replayed};
use aiva_core::error::Result;
use aiva_core::text::IdempotencyKey;

/// The key in the header, if there is one.
pub(super) fn header_key(call: &Call) -> Result<Option<IdempotencyKey>> {
    call.idempotency_key()
}
