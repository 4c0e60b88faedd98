//! Changing what a workspace is called, where its owner is reached, its plan and its habits.

use jiff::Timestamp;

use super::change::change;
use super::{Plan, Workspace, find, request};
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::ports::{KeyStore, WalletStore, WorkspaceStore};
use crate::text::Label;
use crate::time;
use crate::wallet::{self, MAX_SHARDS};

/// Changes of settings: what is left out stays.
#[derive(Debug, Clone, Default)]
pub struct SettingsPatch {
    /// What people call it.
    pub name: Option<String>,
    /// Where its owner is reached.
    pub email: Option<String>,
    /// The plan's name.
    pub plan: Option<String>,
    /// Whether a message reopens a resolved conversation.
    pub reopen_on_message: Option<bool>,
    /// Over how many rows the wallet is spread: never fewer than before.
    pub wallet_shards: Option<i64>,
}

/// Changes a workspace's settings and answers it. Another plan counts from the next request on; what was
/// used of the month stays used, and is levelled over the wallet's shards, which share the quota: before
/// the plan counts, and once more for what came in between. A wallet that grows has its credit spread over
/// the new shards; asked again for the same number, what is left of that is done.
///
/// # Errors
/// [`Error::Invalid`] for a field that breaks its rule.
pub async fn set_settings(
    store: &(impl WorkspaceStore + KeyStore + WalletStore),
    workspace: WorkspaceId,
    patch: SettingsPatch,
    now: Timestamp,
) -> Result<Workspace> {
    let name = patch.name.map(|name| Label::parse("name", &name)).transpose()?;
    let email = patch.email.map(|email| request::email("email", &email)).transpose()?;
    let plan = patch.plan.map(|plan| request::plan_named("plan", &plan)).transpose()?;
    let quota = plan.and_then(|plan| plan.terms().messages_per_month);
    if let Some(quota) = quota {
        let current = find(store, workspace).await?;
        level(store, &current, (time::month(now), quota)).await?;
    }
    let changed = change(store, workspace, plan.is_some(), |current| {
        let plan = plan.unwrap_or(current.plan);
        let wallet_shards = match patch.wallet_shards {
            Some(wanted) => grown(wallet::shard_count(current.wallet_shards), wanted, plan)?,
            None => current.wallet_shards,
        };
        Ok(Workspace {
            name: name.clone().unwrap_or_else(|| current.name.clone()),
            email: email.clone().unwrap_or_else(|| current.email.clone()),
            plan,
            wallet_shards,
            reopen_on_message: patch.reopen_on_message.unwrap_or(current.reopen_on_message),
            ..current.clone()
        })
    })
    .await?;
    if let Some(quota) = quota {
        level(store, &changed, (time::month(now), quota)).await?;
    }
    if patch.wallet_shards.is_some() {
        wallet::spread(store, workspace, changed.wallet_shards, time::month(now)).await?;
    }
    Ok(changed)
}

async fn level(
    store: &impl WalletStore,
    workspace: &Workspace,
    month_and_quota: (u32, u32),
) -> Result<()> {
    let shards = wallet::shard_count(workspace.wallet_shards);
    wallet::level(store, workspace.id, shards, month_and_quota).await
}

/// A number of shards for a wallet that has so many. The messages of a month are counted by shard, each
/// against its share of the quota: where there is one, the shares must not move.
fn grown(current: u8, wanted: i64, plan: Plan) -> Result<u8> {
    let refuse = |why: String| Err(Error::invalid("walletShards", why));
    let fitting =
        u8::try_from(wanted).ok().filter(|wanted| (current..=MAX_SHARDS).contains(wanted));
    match fitting {
        None => refuse(format!("must be a whole number from {current} (now) to {MAX_SHARDS}")),
        Some(wanted) if wanted > current && plan.terms().messages_per_month.is_some() => {
            refuse("can only be raised on a plan without a quota of messages".to_owned())
        }
        Some(wanted) => Ok(wanted),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wallet_only_grows_within_its_bounds_and_never_under_a_quota() {
        for wanted in [4, 5, 96] {
            assert_eq!(grown(4, wanted, Plan::Enterprise).map(i64::from).ok(), Some(wanted));
        }
        for wanted in [3, 0, -1, 97, i64::MAX] {
            assert!(grown(4, wanted, Plan::Enterprise).is_err(), "{wanted}");
        }
        assert!(grown(4, 8, Plan::Pro).is_err());
        assert_eq!(grown(4, 4, Plan::Pro).ok(), Some(4));
    }
}
