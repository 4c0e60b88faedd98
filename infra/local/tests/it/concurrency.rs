//! Many at once: one key, one wallet.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Product, config, fresh_dir};

const KEY: &str = "00000000-0000-4000-8000-00000000000a";

/// Sends requests all at once and counts their answers by status and by what became of them.
async fn all_at_once(
    product: &Arc<Product>,
    key: &str,
    requests: impl Iterator<Item = (String, String)>,
) -> (BTreeMap<(u16, String), usize>, Vec<Value>) {
    let tasks: Vec<_> = requests
        .map(|(conversation, uuid)| {
            let (product, key) = (Arc::clone(product), key.to_owned());
            tokio::spawn(
                async move { product.say(&key, &conversation, "Hello there", &uuid).await },
            )
        })
        .collect();
    let (mut counts, mut accepted) = (BTreeMap::new(), Vec::new());
    for task in tasks {
        let answer = task.await.unwrap();
        let body = answer.json();
        let what =
            body["data"]["status"].as_str().or_else(|| body["code"].as_str()).unwrap_or_default();
        *counts.entry((answer.status.as_u16(), what.to_owned())).or_default() += 1;
        if answer.status == 202 {
            accepted.push(body["data"].clone());
        }
    }
    (counts, accepted)
}

/// A key of the workspace, with limits that a crowd does not reach.
async fn roomy_key(product: &Product) -> String {
    let limits = json!({ "requestsPerMinute": 100_000 });
    product.operate(Method::PUT, "/limits", Some(&limits)).await.data(200);
    product.runtime.demo().key.clone()
}

