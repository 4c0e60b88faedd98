//! Bedrock's Converse, spoken by the real SDK to an endpoint of our own.

use std::time::Duration;

use aiva_adapters::llm::{Bedrock, Patience, Provider};
use aiva_core::message::Sender;
use aiva_core::reply::Turn;
use aws_sdk_bedrockruntime::config::timeout::TimeoutConfig;
use aws_sdk_bedrockruntime::config::{BehaviorVersion, Region, Token};
use aws_sdk_bedrockruntime::{Client, Config};
use serde_json::json;

use super::endpoint::{self, Act, Endpoint};
use super::{NoJitter, ask, consulted, patience, reported, request};

const ANSWER: &str = r#"{
    "output": {"message": {"role": "assistant", "content": [{"text": "Five days [1]."}]}},
    "stopReason": "end_turn",
    "usage": {"inputTokens": 40, "outputTokens": 6, "totalTokens": 46},
    "metrics": {"latencyMs": 10}
}"#;

fn model(endpoint: &Endpoint, patience: Patience) -> Provider<NoJitter> {
    // What a client for calls of milliseconds bounds does not bound a model.
    let hasty = Duration::from_millis(50);
    let timeouts =
        TimeoutConfig::builder().operation_timeout(hasty).operation_attempt_timeout(hasty).build();
    let config = Config::builder()
        .timeout_config(timeouts)
        .behavior_version(BehaviorVersion::latest())
        .region(Region::new("eu-central-1"))
        .endpoint_url(endpoint.url(""))
        .bearer_token(Token::new("test", None))
        .build();
    Provider::Bedrock(Bedrock::new(Client::from_conf(config), "some.model", patience, NoJitter))
}

fn error(status: u16, code: &str) -> Act {
    let headers = format!("x-amzn-errortype: {code}\r\ncontent-type: application/json\r\n");
    endpoint::status(status, &headers, r#"{"message":"the prompt was: How long?"}"#)
}

#[tokio::test]
async fn a_conversation_is_sent_whole_and_the_answer_is_billed_as_reported() {
    let endpoint = Endpoint::start([endpoint::json(ANSWER)]).await;
    let turn = |sender, text: &str| Turn { sender, text: text.to_owned() };
    let mut request = request("How long?");
    request.history = vec![turn(Sender::Ai, "Welcome!"), turn(Sender::Visitor, "Hello")];
    let (reply, deltas) = ask(&model(&endpoint, patience()), &request).await;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.cited.as_slice()), ("Five days.", &[0][..]));
    assert_eq!(reply.usage, Some(reported(40, 6)));
    assert_eq!(deltas, ["Five days."]);
    let seen = endpoint.seen().remove(0);
    assert!(seen.head.starts_with("POST /model/some.model/converse "), "{}", seen.head);
    assert_eq!(
        seen.body,
        json!({
            "messages": [{"role": "user", "content": [{"text": "Hello\n\nHow long?"}]}],
            "system": [{"text": "Answer from the passages."}],
            "inferenceConfig": {"maxTokens": 300},
        })
    );
}

#[tokio::test]
async fn a_model_has_its_own_time_whatever_the_client_is_set_up_for() {
    let Act::Say(answer) = endpoint::json(ANSWER) else { panic!("a whole answer") };
    let endpoint = Endpoint::start([Act::SayAfter(Duration::from_millis(400), answer)]).await;
    let (reply, _) = ask(&model(&endpoint, patience()), &request("How long?")).await;
    assert_eq!(reply.unwrap().text, "Five days.");
    assert_eq!(endpoint.requests(), 1);
}

#[tokio::test]
async fn tools_and_their_rounds_are_sent_as_blocks_and_calls_come_back_as_such() {
    let answer = r#"{
        "output": {"message": {"role": "assistant", "content": [
            {"text": "One moment."},
            {"toolUse": {"toolUseId": "a", "name": "refund", "input": {"order": 7, "half": 0.5}}}
        ]}},
        "stopReason": "tool_use",
        "usage": {"inputTokens": 40, "outputTokens": 6, "totalTokens": 46},
        "metrics": {"latencyMs": 10}
    }"#;
    let endpoint = Endpoint::start([endpoint::json(answer)]).await;
    let reply = ask(&model(&endpoint, patience()), &consulted(true)).await.0.unwrap();
    let call = &reply.calls[0];
    assert_eq!((call.id.as_str(), call.tool.as_str()), ("a", "refund"));
    assert_eq!(call.arguments, r#"{"half":0.5,"order":7}"#);
    assert_eq!(reply.text, "One moment.");
    let body = endpoint.seen().remove(0).body;
    let used = |id: &str, input| json!({"toolUse": {"toolUseId": id, "name": "order_status", "input": input}});
    let told = |id: &str, text: &str, status: &str| json!({"toolResult": {"toolUseId": id, "content": [{"text": text}], "status": status}});
    assert_eq!(
        body["messages"],
        json!([
            {"role": "user", "content": [{"text": "Where is it?"}]},
            {"role": "assistant", "content": [
                {"text": "Let me see."}, used("c1", json!({"order": 7})), used("c2", json!({})),
            ]},
            {"role": "user", "content": [
                told("c1", "shipped", "success"),
                told("c2", "the arguments are not JSON", "error"),
            ]},
        ])
    );
    let schema = json!({"type": "object", "properties": {"order": {"type": "integer"}}});
    let spec = json!({
        "name": "order_status", "description": "Looks an order up.",
        "inputSchema": {"json": schema},
    });
    assert_eq!(body["toolConfig"], json!({"tools": [{"toolSpec": spec}]}));
}

#[tokio::test]
async fn passing_faults_are_tried_four_times_and_counted_once_each() {
    let busy = || error(429, "ThrottlingException");
    let endpoint = Endpoint::start([busy(), busy(), busy(), endpoint::json(ANSWER)]).await;
    assert!(ask(&model(&endpoint, patience()), &request("?")).await.0.is_ok());
    assert_eq!(endpoint.requests(), 4);
    let endpoint = Endpoint::start([error(503, "ServiceUnavailableException")]).await;
    let failure = ask(&model(&endpoint, patience()), &request("?")).await.0.unwrap_err();
    assert_eq!((failure.reason, endpoint.requests()), ("the model is unavailable", 4));
}

#[tokio::test]
async fn a_refusal_is_final_and_its_words_are_not_repeated() {
    let endpoint = Endpoint::start([error(400, "ValidationException")]).await;
    let failure = ask(&model(&endpoint, patience()), &request("How long?")).await.0.unwrap_err();
    assert_eq!((failure.reason, endpoint.requests()), ("the model refused the request", 1));
    assert_eq!(failure.cause.to_string(), "attempt 1: status 400, ValidationException");
}

#[tokio::test]
async fn silence_ends_at_the_deadline() {
    let endpoint = Endpoint::start([Act::SayAndHang(String::new())]).await;
    let hurried = Patience { total_timeout: Duration::from_millis(150), ..patience() };
    let failure = ask(&model(&endpoint, hurried), &request("?")).await.0.unwrap_err();
    assert_eq!((failure.reason, endpoint.requests()), ("the model timed out", 1));
}
