//! Deciding a payment, and what follows: the credit once, the rules for the next payment, the mail.

use super::{Decision, Payment, PaymentStatus, Provider};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{PaymentId, WorkspaceId};
use crate::notice::{Notice, NoticeWhat};
use crate::ports::{BillingStore, Clock, NoticeStore, Ports};
use crate::recharge;
use crate::text::IdempotencyKey;
use crate::wallet::{self, LedgerKind, TopUpCommand};
use crate::workspace;

/// An operator says that the money of a manual payment is there.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has no such payment, [`Error::Conflict`] when it is not
/// manual or failed before.
pub async fn confirm<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: PaymentId,
) -> Result<Payment> {
    let payment = manual(app, workspace, id).await?;
    if payment.status == PaymentStatus::Failed {
        return Err(Error::conflict("the payment failed before; top the wallet up instead"));
    }
    decide(app, workspace, id, &Decision::Succeeded).await
}

/// An operator says that the money of a manual payment will not come.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has no such payment, [`Error::Conflict`] when it is not
/// manual or succeeded before.
pub async fn fail<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: PaymentId,
    reason: &str,
) -> Result<Payment> {
    manual(app, workspace, id).await?;
    let decided = decide(app, workspace, id, &Decision::Failed(reason.to_owned())).await?;
    if decided.status == PaymentStatus::Succeeded {
        return Err(Error::conflict("the payment succeeded before"));
    }
    Ok(decided)
}

async fn manual<P: Ports>(app: &App<P>, workspace: WorkspaceId, id: PaymentId) -> Result<Payment> {
    let payment = app.store.payment(workspace, id).await?.ok_or(Error::NotFound)?;
    if payment.provider != Provider::Manual {
        return Err(Error::conflict("the payment's provider decides it"));
    }
    Ok(payment)
}

/// Decides a payment, unless it is decided, and finishes it. Safe to run twice, at once or again.
pub(super) async fn decide<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: PaymentId,
    decision: &Decision,
) -> Result<Payment> {
    let decided = app.store.decide_payment(workspace, id, decision, app.now()).await?;
    let decided = decided.ok_or(Error::NotFound)?;
    finish(app, &decided).await?;
    Ok(decided)
}

/// Does what follows from a decision, each part once, and ends the payment's being owed. A crash between
/// two parts leaves it owed, and the sweep does them again.
pub(super) async fn finish<P: Ports>(app: &App<P>, payment: &Payment) -> Result<()> {
    match payment.status {
        PaymentStatus::Pending => return Ok(()),
        PaymentStatus::Succeeded => credit(app, payment).await?,
        PaymentStatus::Failed => {
            let what = NoticeWhat::PaymentFailed {
                payment: payment.id.to_string(),
                amount: payment.amount,
                reason: payment.reason.clone().unwrap_or_default(),
            };
            let notice = Notice {
                workspace: payment.workspace,
                name: format!("payment-failed:{}", payment.id.bare()),
                what,
                created_at: app.now(),
            };
            app.store.add_notice(&notice).await?;
        }
    }
    recharge::payment_ended(app, payment).await?;
    app.store.close_payment(payment.workspace, payment.id, payment.status).await
}

async fn credit<P: Ports>(app: &App<P>, payment: &Payment) -> Result<()> {
    let workspace = workspace::find(&app.store, payment.workspace).await?;
    let idempotency = IdempotencyKey::parse("payment", &format!("payment:{}", payment.id))?;
    let command =
        TopUpCommand { kind: LedgerKind::AutoRecharge, amount: payment.amount, idempotency };
    wallet::top_up(&app.store, app, &workspace, command).await.map(|_| ())
}
