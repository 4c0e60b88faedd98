//! Making a pending workspace active, with its starter credit.

use super::{Workspace, WorkspaceStatus};
use crate::error::{Error, Result};
use crate::money::MicroCredits;
use crate::notice::{Notice, NoticeWhat};
use crate::ports::{Clock, Entropy, WalletStore, WorkspaceStore};
use crate::text::IdempotencyKey;
use crate::wallet::{self, LedgerKind, TopUpCommand};

/// Activates a workspace, and owes its owner a mail that says so; one that is active already is left as it is, and its wallet too.
///
/// The credit comes first, under a key of the workspace's own. A crash before the activation leaves a
/// workspace that is still pending: approving it again finds the credit granted. The other order would
/// leave an active workspace of which nobody knows whether its credit is still owed.
///
/// # Errors
/// [`Error::Invalid`] for a credit out of range, [`Error::Conflict`] for a suspended workspace.
pub async fn approve(
    store: &(impl WorkspaceStore + WalletStore),
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    starter_credit: Option<i64>,
) -> Result<()> {
    let credit = MicroCredits(starter_credit.unwrap_or(0));
    if credit < MicroCredits::ZERO || credit > MicroCredits::MAX_TOP_UP {
        return Err(Error::invalid(
            "starterCredit",
            "must be a whole number of micro-credits from 0 to 10^15",
        ));
    }
    match workspace.status {
        WorkspaceStatus::Active => return Ok(()),
        WorkspaceStatus::Suspended => return Err(Error::conflict("the workspace is suspended")),
        WorkspaceStatus::Pending => {}
    }
    let granted = if credit > MicroCredits::ZERO {
        grant(store, env, workspace, credit).await?
    } else {
        MicroCredits::ZERO
    };
    let notice = Notice {
        workspace: workspace.id,
        name: "approved".to_owned(),
        what: NoticeWhat::Approved { credit: granted },
        created_at: env.now(),
    };
    // Whoever approved at the same time made it active; the answer is the same.
    store.activate_workspace(&notice).await?;
    Ok(())
}

async fn grant(
    store: &impl WalletStore,
    env: &(impl Clock + Entropy),
    workspace: &Workspace,
    amount: MicroCredits,
) -> Result<MicroCredits> {
    let key = format!("starter-credit:{}", workspace.id);
    let idempotency = IdempotencyKey::parse("starterCredit", &key)?;
    let command = TopUpCommand { kind: LedgerKind::StarterCredit, amount, idempotency };
    match wallet::top_up(store, env, workspace, command).await {
        Ok(_) => Ok(amount),
        // Another amount was granted by an approval that died or is running: it is the first that counts.
        // The mail names no amount rather than a wrong one.
        Err(Error::Conflict(_)) => Ok(MicroCredits::ZERO),
        Err(error) => Err(error),
    }
}
