//! A table of tens of thousands of rows, from its upload to the answers.

use std::fmt::Write;
use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use crate::support::{Product, fresh_dir};

const ROWS: usize = 50_000;
const SOURCES: &str = "/v1/projects/default/sources";
/// All of it is done in a third of this on a machine with nothing else to do.
const PATIENCE: Duration = Duration::from_secs(90);

fn table() -> String {
    let mut table = "part,shelf,price in crowns\n".to_owned();
    for row in 0..ROWS {
        writeln!(table, "PX-{row:05},{},{}", row % 97, row + 1_000).unwrap();
    }
    table
}

async fn ask(product: &Product, method: Method, path: &str, body: Option<&Value>) -> Value {
    let key = product.runtime.demo().key.clone();
    let answer = product.send(method, path, &key, body).await;
    assert!(answer.status.is_success(), "{path}: {}", answer.text);
    answer.json()
}

/// Reads a source until it is ready, and answers what was seen of it on the way.
async fn watched(product: &Product, id: &str) -> (Vec<String>, Vec<(u64, u64)>, Value) {
    let (mut states, mut progress) = (Vec::new(), Vec::new());
    let deadline = Instant::now() + PATIENCE;
    loop {
        let source = ask(product, Method::GET, &format!("{SOURCES}/{id}"), None).await;
        let state = source["status"].as_str().unwrap().to_owned();
        if states.last() != Some(&state) {
            states.push(state.clone());
        }
        let number = |name: &str| source["progress"][name].as_u64();
        if let Some(seen) = number("done").zip(number("total"))
            && progress.last() != Some(&seen)
        {
            progress.push(seen);
        }
        if state == "ready" {
            return (states, progress, source);
        }
        assert!(state != "failed" && Instant::now() < deadline, "{source}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn fifty_thousand_rows_are_taken_in_with_progress_and_cited_to_the_row() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let table = table();
    assert!(table.len() < 6 * 1024 * 1024);
    let wanted =
        json!({ "filename": "parts.csv", "size": table.len(), "content_type": "text/csv" });
    let upload = ask(&product, Method::POST, &format!("{SOURCES}/uploads"), Some(&wanted)).await;
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let mut put = client.put(upload["url"].as_str().unwrap());
    for (name, value) in upload["headers"].as_object().unwrap() {
        put = put.header(name, value.as_str().unwrap());
    }
    assert!(put.body(table).send().await.unwrap().status().is_success());
    let body = json!({ "type": "file", "upload_id": upload["upload_id"], "filename": "parts.csv" });
    let made = ask(&product, Method::POST, SOURCES, Some(&body)).await;
    assert_eq!(made["status"], "queued");

    let (states, progress, ready) = watched(&product, made["id"].as_str().unwrap()).await;
    assert!(states.iter().any(|state| state == "indexing"), "{states:?}");
    assert!(progress.is_sorted() && progress.len() >= 2, "it rises: {progress:?}");
    assert!(progress.iter().all(|(done, total)| done < total && *total == ROWS as u64));
    assert_eq!((&ready["chunks"], ready.get("progress")), (&json!(ROWS), None));

    for row in [0, ROWS / 2, ROWS - 1] {
        let part = format!("PX-{row:05}");
        let question = json!({ "message": format!("What is the price of {part}?") });
        let path = "/v1/projects/default/query";
        let answer = ask(&product, Method::POST, path, Some(&question)).await;
        let price = (row + 1_000).to_string();
        let first = &answer["citations"][0];
        assert_eq!(first["source_id"], made["id"], "{answer}");
        let passage = first["passage"].as_str().unwrap();
        assert!(passage.contains(&part) && passage.contains(&price), "{answer}");
        assert!(answer["answer"].as_str().unwrap().contains(&price), "{answer}");
    }
    product.stop().await;
}
