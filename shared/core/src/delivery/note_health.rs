//! What an attempt says about its endpoint.

use std::time::Duration;

use super::send::Sent;
use super::{Delivery, DeliverySettings, Trigger};
use crate::app::App;
use crate::callback::{Breaker, Disabled, Endpoint};
use crate::error::Result;
use crate::ports::{Clock, EndpointStore, Ports};

/// Keeps the endpoint's health: failures open its circuit breaker, a success closes it; 410 disables it
/// at once, five days of nothing but failures too. Test pings count for nothing. A lost race is fine:
/// the next attempt sees the same.
pub(super) async fn note_health<P: Ports>(
    app: &App<P>,
    endpoint: &Endpoint,
    delivery: &Delivery,
    sent: &Sent,
    settings: &DeliverySettings,
) -> Result<()> {
    if delivery.trigger == Trigger::Test {
        return Ok(());
    }
    let health = &endpoint.callback.health;
    let name = endpoint.id.to_string();
    if sent.succeeded() {
        if !health.is_good() {
            app.store.note_success(endpoint.id).await?;
            settings.breakers.closed(&name);
        }
        return Ok(());
    }
    let now = app.now();
    let after = health.failed(delivery.created_at, now, &settings.schedule);
    let reason = if sent.gone() {
        Some("the endpoint answered 410 Gone")
    } else {
        after.is_hopeless(now).then_some("every attempt of five days failed")
    };
    if let Some(reason) = reason {
        let disabled = Disabled { reason: reason.to_owned(), at: now };
        let due = now + Duration::from_millis(app.settings.outbox_grace_ms);
        // First, so that whoever sees it disabled is told of this event, too.
        app.store.note_missed(endpoint.id, delivery.created_at).await?;
        app.store.disable_endpoint(endpoint, &disabled, due).await?;
        return Ok(());
    }
    app.store.note_failure(endpoint.id, &after).await?;
    if let Breaker::Open { until } = after.breaker(now) {
        settings.breakers.opened(&name, until, now);
    }
    Ok(())
}
