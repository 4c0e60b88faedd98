//! One attempt of a delivery: claim, sign, send, record, schedule.

use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;

use super::send::{Sent, send};
use super::{
    ClaimedDelivery, Delivery, DeliveryClaim, DeliveryStatus, DeliveryUpdate, KnownBreakers,
    RetrySchedule, Trigger, next_wait_ms, note_health,
};
use crate::app::App;
use crate::callback::{Breaker, Endpoint};
use crate::error::Result;
use crate::message::Lease;
use crate::outbox::DeliveryJob;
use crate::ports::{Clock, DeliveryStore, EndpointStore, Entropy, HttpOut, Ports, Queue};

/// Bounds of the delivery worker.
#[derive(Debug, Clone)]
pub struct DeliverySettings {
    /// Unique to this invocation.
    pub holder: String,
    /// The runtime's epoch (see [`Lease::epoch`]).
    pub epoch: u64,
    /// From the resolution of the name to the last byte of the answer.
    pub timeout: Duration,
    /// When to try again.
    pub schedule: RetrySchedule,
    /// What this process knows of endpoints that are away.
    pub breakers: Arc<KnownBreakers>,
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more to do for this message of the queue.
    Done,
    /// Its endpoint is away: it was put off without an attempt. Nothing more to do for this message.
    HeldBack,
    /// Look again then.
    Later {
        /// When.
        at: Timestamp,
    },
}

/// The longest delay that the queue can keep.
const MAX_QUEUE_DELAY: Duration = Duration::from_secs(900);
/// How much longer than the time of a request a worker holds a delivery, or its endpoint's probe.
const MARGIN: Duration = Duration::from_secs(10);

/// Makes the attempt that a delivery is due for. Safe to run twice, at once or again.
///
/// # Errors
/// When the store or the key ring fails; the job is then to be tried again.
pub async fn attempt<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    job: &DeliveryJob,
    settings: &DeliverySettings,
) -> Result<Outcome> {
    let now = app.now();
    if hold_back_unclaimed(app, job, settings, now).await? {
        return Ok(Outcome::HeldBack);
    }
    let until = now + settings.timeout + MARGIN;
    let lease = Lease { holder: settings.holder.clone(), epoch: settings.epoch, now, until };
    let claimed = match app.store.claim_delivery(job.workspace_id, job.delivery_id, &lease).await? {
        DeliveryClaim::Yes(claimed) => *claimed,
        DeliveryClaim::NotYet { at } => return Ok(Outcome::Later { at }),
        DeliveryClaim::Closed => return Ok(Outcome::Done),
    };
    let Some(endpoint) = app.store.endpoint(claimed.delivery.endpoint).await? else {
        return close(app, job, &claimed, DeliveryStatus::Cancelled).await;
    };
    if !endpoint.callback.is_enabled() && claimed.delivery.trigger != Trigger::Test {
        // It waited already when the endpoint was switched off.
        let arose = claimed.delivery.created_at;
        if endpoint.callback.off_since().is_some_and(|since| arose < since) {
            app.store.note_missed(endpoint.id, arose).await?;
        }
        return close(app, job, &claimed, DeliveryStatus::Skipped).await;
    }
    if let Some(next) = held_back_until(app, job, &endpoint, settings).await? {
        return put_off(app, job, &claimed, next).await;
    }
    let Some(sent) = send(app, http, &claimed.delivery, &endpoint, settings).await? else {
        let next = app.now() + wait_for_us(app);
        return put_off(app, job, &claimed, next).await;
    };
    let job = &DeliveryJob { urgent: false, ..job.clone() };
    let update = next_state(app, &claimed.delivery, &sent, settings);
    let (status, next) = (update.status, update.next_attempt_at);
    if !app.store.record_delivery(job.workspace_id, job.delivery_id, claimed.fence, &update).await?
    {
        return Ok(Outcome::Done);
    }
    note_health(app, &endpoint, &claimed.delivery, &sent, settings).await?;
    if let (DeliveryStatus::Pending, Some(next)) = (status, next) {
        schedule(app, job, next).await;
    }
    Ok(Outcome::Done)
}

/// Puts a claimed delivery off without an attempt.
async fn put_off<P: Ports>(
    app: &App<P>,
    job: &DeliveryJob,
    claimed: &ClaimedDelivery,
    next: Timestamp,
) -> Result<Outcome> {
    let (due, status) = (due(app, next), DeliveryStatus::Pending);
    let update = DeliveryUpdate { attempt: None, status, next_attempt_at: Some(next), due };
    app.store.record_delivery(job.workspace_id, job.delivery_id, claimed.fence, &update).await?;
    schedule(app, job, next).await;
    Ok(Outcome::HeldBack)
}

/// How long a delivery waits that was not sent for a trouble of ours: it is not counted.
fn wait_for_us(entropy: &impl Entropy) -> Duration {
    let mut random = [0_u8; 2];
    entropy.fill(&mut random);
    Duration::from_millis(2_000 + u64::from(u16::from_le_bytes(random)) % 6_000)
}

