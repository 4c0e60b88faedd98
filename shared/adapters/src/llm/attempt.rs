//! Attempts: when a failed one is repeated, how long to wait, and when to give up.

use std::time::Duration;

use aiva_core::ports::Entropy;
use aiva_core::reply::ModelError;
use aiva_core::wallet::Usage;
use tokio::time::{Instant, sleep};

/// How long and how often a model is asked for one reply.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patience {
    /// Attempts in all.
    pub attempts: u32,
    /// Until there is a connection.
    pub connect_timeout: Duration,
    /// From the sending of the request to the first byte of the answer.
    pub first_byte_timeout: Duration,
    /// Between two pieces of the answer.
    pub idle_timeout: Duration,
    /// For everything: all attempts and the waits between them.
    pub total_timeout: Duration,
    /// The bound of the first wait; it doubles with each attempt.
    pub backoff_base: Duration,
    /// The bound of every wait.
    pub backoff_cap: Duration,
}

impl Default for Patience {
    /// Four attempts in at most 60 s.
    fn default() -> Self {
        Self {
            attempts: 4,
            connect_timeout: Duration::from_secs(5),
            first_byte_timeout: Duration::from_secs(25),
            idle_timeout: Duration::from_secs(15),
            total_timeout: Duration::from_secs(60),
            backoff_base: Duration::from_millis(500),
            backoff_cap: Duration::from_secs(8),
        }
    }
}

/// What went wrong, as far as it decides about another attempt.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fault {
    /// The same request will never be answered.
    Refused,
    /// It may be answered later.
    Unavailable,
    /// It took too long.
    TimedOut,
    /// What came is no answer.
    Unreadable,
    /// What came is longer than anything we take.
    TooLong,
}

impl Fault {
    /// The fault that an HTTP status other than success stands for.
    pub(super) fn of_status(status: u16) -> Self {
        match status {
            408 | 504 => Self::TimedOut,
            409 | 425 | 429 | 500..=599 => Self::Unavailable,
            _ => Self::Refused,
        }
    }

    /// Whether another attempt may help.
    pub(super) fn is_passing(self) -> bool {
        match self {
            Self::Unavailable | Self::TimedOut | Self::Unreadable => true,
            Self::Refused | Self::TooLong => false,
        }
    }

    fn reason(self) -> &'static str {
        match self {
            Self::Refused => "the model refused the request",
            Self::Unavailable => "the model is unavailable",
            Self::TimedOut => "the model timed out",
            Self::Unreadable => "the model's answer could not be read",
            Self::TooLong => "the model's answer is too long",
        }
    }
}

/// A failed attempt.
#[derive(Debug)]
pub(super) struct Failure {
    pub(super) fault: Fault,
    /// For the log: never a prompt, a text or a key.
    pub(super) cause: String,
    /// What the endpoint asked us to wait.
    pub(super) retry_after: Option<Duration>,
    /// Tokens used all the same.
    pub(super) usage: Option<Usage>,
    /// Whether a part of the answer has been handed on; it cannot be taken back then.
    pub(super) delivered: bool,
}

impl Failure {
    pub(super) fn new(fault: Fault, cause: impl Into<String>) -> Self {
        Self { fault, cause: cause.into(), retry_after: None, usage: None, delivered: false }
    }
}

/// Asks for one reply (see [`repeat`]).
pub(super) async fn persist<T, F, Fut>(
    patience: &Patience,
    entropy: &impl Entropy,
    run: F,
) -> Result<T, ModelError>
where
    F: Fn(Instant) -> Fut,
    Fut: Future<Output = Result<T, Failure>> + Send,
{
    repeat(patience, entropy, run).await.map_err(|failure| ModelError {
        reason: failure.fault.reason(),
        cause: failure.cause.into(),
        usage: failure.usage,
    })
}

/// Runs attempts until one succeeds or another makes no sense. Each is told the deadline of all, and
/// keeps it. The last failure comes back, with its number.
pub(super) async fn repeat<T, F, Fut>(
    patience: &Patience,
    entropy: &impl Entropy,
    run: F,
) -> Result<T, Failure>
where
    F: Fn(Instant) -> Fut,
    Fut: Future<Output = Result<T, Failure>> + Send,
{
    let deadline = Instant::now() + patience.total_timeout;
    let mut attempt = 1;
    loop {
        let failure = match run(deadline).await {
            Ok(answer) => return Ok(answer),
            Err(failure) => failure,
        };
        let wait =
            backoff(patience, attempt, entropy).max(failure.retry_after.unwrap_or(Duration::ZERO));
        let again = failure.fault.is_passing()
            && !failure.delivered
            && attempt < patience.attempts
            && wait < deadline.saturating_duration_since(Instant::now());
        if !again {
            let cause = format!("attempt {attempt}: {}", failure.cause);
            return Err(Failure { cause, ..failure });
        }
        tracing::debug!(attempt, cause = failure.cause, "the model is asked again");
        sleep(wait).await;
        attempt += 1;
    }
}

/// Full jitter under a bound that doubles.
fn backoff(patience: &Patience, attempt: u32, entropy: &impl Entropy) -> Duration {
    let doubled = patience.backoff_base.saturating_mul(1 << (attempt - 1).min(16));
    let bound_ms = u64::try_from(doubled.min(patience.backoff_cap).as_millis()).unwrap_or(u64::MAX);
    let mut random = [0_u8; 8];
    entropy.fill(&mut random);
    Duration::from_millis(u64::from_le_bytes(random) % bound_ms.saturating_add(1))
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Fixed(u8);
    impl Entropy for Fixed {
        fn fill(&self, bytes: &mut [u8]) {
            bytes.fill(self.0);
        }
    }

    #[test]
    fn waits_stay_under_a_bound_that_doubles_up_to_the_cap() {
        let patience = Patience::default();
        for byte in 0..=255 {
            for attempt in 1..=40 {
                let wait = backoff(&patience, attempt, &Fixed(byte));
                assert!(wait <= patience.backoff_cap);
                assert!(attempt > 1 || wait <= patience.backoff_base);
            }
        }
    }

    #[test]
    fn a_status_of_the_callers_fault_is_final_and_one_of_the_endpoints_is_not() {
        for status in [301, 400, 401, 403, 404, 413, 422] {
            assert!(!Fault::of_status(status).is_passing(), "{status}");
        }
        for status in [408, 409, 425, 429, 500, 502, 503, 504, 529] {
            assert!(Fault::of_status(status).is_passing(), "{status}");
        }
    }
}
