//! The OpenAI-compatible endpoint when it fails: what is tried again, how often, and what is told.

use std::time::Duration;

use aiva_adapters::llm::{OpenAi, OpenAiSettings, Patience};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::endpoint::{self, Act, Endpoint};
use super::openai::{HELLO, STOP, USAGE, model, settings};
use super::{NoJitter, ask, patience, reported, request};

const SHORT: Duration = Duration::from_millis(150);
const REFUSED: &str = "the model refused the request";
const UNAVAILABLE: &str = "the model is unavailable";
const TIMED_OUT: &str = "the model timed out";
const UNREADABLE: &str = "the model's answer could not be read";
const TOO_LONG: &str = "the model's answer is too long";

fn good() -> Act {
    endpoint::stream(&[HELLO, STOP, USAGE, "[DONE]"])
}

fn hurried(endpoint: &Endpoint, patience: Patience) -> OpenAi<NoJitter> {
    OpenAi::new(OpenAiSettings { patience, ..settings(endpoint) }, NoJitter).unwrap()
}

/// The reason told and the requests made.
async fn failing(acts: impl Into<Vec<Act>>) -> (&'static str, usize) {
    let endpoint = Endpoint::start(acts).await;
    let error = ask(&model(&endpoint), &request("?")).await.0.unwrap_err();
    (error.reason, endpoint.requests())
}

#[tokio::test]
async fn the_fourth_attempt_may_still_succeed_and_there_is_no_fifth() {
    let down = || endpoint::status(500, "", "{}");
    let endpoint = Endpoint::start([down(), down(), down(), good()]).await;
    let reply = ask(&model(&endpoint), &request("?")).await.0.unwrap();
    assert_eq!((reply.text.as_str(), endpoint.requests()), ("Five days", 4));
    assert_eq!(failing([down()]).await, (UNAVAILABLE, 4));
}

#[tokio::test]
async fn what_the_endpoint_refuses_is_not_asked_again_and_its_words_are_not_repeated() {
    let body = r#"{"error":{"message":"key sk-test-1, prompt: How long?","type":"auth_error"}}"#;
    for code in [400, 401, 403, 404, 422] {
        let endpoint = Endpoint::start([endpoint::status(code, "", body)]).await;
        let error = ask(&model(&endpoint), &request("How long?")).await.0.unwrap_err();
        assert_eq!((error.reason, endpoint.requests()), (REFUSED, 1), "{code}");
        assert_eq!(error.cause.to_string(), format!("attempt 1: status {code} auth_error"));
        assert!(error.usage.is_none());
    }
}

#[tokio::test]
async fn a_redirect_is_not_followed() {
    let target = Endpoint::start([good()]).await;
    let location = format!("location: {}\r\n", target.url("/v1/chat/completions"));
    assert_eq!(failing([endpoint::status(307, &location, "")]).await, (REFUSED, 1));
    assert_eq!(target.requests(), 0);
}

#[tokio::test]
async fn a_busy_endpoint_gets_the_time_it_asks_for() {
    let busy = endpoint::status(429, "retry-after: 1\r\n", "{}");
    let endpoint = Endpoint::start([busy, good()]).await;
    let begun = Instant::now();
    ask(&model(&endpoint), &request("?")).await.0.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test]
async fn a_wait_longer_than_the_time_left_is_not_begun() {
    for wait in ["3600", "18446744073709551615"] {
        let busy = endpoint::status(503, &format!("retry-after: {wait}\r\n"), "{}");
        assert_eq!(failing([busy]).await, (UNAVAILABLE, 1));
    }
}

#[tokio::test]
async fn an_endpoint_that_never_answers_times_out_and_is_asked_again() {
    let endpoint = Endpoint::start([Act::SayAndHang(String::new()), good()]).await;
    let model = hurried(&endpoint, Patience { first_byte_timeout: SHORT, ..patience() });
    assert!(ask(&model, &request("?")).await.0.is_ok());
    assert_eq!(endpoint.requests(), 2);
}

#[tokio::test]
async fn all_attempts_together_keep_one_deadline() {
    let head = endpoint::stream_text(&[]);
    for text in [String::new(), head, "HTTP/1.1 500 No\r\ncontent-length: 9\r\n\r\n".to_owned()] {
        let endpoint = Endpoint::start([Act::SayAndHang(text)]).await;
        let model = hurried(&endpoint, Patience { total_timeout: SHORT, ..patience() });
        let begun = Instant::now();
        let error = ask(&model, &request("?")).await.0.unwrap_err();
        assert!([TIMED_OUT, UNAVAILABLE].contains(&error.reason));
        assert!(begun.elapsed() < Duration::from_secs(4));
        assert_eq!(endpoint.requests(), 1);
    }
}

