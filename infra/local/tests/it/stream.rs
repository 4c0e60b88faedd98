//! Answers that are streamed as they are written.

use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, Bytes};
use axum::http::header::CONTENT_TYPE;
use axum::routing::post;
use futures_util::stream;
use reqwest::{Client, Method};
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::sync::{Mutex, mpsc};
use tokio::time::timeout;

use crate::model::Endpoint;
use crate::support::{Product, config, fresh_dir};

const QUERY: &str = "/v1/projects/default/query";
const SCRIPTED: [(&str, &str); 1] = [("AIVA_MODEL", "scripted")];
/// What takes longer than this never comes.
const PATIENCE: Duration = Duration::from_secs(10);

/// The pen of one answer that the model is writing.
struct Pen(mpsc::Sender<Bytes>);

impl Pen {
    async fn write(&self, text: &str) {
        let chunk = json!({ "choices": [{ "index": 0, "delta": { "content": text } }] });
        self.0.send(format!("data: {chunk}\n\n").into()).await.unwrap();
    }

    /// Ends the answer, and tells what it used.
    async fn lay_down(self) {
        let end = json!({
            "choices": [{ "index": 0, "delta": {}, "finish_reason": "stop" }],
            "usage": { "prompt_tokens": 100, "completion_tokens": 10 },
        });
        self.0.send(format!("data: {end}\n\ndata: [DONE]\n\n").into()).await.unwrap();
    }

    /// Waits until nobody reads any more.
    async fn dropped(&self) {
        timeout(PATIENCE, self.0.closed()).await.expect("the model is still being read");
    }
}

/// An OpenAI-compatible endpoint whose answers the test writes, piece by piece.
struct Author {
    url: String,
    pens: mpsc::Receiver<Pen>,
}

impl Author {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let (hand, pens) = mpsc::channel(16);
        let hand = Arc::new(Mutex::new(hand));
        let answer = move || async move {
            let (pen, paper) = mpsc::channel::<Bytes>(16);
            hand.lock().await.send(Pen(pen)).await.unwrap();
            let pieces = stream::unfold(paper, |mut paper| async move {
                let piece = paper.recv().await?;
                Some((Ok::<_, std::io::Error>(piece), paper))
            });
            ([(CONTENT_TYPE, "text/event-stream")], Body::from_stream(pieces))
        };
        let routes = Router::new().route("/v1/chat/completions", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
        Self { url, pens }
    }

    /// The next answer that is asked for.
    async fn pen(&mut self) -> Pen {
        timeout(PATIENCE, self.pens.recv()).await.expect("the model is not asked").unwrap()
    }
}

/// One event as it came.
#[derive(Debug, Clone, PartialEq)]
struct Event {
    id: u64,
    name: String,
    data: Value,
}

/// A stream that is being read.
struct Reading {
    response: reqwest::Response,
    unread: String,
}

impl Reading {
    /// The next event; none at the end.
    async fn next(&mut self) -> Option<Event> {
        loop {
            if let Some((block, rest)) = self.unread.split_once("\n\n") {
                let (block, rest) = (block.to_owned(), rest.to_owned());
                self.unread = rest;
                if !block.starts_with(':') {
                    return Some(event(&block));
                }
                continue;
            }
            let chunk = timeout(PATIENCE, self.response.chunk()).await.expect("a silent stream");
            let Some(chunk) = chunk.unwrap() else {
                assert_eq!(self.unread, "", "the stream ends inside an event");
                return None;
            };
            self.unread.push_str(std::str::from_utf8(&chunk).unwrap());
        }
    }

    async fn rest(mut self) -> Vec<Event> {
        let mut events = Vec::new();
        while let Some(event) = self.next().await {
            events.push(event);
        }
        events
    }
}

fn event(block: &str) -> Event {
    let field = |name: &str| {
        let line = block.lines().find_map(|line| line.strip_prefix(name));
        line.unwrap_or_else(|| panic!("no {name} in {block}")).trim().to_owned()
    };
    Event {
        id: field("id:").parse().unwrap(),
        name: field("event:"),
        data: serde_json::from_str(&field("data:")).unwrap(),
    }
}

fn told(events: &[Event]) -> String {
    let deltas = events.iter().filter(|event| event.name == "delta");
    deltas.map(|event| event.data["delta"].as_str().unwrap()).collect()
}

/// Whether the events are deltas, then one `citations`, then one `done`, and count up.
fn well_formed(events: &[Event]) {
    let names: Vec<&str> = events.iter().map(|event| event.name.as_str()).collect();
    let deltas = names.iter().take_while(|name| **name == "delta").count();
    assert_eq!(names[deltas..], ["citations", "done"], "{events:?}");
    assert!(events.is_sorted_by(|one, other| one.id < other.id), "{events:?}");
}

