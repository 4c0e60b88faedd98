//! What has to be done again and again: the sweep, and the expiry of rows.

use std::sync::Arc;
use std::time::Duration;

use aiva_adapters::payments::PaymentDesk;
use aiva_core::app::App;
use aiva_core::ports::Ports;
use aiva_core::{outbox, payment};
use aiva_embedded::EmbeddedDynamo;
use tokio::time::{MissedTickBehavior, interval};

use crate::poll::Stop;

const SWEEP_EVERY: Duration = Duration::from_secs(1);
const EXPIRE_EVERY: Duration = Duration::from_secs(60);

/// Sweeps at once and then every second, until it is stopped.
pub(crate) async fn sweep<P: Ports>(app: Arc<App<P>>, desk: PaymentDesk, stop: Stop) {
    let mut ticks = interval(SWEEP_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.soft.run_until_cancelled(ticks.tick()).await.is_some() {
        match stop.hard.run_until_cancelled(outbox::sweep(&app)).await {
            Some(Ok(report)) if report == outbox::SweepReport::default() => {}
            Some(Ok(report)) => tracing::info!(?report, "sent again what was owed"),
            Some(Err(error)) => tracing::warn!(%error, "the next sweep tries again"),
            None => return,
        }
        match stop.hard.run_until_cancelled(payment::collect_due(&app, &desk)).await {
            Some(Ok(_)) => {}
            Some(Err(error)) => tracing::warn!(%error, "the next sweep tries again"),
            None => return,
        }
    }
}

/// Deletes what has expired every minute, until it is stopped; AWS does it by itself.
pub(crate) async fn expire(dynamo: EmbeddedDynamo, stop: Stop) {
    let mut ticks = interval(EXPIRE_EVERY);
    ticks.set_missed_tick_behavior(MissedTickBehavior::Delay);
    while stop.soft.run_until_cancelled(ticks.tick()).await.is_some() {
        let engine = dynamo.clone();
        let swept = tokio::task::spawn_blocking(move || engine.sweep_ttl()).await;
        match swept {
            Ok(Ok(0)) => {}
            Ok(Ok(rows)) => tracing::debug!(rows, "deleted what had expired"),
            Ok(Err(error)) => tracing::warn!(%error, "expired rows stay for now"),
            Err(error) => tracing::warn!(%error, "expired rows stay for now"),
        }
    }
}
