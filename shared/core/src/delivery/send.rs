//! Sending: signs a delivery afresh, posts it, and writes down what the endpoint made of it.

use std::time::Duration;

use jiff::Timestamp;
use secrecy::SecretString;

use super::{Attempt, Delivery, DeliverySettings, RESPONSE_SAMPLE_BYTES, Trigger};
use crate::app::App;
use crate::callback::{self, Endpoint, Signable};
use crate::egress::CallbackUrl;
use crate::error::Result;
use crate::id::AttemptId;
use crate::ports::{
    Clock, HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse, Ports, Vault,
};

/// Bytes of an answer that are read at most: 64 KiB.
const MAX_RESPONSE_BYTES: usize = 64 * 1_024;

/// One attempt and what the endpoint made of it.
pub(super) struct Sent {
    pub(super) attempt: Attempt,
    pub(super) retry_after: Option<Duration>,
}

impl Sent {
    pub(super) fn succeeded(&self) -> bool {
        self.attempt.status_code.is_some_and(|status| (200..300).contains(&status))
    }

    pub(super) fn gone(&self) -> bool {
        self.attempt.status_code == Some(410)
    }
}

/// Signs a delivery and posts it. `None` when nothing was sent, for a trouble of ours that says nothing
/// about the endpoint.
pub(super) async fn send<P: Ports>(
    app: &App<P>,
    http: &impl HttpOut,
    delivery: &Delivery,
    endpoint: &Endpoint,
    settings: &DeliverySettings,
) -> Result<Option<Sent>> {
    let (at, callback) = (app.now(), &endpoint.callback);
    let mut secrets: Vec<SecretString> = Vec::new();
    for secret in &callback.secrets {
        if secret.expires_at.is_none_or(|end| end > at) {
            secrets.push(app.vault.open(delivery.workspace(), &secret.sealed).await?);
        }
    }
    let answer = match CallbackUrl::parse(&callback.url, &app.settings.egress) {
        Ok(url) => {
            let (id, attempt) = (delivery.id.to_string(), AttemptId::new(at, app).to_string());
            let what = Signable {
                dialect: endpoint.dialect,
                id: &id,
                event: delivery.event.as_str(),
                body: &delivery.payload,
                attempt: &attempt,
            };
            let headers = callback::sign(&secrets, what, at);
            let body = delivery.payload.clone().into_bytes();
            let timeout = settings.timeout;
            let max_response_bytes = MAX_RESPONSE_BYTES;
            http.post(OutgoingRequest { url, headers, body, timeout, max_response_bytes }).await
        }
        Err(_) => Err(OutgoingError::RefusedAddress),
    };
    if matches!(answer, Err(OutgoingError::Busy)) {
        return Ok(None);
    }
    let latency = app.now().as_millisecond().saturating_sub(at.as_millisecond());
    Ok(Some(logged(at, delivery.trigger, u64::try_from(latency).unwrap_or(0), &answer)))
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
