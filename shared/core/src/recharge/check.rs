//! Looking at a wallet, and what is done then.

use std::time::Duration;

use jiff::Timestamp;

use super::{Recharge, RechargeAdvance, RechargeState, judge};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{PaymentId, WorkspaceId};
use crate::money::MicroCredits;
use crate::payment::{Payment, PaymentStatus};
use crate::ports::{BillingStore, Clock, Ports, WalletStore, WorkspaceStore};
use crate::{time, wallet};

/// The longest time between two looks at a wallet that does not move. One that cannot pay is looked at
/// with the next message.
const MAX_WAIT: Duration = Duration::from_secs(15 * 60);
/// A change loses against another of the same row; it then looks again.
const MAX_ROUNDS: usize = 8;
/// Failed payments of a month that are remembered. After each, somebody has set the rules anew or topped the
/// wallet up, so that there are few.
const MAX_TAKEN_OFF: usize = 32;

/// Looks at a wallet that is due. Of two workers at once one decides.
///
/// # Errors
/// When the store fails; the wallet stays due.
pub async fn check<P: Ports>(app: &App<P>, workspace: WorkspaceId) -> Result<()> {
    let Some(recharge) = app.store.recharge(workspace).await? else { return Ok(()) };
    let Some(owner) = app.store.workspace(workspace).await? else { return Ok(()) };
    if owner.require_active().is_err() {
        // Who may not work is not charged either; the sweep has put the next look off.
        return Ok(());
    }
    let now = app.now();
    let shards = wallet::shard_count(owner.wallet_shards);
    let shards = app.store.shards_serializable(workspace, shards, time::month(now)).await?;
    let available: MicroCredits = shards.iter().map(|shard| shard.available).sum();
    let id = PaymentId::new(now, app);
    let verdict = judge(&recharge, available, &app.settings.payments, (now, id));
    let due = next_look(app, &verdict.after, now);
    let after = Recharge { version: recharge.version + 1, ..verdict.after };
    let advance =
        RechargeAdvance { after, due, payment: verdict.payment, notices: verdict.notices };
    // Lost against another: that one decided.
    app.store.advance_recharge(&advance).await.map(|_| ())
}

/// Sooner while the wallet moves, later and later while it does not.
fn next_look<P: Ports>(app: &App<P>, after: &Recharge, now: Timestamp) -> Option<Timestamp> {
    let shortest = Duration::from_millis(app.settings.outbox_grace_ms.max(1_000));
    let wait = shortest.saturating_mul(1 << after.state.idle.min(10)).min(MAX_WAIT);
    after.is_watched().then(|| now + wait)
}

/// Makes a wallet due at once, because it could not pay. Where that fails, it is due later.
pub async fn wake<P: Ports>(app: &App<P>, workspace: WorkspaceId) {
    if let Err(error) = app.store.wake_recharge(workspace, app.now()).await {
        tracing::warn!(%workspace, %error, "an empty wallet is looked at later");
    }
}

/// Notes that a payment ended, once: the next may be started, unless this one failed. One that failed and
/// whose money arrives after all counts to its month again, once.
///
/// # Errors
/// When the store fails.
pub async fn payment_ended<P: Ports>(app: &App<P>, payment: &Payment) -> Result<()> {
    for _ in 0..MAX_ROUNDS {
        let Some(recharge) = app.store.recharge(payment.workspace).await? else { return Ok(()) };
        let mut after = Recharge { version: recharge.version + 1, ..recharge };
        if !note_end(&mut after.state, payment) {
            return Ok(());
        }
        let due = after.is_watched().then(|| app.now());
        let advance = RechargeAdvance { after, due, payment: None, notices: Vec::new() };
        if app.store.advance_recharge(&advance).await? {
            return Ok(());
        }
    }
    Err(Error::unavailable("the rules of a wallet are contended"))
}

/// Notes the end of a payment in the state of the rules; `false` when it is noted.
fn note_end(state: &mut RechargeState, payment: &Payment) -> bool {
    let of_month = state.month == payment.month;
    if state.open != Some(payment.id) {
        let place = state.taken_off.iter().position(|failed| *failed == payment.id);
        let Some(place) = place.filter(|_| payment.status == PaymentStatus::Succeeded) else {
            return false;
        };
        state.taken_off.remove(place);
        if of_month {
            state.started = state.started.saturating_add(payment.amount);
        }
        return true;
    }
    state.open = None;
    if payment.status == PaymentStatus::Failed {
        state.failed = true;
        if of_month {
            state.started = state.started.saturating_sub(payment.amount);
            if state.taken_off.len() >= MAX_TAKEN_OFF {
                state.taken_off.remove(0);
            }
            state.taken_off.push(payment.id);
        }
    }
    true
}
