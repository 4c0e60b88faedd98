//! The state of a wallet, summed over its shards.

use jiff::Timestamp;

use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::{MicroCredits, Rates};
use crate::ports::{WalletStore, WorkspaceStore};
use crate::project::Project;
use crate::time;
use crate::workspace::Workspace;

/// What a wallet holds and what things cost.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct WalletView {
    /// Σ of the ledger.
    pub balance: MicroCredits,
    /// Balance less open holds.
    pub available: MicroCredits,
    /// Σ of the open holds.
    pub held: MicroCredits,
    /// What tokens cost.
    pub rates: Rates,
    /// What is held for one reply of the default project.
    pub worst_case: MicroCredits,
    /// Messages of this calendar month (UTC) that count to the plan's.
    pub messages_this_month: u32,
}

/// What a workspace has left: its balance.
///
/// # Errors
/// [`Error::NotFound`] without the workspace.
pub async fn remaining(
    store: &(impl WalletStore + WorkspaceStore),
    workspace: WorkspaceId,
    now: Timestamp,
) -> Result<MicroCredits> {
    let workspace = store.workspace(workspace).await?.ok_or(Error::NotFound)?;
    let count = super::shard_count(workspace.wallet_shards);
    let shards = store.shards_serializable(workspace.id, count, time::month(now)).await?;
    Ok(shards.iter().map(|shard| shard.balance).sum())
}

/// Reads a wallet.
///
/// # Errors
/// When the store fails.
pub async fn view(
    store: &impl WalletStore,
    workspace: &Workspace,
    project: &Project,
    now: Timestamp,
) -> Result<WalletView> {
    let count = super::shard_count(workspace.wallet_shards);
    let shards = store.shards_serializable(workspace.id, count, time::month(now)).await?;
    let balance: MicroCredits = shards.iter().map(|shard| shard.balance).sum();
    let available: MicroCredits = shards.iter().map(|shard| shard.available).sum();
    let messages: i64 = shards.iter().map(|shard| shard.messages).sum();
    Ok(WalletView {
        balance,
        available,
        held: balance.saturating_sub(available),
        rates: workspace.rates,
        worst_case: project.bounds(0).worst_case(&workspace.rates),
        messages_this_month: u32::try_from(messages).unwrap_or(0),
    })
}
