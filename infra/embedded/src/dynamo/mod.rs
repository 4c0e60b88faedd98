//! DynamoDB in the process: the SDK's client over a SQLite file.
//!
//! Requests run on the thread that polls them: the engine has one lock, and handing each request to
//! a blocking thread and back cost about 0.1 ms more, with one client or sixteen, and gained nothing.
//!
//! What differs from AWS: nothing is ever throttled, transactions never conflict, and nobody sees half of
//! one (inject all three with a [`FaultPlan`]), streams are refused, expired items stay readable until
//! [`EmbeddedDynamo::sweep_ttl`], and tokens of past transactions are forgotten on restart.

mod dispatch;
mod refusal;

use std::path::Path;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::{BehaviorVersion, Config, Region};
use aws_smithy_runtime_api::client::http::{
    HttpClient, HttpConnector, HttpConnectorFuture, HttpConnectorSettings, SharedHttpConnector,
    http_client_fn,
};
use aws_smithy_runtime_api::client::orchestrator::HttpRequest;
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use dynoxide::Database;

use crate::client::ClientOptions;
use crate::clock::ManualClock;
use crate::error::EngineError;
use crate::fault::FaultPlan;
use crate::wire::{self, Service};

/// A DynamoDB that lives in this process; clones share one database.
#[derive(Clone)]
pub struct EmbeddedDynamo {
    db: Database,
    knows_transactions: bool,
}

impl std::fmt::Debug for EmbeddedDynamo {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("EmbeddedDynamo")
    }
}

impl EmbeddedDynamo {
    /// Opens the database file at `path`, creating it when there is none.
    ///
    /// # Errors
    /// When the path is not UTF-8 or the file cannot be opened as a database.
    pub fn open(path: &Path) -> Result<Self, EngineError> {
        let path = path.to_str().ok_or(EngineError::Path)?;
        let db = Database::new(path)?;
        // The engine's only way to `synchronous = NORMAL`, which does not flush each commit to the disk;
        // the other settings that come with it are SQLite's defaults.
        db.disable_bulk_loading()?;
        Ok(Self::over(db))
    }

    /// Creates a database that is gone with its last clone.
    ///
    /// # Errors
    /// When SQLite has no memory for it.
    pub fn memory() -> Result<Self, EngineError> {
        Ok(Self::over(Database::memory()?))
    }

    /// Creates a database in memory whose expiry of items follows `clock`.
    ///
    /// # Errors
    /// When SQLite has no memory for it.
    pub fn memory_with_clock(clock: &ManualClock) -> Result<Self, EngineError> {
        Ok(Self::over(Database::memory_with_clock(Arc::new(clock.clone()))?))
    }

    fn over(db: Database) -> Self {
        Self { db, knows_transactions: true }
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
        let knows_transactions = options.knows_transactions;
        let engine = SharedHttpConnector::new(Self { db: self.db.clone(), knows_transactions });
        let connector = wire::layered(engine, Service::Dynamo, options);
        let config = Config::builder()
            .behavior_version(BehaviorVersion::v2026_01_12())
            .region(Region::from_static(wire::REGION))
            .credentials_provider(wire::credentials())
            // A name that cannot resolve: a request can only be answered in the process.
            .endpoint_url("https://dynamodb.embedded.invalid")
            .retry_config(options.retry.clone())
            .http_client(http_client_fn(move |_, _| connector.clone()))
            .build();
        Client::from_conf(config)
    }

    /// Deletes the items whose time to live has passed and returns how many there were.
    ///
    /// # Errors
    /// When the database fails.
    pub fn sweep_ttl(&self) -> Result<usize, EngineError> {
        Ok(self.db.sweep_ttl()?)
    }
}

impl HttpConnector for EmbeddedDynamo {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        let engine = self.clone();
        HttpConnectorFuture::new(async move {
            let operation = wire::operation(&request);
            let body = wire::read_body(request.into_body()).await?;
            Ok(match dispatch::run(&engine, &operation, &body) {
                Ok(json) => wire::answer(200, json),
                Err(refusal) => wire::answer(refusal.status_code(), refusal.to_json()),
            })
        })
    }
}

impl HttpClient for EmbeddedDynamo {
    fn http_connector(
        &self,
        _settings: &HttpConnectorSettings,
        _components: &RuntimeComponents,
    ) -> SharedHttpConnector {
        SharedHttpConnector::new(self.clone())
    }
}
