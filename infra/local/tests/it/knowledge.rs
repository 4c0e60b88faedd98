//! Knowledge comes in, answers, changes and goes.

use std::sync::atomic::Ordering;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Product, config, fresh_dir};

mod dialect;
mod embedding;
mod hostile;
mod site;
mod table;

use site::Site;

const SOURCES: &str = "/projects/default/sources";
/// A whole crawl, or a publish beside a busy machine's other tests.
const PATIENCE: Duration = Duration::from_secs(30);

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
async fn a_sitemap_is_read_within_its_prefix_its_rules_and_its_limit() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let crawl = |most| json!({ "maxPages": most, "prefix": format!("{root}/guide/"), "sitemap": format!("{root}/sitemap.xml") });
    let source = |most| json!({ "type": "url", "url": format!("{root}/guide/kayaks"), "crawl": crawl(most) });
    let one = add(&product, source(1)).await;
    let ready = reached(&product, &one["sourceId"], "ready").await;
    assert_eq!(ready["reason"], "3 pages were left out");
    assert_eq!(site.reads.load(Ordering::SeqCst), 1);
    let all = add(&product, source(9)).await;
    let ready = reached(&product, &all["sourceId"], "ready").await;
    assert_eq!(ready["reason"], "2 pages were left out", "one is forbidden, one moved out");
    let reply = asked(&product, 1, "How many guests does the floating sauna hold?").await;
    assert!(reply["content"].as_str().unwrap().contains("eleven"), "{reply}");
    for (number, question) in
        [(2, "What is the secret of the guide?"), (3, "Where are gilded submarines sold?")]
    {
        let reply = asked(&product, number, question).await;
        let said = reply["content"].as_str().unwrap();
        assert!(!said.contains("brass key") && !said.contains("gilded submarines."), "{reply}");
    }
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn documents_and_files_of_a_drive_are_read_by_their_share_links() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let settings = [("AIVA_DRIVE_KEY", "made-up-key"), ("AIVA_DRIVE_BASE_URL", root.as_str())];
    let product = Product::start_with(config(dir.path(), &settings)).await;
    let shared = |id: &str| json!({ "type": "drive", "url": format!("https://docs.google.com/document/d/{id}/edit?usp=sharing") });
    let document = add(&product, shared("a-document-0")).await;
    let ready = reached(&product, &document["sourceId"], "ready").await;
    assert_eq!(ready["title"], "Harbour rules");
    let file = add(&product, shared("a-textfile-0")).await;
    reached(&product, &file["sourceId"], "ready").await;
    let reply = asked(&product, 1, "How fast may boats leave the harbour?").await;
    assert!(reply["content"].as_str().unwrap().contains("four knots"), "{reply}");
    let reply = asked(&product, 2, "When is every lantern lit?").await;
    assert!(reply["content"].as_str().unwrap().contains("nine in the evening"), "{reply}");

    // What did not change is not fetched again.
    assert_eq!(site.reads.load(Ordering::SeqCst), 1);
    let sync = format!("{SOURCES}/{}/sync", document["sourceId"].as_str().unwrap());
    product.operate(Method::POST, &sync, None).await.data(202);
    reached(&product, &document["sourceId"], "ready").await;
    assert_eq!(site.reads.load(Ordering::SeqCst), 1);

    let form = add(&product, shared("an-old-form-0")).await;
    let failed = failed(&product, &form["sourceId"]).await;
    assert_eq!(failed["reason"], "only documents, sheets, slides and files can be read");
    let gone = add(&product, shared("it-is-not-there")).await;
    assert!(
        self::failed(&product, &gone["sourceId"]).await["reason"].as_str().unwrap().contains("404")
    );
    product.stop().await;
}

/// Waits until a source could not be read.
async fn failed(product: &Product, id: &Value) -> Value {
    let path = format!("{SOURCES}/{}", id.as_str().unwrap());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let source = product.operate(Method::GET, &path, None).await.data(200);
        if source["status"] == "failed" {
            return source;
        }
        assert!(Instant::now() < deadline, "{source}");
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
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
        let source = failed(&product, &made["sourceId"]).await;
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
