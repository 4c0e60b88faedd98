//! Faults: what each does to a request, and that a seed decides them.

use std::time::Duration;

use aiva_embedded::{ClientOptions, EmbeddedDynamo, Fault, FaultPlan};
use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::config::retry::RetryConfig;
use aws_sdk_dynamodb::error::ProvideErrorMetadata;
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};

use crate::support::{
    create_queue, create_table, delete, key, manual_sqs, receive, receive_bodies, send,
    send_in_order,
};

fn without_retries(plan: &FaultPlan) -> ClientOptions {
    let retry = RetryConfig::disabled();
    ClientOptions { faults: Some(plan.clone()), retry, ..ClientOptions::default() }
}

async fn dynamo() -> EmbeddedDynamo {
    let dynamo = EmbeddedDynamo::memory().unwrap();
    create_table(&dynamo.client()).await;
    dynamo
}

fn put(pk: &str) -> TransactWriteItem {
    let put = Put::builder().table_name("rows").set_item(Some(key(pk, "row"))).build().unwrap();
    TransactWriteItem::builder().put(put).build()
}

async fn rows(client: &Client) -> i32 {
    client.scan().table_name("rows").send().await.unwrap().count()
}

#[tokio::test]
async fn a_throttled_request_is_refused_and_not_run() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::new(7).with_rate_for("PutItem", Fault::Throttled, 1000);
    let client = dynamo.client_with(&without_retries(&plan));
    let mut codes = std::collections::BTreeSet::new();
    for _ in 0..20 {
        let request = client.put_item().table_name("rows").set_item(Some(key("a", "row")));
        let error = request.send().await.unwrap_err();
        codes.insert(error.code().unwrap().to_owned());
    }
    let codes: Vec<_> = codes.iter().map(String::as_str).collect();
    assert_eq!(codes, ["ProvisionedThroughputExceededException", "ThrottlingException"]);
    assert_eq!(rows(&client).await, 0);
    assert_eq!(plan.injected(Fault::Throttled), 20);
}

#[tokio::test]
async fn a_conflicting_transaction_is_cancelled_with_a_reason_for_each_item() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::new(7).with_rate(Fault::TransactionConflict, 1000);
    let client = dynamo.client_with_faults(&plan);
    let request = client.transact_write_items().transact_items(put("a")).transact_items(put("b"));
    let error = request.send().await.unwrap_err().into_service_error();
    let TransactWriteItemsError::TransactionCanceledException(cancelled) = error else {
        panic!("{error:?}");
    };
    let mut codes: Vec<_> =
        cancelled.cancellation_reasons().iter().map(|reason| reason.code().unwrap()).collect();
    codes.sort_unstable();
    assert_eq!(codes, ["None", "TransactionConflict"]);
    let request = client.put_item().table_name("rows").set_item(Some(key("a", "row")));
    assert_eq!(request.send().await.unwrap_err().code(), Some("TransactionConflictException"));
    assert_eq!(rows(&client).await, 0);
}

#[tokio::test]
async fn a_transaction_still_in_progress_is_refused_and_not_run() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::new(7).with_rate(Fault::TransactionInProgress, 1000);
    let client = dynamo.client_with(&without_retries(&plan));
    let request = client.transact_write_items().transact_items(put("a"));
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_transaction_in_progress_exception(), "{error:?}");
    assert_eq!(rows(&client).await, 0);
}

#[tokio::test]
async fn a_lost_answer_belongs_to_a_write_that_happened_and_a_lost_request_to_none() {
    for (fault, written) in [(Fault::LostAnswer, 10), (Fault::LostRequest, 0)] {
        let dynamo = dynamo().await;
        let plan = FaultPlan::new(7).with_rate_for("PutItem", fault, 1000);
        let client = dynamo.client_with(&without_retries(&plan));
        let (mut timeouts, mut refusals) = (0, 0);
        for number in 0..10 {
            let row = key(&number.to_string(), "row");
            let request = client.put_item().table_name("rows").set_item(Some(row));
            match request.send().await.unwrap_err() {
                error if error.code() == Some("InternalServerError") => refusals += 1,
                aws_sdk_dynamodb::error::SdkError::DispatchFailure(cause) => {
                    assert!(cause.is_timeout());
                    timeouts += 1;
                }
                error => panic!("{error:?}"),
            }
        }
        assert_eq!(timeouts + refusals, 10);
        assert!(timeouts > 0 && refusals > 0, "{timeouts} timeouts, {refusals} refusals");
        assert_eq!(rows(&client).await, written);
    }
}

#[tokio::test]
async fn the_retries_of_the_sdk_survive_rare_faults() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::new(3).with_rate(Fault::Throttled, 100).with_rate(Fault::LostAnswer, 100);
    let client = dynamo.client_with_faults(&plan);
    let mut failed = 0;
    for number in 0..100 {
        let request = client.transact_write_items().transact_items(put(&number.to_string()));
        failed += i32::from(request.send().await.is_err());
    }
    assert!(plan.injected(Fault::Throttled) > 0 && plan.injected(Fault::LostAnswer) > 0);
    assert!(failed < 10, "{failed} of 100 failed");
}

