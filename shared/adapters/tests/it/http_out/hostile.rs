//! Receivers that misbehave in every way we know cost one deadline and one limit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use aiva_core::ports::OutgoingError;
use tokio::io::AsyncWriteExt;
use tokio::net::TcpStream;
use tokio::sync::mpsc;

use super::receiver::{Receiver, read_request};
use super::{LATE, LONG, MAX_RESPONSE_BYTES, SHORT, post};

/// Sends the text and then dots, one byte after another, for as long as the client listens.
async fn drip(stream: &mut TcpStream, text: &str) {
    for byte in text.bytes().chain(std::iter::repeat(b'.')) {
        if stream.write_all(&[byte]).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

#[tokio::test]
async fn a_receiver_that_never_answers_costs_the_deadline() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        std::future::pending::<()>().await;
    })
    .await;
    let begun = Instant::now();
    assert_eq!(post(&receiver, SHORT).await, Err(OutgoingError::Timeout));
    assert!(begun.elapsed() < LATE);
}

#[tokio::test]
async fn a_receiver_that_drips_its_headers_costs_the_deadline() {
    for at_once in ["", "HTTP/1.1 200 OK\r\n"] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await;
            stream.write_all(at_once.as_bytes()).await.ok();
            drip(&mut stream, if at_once.is_empty() { "HTTP/1.1 200 OK" } else { "x-slow: " })
                .await;
        })
        .await;
        let begun = Instant::now();
        assert_eq!(post(&receiver, SHORT).await, Err(OutgoingError::Timeout));
        assert!(begun.elapsed() < LATE);
    }
}

#[tokio::test]
async fn a_receiver_that_sends_interim_answers_for_ever_costs_the_deadline() {
    let receiver = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
        while stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").await.is_ok() {
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    })
    .await;
    let begun = Instant::now();
    assert_eq!(post(&receiver, SHORT).await, Err(OutgoingError::Timeout));
    assert!(begun.elapsed() < LATE);
}

#[tokio::test]
async fn a_receiver_that_drips_its_body_has_answered_but_costs_no_more_than_the_deadline() {
    for status in [200, 500] {
        let receiver = Receiver::start(move |mut stream| async move {
            read_request(&mut stream).await;
            let head = format!("HTTP/1.1 {status} X\r\ncontent-length: 1000000\r\n\r\n");
            stream.write_all(head.as_bytes()).await.ok();
            drip(&mut stream, "").await;
        })
        .await;
        let begun = Instant::now();
        let response = post(&receiver, SHORT).await.unwrap();
        assert!(begun.elapsed() < LATE);
        assert_eq!(response.status, status);
        assert!(!response.body_complete && !response.truncated);
        assert!(response.body.len() < 1_000);
    }
}

#[tokio::test]
async fn ten_gigabytes_cost_the_limit() {
    const TEN_GIGABYTES: usize = 10_000_000_000;
    for framing in [format!("content-length: {TEN_GIGABYTES}"), "connection: close".to_owned()] {
        let (sender, mut written) = mpsc::unbounded_channel();
        let receiver = Receiver::start(move |mut stream| {
            let (sender, head) = (sender.clone(), format!("HTTP/1.1 200 OK\r\n{framing}\r\n\r\n"));
            async move {
                read_request(&mut stream).await;
                stream.write_all(head.as_bytes()).await.ok();
                let mut count = 0;
                while count < TEN_GIGABYTES && stream.write_all(&[b'.'; 65_536]).await.is_ok() {
                    count += 65_536;
                }
                sender.send(count).ok();
            }
        })
        .await;
        let begun = Instant::now();
        let response = post(&receiver, LONG).await.unwrap();
        assert_eq!((response.status, response.body.len()), (200, MAX_RESPONSE_BYTES));
        assert!(response.truncated && !response.body_complete);
        // What the kernel's buffers hold on both sides is all that was ever sent.
        assert!(written.recv().await.unwrap() < 32_000_000);
        assert!(begun.elapsed() < LATE);
    }
}

