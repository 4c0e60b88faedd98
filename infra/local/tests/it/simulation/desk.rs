//! Where the replies of the simulation are written.

use std::sync::Arc;
use std::time::Duration;

use aiva_core::app::App;
use aiva_core::error::Result;
use aiva_core::outbox::GenerationJob;
use aiva_core::ports::{Desk, Ports};
use aiva_core::reply::{self, Generated, GenerationSettings, Listening, Means};

use super::endpoint::SimEndpoint;
use super::model::SimModel;
use super::world::NoKnowledge;

/// A desk whose time is that of the paused runtime: a request that waits has waited long enough at once
/// when nothing else goes on.
pub(super) struct SimDesk {
    model: SimModel,
    endpoint: Arc<SimEndpoint>,
}

impl SimDesk {
    pub(super) fn new(model: SimModel, endpoint: Arc<SimEndpoint>) -> Self {
        Self { model, endpoint }
    }
}

impl Desk for SimDesk {
    fn epoch(&self) -> u64 {
        0
    }

    async fn generate<P: Ports>(
        &self,
        app: &App<P>,
        job: &GenerationJob,
        settings: &GenerationSettings,
        listener: Listening<'_>,
    ) -> Result<Generated> {
        let (model, http) = (&self.model, &*self.endpoint);
        let means = Means { model, index: &NoKnowledge, http, listener };
        reply::generate(app, means, job, settings).await
    }

    async fn pause(&self, time: Duration) {
        tokio::time::sleep(time).await;
    }
}
