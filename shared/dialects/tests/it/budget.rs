//! How many requests to the database an answer takes.

use std::collections::BTreeMap;

use crate::world::{OPERATOR_TOKEN, World, request};

const MESSAGE: &str = r#"{"externalConversationId":"order-1","content":"Hello",
    "idempotencyKey":"00000000-0000-0000-0000-000000000001"}"#;

/// What one request asked of the database, by operation.
async fn asked_by(
    world: &World,
    asked: axum::extract::Request,
    status: u16,
) -> BTreeMap<String, u64> {
    world.recorder.take();
    assert_eq!(world.send(asked).await.status(), status);
    world
        .recorder
        .take()
        .into_iter()
        .map(|(operation, usage)| (operation, usage.requests))
        .collect()
}

fn counts<const N: usize>(pairs: [(&str, u64); N]) -> BTreeMap<String, u64> {
    pairs.map(|(operation, count)| (operation.to_owned(), count)).into()
}

#[tokio::test]
async fn a_submit_is_one_write_beside_one_read_and_one_transaction() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let me = request("GET", "/v1/me", Some(&key), "");
    world.send(me).await;
    let submit = request("POST", "/v1/messages", Some(&key), MESSAGE);
    let asked = asked_by(&world, submit, 202).await;
    // UpdateItem counts the request on the key, PutItem is the request log behind the answer.
    let expected =
        counts([("BatchGetItem", 1), ("PutItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 1)]);
    assert_eq!(asked, expected);
}

#[tokio::test]
async fn a_poll_with_nothing_new_is_one_read_of_one_unit() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    world.send(request("POST", "/v1/messages", Some(&key), MESSAGE)).await;
    let first = world.send(request("GET", "/v1/conversations/order-1", Some(&key), "")).await;
    let etag = first.headers()["etag"].clone();
    let (mut parts, body) =
        request("GET", "/v1/conversations/order-1", Some(&key), "").into_parts();
    parts.headers.insert("if-none-match", etag);
    world.recorder.take();
    let poll = axum::extract::Request::from_parts(parts, body);
    assert_eq!(world.send(poll).await.status(), 304);
    let asked = world.recorder.take();
    let reads = &asked["GetItem"];
    assert_eq!(reads.requests, 1);
    assert!(reads.read_units <= 1.0, "{reads:?}");
    let operations: Vec<&str> = asked.keys().map(String::as_str).collect();
    assert_eq!(operations, ["GetItem", "PutItem", "UpdateItem"]);
}

#[tokio::test]
async fn a_key_that_asks_about_itself_reads_the_wallet_once_and_only_where_it_may() {
    let world = World::new().await;
    let (key, reader) = (world.names["key"].clone(), world.names["reader"].clone());
    // The first request of a minute begins its window.
    for key in [&key, &reader] {
        world.send(request("GET", "/v1/me", Some(key), "")).await;
    }
    // Workspace and project are read beside the key; the wallet's shards are one request.
    let asked = asked_by(&world, request("GET", "/v1/me", Some(&key), ""), 200).await;
    let (read, written) = (("GetItem", 2), [("PutItem", 1), ("UpdateItem", 1)]);
    let all = counts([read, written[0], ("TransactGetItems", 1), written[1]]);
    assert_eq!(asked, all);
    let asked = asked_by(&world, request("GET", "/v1/me", Some(&reader), ""), 200).await;
    assert_eq!(asked, counts([read, written[0], written[1]]));
}

#[tokio::test]
async fn a_request_without_a_key_reads_nothing() {
    let world = World::new().await;
    let submit = request("POST", "/v1/messages", None, MESSAGE);
    let asked = asked_by(&world, submit, 401).await;
    assert_eq!(asked, counts([("UpdateItem", 1)]));
}

#[tokio::test]
async fn a_message_of_which_webhooks_are_told_asks_one_thing_more_and_that_of_a_named_user_alone() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    for dialect in ["aerochat", "asyntai"] {
        let events = match dialect {
            "aerochat" => ["message.inbound", "contact.created"],
            _ => ["conversation.started", "escalation.requested"],
        };
        let url = "https://crm.example.com/hook";
        let body = serde_json::json!({ "dialect": dialect, "url": url, "events": events });
        let path = format!("/admin/v1/workspaces/{}/webhooks", world.names["shop"]);
        let made = request("POST", &path, Some(OPERATOR_TOKEN), &body.to_string());
        assert_eq!(world.send(made).await.status(), 201);
    }
    world.send(request("GET", "/v1/me", Some(&key), "")).await;
    let submit = request("POST", "/v1/messages", Some(&key), MESSAGE);
    let always =
        [("BatchGetItem", 1), ("PutItem", 1), ("TransactWriteItems", 1), ("UpdateItem", 1)];
    world.recorder.take();
    assert_eq!(world.send(submit).await.status(), 202);
    let asked = world.recorder.take();
    // The first message of a conversation takes 15 units; each of the three events 2 and one of the index.
    let written = asked["TransactWriteItems"].write_units;
    assert!(written <= 24.0, "it takes {written}");
    let asked = asked.into_iter().map(|(operation, usage)| (operation, usage.requests));
    assert_eq!(asked.collect::<BTreeMap<_, _>>(), counts(always));
    let named = MESSAGE.replace("order-1", "order-2").replace("-000000000001", "-000000000002");
    let named = named.replace(r#""content""#, r#""externalUserId":"user-1","content""#);
    let submit = request("POST", "/v1/messages", Some(&key), &named);
    let [reads, log, all, admitted] = always;
    let expected = counts([reads, ("GetItem", 1), log, all, admitted]);
    assert_eq!(asked_by(&world, submit, 202).await, expected);
}
