//! One attempt of a delivery: claim, sign, send, record, schedule.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{
    Attempt, ClaimedDelivery, Delivery, DeliveryClaim, DeliveryStatus, DeliveryUpdate,
    RESPONSE_SAMPLE_BYTES, RetrySchedule, Trigger, next_wait_ms,
};
use crate::app::App;
use crate::callback::{self, Callback, Disabled, Envelope, Event, Payload};
use crate::egress::CallbackUrl;
use crate::error::Result;
use crate::id::DeliveryId;
use crate::key::ApiKey;
use crate::message::Lease;
use crate::outbox::DeliveryJob;
use crate::ports::{
    Clock, DeliveryStore, HttpOut, KeyStore, OutgoingError, OutgoingRequest, OutgoingResponse,
    Ports, Queue, Vault,
};

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
}

/// What became of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Nothing more to do for this message of the queue.
    Done,
    /// Look again then.
    Later {
        /// When.
        at: Timestamp,
    },
}

/// Bytes of an answer that are read at most: 64 KiB.
const MAX_RESPONSE_BYTES: usize = 64 * 1_024;
/// The longest delay that the queue can keep.
const MAX_QUEUE_DELAY: Duration = Duration::from_secs(900);
/// Failing for so long without one success disables an endpoint.
const DISABLE_AFTER: Duration = Duration::from_secs(5 * 24 * 3_600);

/// The queue's message for a delivery.
pub fn job_of(delivery: &Delivery) -> DeliveryJob {
    DeliveryJob {
        workspace_id: delivery.workspace(),
        delivery_id: delivery.id,
        endpoint: delivery.key.to_string(),
    }
}

/// Writes down a delivery of an event to a key's callback, ready to be stored beside what caused it;
/// `None` where the key has none or was revoked. A disabled callback gets a `skipped` one.
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
    let sent = callback.is_enabled() || event == Event::TestPing;
    let delivery = Delivery {
        id,
        key: key.id,
        event,
        conversation: conversation.map(str::to_owned),
        payload: payload.render(envelope),
        url: without_query(&callback.url),
        status: if sent { DeliveryStatus::Pending } else { DeliveryStatus::Skipped },
        attempts: Vec::new(),
        automatic_attempts: 0,
        next_attempt_at: sent.then_some(now),
        created_at: now,
        trigger: if event == Event::TestPing { Trigger::Test } else { Trigger::Auto },
    };
    Some((delivery, now + Duration::from_millis(app.settings.outbox_grace_ms)))
}

fn without_query(url: &str) -> String {
    url.split(['?', '#']).next().unwrap_or_default().to_owned()
}

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
    let until = now + settings.timeout + Duration::from_secs(10);
    let lease = Lease { holder: settings.holder.clone(), epoch: settings.epoch, now, until };
    let claimed = match app.store.claim_delivery(job.workspace_id, job.delivery_id, &lease).await? {
        DeliveryClaim::Yes(claimed) => *claimed,
        DeliveryClaim::NotYet { at } => return Ok(Outcome::Later { at }),
        DeliveryClaim::Closed => return Ok(Outcome::Done),
    };
    let key = app.store.key(claimed.delivery.key).await?;
    let endpoint = key.as_ref().filter(|key| key.revoked_at.is_none());
    let endpoint = endpoint.and_then(|key| key.callback.as_ref().map(|callback| (key, callback)));
    let Some((key, callback)) = endpoint else {
        return close(app, job, &claimed, DeliveryStatus::Cancelled).await;
    };
    if !callback.is_enabled() && claimed.delivery.trigger != Trigger::Test {
        return close(app, job, &claimed, DeliveryStatus::Skipped).await;
    }
    let sent = send(app, http, &claimed.delivery, callback, settings).await?;
    let update = next_state(app, &claimed.delivery, &sent, settings);
    let (status, next) = (update.status, update.next_attempt_at);
    if !app.store.record_delivery(job.workspace_id, job.delivery_id, claimed.fence, &update).await?
    {
        return Ok(Outcome::Done);
    }
    note_health(app, key, callback, &claimed.delivery, &sent).await?;
    if let (DeliveryStatus::Pending, Some(next)) = (status, next) {
        schedule(app, job, next).await;
    }
    Ok(Outcome::Done)
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

/// One attempt and what the endpoint made of it.
struct Sent {
    attempt: Attempt,
    retry_after: Option<Duration>,
}

impl Sent {
    fn succeeded(&self) -> bool {
        self.attempt.status_code.is_some_and(|status| (200..300).contains(&status))
    }

