//! Models of embeddings: real HTTP against an endpoint of our own.

#[cfg(feature = "bedrock")]
mod titan;

use std::time::Duration;

use aiva_adapters::llm::{Embeddings, OpenAiEmbedder, OpenAiEmbedderSettings, Patience};
use aiva_core::knowledge::EmbedError;
use aiva_core::ports::Embedder;
use secrecy::SecretString;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::endpoint::{self, Act, Endpoint};
use super::{NoJitter, patience};

fn settings(endpoint: &Endpoint) -> OpenAiEmbedderSettings {
    OpenAiEmbedderSettings {
        base_url: endpoint.url("/v1").parse().unwrap(),
        api_key: Some(SecretString::from("made-up-key")),
        model: "small".to_owned(),
        dimensions: None,
        patience: patience(),
    }
}

fn embedder(settings: OpenAiEmbedderSettings) -> Embeddings<NoJitter> {
    Embeddings::OpenAi(OpenAiEmbedder::new(settings, NoJitter).unwrap())
}

fn texts(texts: &[&str]) -> Vec<String> {
    texts.iter().map(|text| (*text).to_owned()).collect()
}

/// What becomes of two texts: an error and the requests that were made.
async fn failing(act: Act, dimensions: Option<usize>) -> (EmbedError, usize) {
    let endpoint = Endpoint::start([act]).await;
    let embedder = embedder(OpenAiEmbedderSettings { dimensions, ..settings(&endpoint) });
    let error = embedder.embed(&texts(&["a secret text", "b"])).await.unwrap_err();
    assert!(!error.to_string().contains("secret") && !error.to_string().contains("made-up"));
    (error, endpoint.requests())
}

/// Vectors that tell the length of their text.
fn lengths(body: &Value) -> String {
    let inputs = body["input"].as_array().unwrap().iter().enumerate();
    let data: Vec<Value> = inputs
        .map(|(index, text)| json!({ "index": index, "embedding": [text.as_str().unwrap().len(), 1] }))
        .rev()
        .collect();
    let answer = json!({ "object": "list", "data": data, "model": "small" });
    endpoint::whole(200, "content-type: application/json\r\n", &answer.to_string())
}

#[tokio::test]
async fn texts_are_sent_with_the_key_and_vectors_come_back_in_their_order() {
    let endpoint = Endpoint::start([Act::Answer(lengths)]).await;
    let plain = embedder(settings(&endpoint));
    assert_eq!((plain.identity(), plain.dimensions()), (Some("openai:small"), 1_536));
    let found = plain.embed(&texts(&["a", "bcd", "ef"])).await.unwrap();
    assert_eq!(found, [[1.0, 1.0], [3.0, 1.0], [2.0, 1.0]]);
    let short = embedder(OpenAiEmbedderSettings { dimensions: Some(2), ..settings(&endpoint) });
    assert_eq!((short.identity(), short.dimensions()), (Some("openai:small:2"), 2));
    short.embed(&texts(&["a"])).await.unwrap();

    let seen = endpoint.seen();
    assert!(seen[0].head.starts_with("POST /v1/embeddings HTTP/1.1"), "{}", seen[0].head);
    assert_eq!(seen[0].header("authorization"), Some("Bearer made-up-key"));
    assert_eq!(seen[0].body, json!({ "model": "small", "input": ["a", "bcd", "ef"] }));
    assert_eq!(seen[1].body, json!({ "model": "small", "input": ["a"], "dimensions": 2 }));
}

#[tokio::test]
async fn many_texts_go_in_several_requests() {
    let endpoint = Endpoint::start([Act::Answer(lengths)]).await;
    let many: Vec<String> = (1..=200).map(|length| "x".repeat(length)).collect();
    let found = embedder(settings(&endpoint)).embed(&many).await.unwrap();
    let lengths: Vec<f32> = found.iter().map(|vector| vector[0]).collect();
    assert_eq!(lengths, (1_u16..=200).map(f32::from).collect::<Vec<_>>());
    let sizes: Vec<usize> =
        endpoint.seen().iter().map(|seen| seen.body["input"].as_array().unwrap().len()).collect();
    assert_eq!(sizes, [96, 96, 8]);
    assert!(embedder(settings(&endpoint)).embed(&[]).await.unwrap().is_empty());
    assert_eq!(endpoint.requests(), 3);
}

