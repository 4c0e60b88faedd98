//! Knowledge in the words of the dialects that take it in.

use std::time::Duration;

use reqwest::Method;
use serde_json::{Value, json};
use tokio::time::Instant;

use super::{PATIENCE, Site, asked};
use crate::support::{Product, fresh_dir};

/// Sends a form with a file.
async fn send_file(
    product: &Product,
    path: &str,
    file: (&str, &str),
    texts: &[(&str, &str)],
) -> (u16, Value) {
    let demo = product.runtime.demo();
    let mut body = String::new();
    for (name, text) in texts {
        body +=
            &format!("--x\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{text}\r\n");
    }
    let (name, content) = file;
    body += &format!(
        "--x\r\nContent-Disposition: form-data; name=\"file\"; filename=\"{name}\"\r\n\r\n{content}\r\n--x--\r\n"
    );
    let client = reqwest::Client::builder().no_proxy().build().unwrap();
    let request = client
        .post(format!("{}{path}", demo.base_url))
        .header("authorization", format!("Bearer {}", demo.key))
        .header("content-type", "multipart/form-data; boundary=x")
        .body(body);
    let response = request.send().await.unwrap();
    (response.status().as_u16(), serde_json::from_str(&response.text().await.unwrap()).unwrap())
}

async fn post(product: &Product, path: &str, body: &Value) -> (u16, Value) {
    let key = product.runtime.demo().key.clone();
    let answer = product.send(Method::POST, path, &key, Some(body)).await;
    (answer.status.as_u16(), answer.json())
}

