//! One request decides who calls and whether they may still call.

use jiff::Timestamp;

use super::{Admission, ApiKey, KeyToken, RateWindow, Scope};
use crate::error::{Error, Result};
use crate::ports::{Clock, KeyStore};

/// Proof of authentication, with the state of the key's limits.
#[derive(Debug, Clone)]
pub struct Caller {
    /// The key that called.
    pub key: ApiKey,
    /// The window nearest to the end of its quota, if the key has any limit.
    pub window: Option<RateWindow>,
    limited: bool,
}

impl Caller {
    /// Checks the limit first and the scope second, so that both can be told with the headers.
    ///
    /// # Errors
    /// [`Error::Limited`] when a window is used up, [`Error::Forbidden`] without the scope.
    pub fn admit(&self, scope: Option<Scope>, now: Timestamp) -> Result<()> {
        if let (true, Some(window)) = (self.limited, self.window) {
            return Err(Error::Limited {
                retry_after_seconds: seconds_until(window.resets_at, now),
            });
        }
        scope.map_or(Ok(()), |scope| self.key.require(scope))
    }
}

/// Counts the request on its key and tells who calls. A wrong secret uses up nothing of the owner's
/// limit, but is counted against the address it came from.
///
/// # Errors
/// [`Error::Unauthenticated`] for a missing, malformed, unknown, wrong or revoked key;
/// [`Error::Limited`] when its source address guessed too often.
pub async fn authenticate(
    store: &impl KeyStore,
    clock: &impl Clock,
    token: Option<&str>,
    source_address: &str,
) -> Result<Caller> {
    let now = clock.now();
    if let Some(token) = token.and_then(KeyToken::parse) {
        match store.admit(token.id, &token.hash(), now).await? {
            Admission::Admitted { key, windows } => return Ok(caller(*key, &windows, false)),
            Admission::Limited { key, windows } => return Ok(caller(*key, &windows, true)),
            Admission::Refused => {}
        }
    }
    let guesses = store.count_wrong_key(source_address, now).await?;
    if guesses > MAX_WRONG_KEYS_PER_MINUTE {
        return Err(Error::Limited { retry_after_seconds: 60 - seconds_of_minute(now) });
    }
    Err(Error::Unauthenticated)
}

/// Wrong keys that one source address may send in a minute.
const MAX_WRONG_KEYS_PER_MINUTE: u64 = 300;

fn caller(key: ApiKey, windows: &[RateWindow], limited: bool) -> Caller {
    Caller { key, window: nearest_to_its_end(windows), limited }
}

/// The window with the smallest share of its quota left.
fn nearest_to_its_end(windows: &[RateWindow]) -> Option<RateWindow> {
    windows.iter().copied().min_by(|a, b| {
        let left = |own: &RateWindow, other: &RateWindow| {
            u64::from(own.remaining) * u64::from(other.limit)
        };
        left(a, b).cmp(&left(b, a)).then(b.resets_at.cmp(&a.resets_at))
    })
}

fn seconds_of_minute(now: Timestamp) -> u64 {
    u64::try_from(now.as_second().rem_euclid(60)).unwrap_or(0)
}

/// Whole seconds from `now` to `moment`, rounded up, at least 1.
pub(crate) fn seconds_until(moment: Timestamp, now: Timestamp) -> u64 {
    let millis = moment.as_millisecond().saturating_sub(now.as_millisecond());
    u64::try_from(millis).unwrap_or(0).div_ceil(1_000).max(1)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_window_with_the_smallest_share_left_is_shown() {
        let window =
            |limit, remaining| RateWindow { limit, remaining, resets_at: Timestamp::UNIX_EPOCH };
        let shown = nearest_to_its_end(&[window(60, 30), window(10_000, 4_000)]);
        assert_eq!(shown, Some(window(10_000, 4_000)));
        assert_eq!(nearest_to_its_end(&[]), None);
    }
}
