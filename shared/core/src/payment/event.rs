//! What Stripe tells by its webhook.

use serde::Deserialize;

use super::decide::decide;
use super::{Decision, Provider};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{PaymentId, WorkspaceId};
use crate::ports::{BillingStore, Ports};

/// An event; fields that are not named here are nobody's business.
#[derive(Debug, Deserialize)]
struct Event {
    data: Data,
}

/// What an event is about: of most kinds nothing else is read.
#[derive(Debug, Deserialize)]
struct Kind {
    #[serde(rename = "type")]
    kind: String,
}

#[derive(Debug, Deserialize)]
struct Data {
    object: Intent,
}

#[derive(Debug, Deserialize)]
struct Intent {
    #[serde(default)]
    id: String,
    #[serde(default)]
    amount: Option<u64>,
    #[serde(default)]
    currency: Option<String>,
    #[serde(default)]
    metadata: Option<Metadata>,
    #[serde(default)]
    last_payment_error: Option<PaymentError>,
}

/// What we wrote on the payment when it was asked for.
#[derive(Debug, Default, Deserialize)]
struct Metadata {
    #[serde(default)]
    workspace: Option<String>,
    #[serde(default)]
    payment: Option<String>,
}

#[derive(Debug, Deserialize)]
struct PaymentError {
    #[serde(default)]
    message: Option<String>,
}

const SUCCEEDED: &str = "payment_intent.succeeded";
const FAILED: &str = "payment_intent.payment_failed";
const MAX_REASON_CHARS: usize = 200;

/// Takes in an event whose signature was checked. One that is none of ours, or known already, changes
/// nothing.
///
/// # Errors
/// [`Error::Invalid`] for what is no event; others when the store fails, so that it is sent again.
pub async fn hear<P: Ports>(app: &App<P>, body: &[u8]) -> Result<()> {
    let refused = |_| Error::invalid("body", "must be an event of Stripe");
    let kind: Kind = serde_json::from_slice(body).map_err(refused)?;
    if kind.kind != SUCCEEDED && kind.kind != FAILED {
        return Ok(());
    }
    let event: Event = serde_json::from_slice(body).map_err(refused)?;
    let intent = event.data.object;
    let decision = if kind.kind == SUCCEEDED {
        Decision::Succeeded
    } else {
        Decision::Failed(reason(&intent))
    };
    let Some((workspace, id)) = ours(&intent) else { return Ok(()) };
    let Some(payment) = app.store.payment(workspace, id).await? else { return Ok(()) };
    let price = &payment.price;
    let same = intent.amount == Some(price.minor_units)
        && intent.currency.as_ref().is_some_and(|text| text.eq_ignore_ascii_case(&price.currency));
    let same_intent = payment.reference.as_ref().is_none_or(|known| *known == intent.id);
    if payment.provider != Provider::Stripe || !same || !same_intent {
        tracing::error!(%workspace, payment_id = %id, "an event contradicts its payment");
        return Ok(());
    }
    decide(app, workspace, id, &decision).await.map(|_| ())
}

fn ours(intent: &Intent) -> Option<(WorkspaceId, PaymentId)> {
    let metadata = intent.metadata.as_ref()?;
    let workspace = metadata.workspace.as_ref()?.parse().ok()?;
    Some((workspace, metadata.payment.as_ref()?.parse().ok()?))
}

fn reason(intent: &Intent) -> String {
    let told = intent.last_payment_error.as_ref().and_then(|error| error.message.as_deref());
    let clean = told.unwrap_or("the payment was declined").chars().filter(|c| !c.is_control());
    clean.take(MAX_REASON_CHARS).collect()
}
