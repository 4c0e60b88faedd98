//! The life of a message on a standard queue.

use std::time::{Duration, Instant};

use aws_sdk_sqs::primitives::Blob;
use aws_sdk_sqs::types::{MessageAttributeValue, MessageSystemAttributeName, QueueAttributeName};

use super::{Difference, Peer};
use crate::support::{delete, receive, receive_bodies, send};

fn attribute(kind: &str, text: &str) -> MessageAttributeValue {
    MessageAttributeValue::builder().data_type(kind).string_value(text).build().unwrap()
}

pub(crate) async fn a_message_comes_back_with_its_digests_and_attributes(peer: Peer) {
    let url = peer.queue("digests", &[]).await;
    let bytes = MessageAttributeValue::builder().data_type("Binary");
    let bytes = bytes.binary_value(Blob::new([0_u8, 255, 7])).build().unwrap();
    let sent = peer
        .client
        .send_message()
        .queue_url(&url)
        .message_body("hello")
        .message_attributes("name", attribute("String", "Ada"))
        .message_attributes("age", attribute("Number.int", "36"))
        .message_attributes("bytes", bytes.clone())
        .send()
        .await
        .unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let request = peer.client.receive_message().queue_url(&url).message_attribute_names("All");
    let got = request.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(got.message_id, sent.message_id);
    assert_eq!(got.body(), Some("hello"));
    assert_eq!(got.md5_of_body(), sent.md5_of_message_body());
    assert_eq!(got.md5_of_message_attributes(), sent.md5_of_message_attributes());
    assert_eq!(got.md5_of_message_attributes(), Some("d99f44ced8870b9a790011701662d9e4"));
    let attributes = got.message_attributes().unwrap();
    assert_eq!(attributes["name"], attribute("String", "Ada"));
    assert_eq!(attributes["age"], attribute("Number.int", "36"));
    assert_eq!(attributes["bytes"], bytes);
}

pub(crate) async fn only_what_was_asked_for_is_returned(peer: Peer) {
    let hidden_for_no_time = [(QueueAttributeName::VisibilityTimeout, "0")];
    let url = peer.queue("asked", &hidden_for_no_time).await;
    let send = peer.client.send_message().queue_url(&url).message_body("hello");
    send.message_attributes("trace.id", attribute("String", "1"))
        .message_attributes("trace.span", attribute("String", "2"))
        .message_attributes("other", attribute("String", "3"))
        .send()
        .await
        .unwrap();
    let nothing = peer.client.receive_message().queue_url(&url).send().await.unwrap();
    let nothing = nothing.messages.unwrap().remove(0);
    assert!(nothing.message_attributes.is_none());
    assert!(nothing.attributes.is_none());
    let some = peer
        .client
        .receive_message()
        .queue_url(&url)
        .message_attribute_names("trace.*")
        .message_system_attribute_names(MessageSystemAttributeName::SentTimestamp);
    let some = some.send().await.unwrap().messages.unwrap().remove(0);
    let mut names: Vec<_> = some.message_attributes().unwrap().keys().map(String::as_str).collect();
    names.sort_unstable();
    assert_eq!(names, ["trace.id", "trace.span"]);
    let system: Vec<_> = some.attributes().unwrap().keys().cloned().collect();
    assert_eq!(system, [MessageSystemAttributeName::SentTimestamp]);
}

pub(crate) async fn a_hidden_message_is_visible_again_after_its_timeout(peer: Peer) {
    let url = peer.queue("timeout", &[(QueueAttributeName::VisibilityTimeout, "1")]).await;
    send(&peer.client, &url, "one").await;
    assert_eq!(receive(&peer.client, &url, 1).await.len(), 1);
    assert!(receive(&peer.client, &url, 1).await.is_empty());
    let again = peer
        .client
        .receive_message()
        .queue_url(&url)
        .wait_time_seconds(5)
        .message_system_attribute_names(MessageSystemAttributeName::All);
    let again = again.send().await.unwrap().messages.unwrap().remove(0);
    let count = &again.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "2");
}

pub(crate) async fn a_receive_that_hides_for_no_time_leaves_the_message_visible(peer: Peer) {
    let url = peer.queue("no-time", &[]).await;
    send(&peer.client, &url, "one").await;
    for _ in 0..2 {
        let request = peer.client.receive_message().queue_url(&url).visibility_timeout(0);
        assert_eq!(request.send().await.unwrap().messages().len(), 1);
    }
}

