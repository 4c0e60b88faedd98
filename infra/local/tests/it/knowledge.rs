//! Knowledge comes in, answers, changes and goes.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use axum::Router;
use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Product, config, fresh_dir};

mod dialect;
mod embedding;

const SOURCES: &str = "/projects/default/sources";
/// A whole crawl, or a publish beside a busy machine's other tests.
const PATIENCE: Duration = Duration::from_secs(30);

/// A site on loopback that counts who reads it, and answers like GitHub below `/gh`.
#[derive(Clone, Default)]
struct Site {
    reads: Arc<AtomicUsize>,
    edition: Arc<AtomicUsize>,
}

impl Site {
    async fn open(&self) -> String {
        let routes = Router::new()
            .route("/robots.txt", get(|| async { "User-agent: *\nDisallow: /private\n" }))
            .route("/guide/{page}", get(guide))
            .route("/private/page", get(|| async { "nobody should read this" }))
            .route("/moved", get(|| async { (StatusCode::FOUND, [("location", "/guide/kayaks")]) }))
            .route(
                "/out",
                get(|| async { (StatusCode::FOUND, [("location", "http://10.0.0.1/")]) }),
            )
            .route("/gh/repos/acme/docs", get(repository))
            .route("/gh/repos/acme/docs/git/trees/{branch}", get(tree))
            .route("/gh/repos/acme/docs/contents/{*path}", get(contents))
            .with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }
}

async fn guide(
    State(site): State<Site>,
    Path(page): Path<String>,
    headers: HeaderMap,
) -> impl IntoResponse {
    site.reads.fetch_add(1, Ordering::SeqCst);
    let edition = site.edition.load(Ordering::SeqCst);
    let etag = format!("\"{page}-{edition}\"");
    if headers.get("if-none-match").is_some_and(|known| known == etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, HeaderMap::new(), String::new());
    }
    let text = match page.as_str() {
        "kayaks" => format!(
            "A kayak may be rented for {} crowns an hour at the northern pier.",
            90 + edition
        ),
        "saunas" => {
            "The floating sauna holds eleven guests and is heated with birch wood.".to_owned()
        }
        _ => return (StatusCode::NOT_FOUND, HeaderMap::new(), String::new()),
    };
    let html = format!(
        "<!doctype html><html><head><title>About {page}</title></head><body><article><h1>{page}</h1>\
         <p>{text}</p><p>Everything else about our {page} is told at the desk, every day of the year, \
         and in four languages.</p><a href='/guide/saunas'>saunas</a> <a href='/private/page'>x</a>\
         </article></body></html>"
    );
    let mut headers = HeaderMap::new();
    headers.insert("content-type", "text/html; charset=utf-8".parse().unwrap());
    headers.insert("etag", etag.parse().unwrap());
    (StatusCode::OK, headers, html)
}

fn is_ours(headers: &HeaderMap) -> bool {
    headers.get("authorization").is_some_and(|value| value == "Bearer made-up-token")
}

async fn repository(headers: HeaderMap) -> (StatusCode, String) {
    if !is_ours(&headers) {
        return (StatusCode::UNAUTHORIZED, String::new());
    }
    (StatusCode::OK, json!({ "full_name": "acme/docs", "default_branch": "trunk" }).to_string())
}

async fn tree(Path(branch): Path<String>, headers: HeaderMap) -> (StatusCode, String) {
    if !is_ours(&headers) || branch != "trunk" {
        return (StatusCode::NOT_FOUND, String::new());
    }
    let entry =
        |path: &str, size| json!({ "path": path, "type": "blob", "sha": "a", "size": size });
    let tree = [entry("docs/guide.md", 80), entry("docs/logo.png", 9), entry("src/main.md", 9)];
    (StatusCode::OK, json!({ "sha": "5ca1ab1e", "truncated": false, "tree": tree }).to_string())
}

async fn contents(Path(path): Path<String>, headers: HeaderMap) -> (StatusCode, String) {
    if !is_ours(&headers) || path != "docs/guide.md" {
        return (StatusCode::NOT_FOUND, String::new());
    }
    (StatusCode::OK, "# Anchoring\n\nThe anchor locker opens with the brass lever.\n".to_owned())
}

