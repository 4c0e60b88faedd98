//! The credit that comes with a plan, each calendar month (UTC) once.

use crate::app::App;
use crate::error::{Conflict, Error, Result};
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::ports::{BillingStore, Clock, Ports, WorkspaceStore};
use crate::text::IdempotencyKey;
use crate::time;
use crate::wallet::{self, LedgerKind, TopUpCommand};
use crate::workspace::WorkspaceStatus;

/// Grants a workspace the credit of the running month, if its plan has any, and makes it due again with
/// the next. The credit has a key of its own for each month: granted twice, by two workers or after a
/// crash, it counts once.
///
/// # Errors
/// When the store fails; the credit stays due.
pub async fn grant<P: Ports>(app: &App<P>, workspace: WorkspaceId) -> Result<()> {
    let now = app.now();
    if let Some(owner) = app.store.workspace(workspace).await? {
        let amount = owner.plan.terms().monthly_credit;
        if owner.status == WorkspaceStatus::Active && amount > MicroCredits::ZERO {
            let key = format!("plan-credit:{}", time::month(now));
            let idempotency = IdempotencyKey::parse("planCredit", &key)?;
            let command = TopUpCommand { kind: LedgerKind::PlanCredit, amount, idempotency };
            match wallet::top_up(&app.store, app, &owner, command).await {
                // The month was granted under another plan.
                Ok(_) | Err(Error::Conflict(Conflict::IdempotencyKeyReused)) => {}
                Err(error) => return Err(error),
            }
        }
    }
    app.store.next_allowance(workspace, time::next_month(now)).await
}
