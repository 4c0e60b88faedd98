//! From an operation's name and JSON to the engine's typed call and back.

use dynoxide::DynoxideError;
use dynoxide::actions::transact_write_items::TransactWriteItemsRequest;
use serde::Serialize;
use serde::de::DeserializeOwned;

use super::{EmbeddedDynamo, refusal};

/// Runs one operation and returns the JSON of its answer.
///
/// Streams have no operations here: with a stream on, every write of the engine costs as much as
/// all before it together.
pub(super) fn run(
    engine: &EmbeddedDynamo,
    operation: &str,
    body: &[u8],
) -> dynoxide::Result<String> {
    let db = &engine.db;
    match operation {
        "GetItem" => answer(operation, body, |request| db.get_item(request)),
        "PutItem" => answer(operation, body, |request| db.put_item(request)),
        "UpdateItem" => answer(operation, body, |request| db.update_item(request)),
        "DeleteItem" => answer(operation, body, |request| db.delete_item(request)),
        "Query" => answer(operation, body, |request| db.query(request)),
        "Scan" => answer(operation, body, |request| db.scan(request)),
        "BatchGetItem" => answer(operation, body, |request| db.batch_get_item(request)),
        "BatchWriteItem" => answer(operation, body, |request| db.batch_write_item(request)),
        "TransactGetItems" => answer(operation, body, |request| db.transact_get_items(request)),
        "TransactWriteItems" => {
            answer(operation, body, |mut request: TransactWriteItemsRequest| {
                request.client_request_token.take_if(|_| !engine.knows_transactions);
                db.transact_write_items(request)
            })
        }
        "CreateTable" => {
            refuse_streams(body)?;
            answer(operation, body, |request| db.create_table(request))
        }
        "UpdateTable" => {
            refuse_streams(body)?;
            answer(operation, body, |request| db.update_table(request))
        }
        "DeleteTable" => answer(operation, body, |request| db.delete_table(request)),
        "DescribeTable" => answer(operation, body, |request| db.describe_table(request)),
        "ListTables" => answer(operation, body, |request| db.list_tables(request)),
        "UpdateTimeToLive" => answer(operation, body, |request| db.update_time_to_live(request)),
        "DescribeTimeToLive" => {
            answer(operation, body, |request| db.describe_time_to_live(request))
        }
        unknown => {
            let message = format!("the embedded engine does not serve {unknown:?}");
            Err(DynoxideError::ValidationException(message))
        }
    }
}

fn answer<Request: DeserializeOwned, Response: Serialize>(
    operation: &str,
    body: &[u8],
    call: impl FnOnce(Request) -> dynoxide::Result<Response>,
) -> dynoxide::Result<String> {
    let request = serde_json::from_slice(body)
        .map_err(|cause| refusal::from_unreadable(operation, &cause))?;
    let response = call(request)?;
    serde_json::to_string(&response)
        .map_err(|cause| DynoxideError::InternalServerError(cause.to_string()))
}

fn refuse_streams(body: &[u8]) -> dynoxide::Result<()> {
    let request: serde_json::Value = serde_json::from_slice(body).unwrap_or_default();
    if request["StreamSpecification"]["StreamEnabled"] == true {
        let message = "the embedded engine serves no streams".to_owned();
        return Err(DynoxideError::ValidationException(message));
    }
    Ok(())
}
