//! Functions that answer, against a Lambda runtime API on loopback.

#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

use std::convert::Infallible;
use std::process::{Child, Command};
use std::sync::Arc;
use std::time::Duration;

use aiva_core::ports::Clock;
use aiva_kit::clock::SystemClock;
use aiva_kit::config::variable;
use aiva_kit::serve;
use axum::body::Body;
use axum::extract::{Path, Request, State};
use axum::http::{Extensions, HeaderMap, StatusCode};
use axum::response::{IntoResponse, Response};
use axum::routing::{get, post};
use axum::{Extension, Router};
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use tokio::sync::{Mutex, mpsc};
use tokio::time::{Instant, timeout};

/// Set in the process that plays the function: where its gate is.
const ROLE: &str = "AIVA_TEST_FUNCTION";
/// Set in the process that plays the function: whether it streams.
const STREAMS: &str = "AIVA_TEST_STREAMS";
const PATIENCE: Duration = Duration::from_secs(20);
const EVENT: &str = r#"{"version":"2.0","rawPath":"/slow","rawQueryString":"","headers":{},
    "requestContext":{"stage":"$default","http":{"method":"GET","path":"/slow",
    "protocol":"HTTP/1.1","sourceIp":"203.0.113.7"}},"isBase64Encoded":false}"#;

#[derive(Clone)]
struct Nowhere;

/// Waits until the test opens the gate.
async fn pass(gate: String) {
    let stream = tokio::net::TcpStream::connect(&gate).await.unwrap();
    stream.readable().await.unwrap();
}

fn arrived(extensions: &mut Extensions, _: &str, _: Instant) {
    extensions.insert(Nowhere);
}

/// The function: its second word comes only after the test has seen the first.
async fn play_function_with_two_words(gate: String) {
    let answer = move |_: Extension<Nowhere>| async move {
        let wait = async move {
            pass(gate).await;
            Ok::<_, Infallible>(Bytes::from_static(b"two"))
        };
        let first = stream::once(async { Ok(Bytes::from_static(b"one ")) });
        Body::from_stream(first.chain(stream::once(wait)))
    };
    let router = Router::new().route("/slow", get(answer));
    serve::streaming(router, arrived, || async {}).await.unwrap();
}

/// The function: something runs behind its answer until the test lets it end.
async fn play_function_with_more_to_do(gate: String) {
    let router = Router::new().route("/slow", get(|| async { "done" }));
    let streams = variable(STREAMS).is_some();
    serve::whole_or_streamed(streams, router, arrived, move || pass(gate.clone())).await.unwrap();
}

/// The runtime API: hands out one event, and tells what comes back as it comes.
#[derive(Clone)]
struct Api {
    events: Arc<Mutex<mpsc::Receiver<&'static str>>>,
    pieces: mpsc::Sender<Piece>,
}

enum Piece {
    /// The function asks for an event.
    Asks,
    Head(HeaderMap),
    Bytes(Bytes),
    End,
}

async fn next(State(api): State<Api>) -> Response {
    api.pieces.send(Piece::Asks).await.unwrap();
    let Some(event) = api.events.lock().await.recv().await else {
        return std::future::pending().await;
    };
    let deadline = SystemClock.now().as_millisecond() + 30_000;
    let headers = [
        ("lambda-runtime-aws-request-id", "inv-1".to_owned()),
        ("lambda-runtime-deadline-ms", deadline.to_string()),
        ("lambda-runtime-invoked-function-arn", "arn:aws:lambda:x:0:function:f".to_owned()),
    ];
    (headers, event).into_response()
}

async fn take(State(api): State<Api>, Path(_): Path<String>, request: Request) -> StatusCode {
    api.pieces.send(Piece::Head(request.headers().clone())).await.unwrap();
    let mut body = request.into_body().into_data_stream();
    while let Some(piece) = body.next().await {
        api.pieces.send(Piece::Bytes(piece.unwrap())).await.unwrap();
    }
    api.pieces.send(Piece::End).await.unwrap();
    StatusCode::ACCEPTED
}

struct Function(Child);

