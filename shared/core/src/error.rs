//! The one closed error: text for the caller and cause for the log never mix.

use std::borrow::Cow;
use std::fmt;

/// The result of a use case.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// What went wrong, in the words of the domain. Every dialect renders every variant.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The request breaks a rule; each problem names its field.
    #[error("{}", list(.0))]
    Invalid(Vec<Problem>),
    /// The message is longer than [`crate::text::Content::MAX_CHARS`].
    #[error("{field} is longer than {} characters", crate::text::Content::MAX_CHARS)]
    MessageTooLong {
        /// The field as the caller wrote it.
        field: &'static str,
    },
    /// No key, an unknown key or a wrong one.
    #[error("the API key is missing, wrong or revoked")]
    Unauthenticated,
    /// The caller is known and may not do this.
    #[error("{0}")]
    Forbidden(Forbidden),
    /// Not there, or not the caller's: the same answer for both.
    #[error("not found")]
    NotFound,
    /// The request contradicts what is stored.
    #[error("{0}")]
    Conflict(Conflict),
    /// The wallet cannot pay for the worst case of one generation.
    #[error("the wallet cannot cover the worst case of one reply; top it up")]
    InsufficientCredits,
    /// The end user's monthly cap is reached.
    #[error("this user's monthly spend cap is reached")]
    SpendCapReached {
        /// Seconds until the next calendar month (UTC).
        retry_after_seconds: u64,
    },
    /// Too many requests.
    #[error("too many requests; retry after {retry_after_seconds} s")]
    Limited {
        /// Seconds until the window ends.
        retry_after_seconds: u64,
    },
    /// What the plan allows in its time is used up.
    #[error("{quota}; it begins anew in {retry_after_seconds} s")]
    QuotaReached {
        /// What.
        quota: Quota,
        /// How much of it the plan allows.
        limit: u32,
        /// Seconds until it begins anew.
        retry_after_seconds: u64,
    },
    /// A request that waits for a reply gets none.
    #[error("{0}")]
    Unanswered(Unanswered),
    /// Something outside is busy or away; trying again helps.
    #[error("temporarily unavailable; try again")]
    Unavailable(Cause),
    /// A bug or a broken promise. The cause is for the log alone.
    #[error("internal error")]
    Internal(Cause),
}

impl Error {
    /// One problem of one field.
    pub fn invalid(
        field: impl Into<Cow<'static, str>>,
        problem: impl Into<Cow<'static, str>>,
    ) -> Self {
        Self::Invalid(vec![Problem::new(field, problem)])
    }

    /// A contradiction of state, told in a sentence.
    pub fn conflict(text: impl Into<Cow<'static, str>>) -> Self {
        Self::Conflict(Conflict::State(text.into()))
    }

    /// An internal fault with its cause.
    pub fn internal(cause: impl Into<Cause>) -> Self {
        Self::Internal(cause.into())
    }

    /// A passing fault with its cause.
    pub fn unavailable(cause: impl Into<Cause>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Whether the same request may succeed later without being changed.
    pub fn is_retryable(&self) -> bool {
        matches!(
            self,
            Self::Unavailable(_)
                | Self::Internal(_)
                | Self::Limited { .. }
                | Self::QuotaReached { .. }
                | Self::Unanswered(Unanswered::Slow)
        )
    }
}

/// One broken rule.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Problem {
    /// The field as the caller wrote it.
    pub field: Cow<'static, str>,
    /// What is wrong with it, completing the sentence that begins with the field.
    pub problem: Cow<'static, str>,
}

impl Problem {
    /// Names a field and its problem.
    pub fn new(field: impl Into<Cow<'static, str>>, problem: impl Into<Cow<'static, str>>) -> Self {
        Self { field: field.into(), problem: problem.into() }
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.field, self.problem)
    }
}

fn list(problems: &[Problem]) -> String {
    problems.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
}

/// Why a known caller may not.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Forbidden {
    /// The key lacks a scope.
    #[error("the key needs the scope {}", .0.as_str())]
    Scope(crate::key::Scope),
    /// The operator's role is too low.
    #[error("this needs the role {}", .0.as_str())]
    Role(crate::operator::Role),
    /// The workspace is not active.
    #[error("the workspace is not active")]
    WorkspaceInactive,
}

/// What a plan allows so much of in a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Quota {
    /// Messages that are answered in a calendar month.
    #[error("the messages of this month's plan are used up")]
    MessagesPerMonth,
    /// Characters of knowledge that are added in a day.
    #[error("the characters of knowledge that the plan takes in a day are used up")]
    CharactersPerDay,
}

/// Why a request that waits for a reply gets none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Unanswered {
    /// It takes longer than a request may wait; it is still being generated.
    #[error("the reply takes longer than a request may wait; it will stand in the conversation")]
    Slow,
    /// The model failed for good.
    #[error("the reply could not be generated; nothing was charged for it")]
    Failed,
    /// The agent is switched off.
    #[error("the agent is switched off")]
    AgentOff,
}

/// How a request contradicts what is stored.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Conflict {
    /// The idempotency key was used with another body.
    #[error("this idempotency key was used with another body")]
    IdempotencyKeyReused,
    /// The state does not allow it, for the reason given.
    #[error("{0}")]
    State(Cow<'static, str>),
}

/// A cause for the log; it never reaches a caller.
pub struct Cause(Box<dyn std::error::Error + Send + Sync>);

impl fmt::Debug for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl fmt::Display for Cause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut source = self.0.source();
        while let Some(inner) = source {
            write!(f, ": {inner}")?;
            source = inner.source();
        }
        Ok(())
    }
}

impl<E: Into<Box<dyn std::error::Error + Send + Sync>>> From<E> for Cause {
    fn from(error: E) -> Self {
        Self(error.into())
    }
}
