//! Moving credit to the shards that have little of it.

use super::Shard;
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::ports::WalletStore;

/// Looks at the shards at most so often; others may be spending meanwhile.
const MAX_ROUNDS: usize = 3;

/// Moves credit until every shard has about its share of what is available: each move is a transaction
/// of its own, and what a crash leaves undone costs nothing but the falling over to a richer shard.
///
/// # Errors
/// When the store fails.
pub(crate) async fn spread(
    store: &impl WalletStore,
    workspace: WorkspaceId,
    shards: u8,
    month: u32,
) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let moves = moves(store.shards_serializable(workspace, shards, month).await?);
        if moves.is_empty() {
            break;
        }
        for (from, to, amount) in moves {
            store.transfer(workspace, from, to, amount).await?;
        }
    }
    Ok(())
}

/// Who gives how much to whom, so that nobody has less than half a share.
fn moves(mut shards: Vec<Shard>) -> Vec<(u8, u8, MicroCredits)> {
    let total: MicroCredits = shards.iter().map(|shard| shard.available).sum();
    let count = i64::try_from(shards.len()).unwrap_or(1).max(1);
    let share = total.0 / count;
    let mut moves = Vec::new();
    loop {
        shards.sort_by_key(|shard| shard.available);
        let [poorest, .., richest] = shards.as_mut_slice() else { return moves };
        let missing = share - poorest.available.0;
        let part = missing.min(richest.available.0 - share);
        if missing <= share / 2 || part <= 0 {
            return moves;
        }
        moves.push((richest.index, poorest.index, MicroCredits(part)));
        richest.available = MicroCredits(richest.available.0 - part);
        poorest.available = MicroCredits(poorest.available.0 + part);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shards(available: &[i64]) -> Vec<Shard> {
        let shard = |(index, available): (usize, &i64)| {
            let available = MicroCredits(*available);
            let index = u8::try_from(index).unwrap();
            Shard { index, balance: available, available, messages: 0 }
        };
        available.iter().enumerate().map(shard).collect()
    }

    #[test]
    fn nobody_is_left_with_less_than_half_a_share_and_nothing_is_lost() {
        for before in [
            vec![800, 0, 0, 0, 0, 0, 0, 0],
            vec![250, 250, 250, 250, 0, 0, 0, 0],
            vec![7, 0, 0],
            vec![1_000, 900, 40, 0, 3],
        ] {
            let mut after = before.clone();
            let moves = moves(shards(&before));
            assert!(moves.len() < 2 * before.len(), "{moves:?}");
            for (from, to, MicroCredits(amount)) in moves {
                assert!(amount > 0 && after[usize::from(from)] >= amount);
                after[usize::from(from)] -= amount;
                after[usize::from(to)] += amount;
            }
            assert_eq!(after.iter().sum::<i64>(), before.iter().sum::<i64>());
            let share = before.iter().sum::<i64>() / i64::try_from(before.len()).unwrap();
            assert!(after.iter().all(|shard| *shard >= share - share / 2), "{after:?}");
        }
        assert!(moves(shards(&[0, 0])).is_empty());
        assert!(moves(shards(&[5])).is_empty());
        assert!(moves(Vec::new()).is_empty());
    }
}