async fn charges(product: &Product) -> Vec<Value> {
    let mut rows = Vec::new();
    let mut path = "/wallet/ledger?limit=200".to_owned();
    loop {
        let page = product.operate(Method::GET, &path, None).await.data(200);
        rows.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("/wallet/ledger?limit=200&cursor={cursor}"),
            None => return rows.into_iter().filter(|row| row["kind"] == "charge").collect(),
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn sixty_messages_of_one_conversation_at_once_are_all_taken_and_answered() {
    let dir = fresh_dir();
    let product = Arc::new(Product::start(dir.path()).await);
    let key = roomy_key(&product).await;
    let crowd = (0..60).map(|n| ("c1".to_owned(), format!("00000000-0000-4000-8000-{n:012}")));
    let (counts, _) = all_at_once(&product, &key, crowd).await;
    assert_eq!(counts, BTreeMap::from([((202, "queued".to_owned()), 60)]));
    let said = product.settled("c1?limit=200", 120).await;
    assert_eq!(said.len(), 120);
    Arc::into_inner(product).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn two_hundred_requests_under_one_key_are_one_message_for_ever() {
    let dir = fresh_dir();
    let product = Arc::new(Product::start(dir.path()).await);
    let key = roomy_key(&product).await;
    let same = (0..200).map(|_| ("c1".to_owned(), KEY.to_owned()));
    let (counts, accepted) = all_at_once(&product, &key, same).await;
    assert_eq!(counts[&(202, "queued".to_owned())], 1, "{counts:?}");
    assert_eq!(counts[&(202, "duplicate".to_owned())], 199, "{counts:?}");
    let first = &accepted[0];
    for answer in &accepted {
        assert_eq!(answer["messageId"], first["messageId"]);
        assert_eq!(answer["conversationId"], first["conversationId"]);
    }
    product.settled("c1", 2).await;
    Arc::into_inner(product).unwrap().stop().await;

    let product = Arc::new(Product::start(dir.path()).await);
    let again = (0..20).map(|_| ("c1".to_owned(), KEY.to_owned()));
    let (counts, accepted) = all_at_once(&product, &key, again).await;
    assert_eq!(counts[&(202, "duplicate".to_owned())], 20, "{counts:?}");
    assert!(accepted.iter().all(|answer| answer["messageId"] == first["messageId"]));
    assert_eq!(product.settled("c1", 2).await.len(), 2, "one message and one reply");
    assert_eq!(charges(&product).await.len(), 1, "one row of the ledger");
    let conflict = product.say(&key, "c1", "Something else", KEY).await;
    assert_eq!(
        (conflict.status.as_u16(), &conflict.json()["code"]),
        (409, &json!("IDEMPOTENCY_KEY_REUSED"))
    );
    Arc::into_inner(product).unwrap().stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wallet_for_a_hundred_replies_accepts_a_hundred_of_five_hundred() {
    let dir = fresh_dir();
    // A model that takes a while, so that no hold comes back while the crowd is served.
    let scripted = [("AIVA_MODEL", "scripted")];
    let product = Arc::new(Product::start_with(config(dir.path(), &scripted)).await);
    let (workspace, key, worst) = funded(&product, 100).await;
    let requests =
        (0..500).map(|n| (format!("crowd-{}", n % 50), format!("00000000-0000-4000-8000-{n:012}")));
    let tasks: Vec<_> = requests
        .map(|(conversation, uuid)| {
            let (product, key) = (Arc::clone(&product), key.clone());
            tokio::spawn(async move {
                // Fifty conversations of ten messages: each reply of a conversation waits for the one before.
                product
                    .say(&key, &conversation, "[[sleep:60000]] [[usage:10,5]] hello", &uuid)
                    .await
            })
        })
        .collect();
    let mut counts: BTreeMap<u16, usize> = BTreeMap::new();
    for task in tasks {
        let answer = task.await.unwrap();
        if answer.status == 402 {
            assert_eq!(answer.json()["code"], "INSUFFICIENT_CREDITS");
        }
        *counts.entry(answer.status.as_u16()).or_default() += 1;
    }
    assert_eq!(counts, BTreeMap::from([(202, 100), (402, 400)]));
    let path = format!("/admin/v1/workspaces/{workspace}/wallet");
    let token = product.runtime.demo().operator_token.clone();
    let wallet = product.send(Method::GET, &path, &token, None).await.data(200);
    assert_eq!(wallet["available"], 0, "{wallet}");
    assert_eq!(wallet["balance"], worst * 100, "nothing is charged yet");
    assert_eq!(wallet["held"], worst * 100);
    assert_eq!(stored(&product, &workspace).await, [100, 0], "nothing of the refused is stored");
    Arc::into_inner(product).unwrap().runtime.kill().await;

    // The next process answers them at once, and everything is settled.
    let product = Product::start(dir.path()).await;
    let deadline = Instant::now() + Duration::from_secs(60);
    let wallet = loop {
        let wallet = product.send(Method::GET, &path, &token, None).await.data(200);
        if wallet["held"] == 0 {
            break wallet;
        }
        assert!(Instant::now() < deadline, "still held: {wallet}");
        tokio::time::sleep(Duration::from_millis(200)).await;
    };
    assert_eq!(stored(&product, &workspace).await, [100, 100]);
    let ledger = product.send(Method::GET, &format!("{path}/ledger?limit=200"), &token, None).await;
    let ledger = ledger.data(200);
    let amounts = ledger["items"].as_array().unwrap().iter();
    let sum: i64 = amounts.map(|row| row["amount"].as_i64().unwrap()).sum();
    assert!(ledger["nextCursor"].is_null());
    assert_eq!((&wallet["balance"], &wallet["available"]), (&json!(sum), &json!(sum)));
    product.stop().await;
}

/// Messages of visitors and of the agent in a workspace, numbered without a gap.
async fn stored(product: &Product, workspace: &str) -> [usize; 2] {
    let token = &product.runtime.demo().operator_token;
    let get = async |path: &str| {
        let path = format!("/admin/v1/workspaces/{workspace}/conversations{path}?limit=200");
        product.send(Method::GET, &path, token, None).await.data(200)
    };
    let mut counts = [0, 0];
    for conversation in get("").await["items"].as_array().unwrap() {
        let id = conversation["conversationId"].as_str().unwrap();
        let read = get(&format!("/{id}")).await;
        for (number, message) in (1..).zip(read["messages"].as_array().unwrap()) {
            assert_eq!(message["seq"], number);
            counts[usize::from(message["senderType"] == "AI")] += 1;
        }
    }
    counts
}

/// A workspace of its own, with credit for so many worst cases.
async fn funded(product: &Product, worst_cases: i64) -> (String, String, i64) {
    let token = product.runtime.demo().operator_token.clone();
    let post = async |path: String, body: Value| {
        product
            .send(Method::POST, &format!("/admin/v1/workspaces{path}"), &token, Some(&body))
            .await
    };
    let request = json!({ "name": "Crowd", "email": "crowd@example.com", "plan": "enterprise" });
    let made = post(String::new(), request).await.data(201);
    let workspace = made["workspaceId"].as_str().unwrap().to_owned();
    post(format!("/{workspace}/approve"), json!({})).await.data(200);
    let path = format!("/admin/v1/workspaces/{workspace}");
    let wallet = product.send(Method::GET, &format!("{path}/wallet"), &token, None).await.data(200);
    let worst = wallet["worstCase"].as_i64().unwrap();
    let top_up = json!({ "amount": worst * worst_cases, "idempotencyKey": KEY });
    post(format!("/{workspace}/wallet/top-ups"), top_up).await.data(201);
    let body = json!({ "name": "crowd", "scopes": ["messages:write", "conversations:read"] });
    let key = post(format!("/{workspace}/keys"), body).await.data(201)["key"]
        .as_str()
        .unwrap()
        .to_owned();
    (workspace, key, worst)
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_model_reports_is_what_is_charged() {
    let dir = fresh_dir();
    let product = Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await;
    let key = product.runtime.demo().key.clone();
    let usages = [(10_u64, 5_u64), (1, 1), (123, 77), (900, 31)];
    for (n, (input, output)) in usages.iter().enumerate() {
        let uuid = format!("00000000-0000-4000-8000-{n:012}");
        let said = format!("[[usage:{input},{output}]] hello");
        product.say(&key, &format!("c{n}"), &said, &uuid).await.data(202);
        product.settled(&format!("c{n}"), 2).await;
    }
    let mut charged: Vec<i64> =
        charges(&product).await.iter().map(|row| -row["amount"].as_i64().unwrap()).collect();
    let mut expected: Vec<i64> = usages
        .iter()
        .map(|(input, output)| i64::try_from(input * 1_000 + output * 5_000).unwrap())
        .collect();
    charged.sort_unstable();
    expected.sort_unstable();
    assert_eq!(charged, expected);
    let wallet = product.operate(Method::GET, "/wallet", None).await.data(200);
    let spent: i64 = expected.iter().sum();
    assert_eq!(wallet["balance"], 10_000_000_000 - spent);
    assert_eq!(wallet["available"], wallet["balance"]);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_messages_of_one_conversation_are_answered_in_their_order() {
    let dir = fresh_dir();
    let product =
        Arc::new(Product::start_with(config(dir.path(), &[("AIVA_MODEL", "scripted")])).await);
    let key = roomy_key(&product).await;
    let many = (0..30).map(|n| ("c1".to_owned(), format!("00000000-0000-4000-8000-{n:012}")));
    let (counts, _) = all_at_once(&product, &key, many).await;
    assert_eq!(counts, BTreeMap::from([((202, "queued".to_owned()), 30)]));
    let said = product.settled("c1", 50).await;
    let first_fifty: Vec<_> = said.iter().map(|message| message["seq"].as_u64().unwrap()).collect();
    assert_eq!(first_fifty, (1..=50).collect::<Vec<_>>(), "gapless, increasing, in reading order");
    let rest = product.get("/api/v1/conversations/c1?after=50").await.data(200);
    assert_eq!(rest["messages"].as_array().unwrap().len(), 10);
    Arc::into_inner(product).unwrap().stop().await;
}
