//! A small web site, and what GitHub and Google Drive would answer.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::Router;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::IntoResponse;
use axum::routing::get;
use serde_json::json;

/// A site on loopback that counts who reads it, and answers like GitHub below `/gh`.
#[derive(Clone, Default)]
pub(super) struct Site {
    pub(super) reads: Arc<AtomicUsize>,
    pub(super) edition: Arc<AtomicUsize>,
}

impl Site {
    pub(super) async fn open(&self) -> String {
        let routes = Router::new()
            .route(
                "/robots.txt",
                get(|| async { (StatusCode::FOUND, [("location", "/rules.txt")]) }),
            )
            .route(
                "/rules.txt",
                get(|| async { "User-agent: *\nDisallow: /private\nDisallow: /guide/secret\n" }),
            )
            .route("/guide/secret", get(|| async { "The secret of the guide is a brass key." }))
            .route(
                "/guide/away",
                get(|| async { (StatusCode::FOUND, [("location", "/elsewhere")]) }),
            )
            .route("/elsewhere", get(|| async { "Elsewhere they sell gilded submarines." }))
            .route("/sitemap.xml", get(sitemap))
            .route("/drive/v3/files/{id}", get(drive_file))
            .route("/drive/v3/files/{id}/export", get(drive_export))
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

/// A sitemap of everything in the guide, what is not to be read and what moved away included.
async fn sitemap(headers: HeaderMap) -> String {
    let host = headers["host"].to_str().unwrap();
    let urls = ["kayaks", "secret", "away", "saunas"]
        .map(|page| format!("<url><loc>http://{host}/guide/{page}</loc></url>"));
    format!("<?xml version='1.0'?><urlset>{}</urlset>", urls.concat())
}

/// Google Drive: a document, a file and a form; read by its key alone.
async fn drive_file(
    State(site): State<Site>,
    Path(id): Path<String>,
    Query(asked): Query<HashMap<String, String>>,
    headers: HeaderMap,
) -> (StatusCode, String) {
    let keyed = headers.get("x-goog-api-key").is_some_and(|key| key == "made-up-key");
    if !keyed || asked.get("supportsAllDrives").is_none_or(|all| all != "true") {
        return (StatusCode::FORBIDDEN, String::new());
    }
    if asked.get("alt").is_some_and(|alt| alt == "media") {
        return (StatusCode::OK, "Every lantern is lit at nine in the evening.\n".to_owned());
    }
    let kind = match id.as_str() {
        "a-document-0" => "application/vnd.google-apps.document",
        "a-textfile-0" => "text/plain",
        "an-old-form-0" => "application/vnd.google-apps.form",
        _ => return (StatusCode::NOT_FOUND, String::new()),
    };
    let edition = site.edition.load(Ordering::SeqCst);
    let about =
        json!({ "name": "Harbour rules", "mimeType": kind, "modifiedTime": format!("t{edition}") });
    (StatusCode::OK, about.to_string())
}

async fn drive_export(
    State(site): State<Site>,
    Query(asked): Query<HashMap<String, String>>,
) -> (StatusCode, String) {
    if asked.get("mimeType").is_none_or(|kind| kind != "text/markdown") {
        return (StatusCode::BAD_REQUEST, String::new());
    }
    site.reads.fetch_add(1, Ordering::SeqCst);
    (
        StatusCode::OK,
        "# Harbour rules\n\nBoats leave the harbour at no more than four knots.\n".to_owned(),
    )
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
