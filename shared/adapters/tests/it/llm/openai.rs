//! The OpenAI-compatible endpoint when it answers.

use aiva_adapters::llm::{OpenAi, OpenAiSettings, OutputLimitField, Provider};
use aiva_core::message::Sender;
use aiva_core::reply::Turn;
use secrecy::SecretString;
use serde_json::json;

use super::endpoint::{self, Act, Endpoint};
use super::{NoJitter, ask, consulted, patience, reported, request};

pub(super) const HELLO: &str = r#"{"choices":[{"index":0,"delta":{"content":"Five days"}}]}"#;
pub(super) const MARKED: &str = r#"{"choices":[{"index":0,"delta":{"content":" [1"}}]}"#;
pub(super) const CLOSED: &str = r#"{"choices":[{"index":0,"delta":{"content":"]."}}]}"#;
pub(super) const STOP: &str = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"stop"}]}"#;
pub(super) const USAGE: &str =
    r#"{"choices":[],"usage":{"prompt_tokens":91,"completion_tokens":7,"total_tokens":98}}"#;

pub(super) fn settings(endpoint: &Endpoint) -> OpenAiSettings {
    let key = SecretString::from("sk-test-1");
    let base = endpoint.url("/v1").parse().unwrap();
    OpenAiSettings { patience: patience(), ..OpenAiSettings::new(base, Some(key), "small") }
}

pub(super) fn model(endpoint: &Endpoint) -> OpenAi<NoJitter> {
    OpenAi::new(settings(endpoint), NoJitter).unwrap()
}

#[tokio::test]
async fn a_stream_is_handed_on_as_it_comes_and_its_usage_is_the_endpoints() {
    let act = endpoint::stream(&[HELLO, MARKED, CLOSED, STOP, USAGE, "[DONE]"]);
    let endpoint = Endpoint::start([act]).await;
    let provider = Provider::OpenAi(model(&endpoint));
    let (reply, deltas) = ask(&provider, &request("How long?")).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "Five days.");
    assert_eq!(reply.usage, Some(reported(91, 7)));
    assert_eq!(reply.cited, [0]);
    assert_eq!(deltas, ["Five days", "."]);
}

#[tokio::test]
async fn the_request_carries_the_key_the_bound_and_the_turns() {
    let endpoint = Endpoint::start([endpoint::stream(&[HELLO, STOP, "[DONE]"])]).await;
    let turn = |sender, text: &str| Turn { sender, text: text.to_owned() };
    let mut request = request("And to France?");
    request.history = vec![
        turn(Sender::Visitor, "Do you ship?"),
        turn(Sender::Ai, "Yes."),
        turn(Sender::Agent, "Gladly."),
    ];
    ask(&model(&endpoint), &request).await.0.unwrap();
    let seen = endpoint.seen().remove(0);
    assert!(seen.head.starts_with("POST /v1/chat/completions HTTP/1.1"), "{}", seen.head);
    assert_eq!(seen.header("authorization"), Some("Bearer sk-test-1"));
    assert_eq!(
        seen.body,
        json!({
            "model": "small",
            "messages": [
                {"role": "system", "content": "Answer from the passages."},
                {"role": "user", "content": "Do you ship?"},
                {"role": "assistant", "content": "Yes.\n\n[colleague] Gladly."},
                {"role": "user", "content": "And to France?"},
            ],
            "stream": true,
            "stream_options": {"include_usage": true},
            "max_tokens": 300,
        })
    );
}

