//! The OpenAPI documents, asked whether a request and its answer are as they say. Nothing may be there that
//! a document does not name, so that a field or a status nobody described is found.

use std::collections::HashMap;

use aiva_dialects::http::{Route, Verb};
use aiva_dialects::openapi::{self, Document};
use boon::{Compiler, SchemaIndex, Schemas, SchemeUrlLoader};
use serde_json::Value;

const JSON: &str = "application/json";

/// A route in the document that describes it.
#[derive(Debug, Clone)]
pub(crate) struct Operation {
    pub(crate) route: Route,
    pub(crate) document: &'static str,
    /// Where it stands in the document.
    pub(crate) pointer: String,
}

/// An answer.
pub(crate) struct Answer<'a> {
    pub(crate) status: u16,
    pub(crate) kind: &'a str,
    pub(crate) body: &'a [u8],
}

/// All documents.
pub(crate) struct Documents {
    texts: HashMap<&'static str, Value>,
    operations: Vec<Operation>,
    compiler: Compiler,
    schemas: Schemas,
    compiled: HashMap<String, SchemaIndex>,
}

impl Documents {
    pub(crate) fn read() -> Self {
        let mut compiler = Compiler::new();
        compiler.use_loader(Box::new(SchemeUrlLoader::new()));
        compiler.enable_format_assertions();
        let (mut texts, mut operations) = (HashMap::new(), Vec::new());
        for document in &openapi::ALL {
            let text: Value = serde_json::from_str(document.committed).unwrap();
            operations.extend(operations_of(document, &text));
            let mut strict = text.clone();
            close_all(&mut strict);
            compiler.add_resource(&address(document.name), strict).unwrap();
            texts.insert(document.name, text);
        }
        let (schemas, compiled) = (Schemas::new(), HashMap::new());
        Self { texts, operations, compiler, schemas, compiled }
    }

    /// Every operation of every document that is a route.
    pub(crate) fn operations(&self) -> &[Operation] {
        &self.operations
    }

    /// The operation that a request means: as the router finds it, of several the most exact.
    pub(crate) fn meant(&self, verb: &str, target: &str) -> Option<Operation> {
        let (path, query) = target.split_once('?').unwrap_or((target, ""));
        let asked: Vec<&str> = path.trim_end_matches('/').split('/').collect();
        let rank = |alias: &str| {
            let (pattern, by) = alias.split_once('?').unwrap_or((alias, ""));
            let wanted: Vec<&str> = pattern.split('/').collect();
            let same = |(part, asked): (&&str, &&str)| part.starts_with('{') || part == asked;
            let fits = wanted.len() == asked.len() && wanted.iter().zip(&asked).all(same);
            let named = |pair: &str| pair.split('=').next() == Some(by);
            let fits = fits && (by.is_empty() || query.split('&').any(named));
            let free = wanted.iter().filter(|part| part.starts_with('{')).count();
            fits.then_some((free, by.is_empty()))
        };
        let fitting = self.operations.iter().filter_map(|operation| {
            let route = operation.route;
            let rank = route.paths.iter().filter_map(|alias| rank(alias)).min()?;
            (route.verb.as_str() == verb).then_some((rank, operation))
        });
        let best = fitting.min_by_key(|(rank, _)| *rank);
        best.map(|(_, operation)| operation.clone())
    }

    /// Says where an answer is not as its operation describes it.
    pub(crate) fn check_answer(
        &mut self,
        operation: &Operation,
        answer: &Answer<'_>,
    ) -> Result<(), String> {
        let (name, status) = (operation.document, answer.status);
        let pointer = format!("{}/responses/{status}", operation.pointer);
        let response = self.at(name, &pointer).ok_or(format!("{status} is not described"))?;
        let pointer = referred(response).unwrap_or(pointer);
        let kind = answer.kind.split(';').next().unwrap_or_default().trim();
        let content = self.at(name, &format!("{pointer}/content"));
        let Some(content) = content else {
            return if answer.body.is_empty() {
                Ok(())
            } else {
                Err("a body nobody described".into())
            };
        };
        if content.get(kind).is_none() {
            return Err(format!("{kind:?} is not described"));
        }
        match kind {
            JSON => {
                let body =
                    serde_json::from_slice(answer.body).map_err(|error| error.to_string())?;
                let schema = format!("{pointer}/content/application~1json/schema");
                self.check(name, &schema, &body)
            }
            _ => self.check_events(name, answer.body),
        }
    }

    /// The last event of a stream has the shape of the answer, or of an error.
    fn check_events(&mut self, name: &str, body: &[u8]) -> Result<(), String> {
        let text = String::from_utf8_lossy(body);
        let last = text.trim_end().split("\n\n").last().unwrap_or_default();
        let line = |name: &str| last.lines().find_map(|line| line.strip_prefix(name));
        let data = serde_json::from_str(line("data: ").unwrap_or_default());
        let data: Value = data.map_err(|error| error.to_string())?;
        let shape = match line("event: ") {
            Some("done") => "Answer",
            Some("error") => "Error",
            other => return Err(format!("a stream ends in {other:?}")),
        };
        self.check(name, &format!("/components/schemas/{shape}"), &data)
    }

