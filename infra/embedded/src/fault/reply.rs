//! The answers of services in trouble, in the shapes that AWS publishes.

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_runtime_api::client::result::ConnectorError;
use serde_json::{Value, json};

use super::plan::Stroke;
use crate::wire::{Service, answer};

const CONFLICT: &str = "Transaction is ongoing for the item";

/// Refuses a request for its rate.
pub(super) fn throttled(service: Service, stroke: Stroke) -> HttpResponse {
    match service {
        Service::Dynamo if stroke.detail.is_multiple_of(2) => dynamo(
            "ProvisionedThroughputExceededException",
            "The level of configured provisioned throughput for the table was exceeded.",
        ),
        Service::Dynamo => dynamo("ThrottlingException", "Rate of requests exceeds the limit."),
        Service::Sqs => {
            let body = json!({
                "__type": "com.amazonaws.sqs#RequestThrottled",
                "message": "Rate of requests exceeds the limit.",
            });
            let mut response = answer(400, body.to_string());
            response.headers_mut().insert("x-amzn-query-error", "RequestThrottled;Sender");
            response
        }
    }
}

/// Cancels a transaction, or refuses a single write, for another transaction's sake.
pub(super) fn conflict(request: &Value, stroke: Stroke) -> HttpResponse {
    let items = request["TransactItems"].as_array().map_or(0, Vec::len);
    if items == 0 {
        return dynamo("TransactionConflictException", CONFLICT);
    }
    let guilty = usize::try_from(stroke.detail % items as u64).unwrap_or(0);
    let reasons: Vec<Value> = (0..items)
        .map(|item| match item == guilty {
            true => json!({"Code": "TransactionConflict", "Message": CONFLICT}),
            false => json!({"Code": "None"}),
        })
        .collect();
    let codes: Vec<&str> = reasons.iter().filter_map(|reason| reason["Code"].as_str()).collect();
    let message = format!(
        "Transaction cancelled, please refer cancellation reasons for specific reasons [{}]",
        codes.join(", ")
    );
    let body = json!({
        "__type": "com.amazonaws.dynamodb.v20120810#TransactionCanceledException",
        "Message": message,
        "CancellationReasons": reasons,
    });
    answer(400, body.to_string())
}

/// Refuses a transaction because one with its token is still running.
pub(super) fn in_progress() -> HttpResponse {
    dynamo("TransactionInProgressException", "A transaction with this token is still in progress.")
}

/// Leaves the client without a proper answer: a server error or a timeout.
pub(super) fn lost(service: Service, stroke: Stroke) -> Result<HttpResponse, ConnectorError> {
    if stroke.detail.is_multiple_of(2) {
        return Err(ConnectorError::timeout("the injected fault let the request time out".into()));
    }
    let shape = match service {
        Service::Dynamo => "com.amazonaws.dynamodb.v20120810#InternalServerError",
        Service::Sqs => "com.amazonaws.sqs#InternalFailure",
    };
    let body = json!({"__type": shape, "message": "Internal server error"});
    Ok(answer(500, body.to_string()))
}

/// Confirms the deletion of messages.
pub(super) fn deleted(request: &Value) -> HttpResponse {
    let Some(entries) = request["Entries"].as_array() else {
        return answer(200, json!({}).to_string());
    };
    let successful: Vec<Value> =
        entries.iter().map(|entry| json!({"Id": entry["Id"].clone()})).collect();
    answer(200, json!({"Successful": successful}).to_string())
}

fn dynamo(exception: &str, message: &str) -> HttpResponse {
    let shape = format!("com.amazonaws.dynamodb.v20120810#{exception}");
    answer(400, json!({"__type": shape, "message": message}).to_string())
}
