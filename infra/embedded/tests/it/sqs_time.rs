//! Queues over time: long polls, delays, deduplication, retention, fairness and depth.

use std::time::{Duration, Instant};

use aiva_embedded::{Clock, EmbeddedSqs};
use aws_sdk_sqs::Client;
use aws_sdk_sqs::types::{QueueAttributeName, SendMessageBatchRequestEntry};
use tokio::task::JoinHandle;

use crate::support::{
    create_queue, delete, manual_sqs, receive, receive_bodies, send, send_in_order,
};

const SECOND: Duration = Duration::from_secs(1);

/// Starts a long poll and lets it run until it waits.
async fn poll(client: &Client, url: &str, wait_s: i32) -> JoinHandle<Vec<String>> {
    let request = client.receive_message().queue_url(url).wait_time_seconds(wait_s);
    let poll = tokio::spawn(async move {
        let messages = request.send().await.unwrap().messages.unwrap_or_default();
        messages.into_iter().map(|message| message.body.unwrap()).collect()
    });
    // The test runs on one thread: the poll has nothing left to do but wait after some turns.
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!poll.is_finished(), "the poll waits");
    poll
}

#[tokio::test]
async fn a_long_poll_gets_a_message_within_ten_milliseconds_of_its_sending() {
    let client = EmbeddedSqs::memory(Clock::System).unwrap().client();
    let url = create_queue(&client, "jobs", &[]).await;
    let mut fastest = Duration::MAX;
    for body in ["one", "two", "three"] {
        let poll = poll(&client, &url, 20).await;
        let sent = Instant::now();
        send(&client, &url, body).await;
        assert_eq!(poll.await.unwrap(), [body]);
        fastest = fastest.min(sent.elapsed());
    }
    // The best of three, because the machine may be busy with something else.
    assert!(fastest <= Duration::from_millis(10), "{fastest:?}");
}

#[tokio::test]
async fn a_long_poll_of_twenty_seconds_ends_empty_when_they_are_over() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let url = create_queue(&client, "jobs", &[]).await;
    let poll = poll(&client, &url, 20).await;
    clock.advance(19 * SECOND);
    for _ in 0..100 {
        tokio::task::yield_now().await;
    }
    assert!(!poll.is_finished());
    clock.advance(SECOND);
    assert!(poll.await.unwrap().is_empty());
}

/// The one test that really waits: the SDK cuts a request whose body nobody reads after 5 s.
#[tokio::test]
async fn an_empty_long_poll_of_eight_real_seconds_is_not_taken_for_a_stalled_stream() {
    let client = EmbeddedSqs::memory(Clock::System).unwrap().client();
    let url = create_queue(&client, "jobs", &[]).await;
    let started = Instant::now();
    let answer = client.receive_message().queue_url(&url).wait_time_seconds(8).send().await;
    assert!(answer.unwrap().messages.is_none());
    let waited = started.elapsed();
    assert!((Duration::from_millis(7900)..10 * SECOND).contains(&waited), "{waited:?}");
}

#[tokio::test]
async fn a_long_poll_gets_a_delayed_message_when_it_is_due() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let url = create_queue(&client, "jobs", &[]).await;
    let late = client.send_message().queue_url(&url).message_body("late").delay_seconds(5);
    late.send().await.unwrap();
    let poll = poll(&client, &url, 20).await;
    clock.advance(5 * SECOND);
    assert_eq!(poll.await.unwrap(), ["late"]);
}

#[tokio::test]
async fn a_long_poll_gets_the_next_of_a_group_when_the_one_before_it_is_deleted() {
    let (sqs, _) = manual_sqs();
    let client = sqs.client();
    let url = create_queue(&client, "jobs.fifo", &[]).await;
    send_in_order(&client, &url, "a", "a1").await;
    send_in_order(&client, &url, "a", "a2").await;
    let first = receive(&client, &url, 1).await.remove(0);
    let poll = poll(&client, &url, 20).await;
    delete(&client, &url, &first).await;
    assert_eq!(poll.await.unwrap(), ["a2"]);
}

#[tokio::test]
async fn a_deduplication_id_is_forgotten_after_five_minutes() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let url = create_queue(&client, "jobs.fifo", &[]).await;
    send_in_order(&client, &url, "a", "one").await;
    let first = receive(&client, &url, 1).await.remove(0);
    delete(&client, &url, &first).await;
    clock.advance(Duration::from_millis(299_999));
    send_in_order(&client, &url, "a", "one").await;
    assert!(receive(&client, &url, 1).await.is_empty());
    clock.advance(Duration::from_millis(1));
    send_in_order(&client, &url, "a", "one").await;
    assert_eq!(receive_bodies(&client, &url, 1).await, ["one"]);
}

