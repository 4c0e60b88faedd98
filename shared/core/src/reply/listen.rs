//! Asking the model for as long as somebody listens.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::{Mutex, PoisonError};
use std::task::{Context, Poll};

use super::{ModelError, ModelReply, ModelRequest, Stance};
use crate::ports::Model;

/// Who hears the text of a reply as it comes. A function of the text is one that stays to the end.
pub trait Listener: Send + Sync {
    /// Hears the next piece of the text.
    fn hear(&self, delta: &str);

    /// Ready once nobody listens any more; until then, wakes the task when that changes.
    fn poll_gone(&self, _context: &mut Context<'_>) -> Poll<()> {
        Poll::Pending
    }
}

impl<F: Fn(&str) + Send + Sync> Listener for F {
    fn hear(&self, delta: &str) {
        self(delta);
    }
}

/// Somebody who hears the text of a reply.
pub type Listening<'a> = &'a dyn Listener;

/// Asks the model once. When the listener goes, the call is dropped and what was said until then is the
/// reply: it was used, so it is charged (by our own count, for the endpoint can tell no figure any more),
/// and it is what stands in the conversation.
///
/// # Errors
/// As [`Model::reply`].
pub(super) async fn listen(
    model: &impl Model,
    request: &ModelRequest,
    listener: Listening<'_>,
) -> Result<ModelReply, ModelError> {
    let said = Mutex::new(String::new());
    let on_delta = |delta: &str| {
        said.lock().unwrap_or_else(PoisonError::into_inner).push_str(delta);
        listener.hear(delta);
    };
    let gone = poll_fn(|context| listener.poll_gone(context));
    match first(model.reply(request, &on_delta), gone).await {
        Some(outcome) => outcome,
        None => {
            let text = said.into_inner().unwrap_or_else(PoisonError::into_inner);
            tracing::info!(bytes = text.len(), "the listener is gone; the model is stopped");
            Ok(ModelReply { text, stance: Stance::Cut, ..ModelReply::default() })
        }
    }
}

/// What the work answers; `None` when the limit came first.
pub(crate) async fn first<T>(
    work: impl Future<Output = T>,
    limit: impl Future<Output = ()>,
) -> Option<T> {
    let (mut work, mut limit) = (pin!(work), pin!(limit));
    poll_fn(|context| match work.as_mut().poll(context) {
        Poll::Ready(done) => Poll::Ready(Some(done)),
        Poll::Pending => limit.as_mut().poll(context).map(|()| None),
    })
    .await
}

/// Both answers, waited for at once.
pub(crate) async fn both<A, B>(
    one: impl Future<Output = A>,
    other: impl Future<Output = B>,
) -> (A, B) {
    let (mut one, mut other) = (pin!(one), pin!(other));
    let (mut first, mut second) = (None, None);
    poll_fn(|context| {
        if first.is_none()
            && let Poll::Ready(done) = one.as_mut().poll(context)
        {
            first = Some(done);
        }
        if second.is_none()
            && let Poll::Ready(done) = other.as_mut().poll(context)
        {
            second = Some(done);
        }
        match (first.take(), second.take()) {
            (Some(first), Some(second)) => Poll::Ready((first, second)),
            (still, open) => {
                (first, second) = (still, open);
                Poll::Pending
            }
        }
    })
    .await
}

/// Does all of it at once.
pub(crate) async fn together<W: Future<Output = ()>>(works: impl IntoIterator<Item = W>) {
    let mut open: Vec<_> = works.into_iter().map(Box::pin).collect();
    poll_fn(|context| {
        open.retain_mut(|work| work.as_mut().poll(context).is_pending());
        if open.is_empty() { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}
