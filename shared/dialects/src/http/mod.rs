//! The HTTP edge, once for all dialects: routing from one table, bodies, keys, limits, logs, errors.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::app::App;
use aiva_core::ports::Ports;
use axum::extract::Request;
use secrecy::SecretString;

mod asked;
mod authenticate;
mod background;
mod body;
mod call;
mod etag;
mod failure;
mod field;
mod form;
mod once;
mod query;
mod render;
mod reply;
mod route;
mod serve;

pub use asked::Asked;
use background::Background;
pub use call::{Call, Deadline, SourceAddress, arrived};
pub use etag::is_none_match;
pub use failure::Failure;
pub use field::{Fields, as_written, list, text, unsigned, yes_or_no};
pub use form::{Form, FormFile};
pub use once::{Made, once, once_openly, once_shown, replayed};
pub use query::Query;
pub use render::Rendered;
pub use reply::{Cache, Reply};
pub use route::{Access, Answering, Function, Handler, Route, RouteSet, Verb, Voice};
pub use serve::{REQUEST_ID, broken_off, refusal};

/// What the edge of one process holds.
pub struct Edge<P: Ports> {
    /// The application.
    pub app: Arc<App<P>>,
    /// Where requests that wait have their replies written.
    pub desk: P::Desk,
    operator_token: Option<SecretString>,
    payment_secret: Option<SecretString>,
    background: Background,
}

impl<P: Ports> Edge<P> {
    /// Makes the edge of one process. Without an operator token the operator API refuses everyone.
    pub fn new(app: Arc<App<P>>, operator_token: Option<SecretString>) -> Arc<Self>
    where
        P::Desk: Default,
    {
        Self::with_payments(app, operator_token, None)
    }

    /// Like [`Edge::new`], taking in a payment provider's events that are signed with this secret.
    pub fn with_payments(
        app: Arc<App<P>>,
        operator_token: Option<SecretString>,
        payment_secret: Option<SecretString>,
    ) -> Arc<Self>
    where
        P::Desk: Default,
    {
        Self::with_all(app, (operator_token, payment_secret), P::Desk::default())
    }

    /// Makes the edge of a process that writes replies while requests wait for them.
    pub fn with_desk(
        app: Arc<App<P>>,
        operator_token: Option<SecretString>,
        desk: P::Desk,
    ) -> Arc<Self> {
        Self::with_all(app, (operator_token, None), desk)
    }

    /// Makes the edge of a process that does everything.
    pub fn with_all(
        app: Arc<App<P>>,
        (operator_token, payment_secret): (Option<SecretString>, Option<SecretString>),
        desk: P::Desk,
    ) -> Arc<Self> {
        let background = Background::new();
        Arc::new(Self { app, desk, operator_token, payment_secret, background })
    }

    /// What a payment provider signs its events with.
    pub(crate) fn payment_secret(&self) -> Option<&SecretString> {
        self.payment_secret.as_ref()
    }

    /// How long a request waits for its reply, whole or as it is written.
    pub fn patience(&self, streams: bool) -> Duration {
        let settings = &self.app.settings;
        let millis = if streams { settings.stream_within_ms } else { settings.answer_within_ms };
        Duration::from_millis(millis)
    }

    /// How long a reply may take that was begun for a request.
    pub fn writing(&self) -> Duration {
        Duration::from_millis(self.app.settings.write_within_ms)
    }

    /// Runs a task that outlives its request, within what [`Edge::drain`] waits for; `false` when too
    /// many do.
    pub fn run_beside(&self, task: impl Future<Output = ()> + Send + 'static) -> bool {
        self.background.run(tracing::Instrument::in_current_span(task))
    }

    /// Waits until what runs behind the answers (the request log, late replies) is done. A host calls it before
    /// it stops, or before it is frozen; it may be called again and again.
    pub async fn drain(&self) {
        self.background.drain().await;
    }

    /// Ends what runs behind the answers where it stands; it is taken up again as after a crash.
    pub async fn abandon(&self) {
        self.background.abandon().await;
    }
}

/// The router of one process: its own routes, and the right refusal for everything else.
pub fn router<P: Ports>(edge: Arc<Edge<P>>, routes: RouteSet<P>) -> axum::Router {
    let routes = Arc::new(routes);
    axum::Router::new().fallback(move |request: Request| {
        serve::serve(Arc::clone(&edge), Arc::clone(&routes), request)
    })
}
