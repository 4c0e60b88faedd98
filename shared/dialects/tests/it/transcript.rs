//! Transcripts: requests and the answers they must get, as text files.
//!
//! A file is a story in one fresh deployment. `### title` begins an exchange; lines with `@` do
//! something first (`@reply text`, `@agent off`, `@wait 60`, `@sweep`; `@say text`, `@model fails` and
//! `@model dreams` tell how replies are written while requests wait); then the request; then `HTTP <status>`,
//! the headers that matter and the body. `{{name}}` stands for what the deployment has under that
//! name, or takes it when nothing has it yet (`{{msg_1}}` must then be an id with that prefix,
//! `{{time}}` a time to the millisecond, `{{seconds}}` to the second); `{{*}}` is anything, a header's `{{-}}` says that there is none, and `{{x*9}}`
//! writes nine x. `@mail name` takes the token of the newest mail, and a body of lines that begin with
//! `~ ` is a page that holds these texts.
//!
//! Every answer must also be one that the OpenAPI documents describe, field by field, and so must every
//! request that was taken; and every route of a dialect is shown at least once.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use aiva_dialects::http::{Access, Route};
use aiva_dialects::{aerochat, aiva, aivastark, aksita, asyntai, operator};
use axum::body::Body;
use axum::extract::Request;
use http::response::Parts;
use http::{HeaderMap, header};
use serde_json::{Map, Value};

use crate::described::{Answer, Documents};
use crate::world::{Manner, World};

type Names = BTreeMap<String, String>;
/// Routes that were shown to do what they are for, by verb and path.
type Shown = BTreeSet<(&'static str, &'static str)>;

#[derive(Debug, Default)]
struct Exchange {
    title: String,
    before: Vec<String>,
    method: String,
    path: String,
    headers: Vec<(String, String)>,
    body: String,
    status: u16,
    expected_headers: Vec<(String, String)>,
    expected_body: String,
}

fn parse(text: &str) -> Vec<Exchange> {
    text.split("\n### ").skip(1).map(exchange).collect()
}

fn exchange(text: &str) -> Exchange {
    let (request, answer) = text.split_once("\nHTTP ").expect("an exchange has an answer");
    let mut lines = request.lines();
    let mut exchange = Exchange { title: lines.next().unwrap().to_owned(), ..Exchange::default() };
    let mut lines = lines.skip_while(|line| line.is_empty()).peekable();
    while let Some(line) = lines.next_if(|line| line.starts_with('@')) {
        exchange.before.push(line[1..].to_owned());
    }
    let first = lines.next().expect("an exchange has a request line");
    let (method, path) = first.split_once(' ').unwrap();
    (exchange.method, exchange.path) = (method.to_owned(), path.to_owned());
    (exchange.headers, exchange.body) = headers_and_body(lines);
    let mut lines = answer.lines();
    exchange.status = lines.next().unwrap().trim().parse().unwrap();
    (exchange.expected_headers, exchange.expected_body) = headers_and_body(lines);
    exchange
}

fn headers_and_body<'a>(lines: impl Iterator<Item = &'a str>) -> (Vec<(String, String)>, String) {
    let mut lines = lines.peekable();
    let mut headers = Vec::new();
    while let Some(line) = lines.next_if(|line| !line.is_empty()) {
        let (name, value) = line.split_once(": ").expect("a header has a colon");
        headers.push((name.to_owned(), value.to_owned()));
    }
    (headers, lines.collect::<Vec<_>>().join("\n").trim().to_owned())
}

/// Writes out what a text names.
fn write_out(text: &str, names: &Names) -> String {
    let mut parts = text.split("{{");
    let mut out = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let (name, rest) = part.split_once("}}").expect("a name ends");
        match name.split_once('*') {
            Some((what, count)) => out.push_str(&what.repeat(count.parse().unwrap())),
            None => out.push_str(names.get(name).unwrap_or_else(|| panic!("{name} has no value"))),
        }
        out.push_str(rest);
    }
    out
}

