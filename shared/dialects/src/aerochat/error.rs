//! AeroChat's envelope: `{"detail":{"type","message"}}`.

use aiva_core::error::{Error, Unanswered};
use http::StatusCode;
use serde::Serialize;

use crate::http::{Failure, Rendered};

#[derive(Serialize)]
struct Envelope<'a> {
    detail: Detail<'a>,
}

#[derive(Serialize)]
struct Detail<'a> {
    r#type: &'a str,
    message: String,
}

pub(crate) fn render(failure: &Failure) -> Rendered {
    let (status, code) = kind(failure);
    let detail = Detail { r#type: code, message: failure.to_string() };
    Rendered::new(status, code, &Envelope { detail })
}

fn kind(failure: &Failure) -> (StatusCode, &'static str) {
    match failure {
        Failure::Core(error) => kind_of_core(error),
        Failure::MalformedJson(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        Failure::UnsupportedMediaType(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "unsupported_media_type")
        }
        Failure::PayloadTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Failure::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "method_not_allowed"),
        Failure::RouteNotFound => (StatusCode::NOT_FOUND, "not_found"),
    }
}

/// Out of credits is 429 here: "Message limit reached / out of credits".
fn kind_of_core(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        Error::MessageTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "message_too_long"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
        Error::InsufficientCredits => (StatusCode::TOO_MANY_REQUESTS, "out_of_credits"),
        Error::SpendCapReached { .. } => (StatusCode::TOO_MANY_REQUESTS, "spend_cap_reached"),
        Error::Limited { .. } => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
        Error::QuotaReached { .. } => (StatusCode::TOO_MANY_REQUESTS, "message_limit_reached"),
        Error::Unanswered(Unanswered::Slow | Unanswered::Failed | Unanswered::AgentOff) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