    fn gone(&self) -> bool {
        self.attempt.status_code == Some(410)
    }
}

async fn send<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    delivery: &Delivery,
    callback: &Callback,
    settings: &DeliverySettings,
) -> Result<Sent> {
    let at = app.now();
    let mut secrets: Vec<SecretString> = Vec::new();
    for secret in &callback.secrets {
        if secret.expires_at.is_none_or(|end| end > at) {
            secrets.push(app.vault.open(delivery.workspace(), &secret.sealed).await?);
        }
    }
    let answer = match CallbackUrl::parse(&callback.url, &app.settings.egress) {
        Ok(url) => {
            let headers =
                callback::sign(&secrets, delivery.id, delivery.event, &delivery.payload, at);
            let body = delivery.payload.clone().into_bytes();
            let timeout = settings.timeout;
            let max_response_bytes = MAX_RESPONSE_BYTES;
            http.post(OutgoingRequest { url, headers, body, timeout, max_response_bytes }).await
        }
        Err(_) => Err(OutgoingError::RefusedAddress),
    };
    let latency = app.now().as_millisecond().saturating_sub(at.as_millisecond());
    Ok(logged(at, delivery.trigger, u64::try_from(latency).unwrap_or(0), &answer))
}

fn logged(
    at: Timestamp,
    trigger: Trigger,
    latency_ms: u64,
    answer: &Result<OutgoingResponse, OutgoingError>,
) -> Sent {
    let mut attempt =
        Attempt { at, trigger, status_code: None, latency_ms, error: None, response_body: None };
    let mut retry_after = None;
    match answer {
        Ok(response) => {
            attempt.status_code = Some(response.status);
            attempt.response_body = sample(&response.body);
            attempt.error = match response.status {
                200..300 => None,
                300..400 => Some("redirects are not followed".to_owned()),
                status => Some(format!("the endpoint answered {status}")),
            };
            retry_after = response.retry_after;
        }
        Err(error) => attempt.error = Some(error.to_string()),
    }
    Sent { attempt, retry_after }
}

/// The beginning of an answer as text; bytes that are no text are shown as replacement characters.
fn sample(body: &[u8]) -> Option<String> {
    let kept = &body[..body.len().min(RESPONSE_SAMPLE_BYTES)];
    (!kept.is_empty()).then(|| String::from_utf8_lossy(kept).into_owned())
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
            next_wait_ms(&settings.schedule, attempts, sent.retry_after, app)
        }
        Trigger::Auto | Trigger::Replay | Trigger::Test => None,
    };
    let Some(wait) = wait.map(Duration::from_millis) else {
        let status = DeliveryStatus::GivenUp;
        return DeliveryUpdate { attempt, status, next_attempt_at: None, due: None };
    };
    let next = app.now() + wait;
    // Short waits are the queue's, and the sweep stands behind it; long ones are the sweep's alone.
    let grace = Duration::from_millis(app.settings.outbox_grace_ms);
    let due = if wait <= MAX_QUEUE_DELAY { next + grace } else { next };
    let status = DeliveryStatus::Pending;
    DeliveryUpdate { attempt, status, next_attempt_at: Some(next), due: Some(due) }
}

async fn schedule<P: Ports>(app: &App<P>, job: &DeliveryJob, next: Timestamp) {
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

/// Keeps the endpoint's health: 410 disables it at once, five days of nothing but failures too. Test
/// pings count for nothing. A lost race is fine: the next attempt sees the same.
async fn note_health<P: Ports>(
    app: &App<P>,
    key: &ApiKey,
    callback: &Callback,
    delivery: &Delivery,
    sent: &Sent,
) -> Result<()> {
    if delivery.trigger == Trigger::Test {
        return Ok(());
    }
    let now = app.now();
    let mut changed = callback.clone();
    if sent.succeeded() {
        changed.failing_since = None;
    } else {
        let since = *changed.failing_since.get_or_insert(now);
        let failing_ms = now.as_millisecond().saturating_sub(since.as_millisecond());
        let too_long = u128::try_from(failing_ms).is_ok_and(|ms| ms >= DISABLE_AFTER.as_millis());
        if sent.gone() {
            changed.disabled =
                Some(Disabled { reason: "the endpoint answered 410 Gone".into(), at: now });
        } else if too_long {
            let reason = "every attempt of five days failed".into();
            changed.disabled = Some(Disabled { reason, at: now });
        }
    }
    if changed != *callback {
        let updated = ApiKey { callback: Some(changed), ..key.clone() };
        app.store.update_key(key, &updated).await?;
    }
    Ok(())
}
