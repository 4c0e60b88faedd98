//! What answers a question: a model.

use std::future::Future;
use std::time::Duration;

use crate::app::App;
use crate::error::{Error, Result};
use crate::outbox::GenerationJob;
use crate::ports::Ports;
use crate::reply::{
    Generated, GenerationSettings, Listening, ModelError, ModelReply, ModelRequest,
};

/// A language model, or what stands in for one.
pub trait Model: Send + Sync + 'static {
    /// Generates one reply. `on_delta` sees the text as it comes.
    fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> impl Future<Output = Result<ModelReply, ModelError>> + Send;
}

/// Where replies are written inside this process, for requests that wait for theirs.
pub trait Desk: Send + Sync + 'static {
    /// The runtime's epoch (see [`crate::message::Lease::epoch`]).
    fn epoch(&self) -> u64;

    /// Generates the reply that a message is owed (see [`crate::reply::generate`]).
    fn generate<P: Ports>(
        &self,
        app: &App<P>,
        job: &GenerationJob,
        settings: &GenerationSettings,
        listener: Listening<'_>,
    ) -> impl Future<Output = Result<Generated>> + Send;

    /// Lets time pass.
    fn pause(&self, time: Duration) -> impl Future<Output = ()> + Send;
}

impl<D: Desk> Desk for std::sync::Arc<D> {
    fn epoch(&self) -> u64 {
        (**self).epoch()
    }

    async fn generate<P: Ports>(
        &self,
        app: &App<P>,
        job: &GenerationJob,
        settings: &GenerationSettings,
        listener: Listening<'_>,
    ) -> Result<Generated> {
        (**self).generate(app, job, settings, listener).await
    }

    async fn pause(&self, time: Duration) {
        (**self).pause(time).await;
    }
}

/// The desk of a process that writes no replies.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoDesk;

impl Desk for NoDesk {
    fn epoch(&self) -> u64 {
        0
    }

    async fn generate<P: Ports>(
        &self,
        _app: &App<P>,
        _job: &GenerationJob,
        _settings: &GenerationSettings,
        _listener: Listening<'_>,
    ) -> Result<Generated> {
        Err(Error::internal("this process writes no replies"))
    }

    async fn pause(&self, _time: Duration) {}
}