impl Drop for Function {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

fn start_function(test: &str, api: &str, gate: &str, streams: bool) -> Function {
    let mut command = Command::new(std::env::current_exe().unwrap());
    if streams {
        command.env(STREAMS, "yes");
    }
    command
        .args(["--exact", test])
        .env(ROLE, gate)
        .env("AWS_LAMBDA_RUNTIME_API", api)
        .env("AWS_LAMBDA_FUNCTION_NAME", "f")
        .env("AWS_LAMBDA_FUNCTION_VERSION", "1")
        .env("AWS_LAMBDA_FUNCTION_MEMORY_SIZE", "128")
        .env("AWS_LAMBDA_LOG_GROUP_NAME", "g")
        .env("AWS_LAMBDA_LOG_STREAM_NAME", "s");
    Function(command.spawn().unwrap())
}

/// A function that has got one event, and what comes back from it.
struct Invoked {
    pieces: mpsc::Receiver<Piece>,
    gate: tokio::net::TcpListener,
    _events: mpsc::Sender<&'static str>,
    _function: Function,
}

async fn invoke(test: &str, streams: bool) -> Invoked {
    let (invoke, events) = mpsc::channel(1);
    let (tell, pieces) = mpsc::channel(64);
    let api = Api { events: Arc::new(Mutex::new(events)), pieces: tell };
    let routes = Router::new()
        .route("/2018-06-01/runtime/invocation/next", get(next))
        .route("/2018-06-01/runtime/invocation/{id}/response", post(take))
        .with_state(api);
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap().to_string();
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    let gate = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let at = gate.local_addr().unwrap().to_string();
    let function = start_function(test, &address, &at, streams);
    invoke.send(EVENT).await.unwrap();
    let mut invoked = Invoked { pieces, gate, _events: invoke, _function: function };
    assert!(matches!(invoked.piece().await, Piece::Asks), "a function begins by asking");
    invoked
}

impl Invoked {
    async fn piece(&mut self) -> Piece {
        timeout(PATIENCE, self.pieces.recv()).await.expect("nothing arrives").unwrap()
    }

    /// Lets the function pass its gate, once it is there.
    async fn open(&mut self) -> tokio::net::TcpStream {
        let (mut stream, _) = timeout(PATIENCE, self.gate.accept()).await.unwrap().unwrap();
        tokio::io::AsyncWriteExt::write_all(&mut stream, b"go").await.unwrap();
        stream
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_streamed_answer_leaves_word_by_word() {
    if let Some(gate) = variable(ROLE) {
        return play_function_with_two_words(gate).await;
    }
    let mut invoked = invoke("a_streamed_answer_leaves_word_by_word", true).await;
    let mut seen = Vec::new();
    let mut open = None;
    loop {
        match invoked.piece().await {
            Piece::Head(headers) => {
                assert_eq!(headers["lambda-runtime-function-response-mode"], "streaming");
            }
            Piece::Bytes(bytes) => seen.extend_from_slice(&bytes),
            Piece::End => break,
            Piece::Asks => panic!("the next event is asked for before the answer's end"),
        }
        if open.is_none() && seen.ends_with(b"one ") {
            open = Some(invoked.open().await);
        }
    }
    assert!(open.is_some(), "the first word came with the last");
    let text = String::from_utf8(seen).unwrap();
    let (prelude, body) = text.split_once("\0\0\0\0\0\0\0\0").unwrap();
    assert!(prelude.contains("\"statusCode\":200"), "{prelude}");
    assert_eq!(body, "one two");
}

/// What a sandbox does behind an answer is done before it asks for the next event, or it would be frozen.
#[tokio::test(flavor = "multi_thread")]
async fn what_runs_behind_an_answer_ends_after_it_is_out_and_before_the_next_event() {
    if let Some(gate) = variable(ROLE) {
        return play_function_with_more_to_do(gate).await;
    }
    let own = "what_runs_behind_an_answer_ends_after_it_is_out_and_before_the_next_event";
    for streams in [false, true] {
        let mut invoked = invoke(own, streams).await;
        let mut seen = Vec::new();
        loop {
            match invoked.piece().await {
                Piece::Bytes(bytes) => seen.extend_from_slice(&bytes),
                Piece::Head(_) => {}
                Piece::End => break,
                Piece::Asks => panic!("the next event is asked for before the answer's end"),
            }
        }
        assert!(String::from_utf8(seen).unwrap().contains("done"), "the answer is whole");
        let early = timeout(Duration::from_millis(200), invoked.pieces.recv()).await;
        assert!(early.is_err(), "the next event is asked for while something runs");
        let _open = invoked.open().await;
        assert!(matches!(invoked.piece().await, Piece::Asks));
    }
}