#[tokio::test]
async fn a_body_of_exactly_the_limit_is_whole_and_one_byte_more_is_cut() {
    for (length, truncated) in [(MAX_RESPONSE_BYTES, false), (MAX_RESPONSE_BYTES + 1, true)] {
        let body = "x".repeat(length);
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 200 OK\r\ncontent-length: {length}\r\n\r\n{body}"
        ))
        .await;
        let response = post(&receiver, LONG).await.unwrap();
        assert_eq!(response.body.len(), MAX_RESPONSE_BYTES);
        assert_eq!((response.truncated, response.body_complete), (truncated, !truncated));
    }
}

#[tokio::test]
async fn a_redirect_is_an_answer_and_its_target_is_never_visited() {
    let target = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    for status in [301, 302, 303, 307, 308] {
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 {status} Away\r\nlocation: {}\r\ncontent-length: 0\r\n\r\n",
            target.url()
        ))
        .await;
        assert_eq!(post(&receiver, LONG).await.unwrap().status, status);
    }
    assert_eq!(target.connections(), 0);
}

#[tokio::test]
async fn a_connection_that_closes_before_its_answer_is_a_failure() {
    for answer in ["", "HTTP/1.1 20", "HTTP/1.1 200 OK\r\ncontent-le"] {
        let receiver = Receiver::answering_once(answer).await;
        assert_eq!(post(&receiver, LONG).await, Err(OutgoingError::Protocol), "{answer}");
        assert_eq!(receiver.connections(), 1, "one attempt is one request");
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_still_an_answer() {
    for framing in
        ["content-length: 100\r\n\r\nhalf", "transfer-encoding: chunked\r\n\r\n4\r\nhalf"]
    {
        let receiver = Receiver::answering_once(format!("HTTP/1.1 200 OK\r\n{framing}")).await;
        let response = post(&receiver, LONG).await.unwrap();
        assert_eq!((response.status, response.body.as_slice()), (200, b"half".as_slice()));
        assert!(!response.body_complete && !response.truncated);
    }
}

#[tokio::test]
async fn an_answer_that_is_not_http_is_a_failure() {
    for answer in [
        "hello\r\n\r\n",
        "HTTP/9.9 200 OK\r\n\r\n",
        "HTTP/1.1 abc OK\r\n\r\n",
        "HTTP/1.1 200 OK\r\nbad header\r\n\r\n",
        "HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
        "\0\0\0\0\0\0\0\0\0\0\0\0",
    ] {
        let receiver = Receiver::answering_once(answer).await;
        assert_eq!(post(&receiver, LONG).await, Err(OutgoingError::Protocol), "{answer}");
    }
}

#[tokio::test]
async fn headers_are_bounded_in_number_and_in_bytes() {
    let many = Receiver::answering(format!(
        "HTTP/1.1 200 OK\r\n{}content-length: 0\r\n\r\n",
        "x-more: 1\r\n".repeat(1_000)
    ))
    .await;
    assert_eq!(post(&many, LONG).await, Err(OutgoingError::Protocol));
    let sent = Arc::new(AtomicUsize::new(0));
    let counter = Arc::clone(&sent);
    let endless = Receiver::start(move |mut stream| {
        let counter = Arc::clone(&counter);
        async move {
            read_request(&mut stream).await;
            stream.write_all(b"HTTP/1.1 200 OK\r\nx-endless: ").await.ok();
            while stream.write_all(&[b'x'; 4_096]).await.is_ok() {
                counter.fetch_add(4_096, Ordering::SeqCst);
            }
        }
    })
    .await;
    assert_eq!(post(&endless, LONG).await, Err(OutgoingError::Protocol));
    assert!(sent.load(Ordering::SeqCst) < 32_000_000);
}

#[tokio::test]
async fn a_compressed_body_is_never_unpacked() {
    let receiver = Receiver::answering(
        "HTTP/1.1 200 OK\r\ncontent-encoding: gzip\r\ncontent-length: 9\r\n\r\nnot-gzip!",
    )
    .await;
    assert_eq!(post(&receiver, LONG).await.unwrap().body, b"not-gzip!");
}
