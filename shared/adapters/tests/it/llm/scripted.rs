//! The scripted model does what its documentation says.

use std::time::Duration;

use aiva_adapters::llm::Scripted;
use aiva_core::reply::{ModelReply, tokens};
use tokio::time::Instant;

use super::{ask, reported, request};

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
