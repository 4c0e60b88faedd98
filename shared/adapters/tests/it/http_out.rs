//! Outgoing HTTP: what is sent, what is read, and (in the files beside) what is never done.

mod address;
mod hostile;
mod receiver;

use std::collections::HashMap;
use std::time::Duration;

use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_core::egress::{CallbackUrl, EgressPolicy};
use aiva_core::ports::{HttpOut, OutgoingError, OutgoingRequest, OutgoingResponse};
use tokio::io::AsyncWriteExt;
use tokio::sync::mpsc;

use self::receiver::{Receiver, read_request};

const MAX_RESPONSE_BYTES: usize = 64 * 1024;
const SHORT: Duration = Duration::from_millis(300);
const LONG: Duration = Duration::from_secs(5);
/// A short deadline, and room for a busy machine.
const LATE: Duration = Duration::from_secs(2);

fn local() -> EgressPolicy {
    EgressPolicy { local: true, ..EgressPolicy::default() }
}

fn noon() -> jiff::Timestamp {
    "2026-11-20T12:00:00Z".parse().unwrap()
}

fn client() -> GuardedHttp {
    GuardedHttp::new(local(), Resolution::Fixed(HashMap::new()), noon).unwrap()
}

fn request(url: &str, timeout: Duration) -> OutgoingRequest {
    OutgoingRequest {
        url: CallbackUrl::parse(url, &local()).unwrap(),
        headers: vec![("x-assistify-event", "ai.reply".to_owned())],
        body: b"{\"a\":1}".to_vec(),
        timeout,
        max_response_bytes: MAX_RESPONSE_BYTES,
    }
}

async fn post(receiver: &Receiver, timeout: Duration) -> Result<OutgoingResponse, OutgoingError> {
    client().post(request(&receiver.url(), timeout)).await
}

#[tokio::test]
async fn a_post_carries_its_headers_and_its_exact_bytes_and_nothing_of_ours() {
    let (sender, mut seen) = mpsc::unbounded_channel();
    let receiver = Receiver::start(move |mut stream| {
        let sender = sender.clone();
        async move {
            sender.send(read_request(&mut stream).await).unwrap();
            stream.write_all(b"HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await.unwrap();
        }
    })
    .await;
    let url = format!("{}?token=s3cret#part", receiver.url());
    let response = client().post(request(&url, LONG)).await.unwrap();
    assert_eq!(
        response,
        OutgoingResponse {
            status: 200,
            retry_after: None,
            body: b"ok".to_vec(),
            truncated: false,
            body_complete: true,
        }
    );
    let sent = String::from_utf8(seen.recv().await.unwrap()).unwrap();
    let (head, body) = sent.split_once("\r\n\r\n").unwrap();
    let mut lines: Vec<_> = head.split("\r\n").map(str::to_owned).collect();
    assert_eq!(lines.remove(0), "POST /hook?token=s3cret HTTP/1.1");
    lines.sort();
    assert_eq!(
        lines,
        [
            "accept: */*".to_owned(),
            "content-length: 7".to_owned(),
            "content-type: application/json".to_owned(),
            format!("host: {}", receiver.address),
            "user-agent: Aiva-Webhooks/1".to_owned(),
            "x-assistify-event: ai.reply".to_owned(),
        ]
    );
    assert_eq!(body, "{\"a\":1}");
}

#[tokio::test]
async fn a_status_is_told_as_it_came() {
    for (line, status) in [("204 No Content", 204), ("410 Gone", 410), ("503 Busy", 503)] {
        let receiver =
            Receiver::answering(format!("HTTP/1.1 {line}\r\ncontent-length: 0\r\n\r\n")).await;
        let response = post(&receiver, LONG).await.unwrap();
        assert_eq!((response.status, response.body_complete), (status, true));
    }
}

#[tokio::test]
async fn retry_after_is_read_as_seconds_and_as_a_date() {
    for (value, seconds) in [
        ("120", Some(120)),
        ("Fri, 20 Nov 2026 12:01:30 GMT", Some(90)),
        ("Fri, 20 Nov 2026 11:00:00 GMT", Some(0)),
        ("later", None),
    ] {
        let receiver = Receiver::answering(format!(
            "HTTP/1.1 429 Slow\r\nretry-after: {value}\r\ncontent-length: 0\r\n\r\n"
        ))
        .await;
        let response = post(&receiver, LONG).await.unwrap();
        assert_eq!(response.retry_after.map(|wait| wait.as_secs()), seconds, "{value}");
    }
}

#[tokio::test]
async fn a_connection_is_used_again_only_after_a_whole_answer() {
    let whole = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 2\r\n\r\nok").await;
    let cut = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nok").await;
    let client = client();
    for _ in 0..3 {
        assert!(client.post(request(&whole.url(), LONG)).await.unwrap().body_complete);
        assert!(!client.post(request(&cut.url(), SHORT)).await.unwrap().body_complete);
    }
    assert_eq!((whole.connections(), cut.connections()), (1, 3));
}

#[tokio::test]
async fn a_port_where_nobody_listens_is_a_failed_connection() {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let url = format!("http://{}/", listener.local_addr().unwrap());
    drop(listener);
    assert_eq!(client().post(request(&url, LONG)).await, Err(OutgoingError::Connect));
}

#[tokio::test]
async fn a_receiver_without_tls_is_a_failed_handshake() {
    let talking = Receiver::start(|mut stream| async move {
        stream.write_all(b"HTTP/1.1 400 Bad Request\r\n\r\n").await.ok();
        read_request(&mut stream).await;
    })
    .await;
    let closing = Receiver::start(|mut stream| async move {
        let mut hello = [0; 5];
        tokio::io::AsyncReadExt::read_exact(&mut stream, &mut hello).await.ok();
        stream.shutdown().await.ok();
        read_request(&mut stream).await;
    })
    .await;
    let silent = Receiver::start(|mut stream| async move {
        read_request(&mut stream).await;
    })
    .await;
    for (receiver, error) in [
        (talking, OutgoingError::Tls),
        (closing, OutgoingError::Tls),
        (silent, OutgoingError::Timeout),
    ] {
        let url = format!("https://{}/", receiver.address);
        assert_eq!(client().post(request(&url, SHORT)).await, Err(error));
    }
}

#[tokio::test]
async fn a_header_value_that_would_split_the_request_is_never_sent() {
    let receiver = Receiver::answering("HTTP/1.1 200 OK\r\ncontent-length: 0\r\n\r\n").await;
    let mut request = request(&receiver.url(), LONG);
    request.headers.push(("x-assistify-delivery-id", "a\r\nx-evil: 1".to_owned()));
    assert_eq!(client().post(request).await, Err(OutgoingError::Protocol));
    assert_eq!(receiver.connections(), 0);
}
