//! The scripted model does what its documentation says.

use std::time::Duration;

use aiva_adapters::llm::Scripted;
use aiva_core::reply::{ModelReply, ModelRequest, tokens};
use tokio::time::Instant;

use super::{ask, consulted, reported, request};

async fn said(question: &str) -> ModelReply {
    ask(&Scripted, &request(question)).await.0.unwrap()
}

#[tokio::test]
async fn without_directives_the_question_is_echoed_and_counted() {
    let request = request("Where is it?");
    let (reply, deltas) = ask(&Scripted, &request).await;
    let reply = reply.unwrap();
    assert_eq!(reply.text, "You said: Where is it?");
    assert_eq!(deltas.concat(), reply.text);
    let counted = reported(request.estimated_input_tokens(), tokens::estimate(&reply.text));
    assert_eq!(reply.usage, Some(counted));
    assert!(reply.cited.is_empty());
}

#[tokio::test]
async fn directives_are_obeyed_and_leave_the_echo() {
    let reply = said("Hello [[usage:10,5]] there [[cite:2,7,1]]").await;
    assert_eq!(
        (reply.text.as_str(), reply.usage),
        ("You said: Hello there", Some(reported(10, 5)))
    );
    assert_eq!(reply.cited, [1, 0]);
    let reply = said("[[say:Yes: always.]] ignored [[no-usage]]").await;
    assert_eq!((reply.text.as_str(), reply.usage), ("Yes: always.", None));
}

#[tokio::test]
async fn calls_are_made_in_rounds_while_they_may_be_and_their_answers_are_told() {
    let script = r#"Hi [[call:a {"x":1}]] [[call:b]] [[then]] [[call:c]] [[aside:Wait.]]"#;
    let first = said(script).await;
    let named = |reply: &ModelReply| {
        let calls = reply.calls.iter().map(|call| format!("{} {}", call.tool, call.arguments));
        calls.collect::<Vec<_>>()
    };
    assert_eq!(
        (named(&first), first.text.as_str()),
        (vec![r#"a {"x":1}"#.into(), "b ".into()], "Wait.")
    );
    let later = |may_call| ModelRequest { question: script.to_owned(), ..consulted(may_call) };
    let second = ask(&Scripted, &later(true)).await.0.unwrap();
    assert_eq!(named(&second), ["c "]);
    let last = ask(&Scripted, &later(false)).await.0.unwrap();
    assert!(last.calls.is_empty());
    assert!(last.text.starts_with("You said: Hi | order_status: shipped | "), "{}", last.text);
}

#[tokio::test]
async fn a_sleep_takes_its_time_and_a_failure_fails() {
    let begun = Instant::now();
    said("[[sleep:30]]").await;
    assert!(begun.elapsed() >= Duration::from_millis(30));
    let error = ask(&Scripted, &request("[[fail]] [[usage:3,0]]")).await.0.unwrap_err();
    assert_eq!((error.reason, error.usage), ("the model is unavailable", Some(reported(3, 0))));
}

#[tokio::test]
async fn what_is_no_directive_is_text() {
    for text in ["a [[b]] c", "[[usage:1]]", "[[sleep:soon]]", "open [[end"] {
        assert_eq!(said(text).await.text, format!("You said: {text}"));
    }
}
