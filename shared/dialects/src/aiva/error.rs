//! Aiva's envelope: `{"status":"error","statusCode","code","message","details"?}`.

use aiva_core::error::{Conflict, Error, Forbidden, Problem};
use http::StatusCode;
use serde::Serialize;

use crate::http::{Failure, Rendered};

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Envelope<'a> {
    status: &'static str,
    status_code: u16,
    code: &'a str,
    message: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    details: Vec<Detail<'a>>,
}

#[derive(Serialize)]
struct Detail<'a> {
    field: &'a str,
    problem: &'a str,
}

pub(crate) fn render(failure: &Failure) -> Rendered {
    let (status, code) = kind(failure);
    let envelope = Envelope {
        status: "error",
        status_code: status.as_u16(),
        code,
        message: failure.to_string(),
        details: details(failure),
    };
    Rendered::new(status, code, &envelope)
}

fn details(failure: &Failure) -> Vec<Detail<'_>> {
    match failure {
        Failure::Core(Error::Invalid(problems)) => problems.iter().map(detail).collect(),
        Failure::MalformedJson(place) => vec![Detail { field: "body", problem: place }],
        Failure::Core(_)
        | Failure::UnsupportedMediaType(_)
        | Failure::PayloadTooLarge { .. }
        | Failure::MethodNotAllowed { .. }
        | Failure::RouteNotFound => Vec::new(),
    }
}

fn detail(Problem { field, problem }: &Problem) -> Detail<'_> {
    Detail { field, problem }
}

fn kind(failure: &Failure) -> (StatusCode, &'static str) {
    match failure {
        Failure::Core(error) => kind_of_core(error),
        Failure::MalformedJson(_) => (StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
        Failure::UnsupportedMediaType(_) => {
            (StatusCode::UNSUPPORTED_MEDIA_TYPE, "UNSUPPORTED_MEDIA_TYPE")
        }
        Failure::PayloadTooLarge { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "PAYLOAD_TOO_LARGE"),
        Failure::MethodNotAllowed { .. } => (StatusCode::METHOD_NOT_ALLOWED, "METHOD_NOT_ALLOWED"),
        Failure::RouteNotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
    }
}

fn kind_of_core(error: &Error) -> (StatusCode, &'static str) {
    match error {
        Error::Invalid(_) => (StatusCode::BAD_REQUEST, "INVALID_REQUEST"),
        Error::MessageTooLong { .. } => (StatusCode::PAYLOAD_TOO_LARGE, "MESSAGE_TOO_LONG"),
        Error::Unauthenticated => (StatusCode::UNAUTHORIZED, "UNAUTHORIZED"),
        Error::Forbidden(Forbidden::Scope(_) | Forbidden::Role(_)) => {
            (StatusCode::FORBIDDEN, "INSUFFICIENT_SCOPE")
        }
        Error::Forbidden(Forbidden::WorkspaceInactive) => {
            (StatusCode::FORBIDDEN, "WORKSPACE_INACTIVE")
        }
        Error::NotFound => (StatusCode::NOT_FOUND, "NOT_FOUND"),
        Error::Conflict(Conflict::IdempotencyKeyReused) => {
            (StatusCode::CONFLICT, "IDEMPOTENCY_KEY_REUSED")
        }
        Error::Conflict(Conflict::State(_)) => (StatusCode::CONFLICT, "CONFLICT"),
        Error::InsufficientCredits => (StatusCode::PAYMENT_REQUIRED, "INSUFFICIENT_CREDITS"),
        Error::SpendCapReached { .. } => (StatusCode::TOO_MANY_REQUESTS, "USER_SPEND_CAP_REACHED"),
        Error::Limited { .. } | Error::QuotaReached { .. } => {
            (StatusCode::TOO_MANY_REQUESTS, "RATE_LIMITED")
        }
        // Nobody waits for a reply here; the words are those of the dialects where somebody does.
        Error::Unanswered(_) | Error::Unavailable(_) => {
            (StatusCode::SERVICE_UNAVAILABLE, "UNAVAILABLE")
        }
        Error::Internal(_) => (StatusCode::INTERNAL_SERVER_ERROR, "INTERNAL"),
    }
}
