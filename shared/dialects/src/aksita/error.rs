//! Aksita's envelope: `{"status":false,"reason"}`.

use aiva_core::error::{Error, Unanswered};
use http::StatusCode;
use serde::Serialize;

use crate::http::{Failure, Rendered};

#[derive(Serialize)]
struct Envelope {
    status: bool,
    reason: String,
}

pub(crate) fn render(failure: &Failure) -> Rendered {
    let (status, code) = kind(failure);
    Rendered::new(status, code, &Envelope { status: false, reason: failure.to_string() })
}

fn kind(failure: &Failure) -> (StatusCode, &'static str) {
    match failure {
        Failure::Core(error) => kind_of_core(error),
        Failure::MalformedJson(_) => (StatusCode::BAD_REQUEST, "invalid"),
        Failure::UnsupportedMediaType(_) => (StatusCode::UNSUPPORTED_MEDIA_TYPE, "media_type"),
        Failure::PayloadTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Failure::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method"),
        Failure::RouteNotFound => (StatusCode::NOT_FOUND, "not_found"),
    }
}

fn kind_of_core(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
        Error::MessageTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
        Error::InsufficientCredits => (StatusCode::PAYMENT_REQUIRED, "insufficient_credits"),
        Error::SpendCapReached { .. } | Error::Limited { .. } | Error::QuotaReached { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "limited")
        }
        Error::Unanswered(Unanswered::Slow) => (StatusCode::SERVICE_UNAVAILABLE, "slow"),
        Error::Unanswered(Unanswered::Failed) => (StatusCode::INTERNAL_SERVER_ERROR, "failed"),
        // "Agent is disabled, deleted, or access is not allowed."
        Error::Unanswered(Unanswered::AgentOff) => (StatusCode::FORBIDDEN, "agent_off"),
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}
