//! Where the integrator's system told of the people in a conversation.

use sha2::{Digest, Sha256};

use super::Conversation;
use crate::text::ExternalId;

/// End users of one conversation of whom it is remembered.
const MAX_TOLD: usize = 4;

/// The newest message with which the integrator's system told of an end user. What it told stands in the
/// message: the conversation, which every message writes, stays small.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Told {
    /// A digest of the end user's id; 0 where nobody was named. Whether it is the same one, the message
    /// says.
    pub who: u64,
    /// The message's number.
    pub seq: u64,
}

impl Conversation {
    /// The message with which the integrator's system last told of an end user, or of whoever is not named.
    pub(crate) fn told_of(&self, user: Option<&ExternalId>) -> Option<u64> {
        let who = digest(user);
        self.told.iter().find(|told| told.who == who).map(|told| told.seq)
    }

    /// Notes that the message with this number tells of an end user. Whoever was told of longest ago is
    /// forgotten where there are too many.
    pub(crate) fn note_told(&mut self, user: Option<&ExternalId>, seq: u64) {
        let who = digest(user);
        self.told.retain(|told| told.who != who);
        if self.told.len() >= MAX_TOLD {
            self.told.remove(0);
        }
        self.told.push(Told { who, seq });
    }
}

fn digest(user: Option<&ExternalId>) -> u64 {
    user.map_or(0, |user| {
        let hash = Sha256::digest(user.as_str().as_bytes());
        hash.iter().take(8).fold(0, |sum, byte| (sum << 8) | u64::from(*byte))
    })
}
