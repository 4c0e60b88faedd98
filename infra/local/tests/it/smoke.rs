//! The first minutes with the product.

use std::time::Duration;

use aiva_local::{Runtime, StartError};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Product, config, fresh_dir};

const KEY_1: &str = "00000000-0000-4000-8000-000000000001";
const KEY_2: &str = "00000000-0000-4000-8000-000000000002";

#[tokio::test(flavor = "multi_thread")]
async fn the_first_start_writes_down_what_a_script_needs() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let path = dir.path().join("demo.json");
    let demo: Value = serde_json::from_slice(&std::fs::read(&path).unwrap()).unwrap();
    for field in ["baseUrl", "operatorToken", "workspaceId", "projectId", "keyId", "key"] {
        assert!(demo[field].as_str().is_some_and(|text| !text.is_empty()), "{field}: {demo}");
    }
    #[cfg(unix)]
    for name in ["demo.json", "operator-token", "key-ring.json"] {
        use std::os::unix::fs::PermissionsExt;
        let mode = std::fs::metadata(dir.path().join(name)).unwrap().permissions().mode();
        assert_eq!(mode & 0o777, 0o600, "{name}");
    }
    assert_eq!(product.get("/healthz").await.status, 200);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_is_answered_from_the_right_page_within_a_second() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let key = product.runtime.demo().key.clone();
    let asked = Instant::now();
    let data = product.say(&key, "c1", "What is your refund policy?", KEY_1).await.data(202);
    assert_eq!(data["status"], "queued");
    let said = product.settled("c1", 2).await;
    assert!(asked.elapsed() < Duration::from_secs(1), "{:?}", asked.elapsed());
    assert_eq!((&said[0]["seq"], &said[1]["seq"]), (&json!(1), &json!(2)));
    assert_eq!(said[1]["senderType"], "AI");
    assert!(said[1]["content"].as_str().unwrap().contains("30 days"), "{}", said[1]);
    assert_eq!(said[1]["citations"][0]["title"], "Refund policy");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repeated_message_is_a_duplicate_also_after_a_restart() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let demo = product.runtime.demo().clone();
    let first = product.say(&demo.key, "c1", "When are you open?", KEY_1).await.data(202);
    let said = product.settled("c1", 2).await;
    let again = product.say(&demo.key, "c1", "When are you open?", KEY_1).await.data(202);
    assert_eq!(again["status"], "duplicate");
    assert_eq!(again["messageId"], first["messageId"]);
    product.stop().await;

    let product = Product::start(dir.path()).await;
    assert_eq!(product.runtime.demo().key, demo.key);
    let again = product.say(&demo.key, "c1", "When are you open?", KEY_1).await.data(202);
    assert_eq!(again["status"], "duplicate");
    assert_eq!(again["messageId"], first["messageId"]);
    assert_eq!(product.settled("c1", 2).await, said);
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    assert_eq!(wallet["held"], 0);
    assert_eq!(wallet["balance"], wallet["available"]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reply_that_was_being_made_at_a_crash_is_made_after_it() {
    let dir = fresh_dir();
    let scripted = [("AIVA_MODEL", "scripted")];
    let product = Product::start_with(config(dir.path(), &scripted)).await;
    let key = product.runtime.demo().key.clone();
    let question = "[[sleep:400]] [[usage:10,5]] hello";
    product.say(&key, "c1", question, KEY_1).await.data(202);
    let waiting = product.get("/api/v1/conversations/c1").await.data(200);
    assert_eq!(waiting["pendingReply"], true);
    product.runtime.kill().await;

    let product = Product::start_with(config(dir.path(), &scripted)).await;
    let said = product.settled("c1", 2).await;
    assert_eq!(said.len(), 2);
    assert_eq!(said[1]["content"], "You said: hello");
    let ledger = product.operate(Method::GET, "/wallet/ledger", None).await.data(200);
    let charges = ledger["items"].as_array().unwrap().iter().filter(|row| row["kind"] == "charge");
    assert_eq!(charges.map(|row| row["amount"].clone()).collect::<Vec<_>>(), [json!(-35_000)]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_that_broke_off_is_finished_by_the_next() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let before = product.runtime.demo().clone();
    product.stop().await;
    // The record is the last thing that is written.
    std::fs::remove_file(dir.path().join("demo.json")).unwrap();

    let product = Product::start(dir.path()).await;
    let after = product.runtime.demo().clone();
    assert_eq!(after.workspace_id, before.workspace_id);
    assert_ne!(after.key, before.key);
    let refused = product.say(&before.key, "c1", "Hello?", KEY_1).await;
    assert_eq!(refused.status, 401);
    let sources = product.operate(Method::GET, "/projects/default/sources", None).await.data(200);
    assert_eq!(sources["items"].as_array().unwrap().len(), 3);
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    assert_eq!(wallet["balance"], 10_000_000_000_i64);
    product.say(&after.key, "c1", "How long does shipping take?", KEY_2).await.data(202);
    product.settled("c1", 2).await;
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_second_process_on_one_directory_is_refused() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let second = Runtime::start(config(dir.path(), &[])).await.unwrap_err();
    assert!(matches!(second, StartError::InUse(_)), "{second}");
    assert!(second.to_string().contains("AIVA_DATA_DIR"), "{second}");
    product.stop().await;
    Product::start(dir.path()).await.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_address_that_others_reach_is_refused_unless_it_is_meant() {
    let dir = fresh_dir();
    let mut config = config(dir.path(), &[]);
    config.bind = "0.0.0.0".parse().unwrap();
    let refused = Runtime::start(config.clone()).await.unwrap_err();
    assert!(matches!(refused, StartError::PublicBind(_)), "{refused}");
    config.allow_public_bind = true;
    Runtime::start(config).await.unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_mailbox_shows_the_newest_mail_first_to_scripts_and_people() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mails = dir.path().join("mail");
    std::fs::create_dir_all(&mails).unwrap();
    for (name, subject, at) in [
        ("a.json", "First", "2026-07-02T10:30:00.000Z"),
        ("b.json", "<Second>", "2026-07-02T10:31:00.000Z"),
    ] {
        let mail = json!({ "to": "a@example.com", "subject": subject, "text": "Hi", "html": "", "at": at });
        std::fs::write(mails.join(name), mail.to_string()).unwrap();
    }
    let list = product.get("/local/mailbox").await.json();
    assert_eq!(list["items"][0]["subject"], "<Second>");
    assert_eq!(list["items"][1]["to"], "a@example.com");
    let url = format!("{}/local/mailbox", product.runtime.demo().base_url);
    let page =
        reqwest::Client::builder().no_proxy().build().unwrap().get(url).send().await.unwrap();
    let policy = page.headers()["content-security-policy"].to_str().unwrap().to_owned();
    assert!(policy.starts_with("default-src 'none'"), "{policy}");
    assert!(page.text().await.unwrap().contains("&lt;Second&gt;"));
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_wait_for_the_model_at_once_and_each_in_its_order() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await;
    let key = product.runtime.demo().key.clone();
    let asked = Instant::now();
    for number in 0..12 {
        for turn in 0..2 {
            let uuid = format!("00000000-0000-4000-8000-{:012}", number * 10 + turn);
            let question = format!("[[sleep:1000]] turn {turn}");
            product.say(&key, &format!("c{number}"), &question, &uuid).await.data(202);
        }
    }
    for number in 0..12 {
        let said = product.settled(&format!("c{number}"), 4).await;
        let replies: Vec<_> = said.iter().filter(|message| message["senderType"] == "AI").collect();
        assert_eq!(replies[0]["content"], "You said: turn 0");
        assert_eq!(replies[1]["content"], "You said: turn 1");
    }
    // One after another they would have waited for 24 s.
    assert!(asked.elapsed() < Duration::from_secs(12), "{:?}", asked.elapsed());
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_runtimes_own_routes_answer_as_those_of_the_product_do() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let base = product.runtime.demo().base_url.clone();
    for path in ["/healthz", "/local/mailbox"] {
        for path in [path.to_owned(), format!("{path}/")] {
            let answer = client.get(format!("{base}{path}")).send().await.unwrap();
            assert_eq!(answer.status(), 200, "{path}");
            assert!(answer.headers().contains_key("x-request-id"), "{path}");
            let answer = client.delete(format!("{base}{path}")).send().await.unwrap();
            assert_eq!(answer.status(), 405, "{path}");
            assert_eq!(answer.headers()["allow"], "GET, HEAD", "{path}");
            assert!(answer.headers().contains_key("x-request-id"), "{path}");
            let body: Value = serde_json::from_str(&answer.text().await.unwrap()).unwrap();
            assert_eq!(body["code"], "METHOD_NOT_ALLOWED", "{path}");
        }
    }
    product.stop().await;
}
