//! Waiting between tries of a request that lost a race, within a deadline.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use sha2::{Digest, Sha256};

/// Tries of one request at most.
const MAX_TRIES: u32 = 24;
/// All waits of one request together.
const MAX_WAIT_MS: u64 = 3_000;
/// The bound of the first wait; it doubles from try to try.
const FIRST_WAIT_MS: u64 = 8;
/// The greatest bound of one wait.
const LONGEST_WAIT_MS: u64 = 256;

/// Tells apart two requests of one process that are alike.
static REQUESTS: AtomicU64 = AtomicU64::new(0);

/// The waits of one request: bounds that double, with jitter below them.
///
/// The jitter is a hash over what the request is about, a count of this process and the number of the
/// try. That is as good as randomness here, where all that matters is that two rivals do not wait
/// equally long, and it needs no source of randomness.
#[derive(Debug)]
pub(super) struct Backoff {
    seed: [u8; 32],
    tries: u32,
    waited_ms: u64,
}

impl Backoff {
    /// Starts anew for a request about `what`.
    pub(super) fn new(what: &str) -> Self {
        let mut hash = Sha256::new();
        hash.update(REQUESTS.fetch_add(1, Ordering::Relaxed).to_le_bytes());
        hash.update(what.as_bytes());
        Self { seed: hash.finalize().into(), tries: 0, waited_ms: 0 }
    }

    /// Waits for the next try; `false` when it is time to give up.
    pub(super) async fn wait(&mut self) -> bool {
        let Some(wait) = self.next() else { return false };
        tokio::time::sleep(wait).await;
        true
    }

    fn next(&mut self) -> Option<Duration> {
        self.tries += 1;
        if self.tries >= MAX_TRIES || self.waited_ms >= MAX_WAIT_MS {
            return None;
        }
        let wait = self.next_ms();
        self.waited_ms += wait;
        Some(Duration::from_millis(wait))
    }

    fn next_ms(&self) -> u64 {
        let doubled = FIRST_WAIT_MS << (self.tries - 1).min(8);
        let bound = doubled.min(LONGEST_WAIT_MS);
        let mut hash = Sha256::new();
        hash.update(self.seed);
        hash.update(self.tries.to_le_bytes());
        let digest = hash.finalize();
        let dice = u64::from(u32::from_le_bytes([digest[0], digest[1], digest[2], digest[3]]));
        1 + dice % bound
    }
}

/// Waits once, as long as a request about `what` waits before its next try when it lost so many.
pub(super) async fn pause(what: &str, lost: u32) {
    let backoff = Backoff { tries: lost.max(1), ..Backoff::new(what) };
    tokio::time::sleep(Duration::from_millis(backoff.next_ms())).await;
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_waits_of_one_request_are_bounded_and_two_rivals_differ() {
        let (mut one, mut other) = (Backoff::new("same"), Backoff::new("same"));
        let first: Vec<Duration> = std::iter::from_fn(|| one.next()).collect();
        let second: Vec<Duration> = std::iter::from_fn(|| other.next()).collect();
        assert!(first.iter().sum::<Duration>().as_millis() <= 3_256, "{first:?}");
        assert!(first.len() > 8, "{first:?}");
        assert_ne!(first, second);
    }
}
