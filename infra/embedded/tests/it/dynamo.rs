//! DynamoDB through the SDK: conditions, transactions, indexes, expiry, and what survives.

use std::collections::HashMap;

use aiva_embedded::{ClientOptions, EmbeddedDynamo, ManualClock};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{
    AttributeValue, Put, ReturnValue, ReturnValuesOnConditionCheckFailure, StreamSpecification,
    StreamViewType, TimeToLiveSpecification, TransactWriteItem, Update,
};

use crate::support::{START_MS, create_table, fresh_file, key, text};

async fn client() -> Client {
    let client = EmbeddedDynamo::memory().unwrap().client();
    create_table(&client).await;
    client
}

fn put(pk: &str) -> Put {
    Put::builder()
        .table_name("rows")
        .set_item(Some(key(pk, "row")))
        .condition_expression("attribute_not_exists(pk)")
        .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
        .build()
        .unwrap()
}

fn transact_put(pk: &str) -> TransactWriteItem {
    TransactWriteItem::builder().put(put(pk)).build()
}

async fn exists(client: &Client, pk: &str) -> bool {
    let request = client.get_item().table_name("rows").set_key(Some(key(pk, "row")));
    request.consistent_read(true).send().await.unwrap().item.is_some()
}

#[tokio::test]
async fn a_written_item_is_read_back() {
    let client = client().await;
    let mut item = key("a", "row");
    item.insert("count".to_owned(), AttributeValue::N("7".to_owned()));
    let request = client.put_item().table_name("rows").set_item(Some(item.clone()));
    request.send().await.unwrap();
    let read = client.get_item().table_name("rows").set_key(Some(key("a", "row")));
    assert_eq!(read.send().await.unwrap().item, Some(item));
}

#[tokio::test]
async fn an_update_counts_and_returns_the_new_values() {
    let client = client().await;
    for expected in ["1", "2"] {
        let request = client
            .update_item()
            .table_name("rows")
            .set_key(Some(key("a", "row")))
            .update_expression("ADD hits :one")
            .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
            .return_values(ReturnValue::AllNew);
        let row = request.send().await.unwrap().attributes.unwrap();
        assert_eq!(row["hits"], AttributeValue::N(expected.to_owned()));
    }
}

#[tokio::test]
async fn a_failed_condition_returns_the_item_that_stood_there() {
    let client = client().await;
    let attempt = || {
        let request = client.put_item().table_name("rows").set_item(Some(key("a", "row")));
        request
            .condition_expression("attribute_not_exists(pk)")
            .return_values_on_condition_check_failure(ReturnValuesOnConditionCheckFailure::AllOld)
            .send()
    };
    attempt().await.unwrap();
    let error = attempt().await.unwrap_err().into_service_error();
    let item = match error {
        aws_sdk_dynamodb::operation::put_item::PutItemError::ConditionalCheckFailedException(
            failed,
        ) => failed.item,
        other => panic!("{other:?}"),
    };
    assert_eq!(item, Some(key("a", "row")));
}

#[tokio::test]
async fn a_cancelled_transaction_writes_nothing_and_gives_a_reason_for_each_item() {
    let client = client().await;
    let only_b = client.transact_write_items().transact_items(transact_put("b"));
    only_b.send().await.unwrap();
    let both = client
        .transact_write_items()
        .transact_items(transact_put("a"))
        .transact_items(transact_put("b"));
    let error = both.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    assert_eq!(codes, ["None", "ConditionalCheckFailed"]);
    assert_eq!(cancelled.cancellation_reasons()[1].item(), Some(&key("b", "row")));
    assert!(!exists(&client, "a").await);
}

#[tokio::test]
async fn a_transaction_with_a_used_token_is_not_run_again() {
    assert_eq!(hits_of_a_transaction_sent_twice(&client().await).await, "1");
}

#[tokio::test]
async fn a_client_that_is_told_so_has_its_transactions_forgotten() {
    let engine = EmbeddedDynamo::memory().unwrap();
    create_table(&engine.client()).await;
    let options = ClientOptions { knows_transactions: false, ..ClientOptions::default() };
    assert_eq!(hits_of_a_transaction_sent_twice(&engine.client_with(&options)).await, "2");
}

