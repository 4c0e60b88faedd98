//! A source that is fetched again by itself, and those who are told of it.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::MemoryIndex;
use aiva_core::egress::EgressPolicy;
use aiva_core::knowledge::{Ingested, IngestionSettings, IngestionTools, ingest};
use aiva_core::outbox;
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode};
use axum::routing::get;
use serde_json::{Value, json};

use super::world::{OPERATOR_TOKEN, World, request};

const SOURCES: &str = "/projects/default/sources";

/// A page that changes with its edition, and goes away with the edition 99.
async fn page(
    State(edition): State<Arc<AtomicUsize>>,
    headers: HeaderMap,
) -> (StatusCode, HeaderMap, String) {
    let edition = edition.load(Ordering::SeqCst);
    let etag = format!("\"{edition}\"");
    if edition == 99 {
        return (StatusCode::NOT_FOUND, HeaderMap::new(), String::new());
    }
    if headers.get("if-none-match").is_some_and(|known| known == etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, HeaderMap::new(), String::new());
    }
    let mut told = HeaderMap::new();
    told.insert("content-type", "text/plain; charset=utf-8".parse().unwrap());
    told.insert("etag", etag.parse().unwrap());
    (StatusCode::OK, told, format!("A kayak may be rented for {} crowns an hour.", 90 + edition))
}

async fn site() -> (String, Arc<AtomicUsize>) {
    let edition = Arc::new(AtomicUsize::new(0));
    let routes = axum::Router::new().route("/kayaks", get(page)).with_state(Arc::clone(&edition));
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move { axum::serve(listener, routes).await });
    (format!("http://{address}/kayaks"), edition)
}

/// Sweeps, and does what the queue was told of, until nothing more is owed. Answers how much that was.
async fn work(world: &World) -> usize {
    let policy = EgressPolicy { local: true, ..EgressPolicy::default() };
    let fetch =
        GuardedHttp::new(policy, Resolution::System, || jiff::Timestamp::UNIX_EPOCH).unwrap();
    let (extract, index) = (FileReader::default(), MemoryIndex::default());
    let tools = IngestionTools { fetch: &fetch, extract: &extract, index: &index };
    let lease = Duration::from_secs(600);
    let settings = IngestionSettings { holder: "w".to_owned(), epoch: 0, lease };
    let app = &*world.edge.app;
    let mut done = 0;
    loop {
        outbox::sweep(app).await.unwrap();
        let jobs = world.take_ingestions();
        if jobs.is_empty() {
            return done;
        }
        for job in jobs {
            let ingested = ingest(app, &tools, &job, &settings).await.unwrap();
            assert_eq!(ingested, Ingested::Done);
            done += 1;
        }
    }
}

#[tokio::test]
async fn a_source_is_fetched_when_its_time_comes_and_told_of_only_where_it_changed() {
    let world = World::new().await;
    let (url, edition) = site().await;
    let workspace = format!("/admin/v1/workspaces/{}", world.names["shop"]);
    let operate = async |method: &str, path: &str, body: &Value| {
        let text = if body.is_null() { String::new() } else { body.to_string() };
        let path = format!("{workspace}{path}");
        let response = world.send(request(method, &path, Some(OPERATOR_TOKEN), &text)).await;
        let status = response.status();
        let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
        let answer: Value = serde_json::from_slice(&body).unwrap();
        assert!(status.is_success(), "{path}: {answer}");
        answer["data"].clone()
    };
    let hook = json!({
        "dialect": "aivastark", "url": "https://hooks.example.com/", "events": ["knowledge.updated"],
    });
    operate("POST", "/webhooks", &hook).await;
    let source = json!({ "type": "url", "url": url, "refreshSeconds": 3_600 });
    let made = operate("POST", SOURCES, &source).await;
    let path = format!("{SOURCES}/{}", made["sourceId"].as_str().unwrap());
    let shown = async || operate("GET", &path, &Value::Null).await;
    let told = async || {
        let list = operate("GET", "/logs/deliveries?event=knowledge.updated", &Value::Null).await;
        list["items"].as_array().unwrap().len()
    };
    let published = async || world.project().await.knowledge.generation.unwrap().version;

    world.wait(60);
    assert!(work(&world).await >= 2, "it is fetched, and the index is published");
    let first = shown().await;
    assert_eq!((&first["status"], told().await), (&json!("ready"), 1));
    let version = published().await;

    // Not before its time; and at its time nothing has changed.
    world.wait(3_500);
    assert_eq!(work(&world).await, 0);
    world.wait(200);
    assert_eq!(work(&world).await, 1, "it is looked at, and no index is built");
    assert_eq!((published().await, told().await), (version, 1));
    assert_eq!(shown().await["characters"], first["characters"]);

    edition.store(10, Ordering::SeqCst);
    world.wait(3_700);
    assert_eq!(work(&world).await, 2);
    assert!(published().await > version);
    assert_eq!((shown().await["characters"].as_u64(), told().await), (Some(45), 2));

    // A page that is gone fails with a reason, is told of, and is tried again at its next time.
    edition.store(99, Ordering::SeqCst);
    world.wait(3_700);
    work(&world).await;
    let failed = shown().await;
    assert_eq!((&failed["status"], told().await), (&json!("failed"), 3));
    assert!(failed["reason"].as_str().unwrap().contains("404"), "{failed}");
    edition.store(11, Ordering::SeqCst);
    world.wait(3_700);
    work(&world).await;
    assert_eq!((&shown().await["status"], told().await), (&json!("ready"), 4));
}
