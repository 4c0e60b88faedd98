//! The programs that the dialects' documents print, run as they stand against the product.
//!
//! `tests/programs/<dialect>/` holds them word for word; only the indentation is ours where the
//! documents' text has lost it. Aivastark's prints none: its program is ours, and does what the document
//! says in its order. What is put in its place is what a reader puts there: the address, the
//! key, and the ids that earlier answers gave.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};
use std::sync::OnceLock;

use axum::Router;
use axum::response::Html;
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use tempfile::TempDir;
use tokio::net::TcpListener;

use crate::receiver::Receiver;
use crate::support::{Product, fresh_dir};

const ADDRESSES: [&str; 5] = [
    "https://api.aivastark.com",
    "https://assistify.chat",
    "https://api.aksita.ai",
    "https://app.aerochat.ai",
    "https://asyntai.com",
];
const KEYS: [&str; 4] = ["ak_xxx_yyy", "your-api-key-here", "<your_key>", "YOUR_API_KEY"];
/// The programs speak to this machine alone.
const PROXIES: [&str; 6] =
    ["http_proxy", "https_proxy", "all_proxy", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY"];
/// Read by every shell before its program: a machine may have no `uuidgen`.
const SHELL: &str =
    "command -v uuidgen >/dev/null || uuidgen() { cat /proc/sys/kernel/random/uuid; }\n";

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// The text of a program.
pub(crate) fn text(name: &str) -> String {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// Has what the programs import installed beside the tree; `make test` has done so before.
fn installed() -> &'static Path {
    static ROOT: OnceLock<PathBuf> = OnceLock::new();
    ROOT.get_or_init(|| {
        let root = root();
        let tools =
            Command::new(root.join("infra/ci/tools.sh")).args(["axios", "requests"]).output();
        let tools = tools.unwrap();
        assert!(tools.status.success(), "{tools:?}");
        root
    })
}

/// A reader with the documents open.
struct Reader {
    product: Product,
    dir: TempDir,
    /// What stands in the documents, and what the reader writes instead.
    instead: Vec<(String, String)>,
}

impl Reader {
    async fn new() -> Self {
        let dir = fresh_dir();
        let product = Product::start(dir.path()).await;
        let demo = product.runtime.demo();
        let address = |shown: &str| (shown.to_owned(), demo.base_url.clone());
        let key = |shown: &str| (shown.to_owned(), demo.key.clone());
        let instead = ADDRESSES.map(address).into_iter().chain(KEYS.map(key)).collect();
        std::fs::write(dir.path().join("shell"), SHELL).unwrap();
        let curlrc = "silent\nshow-error\nfail-with-body\nnoproxy=*\n";
        std::fs::write(dir.path().join(".curlrc"), curlrc).unwrap();
        Self { product, dir, instead }
    }

    /// Remembers what to write in the place of something that the documents show.
    fn put(&mut self, shown: &str, ours: &Value) {
        self.instead.push((shown.to_owned(), ours.as_str().unwrap().to_owned()));
    }

    /// Runs a program, and answers what it printed.
    fn run(&self, name: &str) -> String {
        let out = tokio::task::block_in_place(|| self.output(name));
        let printed = String::from_utf8_lossy(&out.stdout).into_owned();
        assert!(out.status.success(), "{name}: {printed}{out:?}");
        printed
    }

    /// Runs a program that prints JSON.
    fn json(&self, name: &str) -> Value {
        let printed = self.run(name);
        serde_json::from_str(&printed).unwrap_or_else(|error| panic!("{name}: {error}: {printed}"))
    }

    fn output(&self, name: &str) -> Output {
        let program = self
            .instead
            .iter()
            .fold(text(name), |program, (shown, ours)| program.replace(shown.as_str(), ours));
        let file = self.dir.path().join(name.replace('/', "-"));
        std::fs::write(&file, program).unwrap();
        let root = installed();
        let interpreter = match file.extension().and_then(|extension| extension.to_str()) {
            Some("sh") => Path::new("bash").to_owned(),
            Some("py") => root.join(".venv-programs/bin/python"),
            _ => Path::new("node").to_owned(),
        };
        let mut command = Command::new(interpreter);
        for proxy in PROXIES {
            command.env_remove(proxy);
        }
        command
            .arg(file)
            .current_dir(self.dir.path())
            .env("BASH_ENV", self.dir.path().join("shell"))
            .env("CURL_HOME", self.dir.path())
            .env("NODE_PATH", root.join("node_modules"))
            .output()
            .expect("`make test` installs it")
    }
}

#[test]
fn every_program_of_the_documents_is_run() {
    let tests = [include_str!("program.rs"), include_str!("callback.rs")].concat();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/programs");
    let mut programs = 0;
    for dialect in std::fs::read_dir(folder).unwrap() {
        let dialect = dialect.unwrap();
        for program in std::fs::read_dir(dialect.path()).unwrap() {
            let name = [dialect.file_name(), program.unwrap().file_name()];
            let name = name.map(|part| part.to_string_lossy().into_owned()).join("/");
            assert!(tests.contains(&format!("\"{name}\"")), "{name} is run by no test");
            programs += 1;
        }
    }
    assert!(programs > 20, "{programs}");
}

fn texts<'a>(rows: &'a Value, field: &str) -> Vec<&'a str> {
    rows.as_array().unwrap().iter().map(|row| row[field].as_str().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_native_document_send_a_message_and_poll_its_reply() {
    let reader = Reader::new().await;
    let sent = reader.json("aiva/01-send.sh");
    assert_eq!(sent["data"]["status"], "queued", "{sent}");
    reader.product.settled("order-4821", 2).await;
    let polled = reader.json("aiva/02-poll.sh");
    let messages = &polled["data"]["messages"];
    assert_eq!(texts(messages, "senderType"), ["VISITOR", "AI"]);
    assert!(messages[1]["content"].as_str().unwrap().contains("30 days"), "{polled}");
    // Each run makes a UUID of its own, so that it is a new message.
    let again = reader.json("aiva/01-send.sh");
    assert_eq!(again["data"]["status"], "queued", "{again}");
    assert_ne!(again["data"]["messageId"], sent["data"]["messageId"]);
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_the_aksita_document_runs_to_its_end() {
    let reader = Reader::new().await;
    let printed = reader.run("aksita/01-program.js");
    let line = |label: &str| {
        let found = printed.lines().find_map(|line| line.strip_prefix(label));
        found.unwrap_or_else(|| panic!("no {label:?} in {printed}")).trim().to_owned()
    };
    assert!(line("Session created:").starts_with("cv_"), "{printed}");
    assert!(line("Agent response:").starts_with('['), "{printed}");
    let credits: u64 = line("Credits used:").parse().unwrap();
    let remaining: u64 = line("Remaining credits:").parse().unwrap();
    assert_eq!((credits, remaining), (1, 9_999));
    let said = reader.product.settled(&line("Session created:"), 2).await;
    assert_eq!(said[0]["content"], "What is my current plan?");
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_program_of_the_aksita_document_prints_the_reason_of_an_error() {
    let mut reader = Reader::new().await;
    reader.instead.retain(|(shown, _)| shown != "your-api-key-here");
    let out = tokio::task::block_in_place(|| reader.output("aksita/01-program.js"));
    assert!(!out.status.success());
    // The first call is not inside the program's own `try`; the second is.
    let wrong = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(wrong.contains("status code 401"), "{wrong}");
    let key = reader.product.runtime.demo().key.clone();
    reader.put("your-api-key-here", &json!(key));
    reader.put("'What is my current plan?'", &json!("''"));
    let out = tokio::task::block_in_place(|| reader.output("aksita/01-program.js"));
    let refused = String::from_utf8_lossy(&out.stderr).into_owned();
    assert!(!out.status.success());
    assert!(refused.contains("API Error: message"), "{refused}");
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_aerochat_document_chat_and_read_it_back() {
    let mut reader = Reader::new().await;
    let sent = reader.json("aerochat/01-send.sh");
    assert_eq!((&sent["status"], &sent["intent"]), (&json!("bot"), &json!("business_hours")));
    let reply = sent["reply"]["text"].as_str().unwrap();
    assert!(!reply.is_empty());
    reader.put("ct_R2dE...", &sent["contact_id"]);
    reader.put("cv_7Hq2...", &sent["conversation_id"]);
    let contact = reader.json("aerochat/02-contact.sh");
    assert_eq!(contact["contact_id"], sent["contact_id"]);
    assert_eq!(contact["channel"], "api");
    let read = reader.json("aerochat/03-messages.sh");
    assert_eq!(texts(&read["messages"], "direction"), ["inbound", "outbound"]);
    assert_eq!(texts(&read["messages"], "text"), ["what are your opening hours?", reply]);
    assert_eq!(read["paging"], json!({ "page": 1, "limit": 50, "total": 2, "has_more": false }));
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_asyntai_document_chat_in_three_languages_in_one_session() {
    let reader = Reader::new().await;
    let first = reader.json("asyntai/01-chat.sh");
    assert_eq!((&first["success"], &first["session_id"]), (&json!(true), &json!("user_123")));
    let reply = first["response"].as_str().unwrap();
    assert!(!reply.is_empty());
    assert_eq!(reader.run("asyntai/02-chat.py").trim_end(), reply);
    assert_eq!(reader.run("asyntai/03-chat.mjs").trim_end(), reply);
    let read = reader.json("asyntai/05-conversations.sh");
    let roles = texts(&read["messages"], "role");
    assert_eq!(roles, ["user", "assistant"].repeat(3));
    let sessions = reader.json("asyntai/06-sessions.sh");
    assert_eq!(texts(&sessions["sessions"], "session_id"), ["user_123"]);
    assert_eq!(sessions["sessions"][0]["message_count"], 6);
    let websites = reader.json("asyntai/04-websites.sh");
    assert_eq!(websites["websites"][0]["is_primary"], true);
    let account = reader.json("asyntai/09-account.sh");
    assert_eq!(account["account"]["messages_used"], 3);
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_asyntai_document_list_what_visitors_left() {
    let reader = Reader::new().await;
    assert_eq!(reader.run("asyntai/08-leads.py"), "");
    for (session, said) in [("one", "I am visitor@example.com"), ("two", "Call me at +1234567890")]
    {
        let key = reader.product.runtime.demo().key.clone();
        let body = json!({ "message": said, "session_id": session });
        let said = reader.product.send(Method::POST, "/api/v1/chat/", &key, Some(&body)).await;
        assert_eq!(said.status, 200, "{}", said.text);
    }
    let leads = reader.json("asyntai/07-leads.sh");
    assert_eq!(texts(&leads["leads"], "session_id"), ["two", "one"]);
    assert_eq!(reader.run("asyntai/08-leads.py"), " | +1234567890\nvisitor@example.com | \n");
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_asyntai_document_teach_the_agent_and_make_it_forget() {
    let mut reader = Reader::new().await;
    let before = reader.json("asyntai/11-knowledge.sh")["entries"].as_array().unwrap().len();
    let added = reader.json("asyntai/10-knowledge-text.sh");
    assert_eq!((&added["title"], &added["chunks_created"]), (&json!("Return Policy"), &json!(1)));
    let listed = reader.json("asyntai/11-knowledge.sh");
    assert_eq!(listed["entries"].as_array().unwrap().len(), before + 1);
    assert_eq!(listed["entries"][0]["id"], added["id"]);
    reader.put("abc-123-def", &added["id"]);
    let deleted = reader.json("asyntai/12-knowledge-delete.sh");
    assert_eq!(deleted["message"], "Knowledge base entry deleted");
    let left = reader.json("asyntai/11-knowledge.sh");
    assert_eq!(left["entries"].as_array().unwrap().len(), before);
    reader.product.stop().await;
}

/// A page that a program names, on this machine.
async fn page(text: &'static str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/faq", listener.local_addr().unwrap());
    let routes = Router::new().route("/faq", get(move || async move { Html(text) }));
    tokio::spawn(async move { axum::serve(listener, routes).await.unwrap() });
    url
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_asyntai_document_bring_in_a_page_and_a_table() {
    let mut reader = Reader::new().await;
    let url = page(
        "<html><head><title>FAQ - Example</title></head><body><main><h1>FAQ</h1>\
         <p>The floating sauna holds eleven guests at a time.</p></main></body></html>",
    )
    .await;
    reader.put("https://example.com/faq", &json!(url));
    let read = reader.json("asyntai/13-knowledge-url.sh");
    assert_eq!((&read["success"], &read["url"]), (&json!(true), &json!(url)), "{read}");
    assert!(read["chunks_created"].as_u64().unwrap() >= 1, "{read}");
    let table = "product,price\nStorm lantern,35\nTow rope,12\n";
    std::fs::write(reader.dir.path().join("products.csv"), table).unwrap();
    let read = reader.json("asyntai/14-knowledge-spreadsheet.sh");
    assert_eq!((&read["title"], &read["rows_processed"]), (&json!("products.csv"), &json!(2)));
    let listed = reader.json("asyntai/11-knowledge.sh");
    assert_eq!(texts(&listed["entries"], "type")[..2], ["spreadsheet", "url"]);
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_programs_of_the_asyntai_document_subscribe_and_unsubscribe() {
    let mut reader = Reader::new().await;
    let mut endpoint = Receiver::start(0).await;
    reader.put("https://example.com/webhook", &json!(endpoint.url));
    let made = reader.json("asyntai/16-webhooks-create.sh")["webhook"].clone();
    assert_eq!(made["events"], json!(["message.received"]), "{made}");
    let listed = reader.json("asyntai/15-webhooks.sh")["webhooks"][0].clone();
    assert_eq!((&listed["id"], &listed["is_active"]), (&made["id"], &json!(true)));
    assert!(listed.get("secret").is_none(), "{listed}");
    reader.json("asyntai/01-chat.sh");
    let told = endpoint.next().await;
    assert_eq!(told.header("x-webhook-event"), "message.received");
    assert_eq!(told.json()["data"]["session_id"], "user_123");
    reader.put("abc-123-def", &made["id"]);
    let deleted = reader.json("asyntai/17-webhooks-delete.sh");
    assert_eq!(deleted, json!({ "success": true, "message": "Webhook deleted" }));
    assert_eq!(reader.json("asyntai/15-webhooks.sh")["webhooks"], json!([]));
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_verifier_of_the_aerochat_document_takes_a_real_event_and_no_other() {
    let reader = Reader::new().await;
    let mut endpoint = Receiver::start(0).await;
    let body = json!({
        "dialect": "aerochat", "url": endpoint.url, "events": ["message.outbound"],
    });
    let made = reader.product.operate(Method::POST, "/webhooks", Some(&body)).await.data(201);
    let secret = made["secret"].as_str().unwrap();
    reader.json("aerochat/01-send.sh");
    let told = endpoint.next().await;
    let raw = reader.dir.path().join("body");
    let call = "import sys\nprint(verify(open(sys.argv[1], 'rb').read(), *sys.argv[2:]))\n";
    let program = format!("{}{call}", text("aerochat/04-verify.py"));
    let altered = [told.body.as_ref(), b" "].concat();
    for (body, secret, accepted) in [
        (told.body.to_vec(), secret, "True"),
        (altered, secret, "False"),
        (told.body.to_vec(), "whsec_another", "False"),
    ] {
        std::fs::write(&raw, body).unwrap();
        let python = Command::new("python3")
            .args(["-c", &program])
            .arg(&raw)
            .args([told.header("x-aerochat-signature"), secret])
            .output()
            .expect("python3 is installed");
        assert_eq!(String::from_utf8_lossy(&python.stdout).trim(), accepted, "{python:?}");
    }
    reader.product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_client_written_against_the_aivastark_document_works() {
    let mut reader = Reader::new().await;
    let url = page(
        "<html><head><title>Start</title></head><body><main><h1>Start</h1>\
         <p>The floating sauna holds eleven guests at a time.</p></main></body></html>",
    )
    .await;
    let scopes = [
        "messages:write",
        "conversations:read",
        "knowledge:read",
        "knowledge:write",
        "webhooks:manage",
        "widgets:manage",
    ];
    let wanted = json!({ "name": "stark", "dialect": "aivastark", "scopes": scopes });
    let made = reader.product.operate(Method::POST, "/keys", Some(&wanted)).await.data(201);
    assert!(made["key"].as_str().unwrap().starts_with("akv_live_"));
    reader.put("akv_live_••••••••••••", &made["key"]);
    reader.put("https://docs.example.com/getting-started", &json!(url));
    reader.put("YOUR_PROJECT_ID", &json!(reader.product.runtime.demo().project_id));
    let found = reader.json("aivastark/01-client.py");
    for (source, kind) in [("page", "url"), ("raw", "raw"), ("file", "file")] {
        assert_eq!(
            (&found[source]["type"], &found[source]["status"]),
            (&json!(kind), &json!("ready"))
        );
    }
    assert_eq!(found["page"]["url"], json!(url));
    let answer = &found["answer"];
    assert!(answer["answer"].as_str().unwrap().contains("account page"), "{answer}");
    assert_eq!(answer["citations"][0]["source_id"], found["raw"]["id"], "{answer}");
    assert!(answer["confidence"].as_f64().unwrap() > 0.0, "{answer}");
    assert_eq!(answer["session_id"], "sess_abc123");
    assert_eq!(found["streamed"], answer["answer"]);
    assert_eq!(found["events"], json!(["citations", "delta", "done"]));
    assert_eq!(found["sessions"], json!(["sess_other", "sess_abc123"]));
    assert_eq!(found["roles"], json!(["user", "assistant", "user", "assistant"]));
    let event = &found["event"];
    assert_eq!(
        (&event["type"], &event["data"]["session_id"]),
        (&json!("conversation.escalated"), &json!("sess_human"),)
    );
    assert_eq!(found["error"]["code"], "invalid_request");
    assert_eq!(found["error"]["message"], "source.url is required for type=url");
    reader.product.stop().await;
}
