//! When to try again: exponential upper bounds with jitter, and `Retry-After` within reason.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::ports::Entropy;

/// The upper bound of each wait between automatic attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule(Vec<u32>);

/// The longest `Retry-After` that is honoured.
const MAX_RETRY_AFTER: Duration = Duration::from_secs(3_600);

impl RetrySchedule {
    /// Reads a comma-separated list of seconds.
    ///
    /// # Errors
    /// [`Error::Invalid`] when an entry is no whole number from 0 to 604,800, or there are more than 50.
    pub fn parse(text: &str) -> Result<Self> {
        let seconds = text.split(',').map(str::trim).filter(|part| !part.is_empty());
        let bounds: Option<Vec<u32>> =
            seconds.map(|part| part.parse().ok().filter(|bound| *bound <= 604_800)).collect();
        match bounds {
            Some(bounds) if bounds.len() <= 50 => Ok(Self(bounds)),
            _ => Err(Error::invalid(
                "AIVA_CALLBACK_RETRY_SECONDS",
                "must list at most 50 whole seconds",
            )),
        }
    }

    /// The shortest upper bound of a wait.
    pub fn shortest(&self) -> Duration {
        Duration::from_secs(self.0.iter().copied().min().unwrap_or(0).into())
    }

    /// The longest upper bound of a wait.
    pub fn longest(&self) -> Duration {
        Duration::from_secs(self.0.iter().copied().max().unwrap_or(0).into())
    }

    /// Attempts made before a delivery is given up.
    pub fn max_attempts(&self) -> u32 {
        u32::try_from(self.0.len()).unwrap_or(u32::MAX).saturating_add(1)
    }
}

impl Default for RetrySchedule {
    /// Ten attempts over 29 hours at most, and never fewer than 14.
    fn default() -> Self {
        Self(vec![5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 36_000])
    }
}

/// Milliseconds to wait after `attempts` failed ones; `None` when it is time to give up. The wait lies
/// between half of the schedule's bound and the bound; `Retry-After` can only make it longer.
pub fn next_wait_ms(
    schedule: &RetrySchedule,
    attempts: u32,
    retry_after: Option<Duration>,
    entropy: &impl Entropy,
) -> Option<u64> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let bound_ms = u64::from(*schedule.0.get(index)?) * 1_000;
    let mut random = [0_u8; 8];
    entropy.fill(&mut random);
    let half = bound_ms / 2;
    let wait = half + u64::from_le_bytes(random) % (bound_ms - half + 1);
    let asked = retry_after.map_or(Duration::ZERO, |asked| asked.min(MAX_RETRY_AFTER));
    Some(wait.max(u64::try_from(asked.as_millis()).unwrap_or(0)))
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
    fn every_wait_lies_between_half_its_bound_and_the_bound() {
        let schedule = RetrySchedule::parse("5, 30").unwrap();
        for byte in 0..=255 {
            let first = next_wait_ms(&schedule, 1, None, &Fixed(byte)).unwrap();
            assert!((2_500..=5_000).contains(&first), "{first}");
        }
        assert_eq!(schedule.max_attempts(), 3);
        assert_eq!(next_wait_ms(&schedule, 3, None, &Fixed(0)), None);
        assert_eq!(next_wait_ms(&schedule, 0, None, &Fixed(0)), None);
    }

    #[test]
    fn retry_after_raises_a_wait_up_to_an_hour_and_never_shortens_it() {
        let schedule = RetrySchedule::parse("30").unwrap();
        let wait =
            |seconds| next_wait_ms(&schedule, 1, Some(Duration::from_secs(seconds)), &Fixed(0));
        assert_eq!(wait(1), Some(15_000));
        assert_eq!(wait(60), Some(60_000));
        assert_eq!(wait(86_400), Some(3_600_000));
    }

    #[test]
    fn the_default_schedule_tries_for_at_least_half_a_day() {
        let least: u64 = (1..10)
            .filter_map(|attempt| next_wait_ms(&RetrySchedule::default(), attempt, None, &Fixed(0)))
            .sum();
        assert!(least > 12 * 3_600_000);
        assert!(RetrySchedule::parse("1,x").is_err());
        assert!(RetrySchedule::parse("604801").is_err());
    }
}