/// Puts a delivery off that waits for an endpoint which this process knows to be away, in one write.
async fn hold_back_unclaimed<P: Ports>(
    app: &App<P>,
    job: &DeliveryJob,
    settings: &DeliverySettings,
    now: Timestamp,
) -> Result<bool> {
    if job.urgent {
        return Ok(false);
    }
    let Some(next) = settings.breakers.wait_in_line(&job.endpoint, now) else { return Ok(false) };
    let due = due(app, next).unwrap_or(next);
    let (workspace, id) = (job.workspace_id, job.delivery_id);
    let held = app.store.hold_back_delivery(workspace, id, now, (next, due)).await?;
    if held {
        schedule(app, job, next).await;
    }
    Ok(held)
}

/// When to look again, where the endpoint's circuit breaker does not let this attempt through. Behind a
/// breaker that is half open, one attempt goes: whoever moves the end of the pause first. A person who
/// asks for an attempt gets it.
async fn held_back_until<P: Ports>(
    app: &App<P>,
    job: &DeliveryJob,
    endpoint: &Endpoint,
    settings: &DeliverySettings,
) -> Result<Option<Timestamp>> {
    if job.urgent {
        return Ok(None);
    }
    let now = app.now();
    let mut health = endpoint.callback.health;
    if health.breaker(now) == Breaker::HalfOpen {
        let until = now + settings.timeout + MARGIN;
        match app.store.take_probe(endpoint.id, health.open_until, until).await? {
            None => return Ok(None),
            Some(now_stands) => health = now_stands,
        }
    }
    Ok(match health.breaker(now) {
        Breaker::Closed => {
            settings.breakers.closed(&job.endpoint);
            None
        }
        Breaker::Open { until } => Some(settings.breakers.opened(&job.endpoint, until, now)),
        // Somebody else's probe has just ended: the queue's next turn finds out.
        Breaker::HalfOpen => Some(now + Duration::from_secs(1)),
    })
}

async fn close<P: Ports>(
    app: &App<P>,
    job: &DeliveryJob,
    claimed: &ClaimedDelivery,
    status: DeliveryStatus,
) -> Result<Outcome> {
    let update = DeliveryUpdate { attempt: None, status, next_attempt_at: None, due: None };
    app.store.record_delivery(job.workspace_id, job.delivery_id, claimed.fence, &update).await?;
    Ok(Outcome::Done)
}

fn next_state<P: Ports>(
    app: &App<P>,
    delivery: &Delivery,
    sent: &Sent,
    settings: &DeliverySettings,
) -> DeliveryUpdate {
    let attempt = Some(sent.attempt.clone());
    if sent.succeeded() {
        let status = DeliveryStatus::Delivered;
        return DeliveryUpdate { attempt, status, next_attempt_at: None, due: None };
    }
    let attempts = delivery.automatic_attempts + u32::from(delivery.trigger != Trigger::Replay);
    let wait = match delivery.trigger {
        Trigger::Auto if !sent.gone() => {
            let age = app.now().duration_since(delivery.created_at).unsigned_abs();
            next_wait_ms(&settings.schedule, attempts, age, sent.retry_after, app)
        }
        Trigger::Auto | Trigger::Replay | Trigger::Test => None,
    };
    let Some(wait) = wait.map(Duration::from_millis) else {
        let status = DeliveryStatus::GivenUp;
        return DeliveryUpdate { attempt, status, next_attempt_at: None, due: None };
    };
    let next = app.now() + wait;
    let status = DeliveryStatus::Pending;
    DeliveryUpdate { attempt, status, next_attempt_at: Some(next), due: due(app, next) }
}

/// When the sweep sends for an attempt that is due at `next`: short waits are the queue's, and the sweep
/// stands behind it; long ones are the sweep's alone.
fn due<P: Ports>(app: &App<P>, next: Timestamp) -> Option<Timestamp> {
    let grace = Duration::from_millis(app.settings.outbox_grace_ms);
    Some(if next <= app.now() + MAX_QUEUE_DELAY { next + grace } else { next })
}

/// Tells the queue of an attempt that is due at `next`; one that is further away than the queue can keep
/// is the sweep's.
pub(crate) async fn schedule<P: Ports>(app: &App<P>, job: &DeliveryJob, next: Timestamp) {
    let millis = next.as_millisecond().saturating_sub(app.now().as_millisecond()).max(0);
    // The queue counts whole seconds; the bounds do too, so rounding up stays within them.
    let delay = Duration::from_secs(u64::try_from(millis).unwrap_or(0).div_ceil(1_000));
    if delay > MAX_QUEUE_DELAY {
        return;
    }
    if let Err(error) = app.queue.send_delivery(job, delay).await {
        tracing::warn!(delivery_id = %job.delivery_id, %error, "left to the sweep");
    }
}
