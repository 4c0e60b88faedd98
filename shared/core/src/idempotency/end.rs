//! Ending a claim: with an answer, or so that the request may be made again.

use secrecy::SecretString;

use super::{Ending, Request};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ports::{IdempotencyStore, Ports};

/// Bytes of an answer that are kept at most: a row of the store has room for 400 KB.
const MAX_KEPT_BYTES: usize = 300_000;

/// Keeps an answer to be given again. One that is too long is not: the key is given back for the very same
/// request, which then does the same again.
///
/// # Errors
/// When the store or the key ring fails; what was done is done, and repeating the request finds it so.
pub async fn end_answered<P: Ports>(
    app: &App<P>,
    request: &Request<'_>,
    holder: &str,
    answer: SecretString,
) -> Result<()> {
    let place = &request.place;
    let kept = request.keeping.write(&app.vault, place.workspace, &answer).await?;
    if kept.len() > MAX_KEPT_BYTES {
        tracing::warn!(api = place.api, bytes = kept.len(), "an answer is too long to be kept");
        return app.store.end(place, holder, &Ending::Released).await;
    }
    app.store.end(place, holder, &Ending::Answered(kept)).await
}

/// Gives the key back after an error: for anything where the request was refused, and for the very same
/// request alone where it may have had an effect.
pub async fn end_failed<P: Ports>(
    app: &App<P>,
    request: &Request<'_>,
    holder: &str,
    error: &Error,
) {
    let ending = if error.is_retryable() { Ending::Released } else { Ending::Forgotten };
    if let Err(error) = app.store.end(&request.place, holder, &ending).await {
        tracing::warn!(%error, "an idempotency key stays claimed until its lease ends");
    }
}
