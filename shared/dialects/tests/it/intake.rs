//! Knowledge on its way in: what becomes of sources that change, break, vanish or do not fit.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use aiva_adapters::extract::FileReader;
use aiva_adapters::http_out::{GuardedHttp, Resolution};
use aiva_adapters::knowledge::{IndexLimits, MemoryIndex};
use aiva_core::egress::EgressPolicy;
use aiva_core::error::Result;
use aiva_core::id::SourceId;
use aiva_core::knowledge::{self, IngestionSettings, IngestionTools, Passage, ingest};
use aiva_core::outbox;
use aiva_core::ports::{Fetch, FetchRequest, Fetched, KnowledgeIndex, OutgoingError};
use axum::extract::State;
use axum::http::{HeaderMap, StatusCode, Uri};
use serde_json::{Value, json};

use super::world::{OPERATOR_TOKEN, World, request};

mod room;
mod web;

const SOURCES: &str = "/projects/default/sources";

/// Pages by their paths, which change as a test wants; what begins with a number has that status.
#[derive(Clone, Default)]
struct Pages(Arc<Mutex<BTreeMap<String, String>>>);

impl Pages {
    async fn open(&self) -> String {
        let routes = axum::Router::new().fallback(page).with_state(self.clone());
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, routes).await });
        format!("http://{address}")
    }

    fn set(&self, path: &str, text: impl Into<String>) {
        self.0.lock().unwrap().insert(path.to_owned(), text.into());
    }
}

async fn page(
    State(pages): State<Pages>,
    uri: Uri,
    headers: HeaderMap,
) -> (StatusCode, HeaderMap, String) {
    let text = pages.0.lock().unwrap().get(uri.path()).cloned();
    let mut told = HeaderMap::new();
    let Some(text) = text else { return (StatusCode::NOT_FOUND, told, String::new()) };
    if let Some(status) = text.get(..3).and_then(|status| status.parse::<u16>().ok()) {
        return (StatusCode::from_u16(status).unwrap(), told, String::new());
    }
    let etag = format!("\"{}\"", text.len());
    if headers.get("if-none-match").is_some_and(|known| known == etag.as_str()) {
        return (StatusCode::NOT_MODIFIED, told, String::new());
    }
    let kind = match uri.path() {
        path if path.ends_with(".csv") => "text/csv",
        _ if text.starts_with('<') => "text/html",
        _ => "text/plain",
    };
    told.insert("content-type", format!("{kind}; charset=utf-8").parse().unwrap());
    told.insert("etag", etag.parse().unwrap());
    (StatusCode::OK, told, text)
}

/// What happens while a worker is busy.
#[derive(Clone, Copy)]
enum Meanwhile {
    Nothing,
    /// So many seconds pass with each page.
    Passes(i64),
    /// The source is deleted.
    Deletes(SourceId),
}

/// The way out, with something that happens meanwhile.
struct Way {
    world: Arc<World>,
    http: GuardedHttp,
    meanwhile: Meanwhile,
}

impl Way {
    fn new(world: &Arc<World>, meanwhile: Meanwhile) -> Self {
        let policy = EgressPolicy { local: true, ..EgressPolicy::default() };
        let (world, now) = (Arc::clone(world), || jiff::Timestamp::UNIX_EPOCH);
        Self { world, http: GuardedHttp::new(policy, Resolution::System, now).unwrap(), meanwhile }
    }
}

/// A worker that takes knowledge in, and answers from it.
struct Worker {
    world: Arc<World>,
    index: MemoryIndex,
    meanwhile: Meanwhile,
}

impl Worker {
    fn new(world: &Arc<World>) -> Self {
        Self::with_room(world, IndexLimits::default().max_bytes)
    }

    fn with_room(world: &Arc<World>, max_bytes: usize) -> Self {
        let objects = world.edge.app.objects.clone();
        let index = MemoryIndex::new(IndexLimits::of(max_bytes), objects);
        Self { world: Arc::clone(world), index, meanwhile: Meanwhile::Nothing }
    }

    /// Sweeps, and does what the queue was told of, until nothing more is owed.
    async fn work(&self) {
        self.work_with(&self.index).await;
    }

    async fn work_with(&self, index: &impl KnowledgeIndex) {
        let way = Way::new(&self.world, self.meanwhile);
        let extract = FileReader::default();
        let tools = IngestionTools { fetch: &way, extract: &extract, index };
        let lease = Duration::from_secs(600);
        let settings = IngestionSettings { holder: "w".to_owned(), epoch: 0, lease };
        let app = &*self.world.edge.app;
        for _ in 0..20 {
            self.world.wait(60);
            outbox::sweep(app).await.unwrap();
            let jobs = self.world.take_ingestions();
            if jobs.is_empty() {
                return;
            }
            for job in jobs {
                Box::pin(ingest(app, &tools, &job, &settings)).await.unwrap();
            }
        }
        panic!("there is always more to do");
    }

    async fn found(&self, question: &str) -> Vec<Passage> {
        let project = self.world.project().await;
        let app = &*self.world.edge.app;
        // Of small knowledge all is told: what does not say the word was not found by it.
        let mut found = knowledge::search(app, &self.index, &project, question, 3).await.unwrap();
        found.retain(|passage| passage.text.to_lowercase().contains(question));
        found
    }
}

async fn operate(world: &World, method: &str, path: &str, body: &Value) -> (u16, Value) {
    let text = if body.is_null() { String::new() } else { body.to_string() };
    let path = format!("/admin/v1/workspaces/{}{path}", world.names["shop"]);
    let response = world.send(request(method, &path, Some(OPERATOR_TOKEN), &text)).await;
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    let answer: Value = serde_json::from_slice(&body).unwrap();
    (status, answer)
}

async fn add(world: &World, source: Value) -> SourceId {
    let (status, made) = operate(world, "POST", SOURCES, &source).await;
    assert_eq!(status, 201, "{made}");
    made["data"]["sourceId"].as_str().unwrap().parse().unwrap()
}

async fn shown(world: &World, id: SourceId) -> Value {
    operate(world, "GET", &format!("{SOURCES}/{id}"), &Value::Null).await.1["data"].clone()
}

async fn resync(world: &World, id: SourceId) {
    let (status, answer) =
        operate(world, "POST", &format!("{SOURCES}/{id}/sync"), &Value::Null).await;
    assert_eq!(status, 202, "{answer}");
}

/// The names of all objects.
fn objects(world: &World, below: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut folders = vec![world.folder.path().join(below)];
    while let Some(folder) = folders.pop() {
        let Ok(entries) = std::fs::read_dir(folder) else { continue };
        for entry in entries {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(world.folder.path()).unwrap();
                found.push(name.to_string_lossy().into_owned());
            }
        }
    }
    found
}

impl Fetch for Way {
    async fn get(&self, request: FetchRequest) -> Result<Fetched, OutgoingError> {
        let answer = self.http.get(request).await;
        match self.meanwhile {
            Meanwhile::Nothing => {}
            Meanwhile::Passes(seconds) => self.world.wait(seconds),
            Meanwhile::Deletes(id) => {
                let project = self.world.project().await;
                _ = knowledge::remove(&self.world.edge.app, &project, id).await;
            }
        }
        answer
    }
}
