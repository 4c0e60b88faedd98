//! FIFO queues: order, groups, deduplication.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::{Difference, Peer};
use crate::support::{delete, receive, receive_bodies, send_in_order};

pub(crate) async fn a_group_is_blocked_while_one_of_its_messages_is_in_flight(peer: Peer) {
    let url = peer.queue("blocked.fifo", &[]).await;
    for (group, body) in [("a", "a1"), ("a", "a2"), ("b", "b1")] {
        send_in_order(&peer.client, &url, group, body).await;
    }
    let first = receive(&peer.client, &url, 1).await.remove(0);
    assert_eq!(first.body(), Some("a1"));
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["b1"]);
    assert!(receive(&peer.client, &url, 10).await.is_empty());
    delete(&peer.client, &url, &first).await;
    assert_eq!(receive_bodies(&peer.client, &url, 10).await, ["a2"]);
}

pub(crate) async fn one_receive_takes_a_group_in_order(peer: Peer) {
    let url = peer.queue("in-order.fifo", &[]).await;
    for body in ["a1", "a2", "a3", "a4"] {
        send_in_order(&peer.client, &url, "a", body).await;
    }
    let taken = receive(&peer.client, &url, 3).await;
    let bodies: Vec<_> = taken.iter().map(|message| message.body().unwrap()).collect();
    assert_eq!(bodies, ["a1", "a2", "a3"]);
    for message in &taken[..2] {
        delete(&peer.client, &url, message).await;
    }
    assert!(receive(&peer.client, &url, 1).await.is_empty(), "a3 is still in flight");
    delete(&peer.client, &url, &taken[2]).await;
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["a4"]);
}

pub(crate) async fn a_released_head_comes_before_what_stands_behind_it(peer: Peer) {
    let url = peer.queue("head.fifo", &[]).await;
    for body in ["a1", "a2"] {
        send_in_order(&peer.client, &url, "a", body).await;
    }
    let head = receive(&peer.client, &url, 1).await.remove(0);
    let release = peer.client.change_message_visibility().queue_url(&url).visibility_timeout(0);
    release.receipt_handle(head.receipt_handle.unwrap()).send().await.unwrap();
    assert_eq!(receive_bodies(&peer.client, &url, 10).await, ["a1", "a2"]);
}

pub(crate) async fn sequence_numbers_grow_and_come_back(peer: Peer) {
    let url = peer.queue("numbers.fifo", &[]).await;
    let mut numbers = Vec::new();
    for body in ["a1", "a2"] {
        let request = peer.client.send_message().queue_url(&url).message_body(body);
        let request = request.message_group_id("a").message_deduplication_id(body);
        numbers.push(request.send().await.unwrap().sequence_number.unwrap());
    }
    assert_eq!(numbers[0].len(), 20);
    if peer.differs(Difference::SequenceNumbersAreRandom) {
        assert_ne!(numbers[0], numbers[1]);
    } else {
        assert!(numbers[0] < numbers[1], "{numbers:?}");
    }
    for (message, number) in receive(&peer.client, &url, 2).await.iter().zip(&numbers) {
        let attributes = message.attributes().unwrap();
        assert_eq!(&attributes[&MessageSystemAttributeName::SequenceNumber], number);
        assert_eq!(attributes[&MessageSystemAttributeName::MessageGroupId], "a");
        assert_eq!(
            Some(attributes[&MessageSystemAttributeName::MessageDeduplicationId].as_str()),
            message.body()
        );
    }
}

pub(crate) async fn a_deduplication_id_is_sent_once(peer: Peer) {
    let url = peer.queue("once.fifo", &[]).await;
    let send = |group: &str, body: &str| {
        let request = peer.client.send_message().queue_url(&url).message_body(body);
        request.message_group_id(group).message_deduplication_id("same").send()
    };
    let first = send("a", "one").await.unwrap();
    let second = send("b", "two").await.unwrap();
    if peer.differs(Difference::DuplicatesHaveTheirOwnId) {
        assert_ne!(first.message_id, second.message_id);
    } else {
        assert_eq!(first.message_id, second.message_id);
        assert_eq!(first.sequence_number, second.sequence_number);
    }
    assert_eq!(receive_bodies(&peer.client, &url, 10).await, ["one"]);
}

pub(crate) async fn content_based_deduplication_looks_at_the_body(peer: Peer) {
    let by_content = [(QueueAttributeName::ContentBasedDeduplication, "true")];
    let url = peer.queue("content.fifo", &by_content).await;
    for body in ["one", "two", "one"] {
        let request = peer.client.send_message().queue_url(&url).message_body(body);
        request.message_group_id("a").send().await.unwrap();
    }
    let messages = receive(&peer.client, &url, 10).await;
    let bodies: Vec<_> = messages.iter().map(|message| message.body().unwrap()).collect();
    assert_eq!(bodies, ["one", "two"]);
    let name = MessageSystemAttributeName::MessageDeduplicationId;
    let sha256_of_one = "7692c3ad3540bb803c020b3aee66cd8887123234ea0c6e7143c0add73ff431ed";
    assert_eq!(messages[0].attributes().unwrap()[&name], sha256_of_one);
}

pub(crate) async fn a_message_without_group_or_deduplication_id_is_refused(peer: Peer) {
    let url = peer.queue("incomplete.fifo", &[]).await;
    let send = || peer.client.send_message().queue_url(&url).message_body("one");
    let no_group = send().message_deduplication_id("x").send().await.unwrap_err();
    assert_eq!(no_group.into_service_error().meta().code(), Some("MissingParameter"));
    let no_id = send().message_group_id("a").send().await.unwrap_err();
    assert_eq!(no_id.into_service_error().meta().code(), Some("InvalidParameterValue"));
    let delayed = send().message_group_id("a").message_deduplication_id("x").delay_seconds(5);
    let delayed = delayed.send().await.unwrap_err();
    assert_eq!(delayed.into_service_error().meta().code(), Some("InvalidParameterValue"));
}

pub(crate) async fn a_worn_out_head_goes_to_the_dead_letter_queue_and_frees_its_group(peer: Peer) {
    let dead = peer.queue("worn-dead.fifo", &[]).await;
    let policy = super::queue::redrive_to("worn-dead.fifo", 1, &peer).await;
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, "1"),
        (QueueAttributeName::RedrivePolicy, policy.as_str()),
    ];
    let url = peer.queue("worn.fifo", &attributes).await;
    for body in ["a1", "a2"] {
        send_in_order(&peer.client, &url, "a", body).await;
    }
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["a1"]);
    let wait = peer.client.receive_message().queue_url(&url).wait_time_seconds(5);
    let next = wait.send().await.unwrap().messages.unwrap().remove(0);
    assert_eq!(next.body(), Some("a2"));
    assert_eq!(receive_bodies(&peer.client, &dead, 10).await, ["a1"]);
}
