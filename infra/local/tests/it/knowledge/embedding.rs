//! Knowledge that is found by what it means: an endpoint on loopback embeds, by a small table of synonyms.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use axum::http::StatusCode;
use axum::response::IntoResponse;
use axum::routing::post;
use axum::{Json, Router};
use reqwest::Method;
use serde_json::{Value, json};
use tokio::net::TcpListener;
use tokio::time::Instant;

use super::{PATIENCE, SOURCES, add, asked, reached};
use crate::support::{Product, config, fresh_dir};

/// Words of one row mean the same.
const SYNONYMS: [&[&str]; 3] =
    [&["plastic", "visa"], &["puppy", "dog"], &["hammock", "overnight", "sleep"]];
const DIMENSIONS: usize = 48;

/// A number for each row of synonyms, and a little of one for every other word.
fn vector(text: &str) -> Vec<u32> {
    let mut numbers = vec![0; DIMENSIONS];
    for word in text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()) {
        let word = word.to_lowercase();
        match SYNONYMS.iter().position(|row| row.contains(&word.as_str())) {
            Some(row) => numbers[row] += 20,
            None => {
                let hash = word.bytes().fold(7, |hash, byte| hash * 31 % 9_973 + usize::from(byte));
                numbers[SYNONYMS.len() + hash % (DIMENSIONS - SYNONYMS.len())] += 1;
            }
        }
    }
    numbers
}

/// An endpoint that speaks OpenAI's embeddings, and can be away.
#[derive(Clone, Default)]
struct Embedder {
    texts: Arc<AtomicUsize>,
    away: Arc<AtomicBool>,
}

impl Embedder {
    async fn open(&self) -> String {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let url = format!("http://{}/v1", listener.local_addr().unwrap());
        let own = self.clone();
        let answer = move |Json(body): Json<Value>| async move { own.answer(&body) };
        let routes = Router::new().route("/v1/embeddings", post(answer));
        tokio::spawn(async move { axum::serve(listener, routes).await });
        url
    }

    fn answer(&self, body: &Value) -> axum::response::Response {
        if self.away.load(Ordering::SeqCst) {
            return StatusCode::SERVICE_UNAVAILABLE.into_response();
        }
        assert_eq!((&body["model"], &body["dimensions"]), (&json!("concepts"), &json!(DIMENSIONS)));
        let inputs = body["input"].as_array().unwrap();
        self.texts.fetch_add(inputs.len(), Ordering::SeqCst);
        let data: Vec<Value> = inputs
            .iter()
            .enumerate()
            .map(|(index, text)| {
                json!({ "index": index, "embedding": vector(text.as_str().unwrap()) })
            })
            .collect();
        Json(json!({ "object": "list", "data": data })).into_response()
    }

    fn texts(&self) -> usize {
        self.texts.load(Ordering::SeqCst)
    }
}

fn text(title: &str, text: &str) -> Value {
    json!({ "type": "raw", "title": title, "text": text })
}

fn cites(reply: &Value, source: &Value) -> bool {
    reply["citations"][0]["sourceId"] == source["sourceId"]
}

#[tokio::test(flavor = "multi_thread")]
async fn a_question_in_other_words_is_answered_from_the_source_that_means_it() {
    let (dir, embedder) = (fresh_dir(), Embedder::default());
    let url = embedder.open().await;
    let variables = [
        ("AIVA_EMBEDDINGS", "openai"),
        ("AIVA_EMBEDDING_MODEL", "concepts"),
        ("AIVA_EMBEDDING_DIMENSIONS", "48"),
        ("AIVA_EMBEDDING_BASE_URL", &*url),
    ];
    let product = Product::start_with(config(dir.path(), &variables)).await;
    let pets = add(&product, text("Guests", "A dog may join any cabin for six crowns.")).await;
    reached(&product, &pets["sourceId"], "ready").await;
    let reply = asked(&product, 1, "Can our puppy come along?").await;
    assert!(cites(&reply, &pets), "{reply}");
    assert!(reply["content"].as_str().unwrap().contains("six crowns"), "{reply}");
    // What nobody wrote about is as little known as before.
    let reply = asked(&product, 2, "Do you sell bitcoin?").await;
    assert!(!reply["content"].as_str().unwrap().contains("crowns"), "{reply}");

    // Another source comes: what was embedded before is not embedded again.
    let before = embedder.texts();
    let cards = add(&product, text("Tills", "Our tills accept Visa only.")).await;
    reached(&product, &cards["sourceId"], "ready").await;
    assert_eq!(embedder.texts() - before, 1);
    let reply = asked(&product, 3, "Is plastic fine?").await;
    assert!(cites(&reply, &cards), "{reply}");

    // The endpoint goes away: what is written is published and found by its words.
    embedder.away.store(true, Ordering::SeqCst);
    let beds = add(&product, text("Nights", "Bring a hammock and stay between two oaks.")).await;
    reached(&product, &beds["sourceId"], "ready").await;
    let reply = asked(&product, 4, "Where does a hammock stay?").await;
    assert!(cites(&reply, &beds), "{reply}");
    let reply = asked(&product, 5, "Is plastic fine?").await;
    assert!(!cites(&reply, &cards), "{reply}");

    // It comes back: the vectors that were owed come, and nobody had to ask for them.
    embedder.away.store(false, Ordering::SeqCst);
    let deadline = Instant::now() + PATIENCE;
    for number in 6.. {
        let reply = asked(&product, number, "Sleep overnight?").await;
        if cites(&reply, &beds) {
            break;
        }
        assert!(Instant::now() < deadline, "{reply}");
        tokio::time::sleep(std::time::Duration::from_millis(200)).await;
    }
    let path = format!("{SOURCES}/{}", pets["sourceId"].as_str().unwrap());
    product.operate(Method::DELETE, &path, None).await.data(200);
    let reply = asked(&product, 99, "Can our puppy come along?").await;
    assert!(!cites(&reply, &pets), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_wrong_key_leaves_the_knowledge_to_its_words() {
    let dir = fresh_dir();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/v1", listener.local_addr().unwrap());
    let refused = post(|| async { StatusCode::UNAUTHORIZED });
    let routes = Router::new().route("/v1/embeddings", refused);
    tokio::spawn(async move { axum::serve(listener, routes).await });
    let variables = [
        ("AIVA_EMBEDDINGS", "openai"),
        ("AIVA_EMBEDDING_MODEL", "concepts"),
        ("AIVA_EMBEDDING_API_KEY", "made-up"),
        ("AIVA_EMBEDDING_BASE_URL", &*url),
    ];
    let product = Product::start_with(config(dir.path(), &variables)).await;
    let pets = add(&product, text("Guests", "A dog may join any cabin for six crowns.")).await;
    reached(&product, &pets["sourceId"], "ready").await;
    let reply = asked(&product, 1, "May a dog join a cabin?").await;
    assert!(cites(&reply, &pets), "{reply}");
    product.stop().await;
}
