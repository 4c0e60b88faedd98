//! The health of an endpoint, and the circuit breaker that follows from it.

use std::time::Duration;

use jiff::Timestamp;

use crate::delivery::RetrySchedule;

/// How an endpoint has been doing. It is kept beside the endpoint and written only where an attempt
/// fails, or succeeds after failures: a healthy endpoint costs nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Health {
    /// When the present run of nothing but failures began.
    pub failing_since: Option<Timestamp>,
    /// When the oldest event arose that the endpoint misses in that run, or since it was switched off.
    pub missed_since: Option<Timestamp>,
    /// Failures in that run, at least (those of the same moment may count as one).
    pub failures: u32,
    /// No attempt is made before this, once there were enough failures.
    pub open_until: Option<Timestamp>,
}

/// What the circuit breaker of an endpoint says to an attempt that is due.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Breaker {
    /// The endpoint works as far as is known: go ahead.
    Closed,
    /// It has failed for a while: one attempt may find out, whoever wins it.
    HalfOpen,
    /// It has failed just now: nobody goes before then.
    Open {
        /// When one may go.
        until: Timestamp,
    },
}

/// Failures in a row that open the breaker.
pub const FAILURES_TO_OPEN: u32 = 5;
/// Failing for so long without one success disables an endpoint.
const DISABLE_AFTER: Duration = Duration::from_secs(5 * 24 * 3_600);
/// The longest pause between two attempts of an endpoint that fails.
const MAX_PAUSE: Duration = Duration::from_secs(600);

impl Health {
    /// Whether nothing is held against the endpoint.
    pub fn is_good(&self) -> bool {
        *self == Self::default()
    }

    /// How the breaker stands.
    pub fn breaker(&self, now: Timestamp) -> Breaker {
        match self.open_until {
            _ if self.failures < FAILURES_TO_OPEN => Breaker::Closed,
            Some(until) if until > now => Breaker::Open { until },
            Some(_) | None => Breaker::HalfOpen,
        }
    }

    /// The health after one more failure, of an event that arose at that moment. The pause grows with the
    /// time that the endpoint has failed, and stays within what the schedule waits anyway, so that a
    /// delivery which is alone with its endpoint keeps its own schedule.
    #[must_use]
    pub fn failed(&self, arose: Timestamp, now: Timestamp, schedule: &RetrySchedule) -> Self {
        let since = self.failing_since.unwrap_or(now);
        let failures = self.failures.saturating_add(1);
        let pause = (elapsed(since, now) / 2)
            .max(schedule.shortest() / 2)
            .min(schedule.longest() / 2)
            .min(MAX_PAUSE);
        let open = failures >= FAILURES_TO_OPEN;
        Self {
            failing_since: Some(since),
            missed_since: Some(self.missed_since.map_or(arose, |oldest| oldest.min(arose))),
            failures,
            open_until: open.then(|| now + pause),
        }
    }

    /// Whether the endpoint has failed for so long that it is to be disabled.
    pub fn is_hopeless(&self, now: Timestamp) -> bool {
        self.failing_since.is_some_and(|since| elapsed(since, now) >= DISABLE_AFTER)
    }
}

fn elapsed(since: Timestamp, now: Timestamp) -> Duration {
    let millis = now.as_millisecond().saturating_sub(since.as_millisecond());
    Duration::from_millis(u64::try_from(millis).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + seconds).unwrap()
    }

    fn failing(times: u32, schedule: &RetrySchedule, every: i64) -> (Health, Timestamp) {
        let (mut health, mut now) = (Health::default(), at(0));
        for _ in 0..times {
            health = health.failed(now, now, schedule);
            now += Duration::from_secs(u64::try_from(every).unwrap());
        }
        (health, now)
    }

    #[test]
    fn the_fifth_failure_in_a_row_opens_the_breaker_and_time_half_opens_it() {
        let schedule = RetrySchedule::default();
        let (four, now) = failing(4, &schedule, 0);
        assert_eq!(four.breaker(now), Breaker::Closed);
        let five = four.failed(now, now, &schedule);
        let until = now + Duration::from_millis(2_500);
        assert_eq!(five.breaker(now), Breaker::Open { until });
        assert_eq!(five.breaker(until), Breaker::HalfOpen);
    }

    #[test]
    fn the_pause_grows_with_the_outage_and_ends_at_ten_minutes() {
        let schedule = RetrySchedule::default();
        let pause = |since: i64| {
            let failing_since = Some(at(-since));
            let health = Health { failing_since, failures: 9, ..Health::default() };
            health.failed(at(0), at(0), &schedule).open_until.unwrap().as_second()
                - at(0).as_second()
        };
        assert_eq!((pause(60), pause(600), pause(86_400)), (30, 300, 600));
    }

    #[test]
    fn the_pause_is_never_longer_than_half_of_what_the_schedule_waits() {
        let schedule = RetrySchedule::parse("1,1,1,1,1,1,1").unwrap();
        let (health, now) = failing(7, &schedule, 1);
        assert!(health.open_until.unwrap() <= now);
        assert_eq!(health.breaker(now), Breaker::HalfOpen);
    }

    #[test]
    fn what_is_missed_begins_with_the_oldest_event_whenever_it_was_tried() {
        let schedule = RetrySchedule::default();
        let first = Health::default().failed(at(-30), at(0), &schedule);
        let second = first.failed(at(-90), at(1), &schedule);
        let third = second.failed(at(-10), at(2), &schedule);
        assert_eq!(third.missed_since, Some(at(-90)));
        assert_eq!(third.failing_since, Some(at(0)));
    }

    #[test]
    fn five_days_of_failures_are_hopeless() {
        let health = Health { failing_since: Some(at(0)), failures: 1, ..Health::default() };
        assert!(!health.is_hopeless(at(5 * 86_400 - 1)));
        assert!(health.is_hopeless(at(5 * 86_400)));
        assert!(!Health::default().is_hopeless(at(0)));
    }
}
