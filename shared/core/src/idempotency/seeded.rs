//! Randomness and time that a repeated request sees again.

use std::sync::atomic::{AtomicU64, Ordering};

use hmac::{Hmac, KeyInit, Mac};
use jiff::Timestamp;
use sha2::Sha256;

use crate::ports::{Clock, Entropy};

/// A clock that stands still and a stream of bytes, both fixed by a seed of 256 secret bits.
#[derive(Debug)]
pub struct Seeded {
    now: Timestamp,
    seed: Seed,
    block: AtomicU64,
    again: bool,
}

/// Secrets are made from it: it never stands in a log.
struct Seed([u8; 32]);

impl std::fmt::Debug for Seed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Seed")
    }
}

impl Seeded {
    /// Starts the stream of a seed.
    pub fn new(now: Timestamp, seed: [u8; 32]) -> Self {
        Self { now, seed: Seed(seed), block: AtomicU64::new(0), again: false }
    }

    /// For a request that was begun before, and may have been done.
    #[must_use]
    pub fn begun_before(self, again: bool) -> Self {
        Self { again, ..self }
    }

    /// Whether the request was begun before: what it asks for may stand already, by its own doing.
    pub const fn is_again(&self) -> bool {
        self.again
    }

    /// Starts a stream that nobody will see again.
    pub fn fresh(env: &(impl Clock + Entropy)) -> Self {
        let mut seed = [0_u8; 32];
        env.fill(&mut seed);
        Self::new(env.now(), seed)
    }
}

impl Clock for Seeded {
    fn now(&self) -> Timestamp {
        self.now
    }
}

impl Entropy for Seeded {
    fn fill(&self, bytes: &mut [u8]) {
        for chunk in bytes.chunks_mut(32) {
            let number = self.block.fetch_add(1, Ordering::Relaxed);
            let mut mac = Hmac::<Sha256>::new_from_slice(&self.seed.0)
                .expect("HMAC takes a key of any length");
            mac.update(&number.to_be_bytes());
            chunk.copy_from_slice(&mac.finalize().into_bytes()[..chunk.len()]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::MessageId;

    #[test]
    fn one_seed_makes_the_same_ids_in_the_same_order() {
        let env = |seed| Seeded::new(Timestamp::UNIX_EPOCH, [seed; 32]);
        let pair = |env: &Seeded| (MessageId::new(env.now(), env), MessageId::new(env.now(), env));
        let (first, second) = pair(&env(1));
        assert_eq!(pair(&env(1)), (first, second));
        assert_ne!(first, second);
        assert_ne!(pair(&env(2)).0, first);
    }
}