#[tokio::test]
async fn what_is_no_list_of_vectors_is_asked_for_again_and_then_given_up_for_now() {
    let one =
        |index: usize, embedding: &str| format!("{{\"index\":{index},\"embedding\":{embedding}}}");
    let list = |of: &[String]| format!("{{\"data\":[{}]}}", of.join(","));
    let bad = [
        "<html>".to_owned(),
        "{\"data\":[{\"index\":0,\"embed".to_owned(),
        list(&[]),
        list(&[one(0, "[1,2]")]),
        list(&[one(0, "[1,2]"), one(1, "[1,2]"), one(2, "[1,2]")]),
        list(&[one(0, "[1,2]"), one(0, "[1,2]")]),
        list(&[one(0, "[]"), one(1, "[]")]),
        list(&[one(0, "[1,2]"), one(1, "[1,1e39]")]),
        list(&[one(0, "[1,2]"), one(1, "[1,null]")]),
    ];
    for body in bad {
        let (error, requests) = failing(endpoint::json(&body), None).await;
        assert!(error.passing, "{body}");
        assert_eq!(requests, 4, "{body}");
    }
}

#[tokio::test]
async fn vectors_of_another_length_than_was_asked_for_never_become_right() {
    let two = "{\"data\":[{\"index\":0,\"embedding\":[1,2]},{\"index\":1,\"embedding\":[1,2,3]}]}";
    for dimensions in [None, Some(3), Some(256)] {
        let (error, requests) = failing(endpoint::json(two), dimensions).await;
        assert!(!error.passing, "{dimensions:?}");
        assert_eq!(requests, 1, "{dimensions:?}");
    }
}

#[tokio::test]
async fn a_wrong_key_or_an_unknown_model_is_final_and_only_its_code_is_told() {
    let body = r#"{"error":{"message":"key made-up-key, a secret text","code":"invalid_api_key"}}"#;
    for code in [400, 401, 403, 404, 413, 422] {
        let (error, requests) = failing(endpoint::status(code, "", body), None).await;
        assert!(!error.passing, "{code}");
        assert_eq!(requests, 1, "{code}");
        assert_eq!(error.to_string(), format!("attempt 1: status {code} invalid_api_key"));
    }
    let (error, _) = failing(endpoint::json(&"x".repeat(17 * 1024 * 1024)), None).await;
    assert!(!error.passing && error.to_string().contains("more than vectors take"), "{error}");
}

#[tokio::test]
async fn a_busy_endpoint_gets_the_time_it_asks_for_and_one_that_is_down_is_given_up_for_now() {
    let busy = endpoint::status(429, "retry-after: 1\r\n", "{}");
    let endpoint = Endpoint::start([busy, Act::Answer(lengths)]).await;
    let begun = Instant::now();
    embedder(settings(&endpoint)).embed(&texts(&["a"])).await.unwrap();
    assert!(begun.elapsed() >= Duration::from_secs(1));
    assert_eq!(endpoint.requests(), 2);

    let (error, requests) = failing(endpoint::status(503, "", "{}"), None).await;
    assert!(error.passing);
    assert_eq!(requests, 4);
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let base_url = format!("http://{}/v1", listener.local_addr().unwrap()).parse().unwrap();
    drop(listener);
    let nobody = embedder(OpenAiEmbedderSettings { base_url, ..settings(&endpoint) });
    assert!(nobody.embed(&texts(&["a"])).await.unwrap_err().passing);
}

#[tokio::test]
async fn silence_ends_at_the_deadline_before_and_within_the_answer() {
    let total_timeout = Duration::from_millis(150);
    for text in ["", "HTTP/1.1 200 OK\r\ncontent-length: 999\r\n\r\n{\"data\":["] {
        let endpoint = Endpoint::start([Act::SayAndHang(text.to_owned())]).await;
        let patience = Patience { total_timeout, ..patience() };
        let hurried = embedder(OpenAiEmbedderSettings { patience, ..settings(&endpoint) });
        let begun = Instant::now();
        let error = hurried.embed(&texts(&["a"])).await.unwrap_err();
        assert!(error.passing && begun.elapsed() < Duration::from_secs(4));
        assert_eq!(endpoint.requests(), 1);
    }
}

#[tokio::test]
async fn without_a_model_there_is_no_identity_and_nothing_is_asked() {
    let off: Embeddings<NoJitter> = Embeddings::Off;
    assert_eq!((off.identity(), off.dimensions()), (None, 0));
    assert!(!off.embed(&texts(&["a"])).await.unwrap_err().passing);
}