#[tokio::test]
async fn tools_are_offered_their_rounds_told_and_calls_collected_from_their_pieces() {
    let piece =
        |call: &str| format!(r#"{{"choices":[{{"index":0,"delta":{{"tool_calls":[{call}]}}}}]}}"#);
    let first = r#"{"index":0,"id":"a","type":"function","function":{"name":"order_status","arguments":""}}"#;
    let second =
        r#"{"index":1,"id":"b","type":"function","function":{"name":"refund","arguments":"{}"}}"#;
    let rest = r#"{"index":0,"function":{"arguments":"{\"order\":7}"}}"#;
    let (first, second, rest) = (piece(first), piece(second), piece(rest));
    let stop = r#"{"choices":[{"index":0,"delta":{},"finish_reason":"tool_calls"}]}"#;
    let acts = endpoint::stream(&[&first, &second, &rest, stop, USAGE, "[DONE]"]);
    let endpoint = Endpoint::start([acts]).await;
    let reply = ask(&model(&endpoint), &consulted(true)).await.0.unwrap();
    let calls: Vec<_> =
        reply.calls.iter().map(|call| (&*call.id, &*call.tool, &*call.arguments)).collect();
    assert_eq!(calls, [("a", "order_status", r#"{"order":7}"#), ("b", "refund", "{}")]);
    assert_eq!((reply.text.as_str(), reply.usage), ("", Some(reported(91, 7))));
    let body = endpoint.seen().remove(0).body;
    let call = |id: &str, arguments: &str| json!({"id": id, "type": "function", "function": {"name": "order_status", "arguments": arguments}});
    let calls = [call("c1", r#"{"order":7}"#), call("c2", "no JSON")];
    let messages = body["messages"].as_array().unwrap();
    assert_eq!(
        messages[2..],
        [
            json!({"role": "assistant", "content": "Let me see.", "tool_calls": calls}),
            json!({"role": "tool", "content": "shipped", "tool_call_id": "c1"}),
            json!({"role": "tool", "content": "the arguments are not JSON", "tool_call_id": "c2"}),
        ]
    );
    let parameters = json!({"type": "object", "properties": {"order": {"type": "integer"}}});
    let function = json!({
        "name": "order_status", "description": "Looks an order up.", "parameters": parameters,
    });
    assert_eq!(body["tools"], json!([{"type": "function", "function": function}]));
    assert_eq!(body.get("tool_choice"), None);
}

#[tokio::test]
async fn a_model_that_has_to_answer_is_told_so_and_a_whole_answer_may_hold_calls() {
    let whole = r#"{"choices":[{"message":{"content":null,"tool_calls":[
        {"id":"a","type":"function","function":{"name":"refund","arguments":{"order":7}}}]},
        "finish_reason":"tool_calls"}]}"#;
    let endpoint = Endpoint::start([endpoint::json(whole)]).await;
    let reply = ask(&model(&endpoint), &consulted(false)).await.0.unwrap();
    assert_eq!(reply.calls[0].arguments, r#"{"order":7}"#);
    assert_eq!(endpoint.seen().remove(0).body["tool_choice"], "none");
}

#[tokio::test]
async fn an_endpoint_that_refuses_tools_is_told_of_none_and_of_no_round() {
    for may_call in [true, false] {
        let endpoint = Endpoint::start([endpoint::stream(&[HELLO, STOP, "[DONE]"])]).await;
        let model = OpenAi::new(settings(&endpoint).with_tools(false), NoJitter).unwrap();
        ask(&model, &consulted(may_call)).await.0.unwrap();
        let body = endpoint.seen().remove(0).body;
        assert!(["tools", "tool_choice"].iter().all(|field| body.get(field).is_none()), "{body}");
        let roles: Vec<_> =
            body["messages"].as_array().unwrap().iter().map(|said| &said["role"]).collect();
        assert_eq!(roles, ["system", "user"]);
    }
}

#[tokio::test]
async fn the_name_of_the_bound_the_key_and_the_query_of_the_base_are_settings() {
    let endpoint = Endpoint::start([endpoint::stream(&[HELLO, STOP, "[DONE]"])]).await;
    let settings = OpenAiSettings {
        base_url: endpoint.url("/deployments/x/?api-version=1").parse().unwrap(),
        api_key: None,
        output_limit_field: OutputLimitField::MaxCompletionTokens,
        ..settings(&endpoint)
    };
    let model = OpenAi::new(settings, NoJitter).unwrap();
    ask(&model, &request("?")).await.0.unwrap();
    let seen = endpoint.seen().remove(0);
    let expected = "POST /deployments/x/chat/completions?api-version=1 HTTP/1.1";
    assert_eq!(seen.head.lines().next(), Some(expected));
    assert_eq!(seen.header("authorization"), None);
    assert_eq!(seen.body["max_completion_tokens"], 300);
    assert!(seen.body.get("max_tokens").is_none());
}

#[tokio::test]
async fn a_base_that_is_no_http_url_is_refused() {
    let base = "ftp://127.0.0.1/v1".parse().unwrap();
    assert!(OpenAi::new(OpenAiSettings::new(base, None, "small"), NoJitter).is_err());
}

#[tokio::test]
async fn missing_usage_stays_missing() {
    let null = r#"{"choices":null,"usage":null}"#;
    let zero = r#"{"choices":[],"usage":{"prompt_tokens":0,"completion_tokens":0}}"#;
    for events in [vec![HELLO, STOP, "[DONE]"], vec![HELLO, STOP, null], vec![HELLO, STOP, zero]] {
        let endpoint = Endpoint::start([endpoint::stream(&events)]).await;
        let reply = ask(&model(&endpoint), &request("?")).await.0.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage), ("Five days", None));
    }
}

#[tokio::test]
async fn an_endpoint_that_does_not_stream_is_understood() {
    let body = r#"
        {"id":"x","object":"chat.completion",
         "choices":[{"index":0,"message":{"role":"assistant","content":" Free [2]. "},"finish_reason":"stop"}],
         "usage":{"prompt_tokens":12,"completion_tokens":3}}"#;
    let endpoint = Endpoint::start([endpoint::json(body)]).await;
    let (reply, deltas) = ask(&model(&endpoint), &request("?")).await;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.cited.as_slice()), ("Free.", &[1][..]));
    assert_eq!(reply.usage, Some(reported(12, 3)));
    assert_eq!(deltas.concat().trim(), "Free.");
}

#[tokio::test]
async fn an_answer_that_came_to_its_end_needs_no_closing() {
    let text = endpoint::stream_text(&[HELLO, STOP, USAGE, "[DONE]"]);
    let broken = endpoint::broken_stream(&[HELLO, STOP, USAGE]);
    for act in [Act::SayAndHang(text), broken] {
        let endpoint = Endpoint::start([act]).await;
        let reply = ask(&model(&endpoint), &request("?")).await.0.unwrap();
        assert_eq!((reply.text.as_str(), reply.usage), ("Five days", Some(reported(91, 7))));
        assert_eq!(endpoint.requests(), 1);
    }
}

#[tokio::test]
async fn a_model_that_says_nothing_has_still_answered() {
    let usage = r#"{"choices":[],"usage":{"prompt_tokens":9,"completion_tokens":0}}"#;
    let endpoint = Endpoint::start([endpoint::stream(&[STOP, usage, "[DONE]"])]).await;
    let (reply, deltas) = ask(&model(&endpoint), &request("?")).await;
    let reply = reply.unwrap();
    assert_eq!((reply.text.as_str(), reply.usage), ("", Some(reported(9, 0))));
    assert!(deltas.is_empty());
}