#[tokio::test(flavor = "multi_thread")]
async fn aivastarks_file_is_taken_with_its_request_and_answers() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let text = "# Lanterns\n\nThe storm lantern burns for seventeen hours on one filling.\n";
    let file = ("lanterns.md", text);
    let path = "/v1/projects/default/sources";
    let (status, made) =
        send_file(&product, path, file, &[("type", "file"), ("title", "Lamps")]).await;
    assert_eq!((status, &made["status"], &made["title"]), (202, &json!("queued"), &json!("Lamps")));
    let one = format!("{path}/{}", made["id"].as_str().unwrap());
    let deadline = Instant::now() + PATIENCE;
    while product.get(&one).await.json()["status"] != "ready" {
        assert!(Instant::now() < deadline, "{}", product.get(&one).await.text);
        tokio::time::sleep(Duration::from_millis(20)).await;
    }
    let reply = asked(&product, 1, "How long does the storm lantern burn?").await;
    assert!(reply["content"].as_str().unwrap().contains("seventeen"), "{reply}");
    assert_eq!(reply["citations"][0]["sourceId"], made["id"]);
    let (status, question) = post(
        &product,
        "/v1/projects/default/query",
        &json!({ "message": "How long does the storm lantern burn?" }),
    )
    .await;
    assert_eq!((status, &question["citations"][0]["source_id"]), (200, &made["id"]), "{question}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asyntais_page_and_table_are_read_when_they_are_answered() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    let page = json!({ "url": format!("{root}/guide/saunas"), "website_id": "1" });
    let (status, made) = post(&product, "/api/v1/knowledge/url/", &page).await;
    assert_eq!(
        (status, &made["success"], &made["title"]),
        (200, &json!(true), &json!("About saunas")),
        "{made}"
    );
    assert!(
        made["chunks_created"].as_u64().unwrap() >= 1 && made.get("status").is_none(),
        "{made}"
    );
    let reply = asked(&product, 1, "How many guests does the floating sauna hold?").await;
    assert!(reply["content"].as_str().unwrap().contains("eleven"), "{reply}");

    let missing = json!({ "url": format!("{root}/guide/nothing") });
    let (status, refused) = post(&product, "/api/v1/knowledge/url/", &missing).await;
    assert_eq!((status, &refused["success"]), (400, &json!(false)), "{refused}");
    assert!(refused["error"].as_str().unwrap().contains("not there (404)"), "{refused}");
    let listed = product.get("/api/v1/knowledge/?limit=1").await.json();
    assert_eq!(listed["entries"][0]["id"], made["id"], "what failed is not kept: {listed}");

    let rows: String = (0..600).map(|row| format!("R-{row:03},{}\n", row + 1_000)).collect();
    let table = ("rods.csv", format!("rod,price\n{rows}"));
    let (status, made) =
        send_file(&product, "/api/v1/knowledge/spreadsheet/", (table.0, &table.1), &[]).await;
    assert_eq!((status, &made["rows_processed"]), (200, &json!(600)), "{made}");
    assert_eq!(made["chunks_created"], 600);
    let reply = asked(&product, 2, "What is the price of rod R-417?").await;
    assert!(reply["content"].as_str().unwrap().contains("1417"), "{reply}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn asyntai_tells_rows_words_and_passages_as_they_were_counted() {
    let dir = fresh_dir();
    let product = Product::start(dir.path()).await;
    let path = "/api/v1/knowledge/spreadsheet/";
    // A long row is several passages.
    let long = "This lantern burns long and bright in any storm. ".repeat(120);
    let table = format!("lantern,about\nStorm,{long}\nHand,Short.\n");
    let (status, made) = send_file(&product, path, ("lanterns.csv", &table), &[]).await;
    assert_eq!((status, &made["rows_processed"]), (200, &json!(2)), "{made}");
    assert!(made["chunks_created"].as_u64().unwrap() > 2, "{made}");

    let words = "The refund is paid within thirty days of the return. ".repeat(200);
    let text = json!({ "title": "Refunds", "content": words });
    let (status, made) = post(&product, "/api/v1/knowledge/text/", &text).await;
    assert_eq!(status, 200, "{made}");
    let chunks = made["chunks_created"].as_u64().unwrap();
    assert!(chunks > 1 && made.get("status").is_none(), "{made}");
    let path = format!("/projects/default/sources/{}", made["id"].as_str().unwrap());
    let source = product.operate(Method::GET, &path, None).await.data(200);
    assert_eq!(source["chunks"], chunks, "{source}");
    let listed = product.get("/api/v1/knowledge/?limit=2").await.json();
    let told = |entry: usize| listed["entries"][entry]["description"].as_str().unwrap();
    assert_eq!((told(0), told(1)), ("Manual text content (2000 words)", "Spreadsheet (2 rows)"));

    let pdf = "%PDF-1.7 and then nothing";
    let path = "/api/v1/knowledge/spreadsheet/";
    let (status, refused) = send_file(&product, path, ("products.csv", pdf), &[]).await;
    let why = "file cannot be taken: it is a PDF, not a table; send a .csv or an .xlsx";
    assert_eq!((status, &refused["error"]), (400, &json!(why)), "{refused}");
    product.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_plan_cuts_rows_and_refuses_characters() {
    let (dir, site) = (fresh_dir(), Site::default());
    let root = site.open().await;
    let product = Product::start(dir.path()).await;
    product.operate(Method::PATCH, "", Some(&json!({ "plan": "free" }))).await.data(200);
    let rows: String = (0..130).map(|row| format!("F-{row},{row}\n")).collect();
    let table = format!("float,price\n{rows}");
    let path = "/api/v1/knowledge/spreadsheet/";
    let (status, made) = send_file(&product, path, ("floats.csv", &table), &[]).await;
    assert_eq!((status, &made["rows_processed"]), (200, &json!(100)), "{made}");
    assert_eq!(made["note"], "30 rows over the limit were left out");

    let text = json!({ "title": "Long", "content": "long ".repeat(4_000) });
    let (status, refused) = post(&product, "/api/v1/knowledge/text/", &text).await;
    assert_eq!((status, &refused["success"]), (429, &json!(false)), "{refused}");
    let long = format!("cell,text\n{}", format!("1,{}\n", "word ".repeat(250)).repeat(20));
    let (status, refused) = send_file(&product, path, ("long.csv", &long), &[]).await;
    assert_eq!((status, &refused["success"]), (429, &json!(false)), "{refused}");
    let page = json!({ "url": format!("{root}/guide/saunas") });
    let (status, _) = post(&product, "/api/v1/knowledge/url/", &page).await;
    assert_eq!(status, 200, "a refusal takes nothing of the day");
    product.stop().await;
}
