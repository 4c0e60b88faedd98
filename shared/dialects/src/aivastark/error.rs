//! Aivastark's envelope: `{"error":{"code","message","request_id"}}`.

use aiva_core::error::{Error, Unanswered};
use aiva_core::id::RequestId;
use http::StatusCode;
use serde::Serialize;

use crate::http::{Failure, Rendered};

#[derive(Serialize)]
struct Envelope<'a> {
    error: Body<'a>,
}

#[derive(Serialize)]
struct Body<'a> {
    code: &'a str,
    message: String,
    request_id: RequestId,
}

pub(crate) fn render(failure: &Failure, request_id: RequestId) -> Rendered {
    let (status, code) = kind(failure);
    let error = Body { code, message: failure.to_string(), request_id };
    Rendered::new(status, code, &Envelope { error })
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

fn kind_of_core(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "invalid_request"),
        Error::MessageTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "payload_too_large"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthorized"),
        Error::Forbidden(_) => (StatusCode::FORBIDDEN, "forbidden"),
        Error::NotFound => (StatusCode::NOT_FOUND, "not_found"),
        Error::Conflict(_) => (StatusCode::CONFLICT, "conflict"),
        Error::InsufficientCredits => (StatusCode::PAYMENT_REQUIRED, "insufficient_credits"),
        Error::SpendCapReached { .. } | Error::Limited { .. } | Error::QuotaReached { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "rate_limited")
        }
        Error::Unanswered(Unanswered::Slow | Unanswered::Failed | Unanswered::AgentOff) => {
            (StatusCode::SERVICE_UNAVAILABLE, "unavailable")
        }
        Error::Unavailable(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "internal_error"),
    }
}
