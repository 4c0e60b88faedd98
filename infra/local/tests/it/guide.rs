//! The integrator's guide is true: its commands run in their order, and its receivers, in four
//! languages, take real deliveries and refuse forged ones.

use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::time::Duration;

use aiva_core::ports::Clock as _;
use data_encoding::HEXLOWER;
use hmac::{Hmac, KeyInit, Mac};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};
use sha2::Sha256;

use crate::support::{Product, fresh_dir};

/// A compiler may have to start first.
const PATIENCE: Duration = Duration::from_secs(120);

fn docs(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs").join(name)
}

fn guide() -> String {
    std::fs::read_to_string(docs("INTEGRATING.md")).unwrap()
}

/// The fenced blocks of one language, in their order.
fn blocks(text: &str, language: &str) -> Vec<String> {
    let opening = format!("```{language}\n");
    let after = text.split(&opening).skip(1);
    after.map(|rest| rest.split("```").next().unwrap().to_owned()).collect()
}

#[test]
fn the_guide_shows_the_very_code_of_the_receivers() {
    let guide = guide();
    for (language, sample) in [
        ("js", "receiver.js"),
        ("python", "receiver.py"),
        ("go", "receiver.go"),
        ("rust", "receiver.rs"),
    ] {
        let sample = std::fs::read_to_string(docs("samples").join(sample)).unwrap();
        let blocks = blocks(&guide, language);
        assert_eq!(blocks.len(), 1, "{language}");
        assert!(sample.contains(&blocks[0]), "the guide's {language} is not that of the receiver");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn every_command_of_the_guide_works_in_its_order() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let demo = product.runtime.demo().clone();
    let endpoint = crate::receiver::Receiver::start(0).await;
    std::fs::write(dir.path().join(".curlrc"), "silent\nshow-error\nfail-with-body\nnoproxy=*\n")
        .unwrap();
    let mut variables = vec![
        ("AIVA", demo.base_url.clone()),
        ("OPERATOR", demo.operator_token.clone()),
        ("CALLBACK_URL", endpoint.url.clone()),
    ];
    let commands = blocks(&guide(), "sh");
    assert!(commands.len() >= 14, "{}", commands.len());
    for command in commands {
        let shell = Command::new("bash")
            .args(["-euc", &command])
            .env("CURL_HOME", dir.path())
            .envs(variables.iter().map(|(name, value)| (*name, value)))
            .output()
            .unwrap();
        let out = String::from_utf8_lossy(&shell.stdout).into_owned();
        assert!(shell.status.success(), "{command}\n{out}{shell:?}");
        let data = serde_json::from_str::<Value>(&out).unwrap()["data"].clone();
        for (field, variable) in [
            ("workspaceId", "WORKSPACE"),
            ("keyId", "KEY_ID"),
            ("key", "KEY"),
            ("callbackSecret", "CALLBACK_SECRET"),
            ("conversationId", "CONVERSATION"),
        ] {
            if let Some(value) = data[field].as_str() {
                variables.push((variable, value.to_owned()));
            }
        }
    }
    product.stop().await;
}

/// A receiver of the guide as a process of its own.
struct Sample {
    process: Child,
    url: String,
    lines: Receiver<String>,
}

impl Drop for Sample {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

impl Sample {
    fn start(mut command: Command, secret: &str) -> Self {
        let command = command.env("CALLBACK_SECRET", secret).env("PORT", "0");
        let mut process = command.stdout(Stdio::piped()).spawn().expect("`make test` installs it");
        let output = BufReader::new(process.stdout.take().unwrap());
        let (sender, lines) = channel();
        std::thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                // A test that has seen enough no longer listens.
                let _ = sender.send(line);
            }
        });
        let mut sample = Self { process, url: String::new(), lines };
        let first = sample.line();
        first.strip_prefix("listening on ").unwrap().clone_into(&mut sample.url);
        sample
    }

    fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).unwrap()
    }
}

/// Posts a body as if it were a callback.
async fn forge(url: &str, secret: &str, timestamp: i64, body: &str, sent: &str) -> StatusCode {
    let mut mac = Hmac::<Sha256>::new_from_slice(secret.as_bytes()).unwrap();
    mac.update(format!("{timestamp}.{body}").as_bytes());
    let signature = format!("sha256={}", HEXLOWER.encode(&mac.finalize().into_bytes()));
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client.post(url).body(sent.to_owned());
    let request = request.header("x-assistify-timestamp", timestamp);
    request.header("x-assistify-signature", signature).send().await.unwrap().status()
}

