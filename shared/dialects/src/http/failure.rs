//! What a handler answers when it cannot do what was asked.

use std::fmt;

use aiva_core::error::{Error, Unanswered};
use aiva_core::key::RateWindow;
use http::{HeaderName, HeaderValue, header};
use jiff::{SignedDuration, Timestamp};

/// Why a request is refused. Every dialect renders every variant.
#[derive(Debug)]
pub enum Failure {
    /// The application refuses, in the words of the domain.
    Core(Error),
    /// The body is no JSON; the text says where it breaks.
    MalformedJson(String),
    /// The body is not declared as what the route takes, which is told here.
    UnsupportedMediaType(&'static str),
    /// The body is larger than the route takes.
    PayloadTooLarge {
        /// What it takes, in bytes.
        most: usize,
    },
    /// The path is known, the method is not.
    MethodNotAllowed {
        /// The methods that are, as the `Allow` header lists them.
        allow: String,
    },
    /// No route has this path.
    RouteNotFound,
}

impl Failure {
    /// The largest body that is read: 256 KiB.
    pub const MAX_BODY_BYTES: usize = 262_144;
    /// How a body of JSON is declared.
    pub const JSON: &str = "application/json in UTF-8";
    /// How a form is declared.
    pub const FORM: &str = "multipart/form-data with its boundary";
    /// The largest form with a file that is read: 6 MiB.
    pub const MAX_FORM_BYTES: usize = 6 * 1024 * 1024;

    /// Seconds until the same request may succeed, where that is known.
    pub(super) fn retry_after_seconds(&self) -> Option<u64> {
        let Self::Core(error) = self else { return None };
        match error {
            Error::SpendCapReached { retry_after_seconds }
            | Error::Limited { retry_after_seconds }
            | Error::QuotaReached { retry_after_seconds, .. } => Some(*retry_after_seconds),
            Error::Unavailable(_) => Some(1),
            Error::Unanswered(Unanswered::Slow) => Some(5),
            Error::Invalid(_)
            | Error::MessageTooLong { .. }
            | Error::Unauthenticated
            | Error::Forbidden(_)
            | Error::NotFound
            | Error::Conflict(_)
            | Error::InsufficientCredits
            | Error::Unanswered(Unanswered::Failed | Unanswered::AgentOff)
            | Error::Internal(_) => None,
        }
    }

    /// The window that refused, where it is not the key's own.
    pub(super) fn window(&self, now: Timestamp) -> Option<RateWindow> {
        let Self::Core(Error::QuotaReached { limit, retry_after_seconds, .. }) = self else {
            return None;
        };
        let rest = i64::try_from(*retry_after_seconds).unwrap_or(0);
        let resets_at = now.saturating_add(SignedDuration::from_secs(rest)).unwrap_or(now);
        Some(RateWindow { limit: *limit, remaining: 0, resets_at })
    }

    /// Headers that belong to the failure in every dialect.
    pub(super) fn header(&self) -> Option<(HeaderName, HeaderValue)> {
        match self {
            Self::MethodNotAllowed { allow } => {
                HeaderValue::from_str(allow).ok().map(|value| (header::ALLOW, value))
            }
            Self::Core(Error::Unauthenticated) => {
                Some((header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer")))
            }
            Self::Core(_)
            | Self::MalformedJson(_)
            | Self::UnsupportedMediaType(_)
            | Self::PayloadTooLarge { .. }
            | Self::RouteNotFound => None,
        }
    }
}

/// What a caller may read; causes are not in it.
impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Core(error) => fmt::Display::fmt(error, f),
            Self::MalformedJson(place) => f.write_str(place),
            Self::UnsupportedMediaType(wanted) => {
                write!(f, "the body must be declared as {wanted}")
            }
            Self::PayloadTooLarge { most } => write!(f, "the body is larger than {most} bytes"),
            Self::MethodNotAllowed { allow } => write!(f, "the method must be one of {allow}"),
            Self::RouteNotFound => f.write_str("there is no such route"),
        }
    }
}

impl From<Error> for Failure {
    fn from(error: Error) -> Self {
        Self::Core(error)
    }
}
