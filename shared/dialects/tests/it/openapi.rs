//! The OpenAPI documents: what they hold, and that they are served.

use std::collections::{BTreeMap, BTreeSet};

use aiva_core::callback::Event;
use aiva_core::dialect::Dialect;
use aiva_dialects::http::{Access, Route, Verb};
use aiva_dialects::{openapi, payments, routes, verify};
use axum::response::Response;
use serde_json::Value;

use crate::described::{Answer, Documents, Operation, described, verb_of};
use crate::world::{OPERATOR_TOKEN, World, request};

fn documents() -> impl Iterator<Item = (&'static openapi::Document, Value)> {
    let read = |text: &str| serde_json::from_str(text).unwrap();
    openapi::ALL.iter().map(move |document| (document, read(document.committed)))
}

/// Gives every value of a document to `each`, with where it is; what examples hold is none.
fn walk(value: &Value, pointer: &str, each: &mut impl FnMut(&str, &Value)) {
    each(pointer, value);
    let step = |name: &str| format!("{pointer}/{}", name.replace('~', "~0").replace('/', "~1"));
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                if !["example", "examples", "default", "enum"].contains(&name.as_str()) {
                    walk(member, &step(name), each);
                }
            }
        }
        Value::Array(items) => {
            for (at, item) in items.iter().enumerate() {
                walk(item, &step(&at.to_string()), each);
            }
        }
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

#[test]
fn the_committed_documents_are_those_that_the_code_describes() {
    for document in &openapi::ALL {
        let built = openapi::text(&(document.build)()).unwrap();
        assert!(
            built == document.committed,
            "openapi/{}.json changed; if that is meant, write all of them anew:\n\
             cargo run -q -p aiva-dialects --example openapi shared/dialects/openapi",
            document.name
        );
    }
}

#[test]
fn the_documents_are_compact_and_have_a_line_for_each_operation() {
    for (document, text) in documents() {
        let lines = document.committed.lines().count();
        let bare = serde_json::to_string(&text).unwrap().len();
        assert_eq!(document.committed.len(), bare + lines, "{}", document.name);
        for (path, item) in text["paths"].as_object().unwrap() {
            let verbs = item.as_object().unwrap().keys().filter(|key| *key != "servers");
            for verb in verbs {
                let begin = format!("\"{verb}\":{{");
                let line = document.committed.lines().filter(|line| line.starts_with(&begin));
                assert!(line.count() > 0, "{path} {verb}");
            }
        }
    }
}

#[test]
fn every_route_stands_in_one_document_and_no_document_has_another() {
    let mut tables = BTreeSet::new();
    for (document, text) in documents() {
        let verbs = ["get", "post", "put", "patch", "delete"];
        let paths = described(&text);
        let listed: BTreeSet<String> = paths
            .iter()
            .flat_map(|(full, key)| {
                let item = text["paths"][key].as_object().unwrap();
                let asked = item.keys().filter(|key| verbs.contains(&key.as_str()));
                asked.map(move |verb| format!("{verb} {full}"))
            })
            .collect();
        let routes = document.tables.iter().copied().flatten();
        let path = |route: &Route| route.path().split('?').next().unwrap_or_default();
        let served: BTreeSet<String> =
            routes.map(|route| format!("{} {}", verb_of(route.verb), path(route))).collect();
        assert_eq!(listed, served, "{}", document.name);
        for table in document.tables {
            assert!(tables.insert(table.as_ptr()), "{} has another's routes", document.name);
        }
    }
    // A page for people, and what a provider of payments calls.
    tables.extend([verify::ROUTES, payments::ROUTES].map(<[Route]>::as_ptr));
    let all: BTreeSet<_> = routes::TABLES.iter().map(|table| table.as_ptr()).collect();
    assert_eq!(tables, all, "a table of routes has no document");
}

