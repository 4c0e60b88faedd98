//! The proof of an identity from end to end: request, mail, page, button, callback, contact.

use aiva_core::ports::{Clock, IdentityStore};
use aiva_core::text::ExternalId;
use reqwest::Method;
use serde_json::{Value, json};

use crate::receiver::Receiver;
use crate::support::{Answer, Product, fresh_dir};

/// The newest mail in the mailbox, and the path of its link.
pub(crate) async fn mailed(product: &Product) -> (Value, String) {
    let mailbox = product.get("/local/mailbox").await.json();
    let mail = mailbox["items"][0].clone();
    let base = &product.runtime.demo().base_url;
    let text = mail["text"].as_str().unwrap();
    let link = text.split_whitespace().find(|word| word.starts_with(base.as_str())).unwrap();
    let path = link.strip_prefix(base.as_str()).unwrap().to_owned();
    (mail, path)
}

pub(crate) async fn verified(product: &Product, user: &str) -> bool {
    let app = product.runtime.app();
    let workspace = product.runtime.demo().workspace_id.parse().unwrap();
    let user = ExternalId::parse("user", user).unwrap();
    let contact = app.store.contact(workspace, &user).await.unwrap();
    contact.is_some_and(|contact| contact.is_verified(app.now()))
}

async fn open(product: &Product, method: Method, path: &str) -> Answer {
    product.send(method, path, "", None).await
}

#[tokio::test(flavor = "multi_thread")]
async fn a_mailed_link_verifies_its_user_tells_the_integrator_and_can_be_taken_back() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let mut receiver = Receiver::start(0).await;
    let body = json!({
        "name": "hooked", "scopes": ["identity:write"], "callbackUrl": receiver.url,
    });
    let made = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let (key, secret) = (made["key"].as_str().unwrap(), made["callbackSecret"].as_str().unwrap());
    let body = json!({
        "method": "magic_link", "externalUserId": "user-93", "email": "ada@example.com",
    });
    let sent = product.send(Method::POST, "/v1/identity/verify", key, Some(&body)).await;
    assert_eq!(sent.data(202)["status"], "sent");

    let (mail, path) = mailed(&product).await;
    assert_eq!(mail["to"], "ada@example.com");
    assert!(mail["html"].as_str().unwrap().contains(&path), "{mail}");
    assert!(mail["subject"].as_str().unwrap().starts_with("Confirm that it is you"), "{mail}");
    let page = open(&product, Method::GET, &path).await;
    assert_eq!(page.status, 200);
    assert!(page.text.contains("<button"), "{}", page.text);
    assert!(!verified(&product, "user-93").await, "looking changes nothing");
    assert_eq!(open(&product, Method::POST, &path).await.status, 200);
    assert!(verified(&product, "user-93").await);

    let callback = receiver.next().await;
    callback.verify(secret);
    let event = callback.json();
    assert_eq!(event["event"], "identity.verified");
    assert_eq!(event["externalUserId"], "user-93");
    assert_eq!(event["method"], "magic_link");
    assert_eq!(event["conversationId"], Value::Null);
    assert_eq!(open(&product, Method::POST, &path).await.status, 410);

    let contact = "/contacts/user-93/verification";
    let taken = product.operate(Method::DELETE, contact, None).await.data(200);
    assert_eq!(taken["verified"], false);
    assert!(!verified(&product, "user-93").await);
    assert_eq!(product.operate(Method::DELETE, contact, None).await.status, 404);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn of_fifty_presses_at_once_one_confirms() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let body = json!({ "name": "asker", "scopes": ["identity:write"] });
    let made = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let key = made["key"].as_str().unwrap();
    let body = json!({
        "method": "magic_link", "externalUserId": "user-93", "email": "ada@example.com",
        "returnUrl": "http://127.0.0.1:9/done",
    });
    product.send(Method::POST, "/v1/identity/verify", key, Some(&body)).await.data(202);
    let (_, path) = mailed(&product).await;
    let url = format!("{}{path}", product.runtime.demo().base_url);
    let client = reqwest::Client::builder()
        .no_proxy()
        .redirect(reqwest::redirect::Policy::none())
        .build()
        .unwrap();
    let presses: Vec<_> = (0..50).map(|_| tokio::spawn(client.post(&url).send())).collect();
    let mut statuses = Vec::new();
    for press in presses {
        let answer = press.await.unwrap().unwrap();
        if answer.status() == 303 {
            assert_eq!(answer.headers()["location"], "http://127.0.0.1:9/done");
        }
        statuses.push(answer.status().as_u16());
    }
    statuses.sort_unstable();
    assert_eq!((statuses[0], &statuses[1..]), (303, &[410; 49][..]));
    assert!(verified(&product, "user-93").await);
    product.stop().await;
}
