//! Listing the ledger.

use super::{LedgerEntry, shard_count};
use crate::error::Result;
use crate::page::{Limit, Page};
use crate::ports::WalletStore;
use crate::workspace::Workspace;

/// Lists a workspace's ledger, newest first, from a position that an earlier page gave.
///
/// # Errors
/// When the store fails.
pub async fn ledger(
    store: &impl WalletStore,
    workspace: &Workspace,
    position: Option<&str>,
    limit: Limit,
) -> Result<Page<LedgerEntry>> {
    store.ledger(workspace.id, shard_count(workspace.wallet_shards), position, limit).await
}
