//! The OpenAPI document.

use std::collections::BTreeSet;

use aiva_dialects::{aiva, openapi, operator};
use serde_json::Value;

use crate::world::{World, request};

#[test]
fn the_committed_document_is_the_one_the_code_describes() {
    let built: Value = serde_json::to_value(openapi::document()).unwrap();
    let committed: Value = serde_json::from_str(aiva::openapi::COMMITTED).unwrap();
    assert!(
        built == committed,
        "the OpenAPI document changed; if that is meant, write it anew:\n\
         cargo run -q -p aiva-dialects --example openapi > /tmp/aiva.json && \
         mv /tmp/aiva.json shared/dialects/openapi/aiva.json"
    );
}

#[test]
fn the_document_has_every_route_of_the_dialect_and_of_the_operator_api() {
    let document: Value = serde_json::from_str(aiva::openapi::COMMITTED).unwrap();
    let paths = document["paths"].as_object().unwrap();
    let verbs = ["get", "post", "put", "patch", "delete"];
    let described: BTreeSet<String> = paths
        .iter()
        .flat_map(|(path, item)| {
            let below = item["servers"][0]["url"].as_str().unwrap_or("/api/v1");
            let asked =
                item.as_object().unwrap().keys().filter(|key| verbs.contains(&key.as_str()));
            asked.map(move |verb| format!("{verb} {below}{path}"))
        })
        .collect();
    let served: BTreeSet<String> = aiva::ROUTES
        .iter()
        .chain(operator::ROUTES)
        .map(|route| format!("{} {}", route.verb.as_str().to_lowercase(), route.path()))
        .collect();
    assert_eq!(described, served);
}

#[test]
fn every_reference_in_the_document_resolves() {
    let document: Value = serde_json::from_str(aiva::openapi::COMMITTED).unwrap();
    let mut references = Vec::new();
    collect(&document, &mut references);
    assert!(references.len() > 20);
    for reference in references {
        let pointer = reference.strip_prefix('#').expect("a local reference");
        assert!(document.pointer(pointer).is_some(), "{reference}");
    }
}

fn collect(value: &Value, references: &mut Vec<String>) {
    match value {
        Value::Object(map) => {
            references.extend(map.get("$ref").and_then(Value::as_str).map(str::to_owned));
            map.values().for_each(|inner| collect(inner, references));
        }
        Value::Array(items) => items.iter().for_each(|inner| collect(inner, references)),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[tokio::test]
async fn the_document_is_served_without_a_key() {
    let world = World::new().await;
    let response = world.send(request("GET", "/v1/openapi.json/", None, "")).await;
    assert_eq!(response.status(), 200);
    assert_eq!(response.headers()["cache-control"], "public, max-age=300");
    assert!(response.headers().get("x-ratelimit-limit").is_none());
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    assert_eq!(body, aiva::openapi::COMMITTED);
}
