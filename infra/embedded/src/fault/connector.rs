//! The layer between a client and an engine in which faults happen.

use aws_smithy_runtime_api::client::http::{
    HttpConnector, HttpConnectorFuture, SharedHttpConnector,
};
use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, HttpResponse};
use aws_smithy_runtime_api::client::result::ConnectorError;
use aws_smithy_types::body::SdkBody;
use serde_json::{Value, json};

use super::plan::{Fault, FaultPlan, Stroke};
use super::reply;
use crate::wire::{self, Service};

/// A connector whose requests suffer from a plan.
#[derive(Clone, Debug)]
pub(crate) struct FaultConnector {
    inner: SharedHttpConnector,
    service: Service,
    plan: FaultPlan,
}

impl FaultConnector {
    pub(crate) const fn new(inner: SharedHttpConnector, service: Service, plan: FaultPlan) -> Self {
        Self { inner, service, plan }
    }

    async fn run(self, mut request: HttpRequest) -> Result<HttpResponse, ConnectorError> {
        let operation = wire::operation(&request);
        let body = wire::read_body(request.take_body()).await?;
        let json: Value = serde_json::from_slice(&body).unwrap_or_default();
        let has_made = self.plan.has_made();
        let can_strike = |fault| {
            (fault != Fault::HalfVisible || has_made)
                && can_strike(fault, self.service, &operation, &json)
        };
        let Some(stroke) = self.plan.draw(&operation, can_strike) else {
            let answer = self.inner.call(with_body(request, body)).await?;
            self.note(&operation, &json, &answer);
            return Ok(answer);
        };
        tracing::debug!(fault = ?stroke.fault, operation, "a fault strikes");
        match stroke.fault {
            Fault::Throttled => Ok(reply::throttled(self.service, stroke)),
            Fault::TransactionConflict => Ok(reply::conflict(&json, stroke)),
            Fault::TransactionInProgress => Ok(reply::in_progress()),
            Fault::LostRequest => reply::lost(self.service, stroke),
            Fault::IgnoredDelete => Ok(reply::deleted(&json)),
            Fault::HalfVisible => {
                let answer = self.inner.call(with_body(request, body)).await?;
                Ok(half_visible(answer, &self.plan.take_made()))
            }
            Fault::LostAnswer => {
                let answer = self.inner.call(with_body(request, body)).await?;
                self.note(&operation, &json, &answer);
                drop(answer);
                reply::lost(self.service, stroke)
            }
            Fault::DuplicateSend => {
                let request = with_body(request, body);
                if let Some(copy) = request.try_clone() {
                    self.inner.call(copy).await?;
                }
                self.inner.call(request).await
            }
            Fault::DelayedSend => {
                let late = delayed(json, stroke, self.plan.longest_delay_s());
                self.inner.call(with_body(request, late.to_string().into_bytes())).await
            }
        }
    }
}

impl FaultConnector {
    /// Remembers the rows that a transaction made. Whoever reads next sees all of them, if no fault strikes.
    fn note(&self, operation: &str, request: &Value, answer: &HttpResponse) {
        match operation {
            "TransactWriteItems" if answer.status().is_success() => {
                self.plan.note_made(made_by(request));
            }
            "Query" | "BatchGetItem" => self.plan.note_made(Vec::new()),
            _ => {}
        }
    }
}

/// The rows that a transaction puts where there was none.
fn made_by(request: &Value) -> Vec<Value> {
    let puts = request["TransactItems"].as_array().into_iter().flatten().map(|item| &item["Put"]);
    let makes = |put: &&Value| {
        let condition = put["ConditionExpression"].as_str();
        condition.is_some_and(|text| text.starts_with("attribute_not_exists"))
    };
    puts.filter(makes).map(|put| put["Item"].clone()).collect()
}

/// The answer without these rows.
fn half_visible(answer: HttpResponse, missed: &[Value]) -> HttpResponse {
    let Ok(mut rows) = serde_json::from_slice::<Value>(answer.body().bytes().unwrap_or_default())
    else {
        return answer;
    };
    let is_seen = |row: &Value| !missed.contains(row);
    if let Some(items) = rows["Items"].as_array_mut() {
        items.retain(is_seen);
        rows["Count"] = json!(rows["Items"].as_array().map_or(0, Vec::len));
    }
    for items in rows["Responses"].as_object_mut().into_iter().flat_map(|all| all.values_mut()) {
        if let Some(items) = items.as_array_mut() {
            items.retain(is_seen);
        }
    }
    wire::answer(200, rows.to_string())
}

impl HttpConnector for FaultConnector {
    fn call(&self, request: HttpRequest) -> HttpConnectorFuture {
        HttpConnectorFuture::new(self.clone().run(request))
    }
}

fn with_body(mut request: HttpRequest, body: Vec<u8>) -> HttpRequest {
    *request.body_mut() = SdkBody::from(body);
    request
}

/// Says whether a fault can happen to a request in AWS.
fn can_strike(fault: Fault, service: Service, operation: &str, request: &Value) -> bool {
    let is_send = matches!(operation, "SendMessage" | "SendMessageBatch");
    let is_fifo = request["QueueUrl"].as_str().is_some_and(|url| url.ends_with(".fifo"));
    match fault {
        Fault::Throttled | Fault::LostRequest | Fault::LostAnswer => true,
        Fault::TransactionConflict => {
            service == Service::Dynamo
                && matches!(
                    operation,
                    "TransactWriteItems"
                        | "TransactGetItems"
                        | "PutItem"
                        | "UpdateItem"
                        | "DeleteItem"
                )
        }
        Fault::TransactionInProgress => {
            operation == "TransactWriteItems" && request["ClientRequestToken"].is_string()
        }
        Fault::DuplicateSend | Fault::DelayedSend => is_send && !is_fifo,
        Fault::HalfVisible => matches!(operation, "Query" | "BatchGetItem"),
        Fault::IgnoredDelete => matches!(operation, "DeleteMessage" | "DeleteMessageBatch"),
    }
}

/// The same send, with each message arriving at least one and at most `longest_s` seconds late.
fn delayed(mut request: Value, stroke: Stroke, longest_s: u16) -> Value {
    let late = |entry: &mut Value, place: u64| {
        let extra = 1 + stroke.detail.wrapping_add(place) % u64::from(longest_s);
        let planned = entry["DelaySeconds"].as_u64().unwrap_or(0);
        entry["DelaySeconds"] = json!((planned + extra).min(900));
    };
    match request["Entries"].as_array_mut() {
        Some(entries) => {
            for (place, entry) in entries.iter_mut().enumerate() {
                late(entry, place as u64);
            }
        }
        None => late(&mut request, 0),
    }
    request
}
