//! Asyntai's envelope: `{"success":false,"error"}`.

use aiva_core::error::{Error, Unanswered};
use http::StatusCode;
use serde::Serialize;

use crate::http::{Failure, Rendered};

#[derive(Serialize)]
struct Envelope {
    success: bool,
    error: String,
}

pub(crate) fn render(failure: &Failure) -> Rendered {
    let (status, code) = kind(failure);
    Rendered::new(status, code, &Envelope { success: false, error: failure.to_string() })
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

/// Out of credits is 429 here: "Message limit reached for your plan".
fn kind_of_core(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid"),
        Error::MessageTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "too_large"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
        Error::InsufficientCredits => (StatusCode::TOO_MANY_REQUESTS, "insufficient_credits"),
        Error::SpendCapReached { .. } | Error::Limited { .. } | Error::QuotaReached { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "limited")
        }
        Error::Unanswered(Unanswered::Slow | Unanswered::Failed | Unanswered::AgentOff) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
    }
}
