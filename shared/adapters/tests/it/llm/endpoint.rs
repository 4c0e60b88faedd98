//! A model's endpoint on loopback that does as it is told, one act for each request.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::{TcpListener, TcpStream};
use tokio::task::JoinHandle;

/// What the endpoint does with a request.
#[derive(Debug, Clone)]
pub(crate) enum Act {
    /// Writes this and closes the connection.
    Say(String),
    /// Writes what it makes of the request's body and closes the connection.
    Answer(fn(&Value) -> String),
    /// The same, only then.
    SayAfter(Duration, String),
    /// Writes this and keeps the connection open.
    SayAndHang(String),
}

/// A request as it came.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) head: String,
    pub(crate) body: Value,
}

impl Seen {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.head.lines().find_map(|line| {
            let (key, value) = line.split_once(": ")?;
            key.eq_ignore_ascii_case(name).then_some(value)
        })
    }
}

pub(crate) struct Endpoint {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    task: JoinHandle<()>,
}

impl Endpoint {
    /// Starts an endpoint; the last act is repeated.
    pub(crate) async fn start(acts: impl Into<Vec<Act>>) -> Self {
        let acts = acts.into();
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let task = tokio::spawn(async move {
            let mut open = Vec::new();
            while let Ok((mut stream, _)) = listener.accept().await {
                let Some(request) = read(&mut stream).await else { continue };
                let body = request.body.clone();
                let number = {
                    let mut log = log.lock().unwrap();
                    log.push(request);
                    log.len()
                };
                // The other side may have hung up, which is its right.
                let act = &acts[number.min(acts.len()) - 1];
                if let Act::SayAfter(wait, _) = act {
                    tokio::time::sleep(*wait).await;
                }
                match act {
                    Act::Say(text) | Act::SayAfter(_, text) => {
                        let _ = stream.write_all(text.as_bytes()).await;
                        let _ = stream.shutdown().await;
                    }
                    Act::Answer(answer) => {
                        let _ = stream.write_all(answer(&body).as_bytes()).await;
                        let _ = stream.shutdown().await;
                    }
                    Act::SayAndHang(text) => {
                        let _ = stream.write_all(text.as_bytes()).await;
                        open.push(stream);
                    }
                }
            }
        });
        Self { address, seen, task }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    pub(crate) fn requests(&self) -> usize {
        self.seen.lock().unwrap().len()
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn read(stream: &mut TcpStream) -> Option<Seen> {
    let mut bytes = Vec::new();
    loop {
        let mut buffer = [0; 4096];
        let count = stream.read(&mut buffer).await.ok().filter(|count| *count > 0)?;
        bytes.extend_from_slice(&buffer[..count]);
        let Some(end) = bytes.windows(4).position(|window| window == b"\r\n\r\n") else { continue };
        let head = String::from_utf8(bytes[..end].to_vec()).unwrap();
        let mut seen = Seen { head, body: Value::Null };
        let length: usize = seen.header("content-length").unwrap_or("0").parse().unwrap();
        if bytes.len() >= end + 4 + length {
            seen.body = serde_json::from_slice(&bytes[end + 4..]).unwrap();
            return Some(seen);
        }
    }
}

/// A whole answer.
pub(crate) fn status(code: u16, headers: &str, body: &str) -> Act {
    Act::Say(whole(code, headers, body))
}

/// The text of a whole answer.
pub(crate) fn whole(code: u16, headers: &str, body: &str) -> String {
    let length = body.len();
    format!(
        "HTTP/1.1 {code} Whatever\r\ncontent-length: {length}\r\nconnection: close\r\n{headers}\r\n{body}"
    )
}

/// A JSON answer.
pub(crate) fn json(body: &str) -> Act {
    status(200, "content-type: application/json\r\n", body)
}

/// The text of an event stream without an announced end: closing the connection ends it.
pub(super) fn stream_text(events: &[&str]) -> String {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\nconnection: close\r\n\r\n{events}"
    )
}

/// An event stream that ends.
pub(super) fn stream(events: &[&str]) -> Act {
    Act::Say(stream_text(events))
}

/// An event stream that breaks off in the middle of a chunk.
pub(super) fn broken_stream(events: &[&str]) -> Act {
    let events: String = events.iter().map(|event| format!("data: {event}\n\n")).collect();
    let length = events.len();
    Act::Say(format!(
        "HTTP/1.1 200 OK\r\ncontent-type: text/event-stream\r\ntransfer-encoding: chunked\r\n\r\n\
         {length:x}\r\n{events}\r\nff\r\ndata: "
    ))
}
