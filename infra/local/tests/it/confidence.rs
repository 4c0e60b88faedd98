//! How sure replies are, and what becomes of those that rest on too little.

use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{Product, config, fresh_dir};

/// Asks in a session of its own and answers the reply.
async fn asked(product: &Product, session: u32, message: &str) -> Value {
    let body = json!({ "message": message, "session_id": format!("s{session}") });
    let key = product.runtime.demo().key.clone();
    let answer = product.send(Method::POST, "/v1/projects/default/query", &key, Some(&body)).await;
    assert_eq!(answer.status, 200, "{}", answer.text);
    answer.json()
}

#[tokio::test(flavor = "multi_thread")]
async fn an_answer_that_its_passage_does_not_support_is_withdrawn_told_of_and_charged() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await;
    let mut doubts = Receiver::start(0).await;
    let hook = json!({
        "dialect": "aivastark", "url": doubts.url, "events": ["low_confidence.detected"],
    });
    product.operate(Method::POST, "/webhooks", Some(&hook)).await.data(201);

    let invented = "[[states]] [[usage:10,5]] [[cite:1]] What is your refund policy? \
        [[say:Every refund is paid within 90 days, in gold.]]";
    let reply = asked(&product, 1, invented).await;
    let unknown = "I'm sorry, I couldn't find an answer to that in the information I have.";
    assert_eq!((&reply["answer"], &reply["citations"]), (&json!(unknown), &json!([])));
    assert!(reply["confidence"].as_f64().unwrap() < 0.45, "{reply}");
    let doubt = doubts.next().await.json();
    assert_eq!(doubt["data"]["confidence"], reply["confidence"]);
    assert_eq!(product.charges().await, [-35_000]);
    assert_eq!(product.settled("s1", 2).await[1]["content"], unknown);

    let asked_in_german = "[[states]] [[cite:1]] [[usage:10,5]] Wann bekomme ich mein Geld zurück? \
        [[say:Das Geld kommt nach genau 90 Tagen in goldenen Münzen.]]";
    let reply = asked(&product, 2, asked_in_german).await;
    assert!(reply["answer"].as_str().unwrap().starts_with("Das konnte ich"), "{reply}");
    doubts.next().await;

    let supported = "[[states]] [[usage:10,5]] [[cite:1]] What is your refund policy? \
        [[say:You can return unused items within 30 days.]]";
    let reply = asked(&product, 3, supported).await;
    assert_eq!(reply["answer"], "You can return unused items within 30 days.");
    assert_eq!(reply["citations"].as_array().unwrap().len(), 1, "{reply}");
    assert!(reply["confidence"].as_f64().unwrap() >= 0.7, "{reply}");

    let courtesy =
        "[[courtesy]] [[usage:10,5]] Good morning! [[say:Good morning! How can I help?]]";
    let reply = asked(&product, 4, courtesy).await;
    assert_eq!(
        (&reply["answer"], &reply["confidence"]),
        (&json!("Good morning! How can I help?"), &json!(1.0))
    );
    let unsure = "[[unknown]] [[usage:10,5]] When does the museum open? [[say:I do not know. Shall I ask a colleague?]]";
    let reply = asked(&product, 5, unsure).await;
    assert_eq!(reply["answer"], "I do not know. Shall I ask a colleague?");
    let doubt = doubts.next().await.json();
    assert_eq!(
        (&doubt["data"]["session_id"], &doubt["data"]["confidence"]),
        (&json!("s5"), &json!(0.0))
    );
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_ends_with_the_answer_that_counts() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await;
    let body = json!({
        "message": "[[states]] [[pace:50]] [[usage:10,5]] When is it paid? [[say:Every refund is paid within 90 days.]]",
        "session_id": "s1", "stream": true,
    });
    let key = product.runtime.demo().key.clone();
    let answer = product.send(Method::POST, "/v1/projects/default/query", &key, Some(&body)).await;
    let last = answer.text.rsplit("data: ").next().unwrap();
    let done: Value = serde_json::from_str(last.trim()).unwrap();
    assert!(answer.text.contains("90"), "the words were seen as they came: {}", answer.text);
    assert!(done["answer"].as_str().unwrap().starts_with("I'm sorry"), "{done}");
    let stored = product.settled("s1", 2).await;
    assert_eq!(stored[1]["content"], done["answer"]);
    product.stop().await;
}
