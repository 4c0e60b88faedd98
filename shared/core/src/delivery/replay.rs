//! Sending a delivery again: the same bytes under the same id, signed with the secrets of now.

use std::time::Duration;

use super::{Delivery, job_of};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{DeliveryId, WorkspaceId};
use crate::key::ApiKey;
use crate::ports::{Clock, DeliveryStore, KeyStore, Ports, Queue};

/// Reads a delivery.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none with this id.
pub async fn find(
    store: &impl DeliveryStore,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Delivery> {
    store.delivery(workspace, id).await?.ok_or(Error::NotFound)
}

/// Makes a delivery due now, whether it is closed or waits for its next attempt.
///
/// # Errors
/// [`Error::Conflict`] when its endpoint was deleted or is disabled.
pub async fn replay<P: Ports>(
    app: &App<P>,
    workspace: WorkspaceId,
    id: DeliveryId,
) -> Result<Delivery> {
    let delivery = find(&app.store, workspace, id).await?;
    require_endpoint(app.store.key(delivery.key).await?.as_ref())?;
    let now = app.now();
    let due = now + Duration::from_millis(app.settings.outbox_grace_ms);
    if !app.store.reopen_delivery(workspace, id, now, due).await? {
        return Err(Error::NotFound);
    }
    if let Err(error) = app.queue.send_delivery(&job_of(&delivery), Duration::ZERO).await {
        tracing::warn!(delivery_id = %id, %error, "left to the sweep");
    }
    Ok(delivery)
}

fn require_endpoint(key: Option<&ApiKey>) -> Result<()> {
    let live = key.filter(|key| key.revoked_at.is_none());
    let Some(callback) = live.and_then(|key| key.callback.as_ref()) else {
        return Err(Error::conflict("the endpoint was deleted"));
    };
    if callback.is_enabled() {
        Ok(())
    } else {
        Err(Error::conflict("the endpoint is disabled; enable it first"))
    }
}
