//! Writing down a delivery, ready to be stored beside what caused it.

use std::time::Duration;

use jiff::Timestamp;

use super::{Delivery, DeliveryStatus, Trigger};
use crate::app::App;
use crate::callback::{Breaker, Callback, EndpointId, Envelope, Event, Payload};
use crate::id::DeliveryId;
use crate::key::ApiKey;
use crate::outbox::DeliveryJob;
use crate::ports::{Clock, Ports};

/// The queue's message for a delivery.
pub fn job_of(delivery: &Delivery) -> DeliveryJob {
    DeliveryJob {
        workspace_id: delivery.workspace(),
        delivery_id: delivery.id,
        endpoint: delivery.endpoint.to_string(),
        urgent: delivery.trigger != Trigger::Auto,
    }
}

/// Writes down a delivery of an event to a key's callback; `None` where the key has none or was revoked.
/// A disabled callback gets a `skipped` one. Where the circuit breaker is open, the first attempt is due
/// when it closes, so that an endpoint which is away does not fill the queue.
pub fn draft<P: Ports>(
    app: &App<P>,
    key: &ApiKey,
    event: Event,
    conversation: Option<&str>,
    payload: &Payload<'_>,
) -> Option<(Delivery, Timestamp)> {
    let callback = key.callback.as_ref().filter(|_| key.revoked_at.is_none())?;
    let now = app.now();
    let id = DeliveryId::new(now, app);
    let envelope = Envelope {
        event,
        conversation,
        powered_by: &app.settings.powered_by,
        at: now,
        delivery: id,
    };
    // Send test is sent to a disabled endpoint too: it is how one finds out that it works again.
    let is_test = event == Event::TestPing;
    let sent = callback.is_enabled() || is_test;
    let first = if is_test { now } else { first_attempt(app, callback, now) };
    let delivery = Delivery {
        id,
        endpoint: EndpointId::Key(key.id),
        event,
        conversation: conversation.map(str::to_owned),
        payload: payload.render(envelope),
        url: without_query(&callback.url),
        status: if sent { DeliveryStatus::Pending } else { DeliveryStatus::Skipped },
        attempts: Vec::new(),
        automatic_attempts: 0,
        next_attempt_at: sent.then_some(first),
        created_at: now,
        trigger: if is_test { Trigger::Test } else { Trigger::Auto },
    };
    Some((delivery, first + Duration::from_millis(app.settings.outbox_grace_ms)))
}

/// Now, or some time behind the end of the breaker's pause: not all at its very end.
fn first_attempt<P: Ports>(app: &App<P>, callback: &Callback, now: Timestamp) -> Timestamp {
    let Breaker::Open { until } = callback.health.breaker(now) else { return now };
    let pause = until.as_millisecond().saturating_sub(now.as_millisecond());
    let mut random = [0_u8; 8];
    crate::ports::Entropy::fill(app, &mut random);
    let spread = u64::from_le_bytes(random) % u64::try_from(pause).unwrap_or(0).saturating_add(1);
    until + Duration::from_millis(spread)
}

fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}
