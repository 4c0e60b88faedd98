//! One conversation through all five dialects: the same ids, the same messages, whoever wrote them.

use serde_json::{Value, json};

use crate::world::{OPERATOR_TOKEN, World, request};

const EXTERNAL: &str = "order-4821";
/// What the desk answers to whoever waits.
const REPLY: &str = "Of course.";

async fn ask(world: &World, asked: (&str, &str), key: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let response = world.send(request(asked.0, asked.1, Some(key), &text)).await;
    let status = response.status().as_u16();
    let bytes = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    (status, serde_json::from_slice(&bytes).unwrap_or_default())
}

async fn get(world: &World, path: &str) -> Value {
    let (status, body) = ask(world, ("GET", path), &world.names["key"], &Value::Null).await;
    assert_eq!(status, 200, "{path}: {body}");
    body
}

/// Where each dialect takes a message for a conversation, and what it takes.
fn writes(
    world: &World,
    ours: &str,
    external: &str,
    said: &str,
) -> [(&'static str, String, Value); 4] {
    let stark = format!("/v1/projects/{}/query", world.names["shop_project"]);
    [
        ("aivastark", stark, json!({ "message": said, "session_id": external })),
        ("aksita", "/api/chat".to_owned(), json!({ "message": said, "conversation_id": ours })),
        (
            "aerochat",
            "/bot/v1/conversations/messages".to_owned(),
            json!({ "message": said, "conversation_id": ours }),
        ),
        ("asyntai", "/api/v1/chat/".to_owned(), json!({ "message": said, "session_id": external })),
    ]
}

/// Where each dialect reads a conversation, by each id that it knows.
fn reads(world: &World, ours: &str, external: &str) -> [(&'static str, String); 6] {
    let stark = format!("/v1/projects/{}/conversations", world.names["shop_project"]);
    [
        ("aiva", format!("/api/v1/conversations/{external}")),
        ("aiva", format!("/api/v1/conversations/{ours}")),
        ("aivastark", format!("{stark}/{ours}")),
        ("aivastark", format!("{stark}/{external}")),
        ("aerochat", format!("/bot/v1/conversations/{ours}/messages")),
        ("asyntai", format!("/api/v1/conversations/?session_id={external}")),
    ]
}

/// A message as every dialect can tell it: whether the end user said it, the text, and its id where the
/// dialect has ids of messages.
type Told = (bool, String, Option<String>);

fn told(dialect: &str, body: &Value) -> Vec<Told> {
    let (rows, by, visitor, text, id) = match dialect {
        "aiva" => (&body["data"]["messages"], "senderType", "VISITOR", "content", "messageId"),
        "aivastark" => (&body["messages"], "role", "user", "content", "id"),
        "aerochat" => (&body["messages"], "direction", "inbound", "text", "message_id"),
        _ => (&body["messages"], "role", "user", "content", "-"),
    };
    let row = |row: &Value| {
        let text = row[text].as_str().unwrap().to_owned();
        (row[by] == visitor, text, row[id].as_str().map(str::to_owned))
    };
    rows.as_array().unwrap_or_else(|| panic!("{dialect}: {body}")).iter().map(row).collect()
}

/// Reads a conversation in every way, and answers what all of them tell.
async fn read_everywhere(world: &World, ours: &str, external: &str) -> Vec<Told> {
    let reads = reads(world, ours, external);
    let first = told(reads[0].0, &get(world, &reads[0].1).await);
    for (dialect, path) in &reads[1..] {
        let same = told(dialect, &get(world, path).await);
        let known = first.iter().cloned();
        let known: Vec<Told> = match *dialect {
            "asyntai" => known.map(|(visitor, text, _)| (visitor, text, None)).collect(),
            _ => known.collect(),
        };
        assert_eq!(same, known, "{path}");
    }
    first
}

/// Begins a conversation in Asyntai's dialect, and answers our id of it.
async fn begun(world: &World, key: &str) -> String {
    let start = json!({ "message": "Hello", "session_id": EXTERNAL });
    ask(world, ("POST", "/api/v1/chat/"), key, &start).await;
    let found = get(world, &format!("/api/v1/conversations/{EXTERNAL}")).await;
    found["data"]["conversationId"].as_str().unwrap().to_owned()
}

#[tokio::test]
async fn what_one_dialect_writes_all_of_them_read_under_the_same_ids() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let uuid = "00000000-0000-4000-8000-000000000001";
    let first = json!({
        "externalConversationId": EXTERNAL, "content": "said in aiva", "idempotencyKey": uuid,
    });
    let (status, sent) = ask(&world, ("POST", "/api/v1/messages"), &key, &first).await;
    assert_eq!(status, 202, "{sent}");
    world.reply(REPLY).await;
    let ours = sent["data"]["conversationId"].as_str().unwrap().to_owned();
    let mut expected = vec!["said in aiva".to_owned(), REPLY.to_owned()];
    for turn in 0..4 {
        let (dialect, path, mut body) = writes(&world, &ours, EXTERNAL, "")[turn].clone();
        let said = format!("said in {dialect}");
        body["message"] = json!(said);
        let (status, answer) = ask(&world, ("POST", &path), &key, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let id = answer.get("conversation_id").or_else(|| answer["data"].get("conversation_id"));
        assert!(id.is_none_or(|id| *id == json!(ours)), "{answer}");
        let session = answer.get("session_id");
        assert!(session.is_none_or(|id| *id == json!(EXTERNAL)), "{answer}");
        expected.extend([said, REPLY.to_owned()]);
        let texts: Vec<String> = read_everywhere(&world, &ours, EXTERNAL)
            .await
            .into_iter()
            .map(|(_, text, _)| text)
            .collect();
        assert_eq!(texts, expected);
    }
    // The id of a message that a dialect answers is the one that the others show.
    let messages = read_everywhere(&world, &ours, EXTERNAL).await;
    assert_eq!(messages[0].2, sent["data"]["messageId"].as_str().map(str::to_owned));
    assert_eq!(messages.len(), 10);
}

#[tokio::test]
async fn a_conversation_without_an_id_of_the_callers_has_ours_as_its_session_everywhere() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let (_, made) = ask(&world, ("POST", "/api/session"), &key, &json!({})).await;
    let ours = made["data"]["conversation_id"].as_str().unwrap().to_owned();
    for (_, path, body) in writes(&world, &ours, &ours, "Hello") {
        let (status, answer) = ask(&world, ("POST", &path), &key, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
    }
    assert_eq!(read_everywhere(&world, &ours, &ours).await.len(), 8);
    let listed = get(&world, "/api/v1/conversations").await;
    let items = listed["data"]["items"].as_array().unwrap();
    assert_eq!(items.len(), 1, "{listed}");
    assert_eq!(items[0]["externalConversationId"], json!(ours));
    let sessions = get(&world, "/api/v1/sessions/").await;
    assert_eq!(sessions["sessions"][0]["session_id"], json!(ours));
    assert_eq!(sessions["sessions"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn a_human_who_takes_over_is_told_of_by_every_dialect_and_heard_in_all_of_them() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let ours = begun(&world, &key).await;
    let inbox = format!("/admin/v1/workspaces/{}/conversations/{ours}", world.names["shop"]);
    for verb in ["take-over", "messages"] {
        let body = json!({ "agentName": "Dana", "content": "Dana here." });
        let path = format!("{inbox}/{verb}");
        let (status, answer) = ask(&world, ("POST", &path), OPERATOR_TOKEN, &body).await;
        assert!(status < 300, "{answer}");
    }
    for (dialect, path, body) in writes(&world, &ours, EXTERNAL, "Are you there?") {
        let (status, answer) = ask(&world, ("POST", &path), &key, &body).await;
        assert_eq!(status, 200, "{path}: {answer}");
        let silent = match dialect {
            "aivastark" => answer["status"] == "human_owned" && answer["answer"] == "",
            "aksita" => answer["data"]["response"] == json!([]),
            "aerochat" => answer["status"] == "queued_for_agent" && answer.get("reply").is_none(),
            _ => answer["status"] == "human" && answer["response"] == "",
        };
        assert!(silent, "{dialect}: {answer}");
    }
    let messages = read_everywhere(&world, &ours, EXTERNAL).await;
    let texts: Vec<&str> = messages.iter().map(|(_, text, _)| text.as_str()).collect();
    let again = ["Are you there?"; 4];
    assert_eq!(texts, [["Hello", REPLY, "Dana here."].as_slice(), &again].concat());
}

#[tokio::test]
async fn another_tenants_key_and_one_without_the_scope_read_it_in_no_dialect() {
    let world = World::new().await;
    let key = world.names["key"].clone();
    let ours = begun(&world, &key).await;
    let blind = world.key_without(Some(aiva_core::key::Scope::ConversationsRead)).await;
    for (_, path) in reads(&world, &ours, EXTERNAL) {
        let other = world.names["other"].clone();
        let (status, answer) = ask(&world, ("GET", &path), &other, &Value::Null).await;
        assert_eq!(status, 404, "{path}: {answer}");
        let (status, answer) = ask(&world, ("GET", &path), &blind, &Value::Null).await;
        assert_eq!(status, 403, "{path}: {answer}");
    }
    for (_, path, body) in writes(&world, &ours, EXTERNAL, "Hello") {
        let reader = world.names["reader"].clone();
        let (status, answer) = ask(&world, ("POST", &path), &reader, &body).await;
        assert_eq!(status, 403, "{path}: {answer}");
    }
    assert_eq!(read_everywhere(&world, &ours, EXTERNAL).await.len(), 2);
}
