//! Which requests wait for each other: an engine that takes its time, and a log of who was when.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpClient, SharedHttpConnector, http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;

/// How long each request takes at least: enough that those which run at once overlap.
const PAUSE: Duration = Duration::from_millis(10);

/// The requests of one service, each with its beginning and its end; clones share one log.
#[derive(Debug, Clone, Default)]
pub(crate) struct Trace(Arc<Mutex<Vec<(Instant, Instant)>>>);

impl Trace {
    /// Puts this log and a pause around an engine.
    pub(crate) fn around(&self, engine: impl HttpConnector + 'static) -> SharedHttpClient {
        let traced = Traced { engine: SharedHttpConnector::new(engine), trace: self.clone() };
        let connector = SharedHttpConnector::new(traced);
        http_client_fn(move |_, _| connector.clone())
    }

    /// Forgets everything.
    pub(crate) fn clear(&self) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clear();
    }

    /// The longest chain of requests that each began after the one before it had ended, of those that
    /// had ended by `until`.
    pub(crate) fn rounds(&self, until: Instant) -> usize {
        let mut spans = self.0.lock().unwrap_or_else(PoisonError::into_inner).clone();
        spans.retain(|(_, ended)| *ended <= until);
        spans.sort_by_key(|(_, ended)| *ended);
        let mut free_from = None;
        let chained = spans.into_iter().filter(|(began, ended)| {
            let follows = free_from.is_none_or(|free| *began >= free);
            if follows {
                free_from = Some(*ended);
            }
            follows
        });
        chained.count()
    }
}

#[derive(Debug, Clone)]
struct Traced {
    engine: SharedHttpConnector,
    trace: Trace,
}

impl HttpConnector for Traced {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let this = self.clone();
        HttpConnectorFuture::new(async move {
            let began = Instant::now();
            tokio::time::sleep(PAUSE).await;
            let outcome = this.engine.call(request).await;
            let span = (began, Instant::now());
            this.trace.0.lock().unwrap_or_else(PoisonError::into_inner).push(span);
            outcome
        })
    }
}