/// Compares a text, taking what it names for the first time.
fn same_text(expected: &str, actual: &str, names: &mut Names) -> Result<(), String> {
    let name = expected.strip_prefix("{{").and_then(|rest| rest.strip_suffix("}}"));
    let Some(name) = name.filter(|name| !name.contains("{{")) else {
        let expected = write_out(expected, names);
        return if expected == actual {
            Ok(())
        } else {
            Err(format!("{expected:?} ≠ {actual:?}"))
        };
    };
    if name == "*" {
        return Ok(());
    }
    if name == "time" || name == "seconds" {
        let read = actual.parse::<jiff::Timestamp>();
        let length = if name == "time" { 24 } else { 20 };
        let right = actual.len() == length && actual.ends_with('Z') && read.is_ok();
        return if right { Ok(()) } else { Err(format!("{actual:?} is no time")) };
    }
    if let Some(known) = names.get(name) {
        return if known == actual {
            Ok(())
        } else {
            Err(format!("{name} {known:?} ≠ {actual:?}"))
        };
    }
    let prefix = name.split_once('_').map(|(prefix, _)| format!("{prefix}_"));
    if prefix.is_some_and(|prefix| !actual.starts_with(&prefix) || actual.len() < prefix.len() + 26)
    {
        return Err(format!("{actual:?} is no {name}"));
    }
    names.insert(name.to_owned(), actual.to_owned());
    Ok(())
}

fn same(expected: &Value, actual: &Value, names: &mut Names) -> Result<(), String> {
    match (expected, actual) {
        (Value::String(any), _) if any == "{{*}}" => Ok(()),
        (Value::String(expected), Value::String(actual)) => same_text(expected, actual, names),
        (Value::Array(expected), Value::Array(actual)) if expected.len() == actual.len() => {
            expected.iter().zip(actual).try_for_each(|(one, other)| same(one, other, names))
        }
        (Value::Object(expected), Value::Object(actual)) => {
            let (wanted, found) = (fields(expected), fields(actual));
            if wanted != found {
                return Err(format!("fields {wanted:?} ≠ {found:?}"));
            }
            expected.iter().try_for_each(|(field, value)| {
                same(value, &actual[field], names).map_err(|error| format!("{field}: {error}"))
            })
        }
        _ if expected == actual => Ok(()),
        _ => Err(format!("{expected} ≠ {actual}")),
    }
}

fn fields(map: &Map<String, Value>) -> BTreeSet<&str> {
    map.keys().map(String::as_str).collect()
}

fn same_headers(exchange: &Exchange, actual: &HeaderMap, names: &mut Names) -> Result<(), String> {
    for (name, expected) in &exchange.expected_headers {
        let found = actual.get(name).map(|value| value.to_str().unwrap());
        match (expected.as_str(), found) {
            ("{{-}}", None) => {}
            (_, None) => return Err(format!("no header {name}")),
            (expected, Some(found)) => {
                same_text(expected, found, names).map_err(|error| format!("{name}: {error}"))?;
            }
        }
    }
    Ok(())
}

fn same_body(exchange: &Exchange, actual: &[u8], names: &mut Names) -> Result<(), String> {
    if exchange.expected_body.is_empty() {
        return if actual.is_empty() { Ok(()) } else { Err("there is a body".to_owned()) };
    }
    if exchange.expected_body.starts_with("~ ") {
        let page = String::from_utf8_lossy(actual);
        let mut lines = exchange.expected_body.lines().filter_map(|line| line.strip_prefix("~ "));
        return match lines.find(|line| !page.contains(line)) {
            Some(line) => Err(format!("{line:?} is not on the page")),
            None => Ok(()),
        };
    }
    let expected: Value = serde_json::from_str(&exchange.expected_body).expect("expected JSON");
    let actual: Value = serde_json::from_slice(actual).map_err(|error| error.to_string())?;
    same(&expected, &actual, names)
}

/// Whether the documents describe the answer; and the request, where it was taken.
fn is_described(
    documents: &mut Documents,
    exchange: &Exchange,
    asked: &str,
    (parts, body): (&Parts, &[u8]),
    shown: &mut Shown,
) -> Result<(), String> {
    // What is no route, or a page for people, is in no document.
    let target = exchange.path.as_str();
    let Some(operation) = documents.meant(&exchange.method, target) else { return Ok(()) };
    let kind = parts.headers.get(header::CONTENT_TYPE);
    let kind = kind.map_or("", |kind| kind.to_str().unwrap_or_default());
    let answer = Answer { status: parts.status.as_u16(), kind, body };
    documents.check_answer(&operation, &answer)?;
    if parts.status.is_success() {
        shown.insert((operation.route.verb.as_str(), operation.route.path()));
        if let Ok(asked) = serde_json::from_str(asked) {
            documents.check_request(&operation, &asked)?;
        }
    }
    Ok(())
}

