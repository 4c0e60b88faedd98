//! Setting the rules of a wallet.

use super::{Recharge, RechargeAdvance, RechargeRules};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::WorkspaceId;
use crate::money::MicroCredits;
use crate::payment::{PaymentMethod, Provider};
use crate::ports::{BillingStore, Clock, Ports};

const MAX_ROUNDS: usize = 8;
const MAX_NAME_CHARS: usize = 255;

/// Reads the rules of a workspace's wallet.
///
/// # Errors
/// When the store fails.
pub async fn find(store: &impl BillingStore, workspace: WorkspaceId) -> Result<Recharge> {
    Ok(store.recharge(workspace).await?.unwrap_or_else(|| Recharge::none(workspace)))
}

/// Sets when a wallet is recharged; a payment that failed before no longer stands in the way.
///
/// # Errors
/// [`Error::Conflict`] when payments need a method on file and there is none.
pub async fn set_rules<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    rules: RechargeRules,
) -> Result<Recharge> {
    let needs_method = rules.enabled && app.settings.payments.provider == Provider::Stripe;
    change(app, workspace, |recharge| {
        if needs_method && recharge.method.is_none() {
            return Err(Error::conflict("there is no payment method on file for this workspace"));
        }
        recharge.rules = Some(rules);
        recharge.state.failed = false;
        Ok(())
    })
    .await
}

/// Sets under how much the owner is told; `None` is never.
///
/// # Errors
/// [`Error::Invalid`] for what is no amount.
pub async fn set_low_balance<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    threshold: Option<i64>,
) -> Result<Recharge> {
    let threshold = threshold.map(MicroCredits);
    let right =
        |amount: MicroCredits| amount > MicroCredits::ZERO && amount <= MicroCredits::MAX_TOP_UP;
    if threshold.is_some_and(|threshold| !right(threshold)) {
        let problem = "must be a whole number of micro-credits from 1 to 10^15, or null";
        return Err(Error::invalid("threshold", problem));
    }
    change(app, workspace, |recharge| {
        recharge.low_balance = threshold;
        recharge.state.told = false;
        Ok(())
    })
    .await
}

/// Sets what a workspace pays with, by the provider's own names.
///
/// # Errors
/// [`Error::Invalid`] for names that can be none.
pub async fn set_method<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    method: PaymentMethod,
) -> Result<Recharge> {
    for (field, name) in [("customer", &method.customer), ("paymentMethod", &method.method)] {
        let plain = |c: char| c.is_ascii_alphanumeric() || c == '_';
        if name.is_empty() || name.len() > MAX_NAME_CHARS || !name.chars().all(plain) {
            return Err(Error::invalid(field, "must be 1 to 255 letters, digits or _"));
        }
    }
    change(app, workspace, |recharge| {
        recharge.method = Some(method.clone());
        recharge.state.failed = false;
        Ok(())
    })
    .await
}

async fn change<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    edit: impl Fn(&mut Recharge) -> Result<()>,
) -> Result<Recharge> {
    for _ in 0..MAX_ROUNDS {
        let mut after = find(&app.store, workspace).await?;
        edit(&mut after)?;
        after.version += 1;
        let due = after.is_watched().then(|| app.now());
        let advance =
            RechargeAdvance { after: after.clone(), due, payment: None, notices: Vec::new() };
        if app.store.advance_recharge(&advance).await? {
            return Ok(after);
        }
    }
    Err(Error::conflict("the rules of this wallet are being changed by others; try again"))
}
