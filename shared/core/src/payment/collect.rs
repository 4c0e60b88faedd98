//! Asking providers for what is due.

use std::time::Duration;

use super::decide::{decide, finish};
use super::{Collected, Decision, Payment, PaymentOrder, PaymentStatus};
use crate::app::App;
use crate::error::Result;
use crate::id::{PaymentId, WorkspaceId};
use crate::outbox::OwedWhat;
use crate::ports::{BillingStore, Clock, OutboxStore, Payments, Ports};

/// For how long a provider that cannot be reached is asked to start a payment. Providers remember our id
/// for a day; asked later, one might take the money a second time.
const MAX_START: Duration = Duration::from_secs(20 * 3_600);
/// For how long a payment may be on its way.
const MAX_PENDING: Duration = Duration::from_secs(14 * 86_400);
/// The longest wait between two questions.
const MAX_WAIT: Duration = Duration::from_secs(3_600);
/// Payments taken from one shard in one round at most.
const BATCH: usize = 200;

/// Collects every payment that is due, and answers how many were asked for. One that fails keeps none of
/// the others waiting.
///
/// # Errors
/// When what is due cannot be read.
pub async fn collect_due<P: Ports>(app: &App<P>, payments: &impl Payments) -> Result<u32> {
    let mut asked = 0;
    for shard in 0..app.store.owed_shards() {
        for owed in app.store.owed(shard, app.now(), BATCH).await? {
            let OwedWhat::Payment { workspace, id } = owed.what else { continue };
            match collect(app, payments, workspace, id).await {
                Ok(()) => asked += 1,
                Err(error) => tracing::warn!(%workspace, %id, %error, "a payment is tried again"),
            }
        }
    }
    Ok(asked)
}

/// Takes a payment that is due one step further. Of two workers at once one does.
///
/// # Errors
/// When the store or the provider fails; the payment stays owed.
pub async fn collect<P: Ports>(
    app: &App<P>,
    payments: &impl Payments,
    workspace: WorkspaceId,
    id: PaymentId,
) -> Result<()> {
    let now = app.now();
    let until = now + lease(app);
    let Some(payment) = app.store.claim_payment(workspace, id, now, until).await? else {
        return Ok(());
    };
    if payment.status != PaymentStatus::Pending {
        return finish(app, &payment).await;
    }
    if let Some(reason) = too_late(app, &payment) {
        let decision = Decision::Failed(reason.to_owned());
        return decide(app, workspace, id, &decision).await.map(|_| ());
    }
    let method = app.store.recharge(workspace).await?.and_then(|recharge| recharge.method);
    let order = PaymentOrder { payment: payment.clone(), method };
    match payments.collect(&order).await? {
        Collected::Succeeded { reference } => {
            app.store.note_payment(workspace, id, &reference, until).await?;
            decide(app, workspace, id, &Decision::Succeeded).await.map(|_| ())
        }
        Collected::Pending { reference } => {
            let wait = lease(app).saturating_mul(1 << payment.tries.min(10)).min(MAX_WAIT);
            app.store.note_payment(workspace, id, &reference, now + wait).await
        }
        Collected::Failed { reference, reason } => {
            if let Some(reference) = reference {
                app.store.note_payment(workspace, id, &reference, until).await?;
            }
            decide(app, workspace, id, &Decision::Failed(reason)).await.map(|_| ())
        }
    }
}

fn lease<P: Ports>(app: &App<P>) -> Duration {
    Duration::from_millis(app.settings.outbox_grace_ms.max(1_000) * 2)
}

fn too_late<P: Ports>(app: &App<P>, payment: &Payment) -> Option<&'static str> {
    let age = app.now().duration_since(payment.created_at).unsigned_abs();
    if payment.reference.is_none() && age > MAX_START {
        return Some("the payment provider could not be reached");
    }
    (age > MAX_PENDING).then_some("the payment did not arrive in time")
}
