//! Starting the product and talking to it.

use std::path::Path;
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_kit::config;
use aiva_local::{Config, Runtime};
use reqwest::{Client, Method, StatusCode};
use serde_json::Value;
use tempfile::TempDir;
use tokio::time::Instant;

/// Nothing here takes long; what takes longer than this is broken.
const PATIENCE: Duration = Duration::from_secs(20);
/// One answer in a crowd of hundreds may wait for all the others.
const CROWD_PATIENCE: Duration = Duration::from_secs(60);

/// Settings over a directory, with variables on top of an empty environment.
pub(crate) fn config(dir: &Path, variables: &[(&str, &str)]) -> Config {
    let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
    let product = config::Config::read(|name| find(name).map(|(_, value)| (*value).to_owned()));
    let reader = FileReader::default().by(env!("CARGO_BIN_EXE_aiva-local").into());
    Config { reader, ..Config::new(dir.to_owned(), 0, product.unwrap()) }
}

/// The product over a directory, and a client for it.
pub(crate) struct Product {
    pub(crate) runtime: Runtime,
    client: Client,
}

/// An answer, read whole.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) text: String,
    /// Whether it was given before.
    pub(crate) replayed: bool,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or(Value::Null)
    }

    pub(crate) fn data(&self, status: u16) -> Value {
        assert_eq!(self.status.as_u16(), status, "{}", self.text);
        self.json()["data"].clone()
    }
}

pub(crate) fn fresh_dir() -> TempDir {
    tempfile::tempdir().unwrap()
}

impl Product {
    pub(crate) async fn start(dir: &Path) -> Self {
        Self::start_with(config(dir, &[])).await
    }

    pub(crate) async fn start_with(config: Config) -> Self {
        let runtime = Runtime::start(config).await.unwrap();
        let client = Client::builder().no_proxy().timeout(CROWD_PATIENCE).build().unwrap();
        Self { runtime, client }
    }

    pub(crate) async fn send(
        &self,
        method: Method,
        path: &str,
        token: &str,
        body: Option<&Value>,
    ) -> Answer {
        self.send_with(method, path, token, &[], body).await
    }

    pub(crate) async fn send_with(
        &self,
        method: Method,
        path: &str,
        token: &str,
        headers: &[(&str, &str)],
        body: Option<&Value>,
    ) -> Answer {
        let url = format!("{}{path}", self.runtime.demo().base_url);
        let mut request = self.client.request(method, url).header("accept", "application/json");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        if !token.is_empty() {
            request = request.header("authorization", format!("Bearer {token}"));
        }
        if let Some(body) = body {
            let json = request.header("content-type", "application/json");
            request = json.body(body.to_string());
        }
        let response = request.send().await.unwrap();
        let replayed = response.headers().contains_key("idempotency-replayed");
        Answer { status: response.status(), text: response.text().await.unwrap(), replayed }
    }

    pub(crate) async fn get(&self, path: &str) -> Answer {
        self.send(Method::GET, path, &self.runtime.demo().key, None).await
    }

    /// Posts a message with a key and answers what came back.
    pub(crate) async fn say(&self, key: &str, to: &str, content: &str, uuid: &str) -> Answer {
        let body = serde_json::json!({
            "externalConversationId": to, "content": content, "idempotencyKey": uuid,
        });
        self.send(Method::POST, "/api/v1/messages", key, Some(&body)).await
    }

    /// Calls the operator API of the demo workspace.
    pub(crate) async fn operate(&self, method: Method, path: &str, body: Option<&Value>) -> Answer {
        let demo = self.runtime.demo();
        let path = format!("/admin/v1/workspaces/{}{path}", demo.workspace_id);
        self.send(method, &path, &demo.operator_token, body).await
    }

    /// What was charged in the demo workspace, newest first, of the first page of its ledger.
    pub(crate) async fn charges(&self) -> Vec<i64> {
        let ledger = self.operate(Method::GET, "/wallet/ledger", None).await.data(200);
        let rows = ledger["items"].as_array().unwrap().iter();
        let charges = rows.filter(|row| row["kind"] == "charge");
        charges.map(|row| row["amount"].as_i64().unwrap()).collect()
    }

    /// What is held in the demo workspace.
    pub(crate) async fn held(&self) -> Value {
        self.operate(Method::GET, "/wallet", None).await.data(200)["held"].clone()
    }

    /// Waits for a conversation to have so many messages and none in the making.
    pub(crate) async fn settled(&self, conversation: &str, messages: usize) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(&format!("/api/v1/conversations/{conversation}")).await;
            let data = answer.data(200);
            let said = data["messages"].as_array().cloned().unwrap_or_default();
            if said.len() >= messages && data["pendingReply"] == Value::Bool(false) {
                return said;
            }
            assert!(Instant::now() < deadline, "still waiting: {data}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for a reply of a conversation to be owed.
    pub(crate) async fn settling(&self, conversation: &str) {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.get(&format!("/api/v1/conversations/{conversation}")).await;
            if answer.data(200)["pendingReply"] == Value::Bool(true) {
                return;
            }
            assert!(Instant::now() < deadline, "nothing is owed: {}", answer.text);
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    /// Waits for a delivery to be closed, and answers it.
    pub(crate) async fn delivered(&self, id: &str) -> Value {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let answer = self.operate(Method::GET, &format!("/deliveries/{id}"), None).await;
            let delivery = answer.data(200);
            if delivery["status"] != "pending" {
                return delivery;
            }
            assert!(Instant::now() < deadline, "still pending: {delivery}");
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    }

    pub(crate) async fn stop(self) {
        self.runtime.stop().await;
    }
}