async fn ask(product: &Product, body: &Value, headers: &[(&str, &str)]) -> Reading {
    let demo = product.runtime.demo();
    let client = Client::builder().no_proxy().build().unwrap();
    let mut request = client
        .post(format!("{}{QUERY}", demo.base_url))
        .header("authorization", format!("Bearer {}", demo.key))
        .header("content-type", "application/json");
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let response = timeout(PATIENCE, request.body(body.to_string()).send()).await;
    let response = response.expect("no headers came").unwrap();
    assert_eq!(response.status(), 200);
    let kind = response.headers()["content-type"].to_str().unwrap();
    assert!(kind.starts_with("text/event-stream"), "{kind}");
    Reading { response, unread: String::new() }
}

fn streamed(message: &str, session: &str) -> Value {
    json!({ "message": message, "session_id": session, "stream": true })
}

async fn with_author(dir: &std::path::Path) -> (Product, Author) {
    let author = Author::start().await;
    let variables = [
        ("AIVA_MODEL", "openai"),
        ("AIVA_OPENAI_BASE_URL", author.url.as_str()),
        ("AIVA_OPENAI_MODEL", "m"),
    ];
    (Product::start_with(config(dir, &variables)).await, author)
}

#[tokio::test(flavor = "multi_thread")]
async fn the_first_words_leave_before_the_model_has_found_the_last() {
    let dir = fresh_dir();
    let (product, mut author) = with_author(dir.path()).await;
    let question = streamed("How do I reset my password?", "sess_abc123");
    let mut reading = ask(&product, &question, &[]).await;
    // The headers are there, and the model has not written a word.
    let pen = author.pen().await;
    pen.write(" Follow").await;
    let first = reading.next().await.unwrap();
    assert_eq!((first.name.as_str(), &first.data), ("delta", &json!({ "delta": "Follow" })));
    assert_eq!(first.id, 6);
    pen.write(" the ").await;
    let second = reading.next().await.unwrap();
    assert_eq!(second.data, json!({ "delta": " the" }));
    pen.write("link.\n").await;
    pen.lay_down().await;
    let mut events = vec![first, second];
    events.extend(reading.rest().await);
    well_formed(&events);
    let done = &events.last().unwrap().data;
    assert_eq!(done["answer"], "Follow the link.");
    assert_eq!(told(&events), "Follow the link.");
    assert_eq!(done["session_id"], "sess_abc123");
    // 100 tokens in at 1,000 credits a million and 10 out at 5,000.
    assert_eq!(product.charges().await, [-150_000]);
    let said = product.settled("sess_abc123", 2).await;
    assert_eq!(said[1]["messageId"], done["message_id"]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_may_take_longer_than_a_request_that_waits_for_the_whole() {
    let dir = fresh_dir();
    let mut config = config(dir.path(), &[("AIVA_MODEL", "scripted")]);
    config.answer_within = Duration::from_millis(100);
    let product = Product::start_with(config).await;
    let question = streamed("[[pace:150]] [[usage:10,5]] one two three", "s1");
    let events = ask(&product, &question, &[]).await.rest().await;
    well_formed(&events);
    assert_eq!(events.last().unwrap().name, "done");
    assert_eq!(told(&events), "You said: one two three");
    assert_eq!(product.charges().await, [-35_000]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_stops_the_model_and_pays_once_for_what_was_said() {
    let dir = fresh_dir();
    let (product, mut author) = with_author(dir.path()).await;
    let question = streamed("How do I reset my password?", "s1");
    let mut reading = ask(&product, &question, &[]).await;
    let pen = author.pen().await;
    pen.write("Follow the").await;
    let last = reading.next().await.unwrap();
    drop(reading);
    pen.dropped().await;
    let said = product.settled("s1", 2).await;
    assert_eq!(said[1]["content"], "Follow the");
    let paid = product.charges().await;
    assert_eq!(paid.len(), 1);
    assert!(paid[0] < 0);
    assert_eq!(product.held().await, 0);

    // Back again, the caller gets what is stored, and it costs nothing.
    let id = (last.id - 4).to_string();
    let events = ask(&product, &question, &[("last-event-id", &id)]).await.rest().await;
    well_formed(&events);
    assert_eq!(told(&events), " the");
    let done = &events.last().unwrap().data;
    assert_eq!(
        (&done["answer"], &done["message_id"]),
        (&json!("Follow the"), &said[1]["messageId"])
    );
    assert_eq!(product.settled("s1", 2).await.len(), 2);
    assert_eq!(product.charges().await, paid);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_hangs_up_before_the_first_word_pays_for_the_prompt() {
    let dir = fresh_dir();
    let (product, mut author) = with_author(dir.path()).await;
    let reading = ask(&product, &streamed("Hello?", "s2"), &[]).await;
    let pen = author.pen().await;
    drop(reading);
    pen.dropped().await;
    assert_eq!(product.settled("s2", 2).await.len(), 2);
    assert_eq!(product.charges().await.len(), 1);
    assert_eq!(product.held().await, 0);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_goes_on_after_the_last_event_that_was_seen() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &SCRIPTED)).await;
    let question = streamed("[[say:Grüße aus Köln, und bis bald]]", "s3");
    let key = ("idempotency-key", "once-1");
    let whole = ask(&product, &question, &[key]).await.rest().await;
    well_formed(&whole);
    let answer = whole.last().unwrap().data["answer"].as_str().unwrap().to_owned();
    assert_eq!(told(&whole), answer);
    for seen in 0..=whole.last().unwrap().id {
        let id = seen.to_string();
        let events = ask(&product, &question, &[key, ("last-event-id", &id)]).await.rest().await;
        let skipped = usize::try_from(seen).unwrap();
        assert_eq!(told(&events), answer.chars().skip(skipped).collect::<String>());
        assert_eq!(events.last(), whole.last());
        let before_the_end = &events[..events.len() - 1];
        assert!(before_the_end.iter().all(|event| event.id > seen), "{events:?}");
    }
    assert_eq!(product.settled("s3", 2).await.len(), 2);
    assert_eq!(product.charges().await.len(), 1);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn one_question_asked_twice_at_once_is_one_message_one_charge_and_one_answer_to_both() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &SCRIPTED)).await;
    let question = streamed("[[pace:40]] one two three four five", "s4");
    let key = [("idempotency-key", "once-2")];
    let both = [ask(&product, &question, &key).await, ask(&product, &question, &key).await];
    let [one, other] = both.map(Reading::rest);
    let (one, other) = tokio::join!(one, other);
    well_formed(&one);
    well_formed(&other);
    assert_eq!(one.last().unwrap().data, other.last().unwrap().data);
    assert_eq!(told(&one), told(&other));
    assert_eq!(product.settled("s4", 2).await.len(), 2);
    assert_eq!(product.charges().await.len(), 1);
    assert_eq!(product.held().await, 0);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_model_that_fails_ends_the_stream_once_and_costs_nothing() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &SCRIPTED)).await;
    let events = ask(&product, &streamed("[[fail]] hello", "s5"), &[]).await.rest().await;
    let [last] = &events[..] else { panic!("{events:?}") };
    assert_eq!(last.name, "error");
    assert_eq!(last.data["error"]["code"], "unavailable");
    assert!(last.data["error"]["request_id"].as_str().unwrap().starts_with("req_"));
    assert!(product.charges().await.is_empty());
    assert_eq!(product.held().await, 0);
    let key = &product.runtime.demo().key;
    let whole = json!({ "message": "[[fail]] hello" });
    let answer = product.send(Method::POST, QUERY, key, Some(&whole)).await;
    assert_eq!(answer.status, 503, "{}", answer.text);
    assert_eq!(answer.json()["error"]["code"], "unavailable");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_takes_too_long_ends_and_its_reply_is_written_on() {
    let dir = fresh_dir();
    let endpoint = Endpoint::thinking(Duration::from_secs(1)).await;
    let variables = [
        ("AIVA_MODEL", "openai"),
        ("AIVA_OPENAI_BASE_URL", endpoint.url.as_str()),
        ("AIVA_OPENAI_MODEL", "m"),
    ];
    let mut config = config(dir.path(), &variables);
    config.stream_within = Duration::from_millis(200);
    let product = Product::start_with(config).await;
    let events = ask(&product, &streamed("hello", "s7"), &[]).await.rest().await;
    let [last] = &events[..] else { panic!("{events:?}") };
    assert_eq!((last.name.as_str(), &last.data["error"]["code"]), ("error", &json!("unavailable")));
    assert_eq!(product.settled("s7", 2).await[1]["content"], "Certainly.");
    assert_eq!(endpoint.prompts().len(), 1, "the reply was begun anew");
    assert_eq!(product.charges().await.len(), 1);
    assert_eq!(product.held().await, 0);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversation_in_human_hands_is_told_so_in_a_stream() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &SCRIPTED)).await;
    let wish = streamed("Can I speak to a human, please?", "s6");
    let events = ask(&product, &wish, &[]).await.rest().await;
    well_formed(&events);
    let done = &events.last().unwrap().data;
    assert_eq!((&done["answer"], &done["status"]), (&json!(""), &json!("human_owned")));
    assert!(product.charges().await.is_empty());
    product.stop().await;
}
