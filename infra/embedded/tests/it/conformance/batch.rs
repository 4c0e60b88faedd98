//! Batches of sends, deletions and changes.

use aws_sdk_sqs::types::{
    ChangeMessageVisibilityBatchRequestEntry, DeleteMessageBatchRequestEntry,
    SendMessageBatchRequestEntry,
};

use super::Peer;
use crate::support::{receive, receive_bodies, send};

fn entry(id: &str, body: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body(body).build().unwrap()
}

pub(crate) async fn a_batch_answers_for_each_entry(peer: Peer) {
    let url = peer.queue("batch", &[]).await;
    let invalid = SendMessageBatchRequestEntry::builder()
        .id("bad")
        .message_body("late")
        .delay_seconds(901)
        .build()
        .unwrap();
    let request = peer.client.send_message_batch().queue_url(&url);
    let answer = request.entries(entry("one", "1")).entries(entry("two", "2")).entries(invalid);
    let answer = answer.send().await.unwrap();
    let ids: Vec<_> = answer.successful().iter().map(|sent| sent.id()).collect();
    assert_eq!(ids, ["one", "two"]);
    assert_eq!(answer.failed().len(), 1);
    assert_eq!(answer.failed()[0].id(), "bad");
    assert!(answer.failed()[0].sender_fault());
    let mut bodies = receive_bodies(&peer.client, &url, 10).await;
    bodies.sort_unstable();
    assert_eq!(bodies, ["1", "2"]);
}

pub(crate) async fn a_batch_of_the_wrong_size_or_ids_is_refused(peer: Peer) {
    let url = peer.queue("bad-batch", &[]).await;
    let send = |entries: Vec<SendMessageBatchRequestEntry>| {
        peer.client.send_message_batch().queue_url(&url).set_entries(Some(entries)).send()
    };
    let error = send(Vec::new()).await.unwrap_err().into_service_error();
    assert!(error.is_empty_batch_request(), "{error:?}");
    let eleven = (0..11).map(|number| entry(&number.to_string(), "body")).collect();
    let error = send(eleven).await.unwrap_err().into_service_error();
    assert!(error.is_too_many_entries_in_batch_request(), "{error:?}");
    let twice = vec![entry("same", "1"), entry("same", "2")];
    let error = send(twice).await.unwrap_err().into_service_error();
    assert!(error.is_batch_entry_ids_not_distinct(), "{error:?}");
    let error = send(vec![entry("not an id", "1")]).await.unwrap_err().into_service_error();
    assert!(error.is_invalid_batch_entry_id(), "{error:?}");
    let half = "x".repeat(600_000);
    let large = vec![entry("one", &half), entry("two", &half)];
    let error = send(large).await.unwrap_err().into_service_error();
    assert!(error.is_batch_request_too_long(), "{error:?}");
    assert!(receive(&peer.client, &url, 10).await.is_empty());
}

pub(crate) async fn deleting_and_changing_in_batches_answer_for_each_entry(peer: Peer) {
    let url = peer.queue("batch-settle", &[]).await;
    send(&peer.client, &url, "one").await;
    let handle = receive(&peer.client, &url, 1).await.remove(0).receipt_handle.unwrap();
    let change = |id: &str, handle: &str| {
        let entry = ChangeMessageVisibilityBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).visibility_timeout(60).build().unwrap()
    };
    let changed = peer
        .client
        .change_message_visibility_batch()
        .queue_url(&url)
        .entries(change("good", &handle))
        .entries(change("bad", "made-up"))
        .send()
        .await
        .unwrap();
    assert_eq!(changed.successful()[0].id(), "good");
    assert_eq!(changed.failed()[0].id(), "bad");
    let delete = |id: &str, handle: &str| {
        let entry = DeleteMessageBatchRequestEntry::builder().id(id);
        entry.receipt_handle(handle).build().unwrap()
    };
    let deleted = peer
        .client
        .delete_message_batch()
        .queue_url(&url)
        .entries(delete("good", &handle))
        .entries(delete("bad", "made-up"))
        .send()
        .await
        .unwrap();
    assert_eq!(deleted.successful()[0].id(), "good");
    assert_eq!(deleted.failed()[0].id(), "bad");
    assert_eq!(deleted.failed()[0].code(), "ReceiptHandleIsInvalid");
}
