//! An endpoint is gone: what waits for it is cancelled now, not when it falls due.

use super::{DeliveryFilter, DeliveryStatus};
use crate::app::App;
use crate::error::Result;
use crate::key::KeyId;
use crate::page::Limit;
use crate::ports::{Clock, DeliveryStore, Ports};

/// Deliveries cancelled in one go; any beyond are cancelled when they fall due.
const BATCH: Limit = Limit::of(200);

/// Cancels what waits for a key's endpoint. Losing this loses nothing but time (the worker finds the
/// endpoint gone), so that a failure is only logged.
pub(crate) async fn cancel_waiting<P: Ports>(app: &App<P>, key: KeyId) {
    if let Err(error) = cancel(app, key).await {
        tracing::warn!(key_id = %key, %error, "deliveries are cancelled when they fall due");
    }
}

async fn cancel<P: Ports>(app: &App<P>, key: KeyId) -> Result<()> {
    let filter =
        DeliveryFilter { status: Some(DeliveryStatus::Pending), event: None, key: Some(key) };
    let waiting = app.store.deliveries(key.workspace, &filter, None, BATCH).await?;
    for delivery in waiting.items {
        app.store.cancel_delivery(key.workspace, delivery.id, app.now()).await?;
    }
    Ok(())
}
