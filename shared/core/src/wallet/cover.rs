//! Finding a shard that can pay, and moving credit between shards when none alone can.

use super::{DEFAULT_SHARDS, Shard};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::ports::WalletStore;

/// Where the money for a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// In this shard, at the moment of looking.
    Shard(u8),
    /// Nowhere: all shards together cannot pay.
    Short,
}

/// Finds a shard with at least `amount` available, gathering the scattered rest of all shards into
/// one when needed. The shards are read in one serializable transaction, so `Short` is the truth.
///
/// # Errors
/// When the store fails.
pub async fn cover(
    store: &impl WalletStore,
    workspace: WorkspaceId,
    shards: u8,
    amount: MicroCredits,
) -> Result<Cover> {
    for _ in 0..MAX_ROUNDS {
        let state = store.shards_serializable(workspace, shards.max(1)).await?;
        let Some(richest) = state.iter().max_by_key(|shard| shard.available).copied() else {
            return Ok(Cover::Short);
        };
        if richest.available >= amount {
            return Ok(Cover::Shard(richest.index));
        }
        if state.iter().map(|shard| shard.available).sum::<MicroCredits>() < amount {
            return Ok(Cover::Short);
        }
        // One move a round: each is its own transaction, and whoever loses a race looks again.
        let missing = amount.saturating_sub(richest.available);
        if let Some((from, part)) = donor(&state, richest.index, missing) {
            store.transfer(workspace, from, richest.index, part).await?;
        }
    }
    Err(Error::unavailable("the wallet's shards are contended"))
}

/// Looks at the shards at most so often; others may be spending what was just gathered.
const MAX_ROUNDS: usize = 64;

/// The shard that gives most, and how much of what is missing it can give.
fn donor(state: &[Shard], to: u8, missing: MicroCredits) -> Option<(u8, MicroCredits)> {
    let others = state.iter().filter(|shard| shard.index != to);
    let donor = others.max_by_key(|shard| shard.available)?;
    (donor.available > MicroCredits::ZERO).then(|| (donor.index, donor.available.min(missing)))
}

/// The shards of a wallet, never none.
pub(crate) fn shard_count(configured: u8) -> u8 {
    if configured == 0 { DEFAULT_SHARDS } else { configured }
}