#[test]
fn every_operation_has_a_name_of_its_own_its_parameters_and_its_refusals() {
    let documents = Documents::read();
    let mut names = BTreeSet::new();
    for operation in documents.operations() {
        let (route, text) = (operation.route, documents.text(operation.document));
        let described = text.pointer(&operation.pointer).unwrap();
        let name = described["operationId"].as_str().unwrap();
        assert!(names.insert((operation.document, name)), "{name} stands twice");
        let parameters = described["parameters"].as_array().into_iter().flatten();
        let in_path = parameters.filter(|parameter| parameter["in"] == "path");
        let in_path: BTreeSet<_> = in_path.map(|one| one["name"].as_str().unwrap()).collect();
        let path = route.path().split('?').next().unwrap();
        let named = path.split('/').filter_map(|part| part.strip_prefix('{')?.strip_suffix('}'));
        assert_eq!(in_path, named.collect(), "{name}");
        let open = route.access == Access::Open;
        assert_eq!(described["security"][0] == Value::Object(serde_json::Map::new()), open);
        for status in ["401", "403", "429", "500", "503"] {
            let may = match route.access {
                Access::Open => false,
                Access::AnyKey => status != "403",
                Access::Key(_) | Access::Operator | Access::Role(_) => true,
            };
            assert_eq!(described["responses"].get(status).is_some(), may, "{name} {status}");
        }
        let takes = described.get("requestBody").is_some();
        let refuses = described["responses"].get("413").is_some();
        assert_eq!(takes, refuses, "{name}: what takes a body refuses one that is too large");
        let once = route.verb == Verb::Post && !open;
        assert!(!once || described["responses"].get("409").is_some() || name == "verifyIdentity");
    }
    assert!(names.len() > 90, "{}", names.len());
}

#[test]
fn every_reference_in_the_documents_resolves_and_every_component_is_referred_to() {
    for (document, text) in documents() {
        let mut references = BTreeSet::new();
        walk(&text, "", &mut |_, value| {
            references.extend(value["$ref"].as_str().map(str::to_owned));
        });
        assert!(references.len() > 10);
        for reference in &references {
            let pointer = reference.strip_prefix('#').expect("a local reference");
            assert!(text.pointer(pointer).is_some(), "{}: {reference}", document.name);
        }
        for (kind, components) in text["components"].as_object().unwrap() {
            for name in components.as_object().unwrap().keys() {
                let used = references.contains(&format!("#/components/{kind}/{name}"));
                let always = kind == "securitySchemes";
                assert!(used || always, "{}: nothing uses {kind}/{name}", document.name);
            }
        }
    }
}

#[test]
fn every_example_fits_its_schema() {
    let mut checker = Documents::read();
    for (document, text) in documents() {
        let mut examples = Vec::new();
        walk(&text, "", &mut |pointer, value| {
            let own = value.get("schema").is_some();
            let shaped = ["type", "$ref", "allOf"].iter().any(|key| value.get(*key).is_some());
            let schema = match own {
                true => format!("{pointer}/schema"),
                false if shaped => pointer.to_owned(),
                false => return,
            };
            examples.extend(value.get("example").map(|one| (schema.clone(), one.clone())));
            let several = value["examples"].as_object().into_iter().flatten();
            examples.extend(several.map(|(_, one)| (schema.clone(), one["value"].clone())));
        });
        assert!(examples.len() > 10, "{}", document.name);
        for (schema, example) in examples {
            let outcome = checker.check(document.name, &schema, &example);
            assert_eq!(outcome, Ok(()), "{} {schema}", document.name);
        }
    }
}

#[test]
fn every_body_and_every_answer_of_the_four_vendors_has_an_example() {
    for (document, text) in documents().filter(|(document, _)| document.name != "aiva") {
        walk(&text, "", &mut |pointer, value| {
            let shown = value.get("example").or_else(|| value.get("examples"));
            let is_content = pointer.ends_with("/application~1json");
            assert!(!is_content || shown.is_some(), "{} {pointer}", document.name);
        });
    }
}

#[test]
fn each_event_that_a_dialect_tells_stands_among_its_webhooks_and_no_other() {
    for (document, text) in documents() {
        let dialect = Dialect::ALL.into_iter().find(|one| one.as_str() == document.name).unwrap();
        let events = Event::of_dialect(dialect);
        let test = (!events.is_empty()).then_some(&Event::TestPing);
        let told: BTreeSet<&str> = events.iter().chain(test).map(|event| event.as_str()).collect();
        let none = serde_json::Map::new();
        let described = text["webhooks"].as_object().unwrap_or(&none);
        let listed: BTreeSet<&str> = described.keys().map(String::as_str).collect();
        assert_eq!(listed, told, "{}", document.name);
        for webhook in described.values() {
            let parameters = webhook["post"]["parameters"].as_array().unwrap();
            assert!(parameters.len() >= 6, "{}: {parameters:?}", document.name);
        }
    }
}

