//! A failure in the words of the dialect that was spoken.

use aiva_core::dialect::Dialect;
use aiva_core::id::RequestId;
use http::StatusCode;
use serde::Serialize;

use super::{Failure, Voice};
use crate::{aerochat, aiva, aivastark, aksita, asyntai};

/// A failure as it goes out.
#[derive(Debug)]
pub struct Rendered {
    /// Its status.
    pub status: StatusCode,
    /// Its code, for the logs.
    pub code: &'static str,
    /// Its JSON.
    pub body: Vec<u8>,
}

impl Rendered {
    /// Writes an envelope.
    pub fn new(status: StatusCode, code: &'static str, envelope: &impl Serialize) -> Self {
        Self { status, code, body: serde_json::to_vec(envelope).unwrap_or_default() }
    }
}

pub(super) fn render(voice: Voice, failure: &Failure, request_id: RequestId) -> Rendered {
    match voice {
        Voice::Operator | Voice::Dialect(Dialect::Aiva) => aiva::error::render(failure),
        Voice::Dialect(Dialect::Aivastark) => aivastark::error::render(failure, request_id),
        Voice::Dialect(Dialect::Aksita) => aksita::error::render(failure),
        Voice::Dialect(Dialect::Aerochat) => aerochat::error::render(failure),
        Voice::Dialect(Dialect::Asyntai) => asyntai::error::render(failure),
    }
}
