//! Bringing credit into a wallet, once for each idempotency key.

use super::{Credit, Credited, LedgerEntry, LedgerKind};
use crate::error::{Conflict, Error, Result};
use crate::id::LedgerEntryId;
use crate::money::MicroCredits;
use crate::ports::{Clock, Entropy, WalletStore};
use crate::text::IdempotencyKey;
use crate::workspace::Workspace;

/// A wish to bring credit in.
#[derive(Debug, Clone)]
pub struct TopUpCommand {
    /// What the ledger calls it.
    pub kind: LedgerKind,
    /// How much; positive, at most [`MicroCredits::MAX_TOP_UP`].
    pub amount: MicroCredits,
    /// The key that makes it happen once.
    pub idempotency: IdempotencyKey,
}

/// Credits a wallet and answers the ledger row, and whether it is new.
///
/// # Errors
/// [`Error::Invalid`] for an amount out of range, [`Error::Conflict`] when the key was used with
/// another amount.
pub async fn top_up(
    store: &impl WalletStore,
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    command: TopUpCommand,
) -> Result<(LedgerEntry, bool)> {
    if command.amount <= MicroCredits::ZERO || command.amount > MicroCredits::MAX_TOP_UP {
        return Err(Error::invalid(
            "amount",
            "must be a whole number of micro-credits from 1 to 10^15",
        ));
    }
    let now = env.now();
    let entry = LedgerEntry {
        id: LedgerEntryId::new(now, env),
        kind: command.kind,
        amount: command.amount,
        message: None,
        usage: None,
        key: None,
        user: None,
        created_at: now,
    };
    let credit = Credit {
        workspace: workspace.id,
        shards: super::shard_count(workspace.wallet_shards),
        entry: entry.clone(),
        idempotency: command.idempotency,
    };
    match store.credit(&credit).await? {
        Credited::Stored => Ok((entry, true)),
        Credited::Replay(first) if first.amount == command.amount && first.kind == command.kind => {
            Ok((first, false))
        }
        Credited::Replay(_) => Err(Error::Conflict(Conflict::IdempotencyKeyReused)),
    }
}
