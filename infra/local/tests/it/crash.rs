//! `kill -9` at any moment: every 202 is answered once, every callback arrives, nothing is paid twice.

use std::collections::{BTreeMap, BTreeSet};
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::receiver::Receiver;
use crate::support::fresh_dir;

/// Kills in one run, each at another moment of the work: fewer than the workers that may die on one message
/// before it counts as failed for good.
const KILLS: u64 = 8;
const MESSAGES_A_LIFE: usize = 12;

/// A process that ends with its test, whatever becomes of that.
struct Mortal(Child);

impl Drop for Mortal {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The product as a process of its own.
struct Process {
    #[expect(dead_code, reason = "the process runs as long as it is")]
    child: Mortal,
    base: String,
}

impl Process {
    async fn start(dir: &Path, port: u16) -> Self {
        let child = Command::new(env!("CARGO_BIN_EXE_aiva-local"))
            .env_clear()
            .env("AIVA_DATA_DIR", dir)
            .env("AIVA_PORT", port.to_string())
            .env("AIVA_MODEL", "scripted")
            .env("AIVA_CALLBACK_RETRY_SECONDS", "1,1,1,1,1")
            .env("AIVA_LOG", "warn")
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let process = Self { child: Mortal(child), base: format!("http://127.0.0.1:{port}") };
        let deadline = Instant::now() + Duration::from_secs(20);
        while client().get(format!("{}/healthz", process.base)).send().await.is_err() {
            assert!(Instant::now() < deadline, "the product does not start");
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        process
    }

    /// SIGKILL: nothing in the process learns of it.
    fn kill(self) {
        drop(self);
    }

    async fn call(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<Value>,
    ) -> Option<(u16, Value)> {
        let request = client().request(method, format!("{}{path}", self.base)).bearer_auth(token);
        let request = match body {
            Some(body) => request.header("content-type", "application/json").body(body.to_string()),
            None => request,
        };
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let text = answer.text().await.ok()?;
        Some((status, serde_json::from_str(&text).ok()?))
    }
}

fn client() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().timeout(Duration::from_secs(10)).build().unwrap()
}

fn free_port() -> u16 {
    std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port()
}

fn message(n: usize) -> Value {
    json!({
        "externalConversationId": format!("c{}", n % 5),
        "externalUserId": format!("user-{}", n % 3),
        "content": format!("[[sleep:{}]] [[usage:10,5]] question {n}", (n * 7) % 40),
        "idempotencyKey": format!("00000000-0000-4000-8000-{n:012}"),
    })
}

#[test]
fn the_line_that_the_first_start_prints_sends_a_message_as_it_stands() {
    let dir = fresh_dir();
    let mut child = Command::new(env!("CARGO_BIN_EXE_aiva-local"))
        .env_clear()
        .env("AIVA_DATA_DIR", dir.path())
        .env("AIVA_PORT", free_port().to_string())
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let output = child.stdout.take().unwrap();
    let _child = Mortal(child);
    let printed = BufReader::new(output).lines();
    let line = printed.map(Result::unwrap).find(|line| line.starts_with("curl "));
    // What a shell has of its own must not stand between the two.
    let told = "silent\nnoproxy=*\nwrite-out=\"\\n%{http_code}\"\n";
    std::fs::write(dir.path().join(".curlrc"), told).unwrap();
    let sent = Command::new("bash")
        .args(["-c", &line.unwrap()])
        .env("CURL_HOME", dir.path())
        .output()
        .expect("bash and curl are installed");
    let answer = String::from_utf8_lossy(&sent.stdout).into_owned();
    let (body, status) = answer.rsplit_once('\n').unwrap();
    assert_eq!(status, "202", "{sent:?}");
    let body: Value = serde_json::from_str(body).unwrap();
    assert_eq!(body["data"]["status"], "queued", "{body}");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_killed_process_owes_nothing_that_the_next_one_does_not_pay() {
    let dir = fresh_dir();
    let port = free_port();
    let mut receiver = Receiver::start(0).await;
    let process = Process::start(dir.path(), port).await;
    let demo: Value =
        serde_json::from_slice(&std::fs::read(dir.path().join("demo.json")).unwrap()).unwrap();
    let (operator, workspace) = (text(&demo, "operatorToken"), text(&demo, "workspaceId"));
    let body = json!({ "name": "hooked", "scopes": ["messages:write", "conversations:read"], "callbackUrl": receiver.url });
    let path = format!("/admin/v1/workspaces/{workspace}/keys");
    let key = process.call(Method::POST, &path, &operator, Some(body)).await.unwrap().1;
    let key = text(&key["data"], "key");
    process.kill();

    // Lives of a few messages each, every one ended by a kill while it works.
    let mut accepted: BTreeMap<usize, String> = BTreeMap::new();
    for life in 0..KILLS {
        let process = Process::start(dir.path(), port).await;
        let kill_after = Duration::from_millis(3 + life * 17);
        let numbers = (usize::try_from(life).unwrap() * MESSAGES_A_LIFE..).take(MESSAGES_A_LIFE);
        let sending = async {
            for n in numbers {
                if let Some((202, answer)) =
                    process.call(Method::POST, "/api/v1/messages", &key, Some(message(n))).await
                {
                    accepted.insert(n, text(&answer["data"], "messageId"));
                }
            }
        };
        let _ = tokio::time::timeout(kill_after, sending).await;
        process.kill();
    }

    // The last life: what had no answer is sent again, what had one is the same.
    let process = Process::start(dir.path(), port).await;
    let total = usize::try_from(KILLS).unwrap() * MESSAGES_A_LIFE;
    for n in 0..total {
        let (status, answer) =
            process.call(Method::POST, "/api/v1/messages", &key, Some(message(n))).await.unwrap();
        assert_eq!(status, 202, "{answer}");
        let id = text(&answer["data"], "messageId");
        if let Some(first) = accepted.insert(n, id.clone()) {
            assert_eq!(first, id, "message {n} changed its id");
            assert_eq!(answer["data"]["status"], "duplicate", "message {n} was accepted twice");
        }
    }
    let replies = every_message_is_answered_once(&process, &key, total).await;
    let seen = receiver.wait_for(&replies).await;
    assert_eq!(seen, replies, "each reply reached the callback, and nothing else did");
    money_adds_up(&process, &operator, &workspace, total).await;
    process.kill();
}

fn text(value: &Value, field: &str) -> String {
    value[field].as_str().unwrap_or_else(|| panic!("{field} in {value}")).to_owned()
}

/// Waits until nothing is pending, and answers the ids of all replies.
async fn every_message_is_answered_once(
    process: &Process,
    key: &str,
    total: usize,
) -> BTreeSet<String> {
    let deadline = Instant::now() + Duration::from_secs(60);
    loop {
        let (mut visitors, mut replies, mut pending) = (0, BTreeSet::new(), false);
        for conversation in 0..5 {
            let path = format!("/api/v1/conversations/c{conversation}?limit=200");
            let (status, answer) = process.call(Method::GET, &path, key, None).await.unwrap();
            assert_eq!(status, 200, "{answer}");
            let data = &answer["data"];
            pending |= data["pendingReply"] != Value::Bool(false);
            for (at, message) in data["messages"].as_array().unwrap().iter().enumerate() {
                assert_eq!(message["seq"], at + 1, "seq has a gap");
                match message["senderType"].as_str() {
                    Some("AI") => assert!(replies.insert(text(message, "messageId"))),
                    _ => visitors += 1,
                }
            }
        }
        assert!(replies.len() <= visitors && visitors <= total);
        if !pending && visitors == total && replies.len() == total {
            return replies;
        }
        assert!(
            Instant::now() < deadline,
            "{visitors} messages, {} replies of {total}",
            replies.len()
        );
        // Five requests each time: more of them would reach the key's limit before a slow machine is done.
        tokio::time::sleep(Duration::from_millis(700)).await;
    }
}

async fn money_adds_up(process: &Process, operator: &str, workspace: &str, total: usize) {
    let base = format!("/admin/v1/workspaces/{workspace}/wallet");
    let wallet = process.call(Method::GET, &base, operator, None).await.unwrap().1["data"].clone();
    let mut rows: Vec<Value> = Vec::new();
    let mut path = format!("{base}/ledger?limit=100");
    loop {
        let page =
            process.call(Method::GET, &path, operator, None).await.unwrap().1["data"].clone();
        rows.extend(page["items"].as_array().unwrap().clone());
        match page["nextCursor"].as_str() {
            Some(cursor) => path = format!("{base}/ledger?limit=100&cursor={cursor}"),
            None => break,
        }
    }
    let sum: i64 = rows.iter().map(|row| row["amount"].as_i64().unwrap()).sum();
    assert_eq!(wallet["balance"], sum, "balance is the sum of the ledger");
    assert_eq!(wallet["available"], sum, "no hold is open");
    let charges: Vec<_> = rows.iter().filter(|row| row["kind"] == "charge").collect();
    let charged: BTreeSet<_> = charges.iter().map(|row| text(row, "messageId")).collect();
    assert_eq!((charges.len(), charged.len()), (total, total), "each message is paid once");
    assert!(
        charges.iter().all(|row| row["amount"] == -35_000),
        "at the usage that the model reported"
    );
}
