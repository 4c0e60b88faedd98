//! Sending a delivery again: the same bytes under the same id, signed with the secrets of now.

use std::time::Duration;

use super::{Delivery, job_of};
use crate::app::App;
use crate::callback::Endpoint;
use crate::error::{Error, Result};
use crate::id::{DeliveryId, WorkspaceId};
use crate::outbox::DeliveryJob;
use crate::ports::{Clock, DeliveryStore, EndpointStore, Ports, Queue};

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
    require_enabled(app.store.endpoint(delivery.endpoint).await?)?;
    let now = app.now();
    let due = now + Duration::from_millis(app.settings.outbox_grace_ms);
    if !app.store.reopen_delivery(workspace, id, now, due).await? {
        return Err(Error::NotFound);
    }
    // Whoever asks for it gets it, whatever the circuit breaker says.
    let job = DeliveryJob { urgent: true, ..job_of(&delivery) };
    if let Err(error) = app.queue.send_delivery(&job, Duration::ZERO).await {
        tracing::warn!(delivery_id = %id, %error, "left to the sweep");
    }
    Ok(delivery)
}

fn require_enabled(endpoint: Option<Endpoint>) -> Result<()> {
    match endpoint {
        None => Err(Error::conflict("the endpoint was deleted")),
        Some(endpoint) if endpoint.callback.is_enabled() => Ok(()),
        Some(_) => Err(Error::conflict("the endpoint is disabled; enable it first")),
    }
}