async fn hits_of_a_transaction_sent_twice(client: &Client) -> String {
    let count = Update::builder()
        .table_name("rows")
        .set_key(Some(key("a", "row")))
        .update_expression("ADD hits :one")
        .expression_attribute_values(":one", AttributeValue::N("1".to_owned()))
        .build()
        .unwrap();
    for _ in 0..2 {
        let request = client
            .transact_write_items()
            .client_request_token("token")
            .transact_items(TransactWriteItem::builder().update(count.clone()).build());
        request.send().await.unwrap();
    }
    let read = client.get_item().table_name("rows").set_key(Some(key("a", "row")));
    let row = read.send().await.unwrap().item.unwrap();
    row["hits"].as_n().unwrap().clone()
}

#[tokio::test]
async fn a_query_returns_pages_in_the_order_of_the_sort_key() {
    let client = client().await;
    for number in [3, 1, 2] {
        let row = key("a", &format!("row-{number}"));
        client.put_item().table_name("rows").set_item(Some(row)).send().await.unwrap();
    }
    let mut seen = Vec::new();
    let mut start: Option<HashMap<String, AttributeValue>> = None;
    loop {
        let page = client
            .query()
            .table_name("rows")
            .key_condition_expression("pk = :pk AND begins_with(sk, :row)")
            .expression_attribute_values(":pk", text("a"))
            .expression_attribute_values(":row", text("row-"))
            .limit(2)
            .set_exclusive_start_key(start)
            .send()
            .await
            .unwrap();
        seen.extend(page.items().iter().map(|item| item["sk"].as_s().unwrap().clone()));
        start = page.last_evaluated_key;
        if start.is_none() {
            break;
        }
    }
    assert_eq!(seen, ["row-1", "row-2", "row-3"]);
}

#[tokio::test]
async fn an_expired_item_is_gone_after_the_sweep() {
    let clock = ManualClock::new(START_MS);
    let dynamo = EmbeddedDynamo::memory_with_clock(&clock).unwrap();
    let client = dynamo.client();
    create_table(&client).await;
    let expiry = TimeToLiveSpecification::builder().enabled(true).attribute_name("expires");
    let request = client.update_time_to_live().table_name("rows");
    request.time_to_live_specification(expiry.build().unwrap()).send().await.unwrap();
    let mut item = key("a", "row");
    let expires_s = START_MS / 1000 + 60;
    item.insert("expires".to_owned(), AttributeValue::N(expires_s.to_string()));
    client.put_item().table_name("rows").set_item(Some(item)).send().await.unwrap();

    assert_eq!(dynamo.sweep_ttl().unwrap(), 0);
    clock.advance(std::time::Duration::from_secs(61));
    assert!(exists(&client, "a").await, "expiry waits for the sweep");
    assert_eq!(dynamo.sweep_ttl().unwrap(), 1);
    assert!(!exists(&client, "a").await);
}

#[tokio::test]
async fn a_table_with_a_stream_is_refused() {
    let client = client().await;
    let stream = StreamSpecification::builder()
        .stream_enabled(true)
        .stream_view_type(StreamViewType::NewImage)
        .build()
        .unwrap();
    let request = client.update_table().table_name("rows").stream_specification(stream);
    let error = request.send().await.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("ValidationException"));
}

#[tokio::test]
async fn items_survive_reopening_the_file() {
    let path = fresh_file("dynamo-reopen");
    {
        let client = EmbeddedDynamo::open(&path).unwrap().client();
        create_table(&client).await;
        let request = client.put_item().table_name("rows").set_item(Some(key("a", "row")));
        request.send().await.unwrap();
    }
    let client = EmbeddedDynamo::open(&path).unwrap().client();
    assert!(exists(&client, "a").await);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn of_many_conditional_writes_at_once_one_wins() {
    let client = client().await;
    let mut attempts = tokio::task::JoinSet::new();
    for _ in 0..50 {
        let request = client.transact_write_items().transact_items(transact_put("a"));
        attempts.spawn(async move { request.send().await.is_ok() });
    }
    let won = attempts.join_all().await.into_iter().filter(|won| *won).count();
    assert_eq!(won, 1);
}
