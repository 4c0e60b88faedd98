//! What one process remembers of open circuit breakers, so that a delivery which would be held back is
//! held back before it is claimed.

use std::collections::HashMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;

/// The open breakers that a process knows, and the line of deliveries that wait behind each.
///
/// The store has the truth. What is known here is forgotten soon, so that an endpoint which works again
/// is found out by every process.
#[derive(Debug, Default)]
pub struct KnownBreakers(Mutex<HashMap<String, Known>>);

#[derive(Debug, Clone, Copy)]
struct Known {
    /// When this is forgotten.
    forgotten_at: Timestamp,
    /// When the last in the line is due.
    line_ends_at: Timestamp,
}

/// How long something is known.
const KNOWN_FOR: Duration = Duration::from_secs(15);
/// Between two that wait in one line.
const STEP: Duration = Duration::from_millis(20);
/// Endpoints known at most.
const MOST: usize = 10_000;

impl KnownBreakers {
    /// Gives the next place in the line of an endpoint that is known to be away; `None` where nothing is
    /// known.
    pub fn wait_in_line(&self, endpoint: &str, now: Timestamp) -> Option<Timestamp> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let known = all.get_mut(endpoint).filter(|known| known.forgotten_at > now)?;
        known.line_ends_at = known.line_ends_at.max(now) + STEP;
        Some(known.line_ends_at)
    }

    /// Whether an endpoint is known to be away.
    pub fn knows(&self, endpoint: &str, now: Timestamp) -> bool {
        let all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.get(endpoint).is_some_and(|known| known.forgotten_at > now)
    }

    /// Learns that an endpoint is away, and gives a place in its line behind `until`.
    pub(super) fn opened(&self, endpoint: &str, until: Timestamp, now: Timestamp) -> Timestamp {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if all.len() >= MOST {
            all.retain(|_, known| known.line_ends_at > now);
        }
        let before = all.get(endpoint).map_or(until, |known| known.line_ends_at);
        let line_ends_at = before.max(until) + STEP;
        let forgotten_at = until.min(now + KNOWN_FOR);
        if all.len() < MOST || all.contains_key(endpoint) {
            all.insert(endpoint.to_owned(), Known { forgotten_at, line_ends_at });
        }
        line_ends_at
    }

    /// Learns that an endpoint works.
    pub(super) fn closed(&self, endpoint: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(endpoint);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(millis: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millis).unwrap()
    }

    #[test]
    fn those_who_wait_stand_in_line_behind_the_pause() {
        let known = KnownBreakers::default();
        assert_eq!(known.wait_in_line("a", at(0)), None);
        assert_eq!(known.opened("a", at(1_000), at(0)), at(1_020));
        assert_eq!(known.wait_in_line("a", at(0)), Some(at(1_040)));
        assert_eq!(known.wait_in_line("b", at(0)), None);
        // A longer pause moves the end of the line, a shorter one does not.
        assert_eq!(known.opened("a", at(5_000), at(900)), at(5_020));
        assert_eq!(known.opened("a", at(2_000), at(900)), at(5_040));
    }

    #[test]
    fn what_is_known_is_forgotten_with_the_pause_after_a_while_or_with_a_success() {
        let known = KnownBreakers::default();
        known.opened("short", at(1_000), at(0));
        known.opened("long", at(600_000), at(0));
        assert!(known.knows("short", at(999)) && !known.knows("short", at(1_000)));
        assert!(known.knows("long", at(14_999)) && !known.knows("long", at(15_000)));
        known.opened("long", at(600_000), at(15_000));
        known.closed("long");
        assert!(!known.knows("long", at(15_000)));
    }
}
