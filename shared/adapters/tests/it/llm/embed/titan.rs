//! Titan Text Embeddings V2, spoken by the real SDK to an endpoint of our own.

use aiva_adapters::llm::{Embeddings, TitanEmbedder};
use aiva_core::ports::Embedder;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region, Token};
use aws_sdk_bedrockruntime::{Client, Config};
use serde_json::{Value, json};

use super::super::endpoint::{self, Act, Endpoint};
use super::super::{NoJitter, patience};
use super::texts;

fn embedder(endpoint: &Endpoint) -> Embeddings<NoJitter> {
    let config = Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint.url(""))
        .bearer_token(Token::new("test", None))
        .build();
    let client = Client::from_conf(config);
    let model = "amazon.titan-embed-text-v2:0";
    Embeddings::Bedrock(TitanEmbedder::new(client, model, 256, patience(), NoJitter))
}

/// A vector that tells the length of its text.
fn length(body: &Value) -> String {
    let text = body["inputText"].as_str().unwrap();
    let mut embedding = vec![0.25; 256];
    embedding[0] = text.len() as f64;
    let by_type = json!({ "float": embedding });
    let answer =
        json!({ "embedding": embedding, "embeddingsByType": by_type, "inputTextTokenCount": 3 });
    endpoint::whole(200, "content-type: application/json\r\n", &answer.to_string())
}

fn error(status: u16, code: &str) -> Act {
    let headers = format!("x-amzn-errortype: {code}\r\ncontent-type: application/json\r\n");
    endpoint::status(status, &headers, r#"{"message":"the text was: a secret text"}"#)
}

#[tokio::test]
async fn each_text_is_a_request_and_vectors_come_back_in_their_order() {
    let endpoint = Endpoint::start([Act::Answer(length)]).await;
    let embedder = embedder(&endpoint);
    assert_eq!(embedder.identity(), Some("bedrock:amazon.titan-embed-text-v2:0:256"));
    let many: Vec<String> = (1..=20).map(|length| "x".repeat(length)).collect();
    let found = embedder.embed(&many).await.unwrap();
    let lengths: Vec<f32> = found.iter().map(|vector| vector[0]).collect();
    assert_eq!(lengths, (1_u16..=20).map(f32::from).collect::<Vec<_>>());
    assert!(found.iter().all(|vector| vector.len() == 256));
    let seen = endpoint.seen();
    assert_eq!(seen.len(), 20);
    let path = "POST /model/amazon.titan-embed-text-v2%3A0/invoke ";
    assert!(seen[0].head.starts_with(path), "{}", seen[0].head);
    let text = seen[0].body["inputText"].clone();
    assert_eq!(seen[0].body, json!({ "inputText": text, "dimensions": 256, "normalize": true }));
}

#[tokio::test]
async fn a_throttled_request_is_repeated_and_a_refused_one_is_not() {
    let busy = || error(429, "ThrottlingException");
    let endpoint = Endpoint::start([busy(), busy(), busy(), Act::Answer(length)]).await;
    assert_eq!(embedder(&endpoint).embed(&texts(&["a"])).await.unwrap().len(), 1);
    assert_eq!(endpoint.requests(), 4);

    let endpoint = Endpoint::start([busy()]).await;
    let failure = embedder(&endpoint).embed(&texts(&["a secret text"])).await.unwrap_err();
    assert!(failure.passing && !failure.to_string().contains("secret"), "{failure}");
    let endpoint = Endpoint::start([error(403, "AccessDeniedException")]).await;
    let failure = embedder(&endpoint).embed(&texts(&["a"])).await.unwrap_err();
    assert_eq!((failure.passing, endpoint.requests()), (false, 1));
    assert_eq!(failure.to_string(), "attempt 1: status 403, AccessDeniedException");
}

#[tokio::test]
async fn an_answer_that_is_no_vector_of_the_length_is_none() {
    for (body, passing, requests) in
        [("{}", true, 4), (r#"{"embedding":[]}"#, true, 4), (r#"{"embedding":[1,2]}"#, false, 1)]
    {
        let endpoint = Endpoint::start([endpoint::json(body)]).await;
        let failure = embedder(&endpoint).embed(&texts(&["a"])).await.unwrap_err();
        assert_eq!((failure.passing, endpoint.requests()), (passing, requests), "{body}");
    }
}
