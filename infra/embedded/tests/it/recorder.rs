//! The recorder: requests counted, capacity summed by operation.

use aiva_embedded::{ClientOptions, EmbeddedDynamo, Fault, FaultPlan, Recorder, Usage};
use aws_sdk_dynamodb::types::{Put, TransactWriteItem};

use crate::support::{create_queue, create_table, key, manual_sqs, send};

#[tokio::test]
async fn capacity_is_summed_by_operation_without_being_asked_for() {
    let recorder = Recorder::new();
    let options = ClientOptions { recorder: Some(recorder.clone()), ..ClientOptions::default() };
    let dynamo = EmbeddedDynamo::memory().unwrap();
    let client = dynamo.client_with(&options);
    create_table(&client).await;
    recorder.take();

    for pk in ["a", "b"] {
        let request = client.put_item().table_name("rows").set_item(Some(key(pk, "row")));
        request.send().await.unwrap();
    }
    client.get_item().table_name("rows").set_key(Some(key("a", "row"))).send().await.unwrap();
    let put = Put::builder().table_name("rows").set_item(Some(key("c", "row"))).build().unwrap();
    let transaction =
        client.transact_write_items().transact_items(TransactWriteItem::builder().put(put).build());
    transaction.send().await.unwrap();

    let usage = recorder.snapshot();
    assert_eq!(usage["PutItem"], Usage { requests: 2, read_units: 0.0, write_units: 2.0 });
    assert_eq!(usage["GetItem"], Usage { requests: 1, read_units: 0.5, write_units: 0.0 });
    assert_eq!(
        usage["TransactWriteItems"],
        Usage { requests: 1, read_units: 0.0, write_units: 2.0 }
    );
    assert_eq!(recorder.total(), Usage { requests: 4, read_units: 0.5, write_units: 4.0 });
}

#[tokio::test]
async fn every_attempt_of_a_retried_request_is_counted() {
    let recorder = Recorder::new();
    let faults = FaultPlan::new(1).with_rate(Fault::Throttled, 1000);
    let options = ClientOptions {
        recorder: Some(recorder.clone()),
        faults: Some(faults),
        ..ClientOptions::default()
    };
    let client = EmbeddedDynamo::memory().unwrap().client_with(&options);
    client.list_tables().send().await.unwrap_err();
    assert_eq!(recorder.snapshot()["ListTables"].requests, 3);
}

#[tokio::test]
async fn queue_requests_are_counted_too() {
    let recorder = Recorder::new();
    let (sqs, _) = manual_sqs();
    let options = ClientOptions { recorder: Some(recorder.clone()), ..ClientOptions::default() };
    let client = sqs.client_with(&options);
    let url = create_queue(&client, "jobs", &[]).await;
    send(&client, &url, "one").await;
    assert_eq!(recorder.snapshot()["SendMessage"].requests, 1);
}