#[tokio::test]
async fn a_stream_that_stops_after_its_first_words_fails_at_once() {
    let counted = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":2}}"#;
    let text = endpoint::stream_text(&[HELLO, counted]);
    let endpoint = Endpoint::start([Act::SayAndHang(text)]).await;
    let model = hurried(&endpoint, Patience { idle_timeout: SHORT, ..patience() });
    let (reply, deltas) = ask(&model, &request("?")).await;
    let error = reply.unwrap_err();
    assert_eq!((error.reason, error.usage), (TIMED_OUT, Some(reported(9, 2))));
    assert_eq!((deltas.concat().as_str(), endpoint.requests()), ("Five days", 1));
}

#[tokio::test]
async fn a_broken_stream_is_asked_for_again_only_while_nothing_of_it_was_shown() {
    let role = r#"{"choices":[{"index":0,"delta":{"role":"assistant","content":""}}]}"#;
    for broken in [endpoint::broken_stream(&[role]), endpoint::stream(&[role])] {
        let endpoint = Endpoint::start([broken, good()]).await;
        let (reply, deltas) = ask(&model(&endpoint), &request("?")).await;
        assert_eq!(reply.unwrap().text, "Five days");
        assert_eq!((deltas.concat().as_str(), endpoint.requests()), ("Five days", 2));
    }
    for broken in [endpoint::broken_stream(&[HELLO]), endpoint::stream(&[HELLO])] {
        assert_eq!(failing([broken, good()]).await, (UNAVAILABLE, 1));
    }
}

#[tokio::test]
async fn an_error_inside_the_stream_counts_as_its_status() {
    let late = r#"{"error":{"message":"secret words","type":"server_error"}}"#;
    assert_eq!(failing([endpoint::stream(&[late])]).await, (UNAVAILABLE, 4));
    let ours = r#"{"error":{"message":"too long","type":"invalid_request_error"}}"#;
    assert_eq!(failing([endpoint::stream(&[ours])]).await, (REFUSED, 1));
    assert_eq!(failing([endpoint::json(r#"{"error":{"code":"400"}}"#)]).await, (REFUSED, 1));
}

#[tokio::test]
async fn garbage_is_no_answer() {
    let page = endpoint::status(200, "", "<html>Welcome to the proxy</html>");
    let empty = endpoint::status(200, "", "");
    let odd = endpoint::json(r#"{"choices":[]}"#);
    let cut = endpoint::json(r#"{"choices":[{"message":{"con"#);
    let events = endpoint::stream(&["{not json", "[DONE]"]);
    for act in [empty, odd, cut, events] {
        assert_eq!(failing([act]).await, (UNREADABLE, 4));
    }
    assert_eq!(failing([page]).await, (UNAVAILABLE, 4));
}

#[tokio::test]
async fn an_answer_without_end_is_given_up() {
    let line = "x".repeat(400 * 1024);
    assert_eq!(failing([endpoint::stream(&[&line])]).await, (TOO_LONG, 1));
    let document = format!("{{\"choices\":[],\"x\":\"{}\"}}", "x".repeat(2 * 1024 * 1024));
    assert_eq!(failing([endpoint::json(&document)]).await, (TOO_LONG, 1));
    let words = r#"{"choices":[{"delta":{"content":"LONG"}}]}"#.replace("LONG", &line[..90_000]);
    assert_eq!(failing([endpoint::stream(&[&words, &words, &words, STOP])]).await, (TOO_LONG, 1));
}

#[tokio::test]
async fn a_closed_port_is_tried_four_times() {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let settings = OpenAiSettings { patience: patience(), ..OpenAiSettings::new(base, None, "m") };
    let error = ask(&OpenAi::new(settings, NoJitter).unwrap(), &request("?")).await.0.unwrap_err();
    assert_eq!(error.reason, UNAVAILABLE);
    assert!(error.cause.to_string().starts_with("attempt 4: "), "{}", error.cause);
    assert!(!error.cause.to_string().contains("/v1"), "{}", error.cause);
}