async fn add(product: &Product, source: Value) -> Value {
    product.operate(Method::POST, SOURCES, Some(&source)).await.data(201)
}

/// Waits until a source is in one of these states, with its passages counted where it is ready.
async fn reached(product: &Product, id: &Value, wanted: &str) -> Value {
    let path = format!("{SOURCES}/{}", id.as_str().unwrap());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let source = product.operate(Method::GET, &path, None).await.data(200);
        if source["status"] == wanted && (wanted != "ready" || source["chunks"].is_u64()) {
            return source;
        }
        let over = Instant::now() >= deadline || source["status"] == "failed";
        assert!(!over, "{wanted}: {source}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
}

/// Asks a question and answers the reply.
async fn asked(product: &Product, number: u32, question: &str) -> Value {
    let key = product.runtime.demo().key.clone();
    let conversation = format!("k{number}");
    let uuid = format!("00000000-0000-4000-8000-{number:012}");
    product.say(&key, &conversation, question, &uuid).await.data(202);
    product.settled(&conversation, 2).await[1].clone()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_answers_when_it_is_ready_and_no_more_when_it_is_deleted() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let made = add(&product, json!({ "type": "url", "url": format!("{root}/moved") })).await;
    assert_eq!((&made["status"], &made["type"]), (&json!("queued"), &json!("url")));
    let ready = reached(&product, &made["sourceId"], "ready").await;
    assert!(ready["chunks"].as_u64().unwrap() >= 1, "{ready}");
    assert_eq!(ready["title"], "About kayaks");
    let reply = asked(&product, 1, "What does it cost to rent a kayak for an hour?").await;
    assert!(reply["content"].as_str().unwrap().contains("90 crowns"), "{reply}");
    assert_eq!(reply["citations"][0]["sourceId"], made["sourceId"]);
    assert_eq!(reply["citations"][0]["url"], format!("{root}/guide/kayaks"));

    // Nothing changed: asked again, the page is not indexed again.
    let id = made["sourceId"].as_str().unwrap();
    let sync = format!("{SOURCES}/{id}/sync");
    product.operate(Method::POST, &sync, None).await.data(202);
    assert_eq!(
        reached(&product, &made["sourceId"], "ready").await["characters"],
        ready["characters"]
    );
    // It changed: the new text answers.
    site.edition.store(7, Ordering::SeqCst);
    let before = site.reads.load(Ordering::SeqCst);
    product.operate(Method::POST, &sync, None).await.data(202);
    let deadline = Instant::now() + PATIENCE;
    while site.reads.load(Ordering::SeqCst) == before && Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    reached(&product, &made["sourceId"], "ready").await;
    let reply = asked(&product, 2, "What does it cost to rent a kayak for an hour?").await;
    assert!(reply["content"].as_str().unwrap().contains("97 crowns"), "{reply}");

    product.operate(Method::DELETE, &format!("{SOURCES}/{id}"), None).await.data(200);
    let reply = asked(&product, 3, "What does it cost to rent a kayak for an hour?").await;
    assert!(!reply["content"].as_str().unwrap().contains("crowns"), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_crawl_keeps_to_its_prefix_and_to_robots_txt() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let crawl = json!({ "maxPages": 5, "prefix": format!("{root}/guide/") });
    let body = json!({ "type": "url", "url": format!("{root}/guide/kayaks"), "crawl": crawl });
    let made = add(&product, body).await;
    reached(&product, &made["sourceId"], "ready").await;
    let reply = asked(&product, 1, "How many guests does the floating sauna hold?").await;
    assert!(reply["content"].as_str().unwrap().contains("eleven"), "{reply}");
    assert_eq!(reply["citations"][0]["url"], format!("{root}/guide/saunas"));
    let reply = asked(&product, 2, "What should nobody read?").await;
    assert!(!reply["content"].as_str().unwrap().contains("nobody should"), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_be_read_fails_with_a_reason_and_the_rest_goes_on() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let cases = [
        ("/private/page", "robots.txt"),
        ("/guide/nothing", "it is not there (404)"),
        ("/out", "its address names a private address (10.0.0.1)"),
    ];
    for (path, reason) in cases {
        let made = add(&product, json!({ "type": "url", "url": format!("{root}{path}") })).await;
        let path = format!("{SOURCES}/{}", made["sourceId"].as_str().unwrap());
        let deadline = Instant::now() + PATIENCE;
        let source = loop {
            let source = product.operate(Method::GET, &path, None).await.data(200);
            if source["status"] == "failed" {
                break source;
            }
            assert!(Instant::now() < deadline, "{source}");
            tokio::time::sleep(Duration::from_millis(20)).await;
        };
        let told = source["reason"].as_str().unwrap();
        assert!(
            told.contains(reason)
                || reason.starts_with("its address") && told.starts_with("its address"),
            "{source}"
        );
    }
    let reply = asked(&product, 1, "What is your refund policy?").await;
    assert!(reply["content"].as_str().unwrap().contains("30 days"), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_is_uploaded_by_its_link_and_what_it_says_is_cited() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let table: String = std::iter::once("berth,length in metres,price\n".to_owned())
        .chain((0..3_000).map(|row| format!("B-{row:04},{},{}\n", row % 20 + 5, row + 100)))
        .collect();
    let wanted =
        json!({ "filename": "berths.csv", "size": table.len(), "contentType": "text/csv" });
    let upload = product.operate(Method::POST, &format!("{SOURCES}/uploads"), Some(&wanted)).await;
    let upload = upload.data(201);
    let body = json!({ "type": "file", "uploadId": upload["uploadId"], "filename": "berths.csv" });
    let early = product.operate(Method::POST, SOURCES, Some(&body)).await;
    assert_eq!(early.status, 400, "{early:?}");

    let url = upload["url"].as_str().unwrap();
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let put = |url: String, bytes: String| client.put(url).body(bytes).send();
    let (short, bent) = (table[1..].to_owned(), format!("{url}0"));
    assert_eq!(put(url.to_owned(), short).await.unwrap().status(), 400);
    assert_eq!(put(bent, table.clone()).await.unwrap().status(), 403);
    assert_eq!(put(url.to_owned(), table).await.unwrap().status(), 200);

    let made = add(&product, body).await;
    let ready = reached(&product, &made["sourceId"], "ready").await;
    assert_eq!(ready["chunks"], 3_000);
    let reply = asked(&product, 1, "What is the price of berth B-2417?").await;
    assert_eq!(reply["citations"][0]["sourceId"], made["sourceId"], "{reply}");
    assert!(reply["content"].as_str().unwrap().contains("2517"), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_repository_is_read_through_its_api_and_without_a_token_the_setting_is_named() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let wanted = json!({ "type": "github", "repository": "acme/docs", "path": "docs/**" });
    for (kind, setting) in [("github", "AIVA_GITHUB_TOKEN"), ("drive", "AIVA_DRIVE_KEY")] {
        let body = json!({ "type": kind, "repository": "acme/docs", "url": "1AbCdEfGhIjKlMn" });
        let refused = product.operate(Method::POST, SOURCES, Some(&body)).await;
        assert_eq!(refused.status, 400);
        assert!(refused.text.contains(setting), "{refused:?}");
    }
    product.stop().await;

    let base = format!("{root}/gh");
    let variables = [("AIVA_GITHUB_TOKEN", "made-up-token"), ("AIVA_GITHUB_BASE_URL", &base)];
    let product = Product::start_with(config(dir.path(), &variables)).await;
    let made = add(&product, wanted).await;
    reached(&product, &made["sourceId"], "ready").await;
    let reply = asked(&product, 1, "How does the anchor locker open?").await;
    assert!(reply["content"].as_str().unwrap().contains("brass lever"), "{reply}");
    let url = "https://github.com/acme/docs/blob/trunk/docs/guide.md";
    assert_eq!(reply["citations"][0]["url"], url);
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_queued_at_a_crash_is_read_after_it() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let made = add(&product, json!({ "type": "url", "url": format!("{root}/guide/kayaks") })).await;
    product.runtime.kill().await;
    let product = Product::start(dir.path()).await;
    reached(&product, &made["sourceId"], "ready").await;
    product.stop().await;
}
