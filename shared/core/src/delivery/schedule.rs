//! When to try again: exponential upper bounds with jitter, and `Retry-After` within reason.

use std::time::Duration;

use crate::error::{Error, Result};
use crate::ports::Entropy;

/// The upper bound of each wait between automatic attempts.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RetrySchedule(Vec<u32>);

/// A schedule that can last so long does, however its waits are drawn.
const AT_LEAST: Duration = Duration::from_secs(24 * 3_600);
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
    /// Ten attempts over 24 to 28 hours.
    fn default() -> Self {
        Self(vec![5, 30, 120, 600, 1_800, 7_200, 18_000, 36_000, 36_000])
    }
}

/// Milliseconds to wait after `attempts` failed ones, so long after the event arose; `None` when it is time
/// to give up. The wait lies between half of the schedule's bound and the bound, and is not so short that
/// the schedule would end within a day although it need not; `Retry-After` can only make it longer.
pub fn next_wait_ms(
    schedule: &RetrySchedule,
    attempts: u32,
    age: Duration,
    retry_after: Option<Duration>,
    entropy: &impl Entropy,
) -> Option<u64> {
    let index = usize::try_from(attempts.checked_sub(1)?).ok()?;
    let (bound, later) = schedule.0.get(index..)?.split_first()?;
    let bound_ms = u64::from(*bound) * 1_000;
    let later_ms: u64 = later.iter().map(|bound| u64::from(*bound) * 1_000).sum();
    let at_least = u64::try_from(AT_LEAST.saturating_sub(age).as_millis()).unwrap_or(0);
    let needed = at_least.saturating_sub(later_ms);
    let least = if needed <= bound_ms { needed.max(bound_ms / 2) } else { bound_ms / 2 };
    let mut random = [0_u8; 8];
    entropy.fill(&mut random);
    let wait = least + u64::from_le_bytes(random) % (bound_ms - least + 1);
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

    fn wait_ms(
        schedule: &RetrySchedule,
        attempts: u32,
        retry_after: Option<Duration>,
        byte: u8,
    ) -> Option<u64> {
        next_wait_ms(schedule, attempts, Duration::ZERO, retry_after, &Fixed(byte))
    }

    #[test]
    fn every_wait_lies_between_half_its_bound_and_the_bound() {
        let schedule = RetrySchedule::parse("5, 30").unwrap();
        for byte in 0..=255 {
            let first = wait_ms(&schedule, 1, None, byte).unwrap();
            assert!((2_500..=5_000).contains(&first), "{first}");
        }
        assert_eq!(schedule.max_attempts(), 3);
        assert_eq!(wait_ms(&schedule, 3, None, 0), None);
        assert_eq!(wait_ms(&schedule, 0, None, 0), None);
    }

    #[test]
    fn retry_after_raises_a_wait_up_to_an_hour_and_never_shortens_it() {
        let schedule = RetrySchedule::parse("30").unwrap();
        let wait = |seconds| wait_ms(&schedule, 1, Some(Duration::from_secs(seconds)), 0);
        assert_eq!(wait(1), Some(15_000));
        assert_eq!(wait(60), Some(60_000));
        assert_eq!(wait(86_400), Some(3_600_000));
    }

    #[test]
    fn the_default_schedule_lasts_a_day_however_its_waits_are_drawn() {
        let schedule = RetrySchedule::default();
        for byte in 0..=255 {
            let (mut age, mut waits) = (Duration::ZERO, 0);
            for attempt in 1.. {
                let Some(wait) = next_wait_ms(&schedule, attempt, age, None, &Fixed(byte)) else {
                    break;
                };
                let bound = u64::from(schedule.0[waits]) * 1_000;
                assert!((bound / 2..=bound).contains(&wait), "{wait} of {bound}");
                age += Duration::from_millis(wait);
                waits += 1;
            }
            assert_eq!(waits, 9);
            assert!((AT_LEAST..=Duration::from_secs(99_755)).contains(&age), "{age:?}");
        }
    }

    #[test]
    fn what_is_no_list_of_seconds_is_no_schedule() {
        assert!(RetrySchedule::parse("1,x").is_err());
        assert!(RetrySchedule::parse("604801").is_err());
    }
}