async fn prepare(world: &mut World, exchange: &Exchange) {
    for step in &exchange.before {
        match step.split_once(' ') {
            Some(("reply", text)) => world.reply(text).await,
            Some(("agent", state)) => world.switch_agent(state == "on").await,
            None if step == "sweep" => {
                aiva_core::outbox::sweep(&world.edge.app).await.unwrap();
            }
            Some(("say", text)) => world.desk_writes(Manner::Saying(text.replace("\\n", "\n"))),
            Some(("model", "fails")) => world.desk_writes(Manner::Failing),
            Some(("model", "dreams")) => world.desk_writes(Manner::Dreaming),
            Some(("wait", seconds)) => world.wait(seconds.parse().unwrap()),
            Some(("mail", name)) => {
                let token = world.mailed_token();
                world.names.insert(name.to_owned(), token);
            }
            _ => panic!("unknown step {step}"),
        }
    }
}

/// Replays a file; notes which routes it shows.
async fn replay(file: &Path, documents: &mut Documents, shown: &mut Shown) {
    let text = format!("\n{}", std::fs::read_to_string(file).unwrap());
    let mut world = World::new().await;
    for exchange in parse(&text) {
        prepare(&mut world, &exchange).await;
        let path = write_out(&exchange.path, &world.names);
        let mut request = Request::builder().method(exchange.method.as_str()).uri(path);
        for (name, value) in &exchange.headers {
            request = request.header(name, write_out(value, &world.names));
        }
        let is_form = |(_, value): &(String, String)| value.starts_with("multipart/");
        let body = write_out(&exchange.body, &world.names);
        let body = if exchange.headers.iter().any(is_form) {
            // A form's lines end as the protocol wants, also the last.
            body.replace('\n', "\r\n") + "\r\n"
        } else {
            body
        };
        let asked = body.clone();
        let body = Body::from(body);
        let response = world.send(request.body(body).unwrap()).await;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(body, usize::MAX).await.unwrap();
        let outcome = if parts.status.as_u16() == exchange.status {
            same_headers(&exchange, &parts.headers, &mut world.names)
                .and_then(|()| same_body(&exchange, &body, &mut world.names))
                .and_then(|()| is_described(documents, &exchange, &asked, (&parts, &body), shown))
        } else {
            Err(format!("status {} ≠ {}", exchange.status, parts.status))
        };
        if let Err(difference) = outcome {
            let (file, title) = (file.display(), &exchange.title);
            let body = String::from_utf8_lossy(&body);
            panic!("{file}: {title}: {difference}\n{:#?}\n{body}", parts.headers);
        }
    }
}

/// Every transcript of a dialect's folder, which show all of its routes.
async fn replay_all(dialect: &str, routes: &[Route]) {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/transcripts").join(dialect);
    let entries = std::fs::read_dir(&folder).unwrap();
    let mut files: Vec<PathBuf> = entries.map(|entry| entry.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty(), "no transcripts in {}", folder.display());
    let (mut documents, mut shown) = (Documents::read(), Shown::new());
    for file in files {
        replay(&file, &mut documents, &mut shown).await;
    }
    let unshown = routes.iter().filter(|route| route.access != Access::Open);
    let unshown = unshown.map(|route| (route.verb.as_str(), route.path()));
    let unshown: Vec<_> = unshown.filter(|route| !shown.contains(route)).collect();
    assert!(unshown.is_empty(), "no transcript shows {unshown:?}");
}

#[tokio::test]
async fn aiva_answers_as_its_transcripts_show() {
    replay_all("aiva", aiva::ROUTES).await;
}

#[tokio::test]
async fn aivastark_answers_as_its_transcripts_show() {
    replay_all("aivastark", aivastark::ROUTES).await;
}

#[tokio::test]
async fn aksita_answers_as_its_transcripts_show() {
    replay_all("aksita", aksita::ROUTES).await;
}

#[tokio::test]
async fn aerochat_answers_as_its_transcripts_show() {
    replay_all("aerochat", aerochat::ROUTES).await;
}

#[tokio::test]
async fn asyntai_answers_as_its_transcripts_show() {
    replay_all("asyntai", asyntai::ROUTES).await;
}

#[tokio::test]
async fn the_operator_api_answers_as_its_transcripts_show() {
    replay_all("operator", operator::ROUTES).await;
}
