//! Send test: a signed `test.ping` through the real pipeline.

use std::time::Duration;

use super::{KeyId, find};
use crate::app::App;
use crate::delivery;
use crate::error::{Error, Result};
use crate::id::{DeliveryId, WorkspaceId};
use crate::ports::{Clock, DeliveryStore, Entropy, Ports, Queue};
use crate::webhook::{self, Fact};

/// Sends a ping to a key's callback, a disabled one too: its log shows what came of it. `env` gives it its
/// id: asked again with the same one, it is the same ping.
///
/// # Errors
/// [`Error::Conflict`] when the key is revoked or has no callback.
pub async fn send_test<P: Ports>(
    app: &App<P>,
    env: &(impl Clock + Entropy),
    workspace: WorkspaceId,
    id: KeyId,
) -> Result<DeliveryId> {
    let key = find(&app.store, workspace, id).await?;
    if key.revoked_at.is_some() {
        return Err(Error::conflict("the key is revoked"));
    }
    let (ping, due) = webhook::to_callback(app, env, &key, &Fact::Test)
        .ok_or_else(|| Error::conflict("the key has no callback"))?;
    app.store.create_delivery(&ping, due).await?;
    if let Err(error) = app.queue.send_delivery(&delivery::job_of(&ping), Duration::ZERO).await {
        tracing::warn!(delivery_id = %ping.id, %error, "left to the sweep");
    }
    Ok(ping.id)
}