/// Runs requests one after another and returns which of them failed, and the plan's counts.
async fn history(seed: u64) -> (Vec<bool>, String) {
    let dynamo = dynamo().await;
    let plan = FaultPlan::everything(seed, 150);
    let client = dynamo.client_with(&without_retries(&plan));
    let mut failures = Vec::new();
    for number in 0..60 {
        let row = key(&number.to_string(), "row");
        let request = client.put_item().table_name("rows").set_item(Some(row));
        failures.push(request.send().await.is_err());
    }
    (failures, format!("{:?}", plan.counts()))
}

#[tokio::test]
async fn a_list_read_after_a_transaction_misses_the_rows_that_it_made_once() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::new(7).with_rate(Fault::HalfVisible, 1000);
    let client = dynamo.client_with_faults(&plan);
    let seen = async || {
        let request = client.query().table_name("rows").key_condition_expression("pk = :pk");
        let pk = AttributeValue::S("a".to_owned());
        request.expression_attribute_values(":pk", pk).send().await.unwrap().count()
    };
    let made = Put::builder().table_name("rows").set_item(Some(key("a", "made")));
    let made = made.condition_expression("attribute_not_exists(pk)").build().unwrap();
    let made = TransactWriteItem::builder().put(made).build();
    client
        .transact_write_items()
        .transact_items(put("a"))
        .transact_items(made)
        .send()
        .await
        .unwrap();
    assert_eq!((seen().await, seen().await), (1, 2));
    assert_eq!(plan.injected(Fault::HalfVisible), 1);
}

#[tokio::test]
async fn one_seed_gives_one_history_and_another_seed_another() {
    let first = history(11).await;
    assert_eq!(first, history(11).await);
    assert_ne!(first, history(12).await);
    assert!(first.0.contains(&true) && first.0.contains(&false));
}

#[tokio::test]
async fn a_plan_that_is_switched_off_injects_nothing() {
    let dynamo = dynamo().await;
    let plan = FaultPlan::everything(5, 1000);
    let client = dynamo.client_with(&without_retries(&plan));
    plan.set_enabled(false);
    assert_eq!(rows(&client).await, 0);
    plan.set_enabled(true);
    client.scan().table_name("rows").send().await.unwrap_err();
    assert_eq!(plan.counts().values().sum::<u64>(), 1);
}

#[tokio::test]
async fn a_duplicated_send_arrives_twice_on_a_standard_queue_and_once_on_a_fifo_queue() {
    let (sqs, _) = manual_sqs();
    let plan = FaultPlan::new(7).with_rate(Fault::DuplicateSend, 1000);
    let client = sqs.client_with_faults(&plan);
    let plain = create_queue(&client, "plain", &[]).await;
    let fifo = create_queue(&client, "order.fifo", &[]).await;
    send(&client, &plain, "one").await;
    send_in_order(&client, &fifo, "a", "one").await;
    assert_eq!(receive_bodies(&client, &plain, 10).await, ["one", "one"]);
    assert_eq!(receive_bodies(&client, &fifo, 10).await, ["one"]);
    assert_eq!(plan.injected(Fault::DuplicateSend), 1);
}

#[tokio::test]
async fn a_delayed_send_lets_a_later_one_overtake_it() {
    let (sqs, clock) = manual_sqs();
    let plan = FaultPlan::new(7).with_rate(Fault::DelayedSend, 1000).with_longest_delay(3);
    let client = sqs.client_with_faults(&plan);
    let url = create_queue(&client, "jobs", &[]).await;
    send(&client, &url, "early").await;
    plan.set_enabled(false);
    send(&client, &url, "later").await;
    assert_eq!(receive_bodies(&client, &url, 10).await, ["later"]);
    clock.advance(Duration::from_secs(3));
    assert_eq!(receive_bodies(&client, &url, 10).await, ["early"]);
}

#[tokio::test]
async fn an_ignored_delete_brings_the_message_again() {
    let (sqs, clock) = manual_sqs();
    let plan = FaultPlan::new(7).with_rate(Fault::IgnoredDelete, 1000);
    let client = sqs.client_with_faults(&plan);
    let url = create_queue(&client, "jobs.fifo", &[]).await;
    send_in_order(&client, &url, "a", "one").await;
    let taken = receive(&client, &url, 1).await.remove(0);
    delete(&client, &url, &taken).await;
    clock.advance(Duration::from_secs(31));
    assert_eq!(receive_bodies(&client, &url, 1).await, ["one"]);
}

#[tokio::test]
async fn a_lost_send_may_or_may_not_have_arrived() {
    for (fault, arrived) in [(Fault::LostRequest, 0), (Fault::LostAnswer, 1)] {
        let (sqs, _) = manual_sqs();
        let plan = FaultPlan::new(7).with_rate_for("SendMessage", fault, 1000);
        let client = sqs.client_with(&without_retries(&plan));
        let url = create_queue(&client, "jobs", &[]).await;
        client.send_message().queue_url(&url).message_body("one").send().await.unwrap_err();
        assert_eq!(receive(&client, &url, 10).await.len(), arrived);
    }
}

#[tokio::test]
async fn a_throttled_queue_request_has_its_typed_error() {
    let (sqs, _) = manual_sqs();
    let plan = FaultPlan::new(7).with_rate_for("SendMessage", Fault::Throttled, 1000);
    let client = sqs.client_with(&without_retries(&plan));
    let url = create_queue(&client, "jobs", &[]).await;
    let refused = client.send_message().queue_url(&url).message_body("one").send().await;
    assert!(refused.unwrap_err().into_service_error().is_request_throttled());
}
