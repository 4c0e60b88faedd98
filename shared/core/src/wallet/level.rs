//! Levelling a month's messages over the shards.
//!
//! A quota holds exactly because each shard keeps to its share of it. While a plan has no quota, or
//! another, or the wallet fewer shards, the shards count as it comes; what one has beyond its share is then
//! counted in another that has room, or that room would be given once more.

use super::{Recount, Shard, quota_share};
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::ports::WalletStore;

/// Looks at the shards at most so often; others may be counting meanwhile.
const MAX_ROUNDS: usize = 8;

/// Moves counts until no shard is beyond its share while another has room. Each move is a transaction of
/// its own; what is left undone is done when a shard is next short of its share.
///
/// # Errors
/// When the store fails.
pub(crate) async fn level(
    store: &impl WalletStore,
    workspace: WorkspaceId,
    shards: u8,
    (month, quota): (u32, u32),
) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let state = store.shards_serializable(workspace, shards, month).await?;
        let moves = recounts(&state, quota);
        if moves.is_empty() {
            break;
        }
        for recount in moves {
            store.recount(workspace, month, recount).await?;
        }
    }
    Ok(())
}

/// What is to be counted elsewhere, so that nobody is beyond its share while another has room.
pub(super) fn recounts(shards: &[Shard], quota: u32) -> Vec<Recount> {
    let count = u8::try_from(shards.len()).unwrap_or(u8::MAX);
    let share = |shard: &Shard| quota_share(quota, count, shard.index);
    let room = |shard: &Shard| i64::from(share(shard)).saturating_sub(shard.messages);
    let mut takers: Vec<(&Shard, i64)> =
        shards.iter().map(|shard| (shard, room(shard))).filter(|(_, room)| *room > 0).collect();
    let mut moves = Vec::new();
    for giver in shards {
        let mut beyond = room(giver).saturating_neg();
        while beyond > 0 {
            let Some((taker, room)) = takers.last_mut() else { return moves };
            let messages = beyond.min(*room);
            let (from, to) = ((giver.index, share(giver)), (taker.index, share(taker)));
            moves.push(Recount { from, to, messages });
            beyond -= messages;
            *room -= messages;
            if *room == 0 {
                takers.pop();
            }
        }
    }
    moves
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::money::MicroCredits;

    fn shards(messages: &[i64]) -> Vec<Shard> {
        let shard = |(index, messages): (usize, &i64)| Shard {
            index: u8::try_from(index).unwrap(),
            balance: MicroCredits::ZERO,
            available: MicroCredits::ZERO,
            messages: *messages,
        };
        messages.iter().enumerate().map(shard).collect()
    }

    #[test]
    fn what_is_left_of_a_quota_is_left_in_the_shards_however_they_counted_before() {
        for before in [
            vec![90, 0, 0, 0],
            vec![25, 25, 25, 25],
            vec![60, 50, 0, 0],
            vec![300, 0, 7],
            vec![-65, 60, 40, 25],
            vec![100],
            vec![0; 96],
            (0..96).map(|index| if index == 3 { 99 } else { 0 }).collect(),
        ] {
            let mut after = before.clone();
            for Recount { from, to, messages } in recounts(&shards(&before), 100) {
                assert!(messages > 0);
                after[usize::from(from.0)] -= messages;
                after[usize::from(to.0)] += messages;
                assert!(after[usize::from(from.0)] >= i64::from(from.1));
                assert!(after[usize::from(to.0)] <= i64::from(to.1));
            }
            let (used, count) = (before.iter().sum::<i64>(), u8::try_from(before.len()).unwrap());
            assert_eq!(after.iter().sum::<i64>(), used);
            let room = |(index, messages): (u8, &i64)| {
                (i64::from(quota_share(100, count, index)) - messages).max(0)
            };
            assert_eq!((0..).zip(&after).map(room).sum::<i64>(), (100 - used).max(0), "{before:?}");
        }
    }
}