    /// Says where the JSON of a request that was taken is not as its operation describes it.
    pub(crate) fn check_request(
        &mut self,
        operation: &Operation,
        body: &Value,
    ) -> Result<(), String> {
        let pointer = format!("{}/requestBody", operation.pointer);
        let schema = format!("{pointer}/content/application~1json/schema");
        if self.at(operation.document, &schema).is_none() {
            let empty = body.as_object().is_some_and(serde_json::Map::is_empty);
            return if empty { Ok(()) } else { Err("takes no JSON".to_owned()) };
        }
        let mut body = body.clone();
        if let Some(members) = body.as_object_mut() {
            // What nobody knows is ignored, and transcripts show that, too.
            members.remove("unknown");
        }
        self.check(operation.document, &schema, &body)
    }

    /// Says where a value is not as a schema of a document says.
    pub(crate) fn check(&mut self, name: &str, schema: &str, value: &Value) -> Result<(), String> {
        let place = format!("{}#{schema}", address(name));
        let index = match self.compiled.get(&place).copied() {
            Some(index) => index,
            None => {
                let compiled = self.compiler.compile(&place, &mut self.schemas);
                let index = compiled.map_err(|error| format!("{place}: {error:#}"))?;
                self.compiled.insert(place, index);
                index
            }
        };
        self.schemas.validate(value, index).map_err(|error| format!("{error:#}\n{value:#}"))
    }

    /// The document of a name.
    pub(crate) fn text(&self, name: &str) -> &Value {
        &self.texts[name]
    }

    fn at(&self, name: &str, pointer: &str) -> Option<&Value> {
        self.texts[name].pointer(pointer)
    }
}

fn address(name: &str) -> String {
    format!("http://aiva.example/openapi/{name}.json")
}

fn referred(value: &Value) -> Option<String> {
    value["$ref"].as_str().map(|reference| reference.trim_start_matches('#').to_owned())
}

/// The routes of a document's tables, each with the operation that describes it.
fn operations_of(document: &Document, text: &Value) -> Vec<Operation> {
    let described = described(text);
    let routes = document.tables.iter().copied().flatten();
    let found = routes.filter_map(|route| {
        let path = route.path().split('?').next().unwrap_or_default();
        let key = described.iter().find(|(full, _)| full == path).map(|(_, key)| key)?;
        let (key, verb) = (key.replace('~', "~0").replace('/', "~1"), verb_of(route.verb));
        let pointer = format!("/paths/{key}/{verb}");
        text.pointer(&pointer)?;
        Some(Operation { route: *route, document: document.name, pointer })
    });
    found.collect()
}

/// The paths of a document: whole, without the slash at the end, and as the document writes them.
pub(crate) fn described(text: &Value) -> Vec<(String, String)> {
    let all = text["servers"][0]["url"].as_str().unwrap_or_default();
    let paths = text["paths"].as_object().unwrap();
    let whole = paths.iter().map(|(path, item)| {
        let below = item["servers"][0]["url"].as_str().unwrap_or(all);
        (format!("{below}{}", path.trim_end_matches('/')), path.clone())
    });
    whole.collect()
}

pub(crate) fn verb_of(verb: Verb) -> String {
    verb.as_str().to_lowercase()
}

/// Closes every schema that something is checked against.
fn close_all(document: &mut Value) {
    if let Some(schemas) = document.pointer_mut("/components/schemas") {
        let schemas = schemas.as_object_mut().unwrap();
        // One that is part of another is closed where it is used.
        schemas.values_mut().for_each(|schema| close(schema, false));
    }
    close_contents(document);
}

fn close_contents(value: &mut Value) {
    match value {
        Value::Object(members) => {
            for (name, member) in members {
                match (name.as_str(), member) {
                    ("schema", schema) => close(schema, true),
                    ("example" | "examples" | "schemas", _) => {}
                    (_, member) => close_contents(member),
                }
            }
        }
        Value::Array(items) => items.iter_mut().for_each(close_contents),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::String(_) => {}
    }
}

/// Closes what is inside of a schema; and itself, where it stands alone.
fn close(schema: &mut Value, alone: bool) {
    let Some(members) = schema.as_object_mut() else { return };
    if let Some(properties) = members.get_mut("properties").and_then(Value::as_object_mut) {
        properties.values_mut().for_each(|property| close(property, true));
    }
    if let Some(items) = members.get_mut("items") {
        close(items, true);
    }
    for several in ["allOf", "oneOf", "anyOf"] {
        let parts = members.get_mut(several).and_then(Value::as_array_mut);
        parts.into_iter().flatten().for_each(|part| close(part, false));
    }
    let open = members.contains_key("additionalProperties");
    let shaped = ["$ref", "properties", "allOf", "oneOf", "anyOf"];
    if alone && !open && shaped.iter().any(|name| members.contains_key(*name)) {
        members.insert("unevaluatedProperties".to_owned(), Value::Bool(false));
    }
}
