//! What several tests share: files, tables, queues, clocks.

use std::collections::HashMap;
use std::path::PathBuf;

use aiva_embedded::{Clock, EmbeddedSqs, ManualClock};
use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType,
    ScalarAttributeType,
};
use aws_sdk_sqs::types::{Message, MessageSystemAttributeName, QueueAttributeName};

/// A moment in 2026 from which manual clocks start.
pub(crate) const START_MS: i64 = 1_790_000_000_000;

/// A path for one test's database, with nothing there.
pub(crate) fn fresh_file(name: &str) -> PathBuf {
    let path = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join(format!("embedded-{name}.db"));
    for suffix in ["", "-wal", "-shm"] {
        let mut file = path.clone().into_os_string();
        file.push(suffix);
        let _ = std::fs::remove_file(file);
    }
    path
}

/// A DynamoDB string.
pub(crate) fn text(value: &str) -> AttributeValue {
    AttributeValue::S(value.to_owned())
}

/// Creates the table `rows` with the keys `pk` and `sk`.
pub(crate) async fn create_table(client: &aws_sdk_dynamodb::Client) {
    let mut request =
        client.create_table().table_name("rows").billing_mode(BillingMode::PayPerRequest);
    for (name, kind) in [("pk", KeyType::Hash), ("sk", KeyType::Range)] {
        let definition = AttributeDefinition::builder()
            .attribute_name(name)
            .attribute_type(ScalarAttributeType::S);
        let element = KeySchemaElement::builder().attribute_name(name).key_type(kind);
        request = request
            .attribute_definitions(definition.build().unwrap())
            .key_schema(element.build().unwrap());
    }
    request.send().await.unwrap();
}

/// The key of a row of the table `rows`.
pub(crate) fn key(pk: &str, sk: &str) -> HashMap<String, AttributeValue> {
    HashMap::from([("pk".to_owned(), text(pk)), ("sk".to_owned(), text(sk))])
}

/// Queues in memory on a clock that stands still.
pub(crate) fn manual_sqs() -> (EmbeddedSqs, ManualClock) {
    let clock = ManualClock::new(START_MS);
    (EmbeddedSqs::memory(Clock::from(clock.clone())).unwrap(), clock)
}

/// Creates a queue and returns its URL.
pub(crate) async fn create_queue(
    client: &aws_sdk_sqs::Client,
    name: &str,
    attributes: &[(QueueAttributeName, &str)],
) -> String {
    let mut request = client.create_queue().queue_name(name);
    if name.ends_with(".fifo") {
        request = request.attributes(QueueAttributeName::FifoQueue, "true");
    }
    for (attribute, value) in attributes {
        request = request.attributes(attribute.clone(), *value);
    }
    request.send().await.unwrap().queue_url.unwrap()
}

/// Sends a message to a standard queue.
pub(crate) async fn send(client: &aws_sdk_sqs::Client, url: &str, body: &str) {
    client.send_message().queue_url(url).message_body(body).send().await.unwrap();
}

/// Sends a message to a FIFO queue; the body is its deduplication id.
pub(crate) async fn send_in_order(
    client: &aws_sdk_sqs::Client,
    url: &str,
    group: &str,
    body: &str,
) {
    let request = client.send_message().queue_url(url).message_body(body).message_group_id(group);
    request.message_deduplication_id(body).send().await.unwrap();
}

/// Receives up to `most` messages without waiting, with all system attributes.
pub(crate) async fn receive(client: &aws_sdk_sqs::Client, url: &str, most: i32) -> Vec<Message> {
    let request = client.receive_message().queue_url(url).max_number_of_messages(most);
    let request = request.message_system_attribute_names(MessageSystemAttributeName::All);
    request.send().await.unwrap().messages.unwrap_or_default()
}

/// Receives without waiting and returns only the bodies.
pub(crate) async fn receive_bodies(
    client: &aws_sdk_sqs::Client,
    url: &str,
    most: i32,
) -> Vec<String> {
    let messages = receive(client, url, most).await;
    messages.into_iter().map(|message| message.body.unwrap()).collect()
}

/// Deletes a received message.
pub(crate) async fn delete(client: &aws_sdk_sqs::Client, url: &str, message: &Message) {
    let handle = message.receipt_handle.clone().unwrap();
    client.delete_message().queue_url(url).receipt_handle(handle).send().await.unwrap();
}