#[tokio::test]
async fn the_documents_are_served_without_a_key() {
    let world = World::new().await;
    let mut asked = BTreeMap::new();
    for document in &openapi::ALL {
        let routes = document.tables.iter().copied().flatten();
        for route in routes.filter(|route| route.access == Access::Open) {
            for path in route.paths {
                let path = format!("{path}/");
                let response = world.send(request("GET", &path, None, "")).await;
                assert_eq!(response.status(), 200, "{path}");
                assert_eq!(response.headers()["content-type"], "application/json");
                assert_eq!(response.headers()["cache-control"], "public, max-age=300");
                assert!(response.headers().get("x-ratelimit-limit").is_none());
                let (_, body) = read(response).await;
                assert_eq!(body, document.committed.as_bytes());
                asked.insert(path, document.name);
            }
        }
    }
    assert_eq!(asked["/openapi/asyntai.json/"], "asyntai");
    assert_eq!(asked["/v1/openapi.json/"], "aiva");
    assert_eq!(asked.len(), 7);
}

async fn read(response: Response) -> ((u16, String), Vec<u8>) {
    let kind = response.headers().get("content-type");
    let kind = kind.map_or("", |kind| kind.to_str().unwrap()).to_owned();
    let status = response.status().as_u16();
    let body = axum::body::to_bytes(response.into_body(), usize::MAX).await.unwrap();
    ((status, kind), body.to_vec())
}

/// Requests that no route takes as they are: the key, the query, the content type and the body.
fn probes(key: &str) -> [(Option<&str>, &'static str, &'static str, String); 6] {
    let (json, huge) = ("application/json", format!("{{\"x\":\"{}\"}}", "x".repeat(300_000)));
    [
        (None, "", json, "{}".to_owned()),
        (Some(key), "limit=0&page=0&cursor=x&website_id=x", json, "{}".to_owned()),
        (Some(key), "", json, "{".to_owned()),
        (Some(key), "", json, "[]".to_owned()),
        (Some(key), "", "text/plain", "{}".to_owned()),
        (Some(key), "", json, huge),
    ]
}

fn target(operation: &Operation, query: &str) -> String {
    let (path, by) = operation.route.path().split_once('?').unwrap_or((operation.route.path(), ""));
    let parts = path.split('/').map(|part| match part {
        "{project_id}" => "default",
        part if part.starts_with('{') => "x",
        part => part,
    });
    let path = parts.collect::<Vec<_>>().join("/");
    let by = if by.is_empty() { String::new() } else { format!("{by}=a%20b&") };
    format!("{path}?{by}{query}")
}

#[tokio::test]
async fn every_refusal_of_every_route_is_described_where_it_is_given() {
    let world = World::new().await;
    let mut documents = Documents::read();
    let live = world.names["key"].clone();
    let (mut refused, mut faults) = (BTreeMap::new(), Vec::new());
    for operation in documents.operations().to_vec() {
        let route = operation.route;
        let without = match route.access {
            Access::Open => continue,
            Access::Key(scope) => Some(world.key_without(Some(scope)).await),
            Access::AnyKey | Access::Operator | Access::Role(_) => None,
        };
        let key = match route.access {
            Access::Operator | Access::Role(_) => OPERATOR_TOKEN,
            Access::Open | Access::AnyKey | Access::Key(_) => live.as_str(),
        };
        let without =
            without.as_deref().map(|key| (Some(key), "", "application/json", "{}".to_owned()));
        for (key, query, kind, body) in probes(key).into_iter().chain(without) {
            world.wait(1);
            let mut request = request(route.verb.as_str(), &target(&operation, query), key, &body);
            request.headers_mut().insert("content-type", kind.parse().unwrap());
            let ((status, kind), body) = read(world.send(request).await).await;
            let answer = Answer { status, kind: &kind, body: &body };
            if let Err(fault) = documents.check_answer(&operation, &answer) {
                faults.push(format!("{} {} {status}: {fault}", route.verb.as_str(), route.path()));
            }
            *refused.entry(status).or_insert(0) += 1;
        }
    }
    assert!(faults.is_empty(), "{}", faults.join("\n"));
    for status in [400, 401, 403, 404, 413, 415] {
        assert!(refused.get(&status).is_some_and(|count| *count > 10), "{refused:?}");
    }
}
