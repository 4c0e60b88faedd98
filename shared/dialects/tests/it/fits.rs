//! What transcripts show of the operator API fits what the OpenAPI document says, and shows every route.

use std::collections::BTreeSet;
use std::path::Path;

use aiva_dialects::{aiva, operator};
use serde_json::Value;

/// One exchange of a transcript: what was asked, and what was answered.
struct Shown {
    title: String,
    verb: String,
    path: String,
    body: Option<Value>,
    status: String,
    answer: Option<Value>,
}

fn shown() -> Vec<Shown> {
    let all = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts");
    let mut found = Vec::new();
    for folder in std::fs::read_dir(all).unwrap() {
        for file in std::fs::read_dir(folder.unwrap().path()).unwrap() {
            let text = format!("\n{}", std::fs::read_to_string(file.unwrap().path()).unwrap());
            found.extend(text.split("\n### ").skip(1).map(exchange));
        }
    }
    found
}

fn exchange(text: &str) -> Shown {
    let (request, answer) = text.split_once("\nHTTP ").unwrap();
    let verbs = ["GET", "POST", "PUT", "PATCH", "DELETE", "HEAD", "OPTIONS"];
    let is_first =
        |line: &&str| line.split_once(' ').is_some_and(|(verb, _)| verbs.contains(&verb));
    let first = request.lines().skip(1).find(is_first).unwrap_or_default();
    let (verb, path) = first.split_once(' ').unwrap_or_default();
    let json = |text: &str| {
        let body = text.split_once("\n\n").map(|(_, body)| body.trim()).unwrap_or_default();
        // A body that is told by its length is none that fits.
        serde_json::from_str(body).ok()
    };
    Shown {
        title: text.lines().next().unwrap_or_default().to_owned(),
        verb: verb.to_lowercase(),
        path: path.split('?').next().unwrap_or_default().trim_end_matches('/').to_owned(),
        body: json(request.split_once(first).unwrap_or_default().1),
        status: answer.lines().next().unwrap_or_default().trim().to_owned(),
        answer: json(answer),
    }
}

/// The path of the document that a request means.
fn described<'a>(document: &'a Value, shown: &Shown) -> Option<(String, &'a Value)> {
    let asked: Vec<&str> = shown.path.strip_prefix("/admin/v1")?.split('/').collect();
    let mut best: Option<(usize, &String)> = None;
    for path in document["paths"].as_object()?.keys() {
        let parts: Vec<&str> = path.split('/').collect();
        let same = |(part, asked): (&&str, &&str)| part == asked || part.starts_with('{');
        if parts.len() == asked.len() && parts.iter().zip(&asked).all(same) {
            let exact = parts.iter().zip(&asked).filter(|(part, asked)| part == asked).count();
            best = best.max(Some((exact, path)));
        }
    }
    let (_, path) = best?;
    Some((path.clone(), document["paths"][path].get(&shown.verb)?))
}

fn resolved<'a>(document: &'a Value, schema: &'a Value) -> &'a Value {
    match schema["$ref"].as_str() {
        Some(reference) => resolved(document, document.pointer(&reference[1..]).unwrap()),
        None => schema,
    }
}

/// Says where a value does not fit its schema, unknown fields included.
fn fits(document: &Value, schema: &Value, value: &Value, place: &str, faults: &mut Vec<String>) {
    let schema = resolved(document, schema);
    if value.as_str().is_some_and(|text| text.contains("{{")) {
        return;
    }
    let types: Vec<&str> = match &schema["type"] {
        Value::String(one) => vec![one],
        Value::Array(several) => several.iter().filter_map(Value::as_str).collect(),
        _ => Vec::new(),
    };
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    if !types.is_empty() && !types.contains(&kind) {
        faults.push(format!("{place}: {value} is no {types:?}"));
    }
    if let Some(words) = schema["enum"].as_array()
        && !words.contains(value)
    {
        faults.push(format!("{place}: {value} is none of {words:?}"));
    }
    if let Value::Array(items) = value {
        for (at, item) in items.iter().enumerate() {
            fits(document, &schema["items"], item, &format!("{place}[{at}]"), faults);
        }
    }
    let (Value::Object(members), Some(properties)) = (value, schema["properties"].as_object())
    else {
        return;
    };
    for (name, member) in members {
        match properties.get(name) {
            Some(schema) => fits(document, schema, member, &format!("{place}.{name}"), faults),
            // What nobody knows is ignored, and a transcript shows that too.
            None if name == "unknown" => {}
            None => faults.push(format!("{place}.{name} is not described")),
        }
    }
    let required = schema["required"].as_array().into_iter().flatten().filter_map(Value::as_str);
    for name in required.filter(|name| !members.contains_key(*name)) {
        faults.push(format!("{place}.{name} is missing"));
    }
}

#[test]
fn what_transcripts_show_of_the_operator_api_fits_the_document_and_shows_every_route() {
    let document: Value = serde_json::from_str(aiva::openapi::COMMITTED).unwrap();
    let (mut faults, mut seen) = (Vec::new(), BTreeSet::new());
    for shown in shown() {
        let Some((path, operation)) = described(&document, &shown) else { continue };
        let Some(response) = operation["responses"].get(&shown.status) else {
            // Refusals are in Aiva's own envelope, which its transcripts show.
            if shown.status.starts_with('2') {
                faults.push(format!(
                    "{}: {} {path} answers {}",
                    shown.title, shown.verb, shown.status
                ));
            }
            continue;
        };
        if !shown.status.starts_with('2') {
            continue;
        }
        seen.insert(format!("{} /admin/v1{path}", shown.verb));
        let schema = "/content/application~1json/schema";
        if let Some(answer) = &shown.answer {
            let schema = resolved(&document, response).pointer(schema).unwrap();
            fits(&document, schema, answer, &format!("{}: answer", shown.title), &mut faults);
        }
        if let Some(body) = &shown.body {
            let place = format!("{}: body", shown.title);
            match operation["requestBody"].pointer(schema) {
                Some(schema) => fits(&document, schema, body, &place, &mut faults),
                None if body == &Value::Object(serde_json::Map::new()) => {}
                None => faults.push(format!("{place} is not described")),
            }
        }
    }
    assert!(faults.is_empty(), "{} faults:\n  {}", faults.len(), faults.join("\n  "));
    let routes = operator::ROUTES.iter();
    let served: BTreeSet<String> = routes
        .map(|route| format!("{} {}", route.verb.as_str().to_lowercase(), route.path()))
        .collect();
    let unseen: Vec<_> = served.difference(&seen).collect();
    assert!(unseen.is_empty(), "no transcript shows {unseen:?}");
}
