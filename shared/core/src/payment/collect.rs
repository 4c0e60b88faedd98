//! Asking providers for what is due.

use std::time::Duration;

use super::decide::{decide, finish};
use super::{Collected, Decision, Payment, PaymentOrder, PaymentStatus};
use crate::app::App;
use crate::error::Result;
use crate::id::{PaymentId, WorkspaceId};
use crate::outbox::{OwedMark, OwedWhat, Turn};
use crate::ports::{BillingStore, Clock, OutboxStore, Payments, Ports};

/// For how long a provider that cannot be reached is asked to start a payment. Providers remember our id
/// for a day; asked later, one might take the money a second time.
const MAX_START: Duration = Duration::from_secs(20 * 3_600);
/// For how long a payment may be on its way.
const MAX_PENDING: Duration = Duration::from_secs(14 * 86_400);
/// The longest wait between two questions.
const MAX_WAIT: Duration = Duration::from_secs(3_600);
/// Marks read at once.
const PAGE: usize = 1_000;
/// Marks of one shard that one round looks at.
const MAX_MARKS: usize = 5_000;
/// Payments read at once.
const BATCH: usize = 25;
/// No payment is begun later than this after the round's beginning.
const TIME: Duration = Duration::from_secs(8);

/// Collects every payment that is due, the oldest first, and answers how many were asked for. One that
/// fails keeps none of the others waiting.
///
/// # Errors
/// When what is due cannot be read.
pub async fn collect_due<P: Ports>(app: &App<P>, payments: &impl Payments) -> Result<u32> {
    let end = app.now() + TIME;
    let mut due = Vec::new();
    for shard in 0..app.store.owed_shards() {
        gather(app, shard, &mut due).await?;
    }
    due.sort_by_key(|mark| mark.due);
    let mut asked = 0;
    for batch in due.chunks(BATCH) {
        for owed in app.store.owed(batch, app.now()).await? {
            let OwedWhat::Payment { workspace, id } = owed.what else { continue };
            if app.now() > end {
                return Ok(asked);
            }
            match collect(app, payments, workspace, id).await {
                Ok(()) => asked += 1,
                Err(error) => tracing::warn!(%workspace, %id, %error, "a payment is tried again"),
            }
        }
    }
    Ok(asked)
}

/// Adds the payments that are due in one shard.
async fn gather<P: Ports>(app: &App<P>, shard: u8, due: &mut Vec<OwedMark>) -> Result<()> {
    let now = app.now();
    let (mut seen, mut last) = (0, None);
    while seen < MAX_MARKS {
        let page = app.store.marked(shard, now, last.as_ref(), PAGE).await?;
        let is_last = page.len() < PAGE;
        seen += page.len();
        last = page.last().cloned();
        due.extend(page.into_iter().filter(|mark| mark.turn == Turn::Payment));
        if is_last {
            break;
        }
    }
    Ok(())
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
