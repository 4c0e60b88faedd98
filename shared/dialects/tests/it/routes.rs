//! The table of routes against the functions that serve them and the template that deploys them.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use aiva_dialects::http::{Function, Route};
use aiva_dialects::{function, routes};

use crate::world::TestPorts;

type Served = BTreeSet<(&'static str, &'static str)>;

fn names<'a>(routes: impl Iterator<Item = &'a Route>) -> Served {
    routes.map(|route| (route.verb.as_str(), route.path())).collect()
}

#[test]
fn every_function_serves_just_its_routes_of_the_table() {
    let sets = [
        (Function::MessageSubmit, function::message_submit::<TestPorts>()),
        (Function::ConversationRead, function::conversation_read()),
        (Function::IdentityVerify, function::identity_verify()),
        (Function::Chat, function::chat()),
        (Function::KnowledgeManage, function::knowledge_manage()),
        (Function::Admin, function::admin()),
    ];
    for (function, set) in sets {
        let wanted = names(routes::all().filter(|route| route.function == function));
        assert_eq!(names(set.routes()), wanted, "{}", function.as_str());
    }
    let everything = function::everything::<TestPorts>();
    assert_eq!(names(everything.routes()), names(routes::all()));
    assert_eq!(everything.routes().count(), routes::all().count(), "a route is served twice");
}

#[test]
fn no_two_routes_of_the_table_mean_the_same_request() {
    let mut seen = BTreeSet::new();
    for route in routes::all() {
        for path in route.paths {
            let shape: Vec<&str> = path
                .split('/')
                .map(|part| if part.starts_with('{') { "{}" } else { part })
                .collect();
            assert!(seen.insert((route.verb, shape.join("/"))), "{path}");
        }
    }
}

/// A gateway that the template is deployed to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Gateway {
    /// Its `{proxy+}` takes an empty rest, and no route key of it may end in a slash.
    Aws,
    /// Its `{proxy+}` takes no empty rest; it has the routes with `Condition: IsLocal`, too.
    Emulator,
}

/// The routes of the template on a gateway: the key, and the function that its integration names.
fn template(gateway: Gateway) -> Vec<(String, String)> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../template.yaml");
    let text = std::fs::read_to_string(file).unwrap();
    let mut found = Vec::new();
    let (mut key, mut is_local) = (None, false);
    for line in text.lines().map(str::trim) {
        if line == "Type: AWS::ApiGatewayV2::Route" {
            is_local = false;
        } else if line == "Condition: IsLocal" {
            is_local = true;
        } else if let Some(route) = line.strip_prefix("RouteKey: ") {
            assert!(key.replace(route.trim_matches(['\'', '"']).to_owned()).is_none(), "{line}");
        } else if let Some(target) = line.strip_prefix("Target: ") {
            let name = target.split("integrations/${").nth(1).unwrap_or_default();
            let name = name.split("Integration}").next().unwrap_or_default();
            let key = key.take().expect("a target follows its route key");
            if gateway == Gateway::Emulator || !is_local {
                found.push((key, kebab(name)));
            }
        }
    }
    found
}

/// `MessageSubmit` → `message-submit`.
fn kebab(name: &str) -> String {
    let mut out = String::new();
    for (place, letter) in name.char_indices() {
        if letter.is_ascii_uppercase() && place > 0 {
            out.push('-');
        }
        out.push(letter.to_ascii_lowercase());
    }
    out
}

/// How well a route key takes a request; a gateway takes the most specific.
fn rank(gateway: Gateway, key: &str, (verb, path): (&str, &str)) -> Option<(usize, bool)> {
    let (method, pattern) = key.split_once(' ')?;
    if method != verb && method != "ANY" {
        return None;
    }
    let (mut wanted, mut parts) = (pattern.split('/'), path.split('/'));
    let mut same = 0;
    loop {
        match (wanted.next(), parts.next()) {
            (None, None) => return Some((same, method == verb)),
            (Some("{proxy+}"), Some("")) if gateway == Gateway::Emulator => return None,
            (Some("{proxy+}"), Some(_)) => return Some((same, method == verb)),
            (Some(one), Some(other)) if one == other => same += 2,
            (Some(one), Some(other)) if one.starts_with('{') && !other.is_empty() => same += 1,
            _ => return None,
        }
    }
}

#[test]
fn the_template_sends_every_route_to_its_function_with_and_without_a_slash() {
    sends_every_route_to_its_function(Gateway::Aws);
}

#[test]
fn it_does_so_where_a_greedy_route_takes_no_empty_rest() {
    sends_every_route_to_its_function(Gateway::Emulator);
}

#[test]
fn no_route_key_that_aws_gets_ends_in_a_slash() {
    for (key, _) in template(Gateway::Aws) {
        assert!(!key.ends_with('/'), "{key}");
    }
}

fn sends_every_route_to_its_function(gateway: Gateway) {
    let template = template(gateway);
    assert!(template.len() > 5, "the template's routes were not read");
    for route in routes::all() {
        for path in route.paths {
            // A query tells two dialects apart, and API Gateway does not look at it.
            let path = path.split('?').next().unwrap_or_default();
            for path in [path.to_owned(), format!("{path}/")] {
                let verb = route.verb.as_str();
                let best = template
                    .iter()
                    .filter_map(|(key, target)| {
                        Some((rank(gateway, key, (verb, &path))?, target.as_str()))
                    })
                    .max();
                let fallback = template.iter().find(|(key, _)| key == "$default").unwrap();
                let target = best.map_or(fallback.1.as_str(), |(_, target)| target);
                assert_eq!(target, route.function.as_str(), "{verb} {path}");
            }
        }
    }
}

#[test]
fn the_template_has_no_route_that_the_table_does_not_know() {
    let mut known: BTreeMap<&str, BTreeSet<&str>> = BTreeMap::new();
    for route in routes::all() {
        known.entry(route.function.as_str()).or_default().extend(route.paths);
    }
    for (key, function) in template(Gateway::Emulator) {
        let Some((_, pattern)) = key.split_once(' ') else { continue };
        let pattern = pattern.strip_suffix('/').unwrap_or(pattern);
        let prefix = pattern.strip_suffix("/{proxy+}").unwrap_or(pattern);
        let served = known[function.as_str()].iter().any(|path| {
            *path == pattern || path.starts_with(&format!("{prefix}/")) || *path == prefix
        });
        assert!(served, "{key} goes to {function}, which has no such route");
    }
}
