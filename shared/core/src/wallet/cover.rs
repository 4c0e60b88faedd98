//! Finding a shard that can pay, and moving credit between shards when none alone can.

use super::level::recounts;
use super::{DEFAULT_SHARDS, Shard};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::ports::WalletStore;

/// What a message asks of a wallet.
#[derive(Debug, Clone, Copy)]
pub struct Need {
    /// What is held.
    pub amount: MicroCredits,
    /// The month it counts to, as `yyyymm`.
    pub month: u32,
    /// Messages that the plan allows in that month.
    pub quota: Option<u32>,
}

/// Where the money for a hold is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cover {
    /// In this shard, at the moment of looking.
    Shard(u8),
    /// Nowhere: all shards together cannot pay.
    Short,
    /// The month's messages are used up in every shard.
    QuotaReached,
}

/// Finds a shard with room for one more message and at least `amount` available, gathering the
/// scattered rest of all shards into it when needed. The shards are read in one serializable
/// transaction, so that a refusal is the truth.
///
/// # Errors
/// When the store fails.
pub async fn cover(
    store: &impl WalletStore,
    workspace: WorkspaceId,
    shards: u8,
    need: Need,
) -> Result<Cover> {
    let (shards, amount) = (shards.max(1), need.amount);
    let has_room = |shard: &&Shard| {
        let share = |quota| i64::from(quota_share(quota, shards, shard.index));
        need.quota.is_none_or(|quota| shard.messages < share(quota))
    };
    for _ in 0..MAX_ROUNDS {
        let state = store.shards_serializable(workspace, shards, need.month).await?;
        // Counted before the plan had this quota: what is left of it is not where it seems to be.
        let uneven = need.quota.map(|quota| recounts(&state, quota)).unwrap_or_default();
        if !uneven.is_empty() {
            for recount in uneven {
                store.recount(workspace, need.month, recount).await?;
            }
            continue;
        }
        let richest = state.iter().filter(has_room).max_by_key(|shard| shard.available).copied();
        let Some(richest) = richest else { return Ok(Cover::QuotaReached) };
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

/// What one shard may take of a month's messages. The shares of all shards together are the quota, so
/// that it holds exactly and no single row counts them all.
pub(crate) fn quota_share(quota: u32, shards: u8, index: u8) -> u32 {
    let shards = u32::from(shards.max(1));
    quota / shards + u32::from(u32::from(index) < quota % shards)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_shares_of_all_shards_are_the_quota() {
        for (quota, shards) in [(100, 4), (100, 3), (100, 96), (15_000, 64), (2_500, 1)] {
            let sum: u32 = (0..shards).map(|index| quota_share(quota, shards, index)).sum();
            assert_eq!(sum, quota);
        }
    }
}
