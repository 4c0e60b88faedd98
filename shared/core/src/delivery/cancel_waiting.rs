//! An endpoint is gone: what waits for it is cancelled now, not when it falls due.

use super::{DeliveryFilter, DeliveryStatus};
use crate::app::App;
use crate::callback::EndpointId;
use crate::error::Result;
use crate::page::Limit;
use crate::ports::{Clock, DeliveryStore, Ports};

/// Deliveries cancelled in one go; any beyond are cancelled when they fall due.
const BATCH: Limit = Limit::of(200);

/// Cancels what waits for an endpoint. Losing this loses nothing but time (the worker finds the
/// endpoint gone), so that a failure is only logged.
pub(crate) async fn cancel_waiting<P: Ports>(app: &App<P>, endpoint: EndpointId) {
    if let Err(error) = cancel(app, endpoint).await {
        tracing::warn!(%endpoint, %error, "deliveries are cancelled when they fall due");
    }
}

async fn cancel<P: Ports>(app: &App<P>, endpoint: EndpointId) -> Result<()> {
    let (status, workspace) = (Some(DeliveryStatus::Pending), endpoint.workspace());
    let filter = DeliveryFilter { status, event: None, endpoint: Some(endpoint) };
    let waiting = app.store.deliveries(workspace, &filter, None, BATCH).await?;
    for delivery in waiting.items {
        app.store.cancel_delivery(workspace, delivery.id, app.now()).await?;
    }
    Ok(())
}