/// Sends a receiver everything that it must take and everything that it must refuse.
async fn takes_what_is_true_and_nothing_else(command: Command) {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let body = json!({
        "name": "shop", "scopes": ["messages:write"], "callbackUrl": "http://127.0.0.1:9/later",
    });
    let made = product.operate(Method::POST, "/keys", Some(&body)).await.data(201);
    let (key, key_id) = (made["key"].as_str().unwrap(), made["keyId"].as_str().unwrap());
    let secret = made["callbackSecret"].as_str().unwrap();
    let sample = tokio::task::block_in_place(|| Sample::start(command, secret));
    let patch = json!({ "callbackUrl": sample.url });
    product.operate(Method::PATCH, &format!("/keys/{key_id}"), Some(&patch)).await.data(200);

    let ping = product.operate(Method::POST, &format!("/keys/{key_id}/test"), None).await.data(202);
    assert!(sample.line().starts_with("test.ping "));
    let ping = ping["deliveryId"].as_str().unwrap();
    assert_eq!(product.delivered(ping).await["status"], "delivered");

    let uuid = "00000000-0000-4000-8000-000000000001";
    let sent = product.say(key, "order-4821", "What is your refund policy?", uuid).await.data(202);
    let line = sample.line();
    assert!(line.starts_with("ai.reply order-4821 ") && line.contains("30 days"), "{line}");

    // The same event again: accepted, so that it is not sent for ever, and handled once.
    let replay = format!("/deliveries/{ping}/replay");
    product.operate(Method::POST, &replay, None).await.data(202);
    assert_eq!(product.delivered(ping).await["status"], "delivered");

    let now = product.runtime.app().now().as_second();
    let event = r#"{"event":"test.ping","conversationId":null,"deliveryId":"dl_forged"}"#;
    let altered = r#"{"event":"test.ping","conversationId":null,"deliveryId":"dl_altered"}"#;
    let url = &sample.url;
    assert_eq!(forge(url, "whsec_of_another", now, event, event).await, 401);
    assert_eq!(forge(url, secret, now, event, altered).await, 401);
    assert_eq!(forge(url, secret, now - 301, event, event).await, 401);
    assert_eq!(forge(url, secret, now + 310, event, event).await, 401);

    let conversation = sent["conversationId"].as_str().unwrap();
    for verb in ["take-over", "messages"] {
        let body = json!({ "agentName": "Dana", "content": "Dana here." });
        let path = format!("/conversations/{conversation}/{verb}");
        product.operate(Method::POST, &path, Some(&body)).await;
    }
    let line = sample.line();
    assert!(line.starts_with("agent.reply order-4821 "), "nothing forged came before: {line}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_in_javascript_takes_real_deliveries_and_refuses_forged_ones() {
    let mut node = Command::new("node");
    node.arg(docs("samples/receiver.js"));
    takes_what_is_true_and_nothing_else(node).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_in_python_takes_real_deliveries_and_refuses_forged_ones() {
    let mut python = Command::new("python3");
    python.arg(docs("samples/receiver.py"));
    takes_what_is_true_and_nothing_else(python).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_in_go_takes_real_deliveries_and_refuses_forged_ones() {
    let dir = fresh_dir();
    let program = dir.path().join("receiver");
    let built = Command::new("go")
        .args(["build", "-o"])
        .args([&program, &docs("samples/receiver.go")])
        .env("GOFLAGS", "-mod=mod")
        .env("GOPROXY", "off")
        .status()
        .expect("go is installed: `make test` installs it");
    assert!(built.success());
    takes_what_is_true_and_nothing_else(Command::new(program)).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_receiver_in_rust_takes_real_deliveries_and_refuses_forged_ones() {
    // Built beside this very test: examples lie next to the folder of the tests' binaries.
    let here = std::env::current_exe().unwrap();
    let built = here.ancestors().nth(2).unwrap().join("examples/receiver");
    takes_what_is_true_and_nothing_else(Command::new(built)).await;
}