pub(crate) async fn the_visibility_of_a_held_message_can_be_changed(peer: Peer) {
    let url = peer.queue("change", &[(QueueAttributeName::VisibilityTimeout, "1")]).await;
    send(&peer.client, &url, "one").await;
    let held = receive(&peer.client, &url, 1).await.remove(0);
    let handle = held.receipt_handle.unwrap();
    let change = |seconds| {
        let request = peer.client.change_message_visibility().queue_url(&url);
        request.receipt_handle(&handle).visibility_timeout(seconds).send()
    };
    change(30).await.unwrap();
    let wait = peer.client.receive_message().queue_url(&url).wait_time_seconds(2);
    assert!(wait.send().await.unwrap().messages.is_none(), "hidden for longer than at first");
    change(0).await.unwrap();
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["one"]);
}

pub(crate) async fn a_deleted_message_stays_gone_and_may_be_deleted_again(peer: Peer) {
    let url = peer.queue("deleted", &[(QueueAttributeName::VisibilityTimeout, "1")]).await;
    send(&peer.client, &url, "one").await;
    let held = receive(&peer.client, &url, 1).await.remove(0);
    delete(&peer.client, &url, &held).await;
    delete(&peer.client, &url, &held).await;
    let wait = peer.client.receive_message().queue_url(&url).wait_time_seconds(2);
    assert!(wait.send().await.unwrap().messages.is_none());
    let change = peer.client.change_message_visibility().queue_url(&url).visibility_timeout(5);
    let refused = change.receipt_handle(held.receipt_handle.unwrap()).send().await;
    let error = refused.unwrap_err().into_service_error();
    let code = match peer.differs(Difference::HandlesOfDeletedMessagesAreInvalid) {
        true => "ReceiptHandleIsInvalid",
        false => "InvalidParameterValue",
    };
    assert_eq!(error.meta().code(), Some(code));
}

pub(crate) async fn a_handle_goes_stale_when_the_message_is_received_again(peer: Peer) {
    let url = peer.queue("stale", &[]).await;
    send(&peer.client, &url, "one").await;
    let first = peer.client.receive_message().queue_url(&url).visibility_timeout(0);
    let first = first.send().await.unwrap().messages.unwrap().remove(0);
    let second = receive(&peer.client, &url, 1).await.remove(0);
    assert_ne!(first.receipt_handle, second.receipt_handle);
    delete(&peer.client, &url, &first).await;
    let release = peer.client.change_message_visibility().queue_url(&url).visibility_timeout(0);
    let release = release.receipt_handle(second.receipt_handle.unwrap()).send().await;
    if peer.differs(Difference::StaleHandlesDelete) {
        assert!(release.unwrap_err().into_service_error().is_receipt_handle_is_invalid());
        return;
    }
    release.unwrap();
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["one"]);
}

pub(crate) async fn a_delayed_message_reaches_a_long_poll_when_it_is_due(peer: Peer) {
    let url = peer.queue("delayed", &[]).await;
    let late = peer.client.send_message().queue_url(&url).message_body("late").delay_seconds(1);
    let started = Instant::now();
    late.send().await.unwrap();
    assert!(receive(&peer.client, &url, 1).await.is_empty());
    let wait = peer.client.receive_message().queue_url(&url).wait_time_seconds(10);
    assert_eq!(wait.send().await.unwrap().messages().len(), 1);
    let waited = started.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(6)).contains(&waited), "{waited:?}");
}

pub(crate) async fn a_long_poll_wakes_when_a_message_is_sent(peer: Peer) {
    let url = peer.queue("wake", &[]).await;
    let started = Instant::now();
    let request = peer.client.receive_message().queue_url(&url).wait_time_seconds(15);
    let poll = tokio::spawn(request.send());
    send(&peer.client, &url, "one").await;
    assert_eq!(poll.await.unwrap().unwrap().messages().len(), 1);
    assert!(started.elapsed() < Duration::from_secs(10), "{:?}", started.elapsed());
}

pub(crate) async fn an_empty_long_poll_ends_after_its_wait(peer: Peer) {
    let url = peer.queue("empty", &[]).await;
    let started = Instant::now();
    let request = peer.client.receive_message().queue_url(&url).wait_time_seconds(1);
    assert!(request.send().await.unwrap().messages.is_none());
    let waited = started.elapsed();
    assert!((Duration::from_millis(900)..Duration::from_secs(6)).contains(&waited), "{waited:?}");
}

pub(crate) async fn a_group_on_a_standard_queue_is_returned_and_blocks_nothing(peer: Peer) {
    let url = peer.queue("fair", &[]).await;
    for body in ["one", "two"] {
        let request = peer.client.send_message().queue_url(&url).message_group_id("tenant");
        request.message_body(body).send().await.unwrap();
    }
    for _ in 0..2 {
        let message = receive(&peer.client, &url, 1).await.remove(0);
        let group = &message.attributes().unwrap()[&MessageSystemAttributeName::MessageGroupId];
        assert_eq!(group, "tenant");
    }
}
