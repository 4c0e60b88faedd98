//! Stripe: payment intents from a method on file, without the customer being there.
//!
//! An intent is made under an idempotency key that is our payment's id, and asked about by its own id
//! from then on. Its metadata names workspace and payment, so that the webhook finds them.

use std::time::Duration;

use aiva_core::error::{Error, Result};
use aiva_core::payment::{Collected, PaymentOrder};
use reqwest::header::CONTENT_TYPE;
use reqwest::{Client, RequestBuilder, Response, redirect, retry};
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use url::Url;
use url::form_urlencoded::Serializer;

/// The version of the API that is spoken.
const API_VERSION: &str = "2024-06-20";
const USER_AGENT: &str = "Aiva/1";
const TIMEOUT: Duration = Duration::from_secs(20);
/// Bytes of an answer that are read.
const MAX_ANSWER_BYTES: usize = 256 * 1024;
const MAX_REASON_CHARS: usize = 200;

/// Where Stripe is, and our key there.
#[derive(Debug, Clone)]
pub struct StripeSettings {
    /// The base of the API, such as `https://api.stripe.com`.
    pub base_url: Url,
    /// The secret key.
    pub secret_key: SecretString,
}

/// A client of Stripe.
#[derive(Debug, Clone)]
pub struct Stripe {
    client: Client,
    settings: StripeSettings,
}

/// A payment intent, as far as it matters here.
#[derive(Debug, Deserialize)]
struct Intent {
    id: String,
    status: String,
    #[serde(default)]
    last_payment_error: Option<Told>,
}

/// What went wrong.
#[derive(Debug, Default, Deserialize)]
struct Told {
    #[serde(default, rename = "type")]
    kind: Option<String>,
    #[serde(default)]
    message: Option<String>,
    #[serde(default)]
    payment_intent: Option<Named>,
}

#[derive(Debug, Deserialize)]
struct Named {
    id: String,
}

#[derive(Debug, Deserialize)]
struct Refusal {
    error: Told,
}

impl Stripe {
    /// Makes a client; nothing is called yet.
    ///
    /// # Errors
    /// When TLS cannot be set up.
    pub fn new(settings: StripeSettings) -> Result<Self> {
        let client = Client::builder()
            .user_agent(USER_AGENT)
            .timeout(TIMEOUT)
            .redirect(redirect::Policy::none())
            // Trying again is the sweep's, which knows what was asked.
            .retry(retry::never())
            .no_proxy()
            .build()
            .map_err(Error::internal)?;
        Ok(Self { client, settings })
    }

    /// Makes the intent of a payment, or asks how it stands.
    pub(super) async fn collect(&self, order: &PaymentOrder) -> Result<Collected> {
        let request = match &order.payment.reference {
            Some(reference) => self.client.get(self.address(&["payment_intents", reference])?),
            None => match self.creation(order)? {
                Some(request) => request,
                None => {
                    let reason = "there is no payment method on file".to_owned();
                    return Ok(Collected::Failed { reference: None, reason });
                }
            },
        };
        let request = request
            .bearer_auth(self.settings.secret_key.expose_secret())
            .header("stripe-version", API_VERSION);
        let response = request.send().await.map_err(|error| {
            // The address may hold nothing secret, but it is not for the log either.
            Error::unavailable(format!("Stripe did not answer: {}", error.without_url()))
        })?;
        let status = response.status().as_u16();
        let body = read(response).await?;
        judge(status, &body)
    }

    fn address(&self, parts: &[&str]) -> Result<Url> {
        let mut url = self.settings.base_url.clone();
        let mut path = url
            .path_segments_mut()
            .map_err(|()| Error::internal("the address of Stripe cannot be a base"))?;
        path.pop_if_empty().push("v1").extend(parts);
        drop(path);
        Ok(url)
    }

    /// The request that makes an intent; none without a method to pay with.
    fn creation(&self, order: &PaymentOrder) -> Result<Option<RequestBuilder>> {
        let Some(method) = &order.method else { return Ok(None) };
        let payment = &order.payment;
        let id = payment.id.to_string();
        let mut form = Serializer::new(String::new());
        form.append_pair("amount", &payment.price.minor_units.to_string())
            .append_pair("currency", &payment.price.currency)
            .append_pair("customer", &method.customer)
            .append_pair("payment_method", &method.method)
            .append_pair("off_session", "true")
            .append_pair("confirm", "true")
            .append_pair("metadata[workspace]", &payment.workspace.to_string())
            .append_pair("metadata[payment]", &id);
        let request = self
            .client
            .post(self.address(&["payment_intents"])?)
            .header("idempotency-key", id)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(form.finish());
        Ok(Some(request))
    }
}

async fn read(mut response: Response) -> Result<Vec<u8>> {
    let mut body = Vec::new();
    while let Some(chunk) = response.chunk().await.map_err(|error| {
        Error::unavailable(format!("Stripe's answer broke off: {}", error.without_url()))
    })? {
        if body.len() + chunk.len() > MAX_ANSWER_BYTES {
            return Err(Error::unavailable("Stripe answered more than can be read"));
        }
        body.extend_from_slice(&chunk);
    }
    Ok(body)
}

/// What an answer means. Whatever leaves open whether money was taken is asked again under the same key.
fn judge(status: u16, body: &[u8]) -> Result<Collected> {
    match status {
        200 => {
            let intent: Intent = serde_json::from_slice(body)
                .map_err(|_| Error::unavailable("Stripe answered no payment intent"))?;
            Ok(stands(intent))
        }
        // A declined card, or a request that can never succeed as it is.
        400 | 402 | 404 => {
            let refusal: Refusal = serde_json::from_slice(body)
                .map_err(|_| Error::unavailable("Stripe refused without a reason"))?;
            if refusal.error.kind.as_deref() == Some("idempotency_error") {
                return Err(Error::internal("a payment was asked for in two ways"));
            }
            let reference = refusal.error.payment_intent.as_ref().map(|intent| intent.id.clone());
            Ok(Collected::Failed { reference, reason: reason(Some(refusal.error)) })
        }
        401 | 403 => Err(Error::internal("Stripe refuses our key")),
        other => Err(Error::unavailable(format!("Stripe answered {other}"))),
    }
}

fn stands(intent: Intent) -> Collected {
    let reference = intent.id;
    match intent.status.as_str() {
        "succeeded" => Collected::Succeeded { reference },
        "processing" | "requires_capture" | "requires_confirmation" => {
            Collected::Pending { reference }
        }
        "requires_action" => Collected::Failed {
            reference: Some(reference),
            reason: "the bank asks the card's holder to confirm".to_owned(),
        },
        _ => Collected::Failed {
            reference: Some(reference),
            reason: reason(intent.last_payment_error),
        },
    }
}

fn reason(told: Option<Told>) -> String {
    let message = told.and_then(|told| told.message);
    let message = message.unwrap_or_else(|| "the payment was declined".to_owned());
    message
        .trim_end_matches('.')
        .chars()
        .filter(|c| !c.is_control())
        .take(MAX_REASON_CHARS)
        .collect()
}
