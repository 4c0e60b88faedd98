//! What queues keep across a restart, and what the start of a process releases.

use aiva_embedded::{Clock, EmbeddedSqs, EngineError, ManualClock};
use aws_sdk_sqs::types::MessageSystemAttributeName;

use crate::support::{
    START_MS, create_queue, delete, fresh_file, receive, receive_bodies, send, send_in_order,
};

#[tokio::test]
async fn messages_receipts_and_deduplication_survive_reopening_the_file() {
    let path = fresh_file("sqs-reopen");
    let clock = ManualClock::new(START_MS);
    let (url, held) = {
        let client = EmbeddedSqs::open(&path, Clock::from(clock.clone())).unwrap().client();
        let url = create_queue(&client, "jobs.fifo", &[]).await;
        send_in_order(&client, &url, "a", "a1").await;
        send_in_order(&client, &url, "b", "b1").await;
        let held = receive(&client, &url, 1).await.remove(0);
        (url, held)
    };
    let client = EmbeddedSqs::open(&path, Clock::from(clock.clone())).unwrap().client();
    send_in_order(&client, &url, "b", "b1").await;
    let waiting = receive(&client, &url, 10).await;
    assert_eq!(waiting.len(), 1, "a is in flight and the second b1 is a duplicate");
    assert_ne!(waiting[0].message_id, held.message_id);
    delete(&client, &url, &held).await;
    clock.advance(std::time::Duration::from_secs(31));
    assert_eq!(receive_bodies(&client, &url, 10).await, ["b1"]);
}

#[tokio::test]
async fn releasing_makes_everything_in_flight_visible_and_nothing_else() {
    let clock = ManualClock::new(START_MS);
    let sqs = EmbeddedSqs::memory(Clock::from(clock)).unwrap();
    let client = sqs.client();
    let plain = create_queue(&client, "plain", &[]).await;
    let fifo = create_queue(&client, "order.fifo", &[]).await;
    send(&client, &plain, "one").await;
    send_in_order(&client, &fifo, "a", "a1").await;
    send_in_order(&client, &fifo, "a", "a2").await;
    let late = client.send_message().queue_url(&plain).message_body("late").delay_seconds(60);
    late.send().await.unwrap();
    assert_eq!(receive(&client, &plain, 10).await.len(), 1);
    assert_eq!(receive(&client, &fifo, 1).await.len(), 1);
    assert!(receive(&client, &fifo, 1).await.is_empty());

    assert_eq!(sqs.release_in_flight().unwrap(), 2);
    assert_eq!(receive_bodies(&client, &plain, 10).await, ["one"]);
    let again = receive(&client, &fifo, 10).await;
    let bodies: Vec<_> = again.iter().map(|message| message.body().unwrap()).collect();
    assert_eq!(bodies, ["a1", "a2"]);
    let count =
        &again[0].attributes().unwrap()[&MessageSystemAttributeName::ApproximateReceiveCount];
    assert_eq!(count, "2");
}

#[test]
fn a_file_of_another_layout_is_refused() {
    let path = fresh_file("sqs-layout");
    drop(EmbeddedSqs::open(&path, Clock::System).unwrap());
    let file = rusqlite::Connection::open(&path).unwrap();
    file.pragma_update(None, "user_version", 99).unwrap();
    drop(file);
    let error = EmbeddedSqs::open(&path, Clock::System).unwrap_err();
    assert!(matches!(error, EngineError::Layout { found: 99, .. }), "{error}");
}