#[tokio::test]
async fn deduplication_by_group_lets_two_groups_use_one_id() {
    let (sqs, _) = manual_sqs();
    let client = sqs.client();
    let by_group = [(QueueAttributeName::DeduplicationScope, "messageGroup")];
    let url = create_queue(&client, "jobs.fifo", &by_group).await;
    for group in ["a", "b", "a"] {
        send_in_order(&client, &url, group, "same").await;
    }
    assert_eq!(receive(&client, &url, 10).await.len(), 2);
}

#[tokio::test]
async fn a_message_past_its_retention_is_gone() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let minute = [(QueueAttributeName::MessageRetentionPeriod, "60")];
    let url = create_queue(&client, "jobs", &minute).await;
    send(&client, &url, "old").await;
    clock.advance(61 * SECOND);
    send(&client, &url, "new").await;
    assert_eq!(receive_bodies(&client, &url, 10).await, ["new"]);
}

#[tokio::test]
async fn an_expired_handle_deletes_on_a_standard_queue_and_is_refused_on_a_fifo_queue() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let plain = create_queue(&client, "plain", &[]).await;
    let fifo = create_queue(&client, "order.fifo", &[]).await;
    send(&client, &plain, "one").await;
    send_in_order(&client, &fifo, "a", "one").await;
    let on_plain = receive(&client, &plain, 1).await.remove(0);
    let on_fifo = receive(&client, &fifo, 1).await.remove(0);
    clock.advance(31 * SECOND);
    delete(&client, &plain, &on_plain).await;
    assert!(receive(&client, &plain, 1).await.is_empty());
    let handle = on_fifo.receipt_handle.unwrap();
    let refused = client.delete_message().queue_url(&fifo).receipt_handle(handle).send().await;
    let error = refused.unwrap_err().into_service_error();
    assert_eq!(error.meta().code(), Some("InvalidParameterValue"));
    assert_eq!(receive_bodies(&client, &fifo, 1).await, ["one"]);
}

#[tokio::test]
async fn a_quiet_group_on_a_standard_queue_does_not_wait_behind_a_loud_one() {
    let (sqs, clock) = manual_sqs();
    let client = sqs.client();
    let url = create_queue(&client, "deliveries", &[]).await;
    let grouped = |group: &str, body: String| {
        client.send_message().queue_url(&url).message_group_id(group).message_body(body).send()
    };
    for number in 0..200 {
        grouped("loud", format!("loud-{number}")).await.unwrap();
    }
    clock.advance(SECOND);
    assert_eq!(receive_bodies(&client, &url, 10).await.len(), 10);
    clock.advance(SECOND);
    grouped("quiet", "quiet-0".to_owned()).await.unwrap();
    let next = receive_bodies(&client, &url, 2).await;
    assert!(next.contains(&"quiet-0".to_owned()), "{next:?}");
}

async fn fill(client: &Client, url: &str, groups: usize, messages: usize) {
    let mut sent = 0;
    while sent < messages {
        let mut batch = client.send_message_batch().queue_url(url);
        for entry in 0..10 {
            let number = sent + entry;
            let group = format!("g{}", number % groups);
            let entry = SendMessageBatchRequestEntry::builder()
                .id(entry.to_string())
                .message_body(format!("m{number}"))
                .message_group_id(group)
                .message_deduplication_id(number.to_string());
            batch = batch.entries(entry.build().unwrap());
        }
        assert!(batch.send().await.unwrap().failed().is_empty());
        sent += 10;
    }
}

#[tokio::test]
async fn receiving_from_twenty_thousand_messages_is_as_quick_as_from_a_few() {
    let (sqs, _) = manual_sqs();
    let client = sqs.client();
    let deep = create_queue(&client, "deep.fifo", &[]).await;
    let one_group = create_queue(&client, "one-group.fifo", &[]).await;
    fill(&client, &deep, 2000, 20_000).await;
    fill(&client, &one_group, 1, 5_000).await;
    let started = Instant::now();
    for _ in 0..100 {
        assert_eq!(receive(&client, &deep, 10).await.len(), 10);
    }
    for _ in 0..100 {
        let taken = receive(&client, &one_group, 1).await;
        assert!(receive(&client, &one_group, 1).await.is_empty(), "the group is blocked");
        delete(&client, &one_group, &taken[0]).await;
    }
    // A receive that reads the queue takes longer than this for a single round.
    let took = started.elapsed();
    assert!(took < 3 * SECOND, "{took:?}");
}
