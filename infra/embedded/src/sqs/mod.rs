//! SQS in the process: the SDK's client over a SQLite file.
//!
//! What differs from AWS: one account and region; a queue that was purged or deleted can be purged
//! or created again at once; `ReceiveRequestAttemptId`, permissions, tags and encryption have no
//! effect; there is no limit on messages in flight; move tasks are done when they are answered.

mod attribute;
mod batch;
mod content;
mod engine;
mod lane;
mod queue;
mod receipt;
mod receive;
mod redrive;
mod refusal;
mod send;
mod settle;
mod store;

use std::path::Path;
use std::sync::Arc;

use aws_sdk_sqs::Client;
use aws_sdk_sqs::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use serde_json::Value;

use self::engine::Engine;
use self::refusal::Refusal;
use self::store::Store;
use crate::client::ClientOptions;
use crate::clock::Clock;
use crate::error::EngineError;
use crate::fault::FaultPlan;
use crate::wire::{self, Service};

/// An SQS that lives in this process; clones share one database.
#[derive(Clone)]
pub struct EmbeddedSqs {
    engine: Arc<Engine>,
}

impl std::fmt::Debug for EmbeddedSqs {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EmbeddedSqs")
    }
}

impl EmbeddedSqs {
    /// Opens the queues in the file at `path`, creating it when there is none.
    ///
    /// # Errors
    /// When the file cannot be opened or another version of the engine wrote it.
    pub fn open(path: &Path, clock: Clock) -> Result<Self, EngineError> {
        let store = Store::open(path, clock.now_ms())?;
        Ok(Self { engine: Arc::new(Engine::new(store, clock)) })
    }

    /// Creates queues that are gone with the last clone.
    ///
    /// # Errors
    /// When SQLite has no memory for them.
    pub fn memory(clock: Clock) -> Result<Self, EngineError> {
        let store = Store::memory(clock.now_ms())?;
        Ok(Self { engine: Arc::new(Engine::new(store, clock)) })
    }

    /// Makes a client with quick retries and no faults.
    pub fn client(&self) -> Client {
        self.client_with(&ClientOptions::default())
    }

    /// Makes a client whose requests suffer from `plan`.
    pub fn client_with_faults(&self, plan: &FaultPlan) -> Client {
        self.client_with(&ClientOptions { faults: Some(plan.clone()), ..ClientOptions::default() })
    }

    /// Makes a client with the layers and retries that `options` state.
    pub fn client_with(&self, options: &ClientOptions) -> Client {
        let engine = SharedHttpConnector::new(self.clone());
        let connector = wire::layered(engine, Service::Sqs, options);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static(wire::REGION))
            .credentials_provider(wire::credentials())
            // A name that cannot resolve: a request can only be answered in the process.
            .endpoint_url("https://sqs.embedded.invalid")
            .retry_config(options.retry.clone())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Client::from_conf(config)
    }

    /// Makes every message in flight visible at once and returns how many there were.
    ///
    /// For the start of a process that owns all receivers: those of the process before it are gone,
    /// so nobody is working on these messages. A message that a receiver hid on purpose, to see it
    /// again later, is released too.
    ///
    /// # Errors
    /// When the database fails.
    pub fn release_in_flight(&self) -> Result<usize, EngineError> {
        let released = self.engine.release_in_flight();
        released.map_err(|refusal| EngineError::Operation(refusal.message))
    }
}

impl HttpConnector for EmbeddedSqs {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = Arc::clone(&self.engine);
        HttpConnectorFuture::new(async move {
            let operation = wire::operation(&request);
            let body = wire::read_body(request.into_body()).await?;
            Ok(respond(engine.run(&operation, &body).await))
        })
    }
}

fn respond(outcome: Result<Value, Refusal>) -> HttpResponse {
    match outcome {
        Ok(answer) => wire::answer(200, answer.to_string()),
        Err(refusal) => {
            let mut response = wire::answer(refusal.status(), refusal.to_json());
            response.headers_mut().insert("x-amzn-query-error", refusal.query_error());
            response
        }
    }
}

impl HttpClient for EmbeddedSqs {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
