//! Counting requests and the capacity they consume: what a bill would be made of.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, PoisonError};

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use crate::wire::{self, Service};

/// Operations that read and can say how much capacity that took.
const READS: [&str; 5] = ["GetItem", "Query", "Scan", "BatchGetItem", "TransactGetItems"];
/// Operations that write and can say how much capacity that took.
const WRITES: [&str; 5] =
    ["PutItem", "UpdateItem", "DeleteItem", "BatchWriteItem", "TransactWriteItems"];

/// What one operation, or all of them, has used.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub struct Usage {
    /// Requests, every attempt counted.
    pub requests: u64,
    /// Read capacity units, in halves.
    pub read_units: f64,
    /// Write capacity units.
    pub write_units: f64,
}

impl Usage {
    #[expect(clippy::float_arithmetic, reason = "DynamoDB reports capacity in halves of a unit")]
    fn add(&mut self, other: &Self) {
        self.requests += other.requests;
        self.read_units += other.read_units;
        self.write_units += other.write_units;
    }
}

/// Collects usage by operation; clones share one collection.
///
/// A refused write consumes capacity too, but DynamoDB does not say how much: it counts here as a
/// request only.
#[derive(Clone, Debug, Default)]
pub struct Recorder {
    usage: Arc<Mutex<BTreeMap<String, Usage>>>,
}

impl Recorder {
    /// Creates an empty recorder.
    pub fn new() -> Self {
        Self::default()
    }

    /// Copies the usage by operation (`PutItem`, `SendMessage`).
    pub fn snapshot(&self) -> BTreeMap<String, Usage> {
        self.usage.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Sums the usage of all operations.
    pub fn total(&self) -> Usage {
        self.snapshot().values().fold(Usage::default(), |mut total, usage| {
            total.add(usage);
            total
        })
    }

    /// Forgets everything recorded so far and returns it.
    pub fn take(&self) -> BTreeMap<String, Usage> {
        std::mem::take(&mut *self.usage.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn record(&self, operation: String, usage: &Usage) {
        let mut all = self.usage.lock().unwrap_or_else(PoisonError::into_inner);
        all.entry(operation).or_default().add(usage);
    }
}

/// A connector that records what passes through it.
#[derive(Clone, Debug)]
pub(crate) struct RecorderConnector {
    inner: SharedHttpConnector,
    service: Service,
    recorder: Recorder,
}

impl RecorderConnector {
    pub(crate) const fn new(
        inner: SharedHttpConnector,
        service: Service,
        recorder: Recorder,
    ) -> Self {
        Self { inner, service, recorder }
    }

    async fn run(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let operation = wire::operation(&request);
        let is_measured = self.service == Service::Dynamo
            && (READS.contains(&operation.as_str()) || WRITES.contains(&operation.as_str()));
        if is_measured {
            let body = wire::read_body(request.take_body()).await?;
            *request.body_mut() = SdkBody::from(asking_for_capacity(body));
        }
        let outcome = self.inner.call(request).await;
        let mut usage = Usage { requests: 1, ..Usage::default() };
        if let (true, Ok(response)) = (is_measured, &outcome) {
            usage.add(&consumed(&operation, response));
        }
        self.recorder.record(operation, &usage);
        outcome
    }
}

impl HttpConnector for RecorderConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().run(request))
    }
}

/// The same request, asking for the capacity it consumes unless it did so already.
fn asking_for_capacity(body: Vec<u8>) -> Vec<u8> {
    let Ok(Value::Object(mut request)) = serde_json::from_slice(&body) else { return body };
    let asked = request.entry("ReturnConsumedCapacity").or_insert(json!("NONE"));
    if *asked == "NONE" {
        *asked = json!("TOTAL");
    }
    Value::Object(request).to_string().into_bytes()
}

fn consumed(operation: &str, response: &HttpResponse) -> Usage {
    let body = response.body().bytes().unwrap_or_default();
    let answer: Value = serde_json::from_slice(body).unwrap_or_default();
    let tables = match &answer["ConsumedCapacity"] {
        Value::Array(tables) => tables.as_slice(),
        one => std::slice::from_ref(one),
    };
    let mut usage = Usage::default();
    for table in tables {
        let units = |name: &str| table[name].as_f64();
        let (reads, writes) = (units("ReadCapacityUnits"), units("WriteCapacityUnits"));
        let all = units("CapacityUnits").unwrap_or(0.0);
        usage.add(&match (reads, writes) {
            (None, None) if READS.contains(&operation) => {
                Usage { read_units: all, ..Usage::default() }
            }
            (None, None) => Usage { write_units: all, ..Usage::default() },
            (reads, writes) => Usage {
                requests: 0,
                read_units: reads.unwrap_or(0.0),
                write_units: writes.unwrap_or(0.0),
            },
        });
    }
    usage
}
