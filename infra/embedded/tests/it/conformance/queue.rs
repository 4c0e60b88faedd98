//! Queues as a whole: attributes, counts, dead letters.

use aws_sdk_sqs::types::{MessageSystemAttributeName, QueueAttributeName};

use super::{Difference, Peer};
use crate::support::{receive, receive_bodies, send};

async fn attributes(
    peer: &Peer,
    url: &str,
) -> std::collections::HashMap<QueueAttributeName, String> {
    let request = peer.client.get_queue_attributes().queue_url(url);
    let request = request.attribute_names(QueueAttributeName::All);
    request.send().await.unwrap().attributes.unwrap()
}

async fn arn_of(peer: &Peer, name: &str) -> String {
    let url = peer.client.get_queue_url().queue_name(name).send().await.unwrap();
    attributes(peer, url.queue_url().unwrap()).await[&QueueAttributeName::QueueArn].clone()
}

/// The redrive policy that names a queue.
pub(crate) async fn redrive_to(name: &str, max_receives: u32, peer: &Peer) -> String {
    let arn = arn_of(peer, name).await;
    format!(r#"{{"deadLetterTargetArn":"{arn}","maxReceiveCount":"{max_receives}"}}"#)
}

pub(crate) async fn creating_a_queue_twice_returns_the_same_queue(peer: Peer) {
    let hidden = [(QueueAttributeName::VisibilityTimeout, "7")];
    let first = peer.queue("twice", &hidden).await;
    assert_eq!(peer.queue("twice", &hidden).await, first);
    assert_eq!(peer.queue("twice", &[]).await, first);
    let found = peer.client.get_queue_url().queue_name("twice").send().await.unwrap();
    assert_eq!(found.queue_url(), Some(first.as_str()));
    assert!(arn_of(&peer, "twice").await.ends_with(":twice"));
    let all = attributes(&peer, &first).await;
    assert_eq!(all[&QueueAttributeName::VisibilityTimeout], "7");
    assert_eq!(all[&QueueAttributeName::DelaySeconds], "0");
    assert_eq!(all[&QueueAttributeName::MessageRetentionPeriod], "345600");
    assert_eq!(all[&QueueAttributeName::MaximumMessageSize], "1048576");
    let listed = peer.client.list_queues().queue_name_prefix("twi").send().await.unwrap();
    assert_eq!(listed.queue_urls(), [first]);
}

pub(crate) async fn creating_a_queue_with_other_attributes_is_refused(peer: Peer) {
    peer.queue("conflict", &[(QueueAttributeName::VisibilityTimeout, "7")]).await;
    let request = peer.client.create_queue().queue_name("conflict");
    let request = request.attributes(QueueAttributeName::VisibilityTimeout, "8");
    let error = request.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_name_exists(), "{error:?}");
}

pub(crate) async fn a_queue_counts_what_is_visible_in_flight_and_delayed(peer: Peer) {
    let url = peer.queue("counts", &[]).await;
    for body in ["one", "two", "three"] {
        send(&peer.client, &url, body).await;
    }
    let late = peer.client.send_message().queue_url(&url).message_body("late").delay_seconds(60);
    late.send().await.unwrap();
    assert_eq!(receive(&peer.client, &url, 1).await.len(), 1);
    let all = attributes(&peer, &url).await;
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessages], "2");
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessagesNotVisible], "1");
    assert_eq!(all[&QueueAttributeName::ApproximateNumberOfMessagesDelayed], "1");
}

pub(crate) async fn changed_attributes_take_effect(peer: Peer) {
    let url = peer.queue("changed", &[]).await;
    let change = peer.client.set_queue_attributes().queue_url(&url);
    change.attributes(QueueAttributeName::VisibilityTimeout, "0").send().await.unwrap();
    send(&peer.client, &url, "one").await;
    for _ in 0..2 {
        assert_eq!(receive(&peer.client, &url, 1).await.len(), 1);
    }
}

pub(crate) async fn a_purged_queue_is_empty(peer: Peer) {
    let url = peer.queue("purged", &[]).await;
    send(&peer.client, &url, "one").await;
    peer.client.purge_queue().queue_url(&url).send().await.unwrap();
    assert!(receive(&peer.client, &url, 1).await.is_empty());
    send(&peer.client, &url, "two").await;
    assert_eq!(receive_bodies(&peer.client, &url, 1).await, ["two"]);
}

pub(crate) async fn a_message_received_too_often_goes_to_the_dead_letter_queue(peer: Peer) {
    let dead = peer.queue("often-dead", &[]).await;
    let policy = redrive_to("often-dead", 2, &peer).await;
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, "0"),
        (QueueAttributeName::RedrivePolicy, policy.as_str()),
    ];
    let url = peer.queue("often", &attributes).await;
    send(&peer.client, &url, "one").await;
    let mut ids = Vec::new();
    for _ in 0..2 {
        ids.push(receive(&peer.client, &url, 1).await.remove(0).message_id);
    }
    assert!(receive(&peer.client, &url, 1).await.is_empty());
    let buried = receive(&peer.client, &dead, 1).await.remove(0);
    assert_eq!(buried.body(), Some("one"));
    ids.push(buried.message_id.clone());
    ids.dedup();
    assert_eq!(ids.len(), 1, "it keeps its id");
    let count = &buried.attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "3");
}

pub(crate) async fn dead_letters_can_be_moved_back(peer: Peer) {
    let dead = peer.queue("back-dead", &[]).await;
    let policy = redrive_to("back-dead", 1, &peer).await;
    let attributes = [
        (QueueAttributeName::VisibilityTimeout, "0"),
        (QueueAttributeName::RedrivePolicy, policy.as_str()),
    ];
    let url = peer.queue("back", &attributes).await;
    send(&peer.client, &url, "one").await;
    assert_eq!(receive(&peer.client, &url, 1).await.len(), 1);
    assert!(receive(&peer.client, &url, 1).await.is_empty());
    let arn = arn_of(&peer, "back-dead").await;
    let started = peer.client.start_message_move_task().source_arn(&arn).send().await;
    if peer.differs(Difference::MoveTasksAreMissing) {
        started.unwrap_err();
        return;
    }
    assert!(started.unwrap().task_handle().is_some());
    let wait = peer.client.receive_message().queue_url(&url).wait_time_seconds(5);
    assert_eq!(wait.send().await.unwrap().messages()[0].body(), Some("one"));
    assert!(receive(&peer.client, &dead, 1).await.is_empty());
    let tasks = peer.client.list_message_move_tasks().source_arn(&arn).send().await.unwrap();
    assert_eq!(tasks.results()[0].approximate_number_of_messages_moved(), 1);
}

pub(crate) async fn a_deleted_queue_is_gone(peer: Peer) {
    let url = peer.queue("gone", &[]).await;
    peer.client.delete_queue().queue_url(&url).send().await.unwrap();
    let error = peer.client.get_queue_url().queue_name("gone").send().await.unwrap_err();
    assert!(error.into_service_error().is_queue_does_not_exist());
}
