//! Routes as data, and the search for the one that a request means.

use std::collections::BTreeSet;
use std::fmt;
use std::pin::Pin;
use std::sync::Arc;

use aiva_core::dialect::Dialect;
use aiva_core::key::Scope;
use aiva_core::operator::Role;
use aiva_core::ports::Ports;
use http::Method;
use percent_encoding::percent_decode_str;

use super::{Call, Edge, Failure, Query, Reply};

/// One route of the product.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Route {
    /// The function that serves it.
    pub function: Function,
    /// In whose words it answers.
    pub voice: Voice,
    /// Its method.
    pub verb: Verb,
    /// Its path, with `{name}` for one segment; aliases follow the path it is known by. Where a path ends
    /// in `?name`, the route is meant only when the query has that parameter.
    pub paths: &'static [&'static str],
    /// Who may call it.
    pub access: Access,
}

impl Route {
    /// The path it is known by.
    pub const fn path(&self) -> &'static str {
        self.paths[0]
    }
}

/// The functions that answer HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Function {
    /// Takes messages.
    MessageSubmit,
    /// Answers polls and lists, and whatever no route matches.
    ConversationRead,
    /// Asks end users to prove who they are, and serves the page behind the link.
    IdentityVerify,
    /// Answers messages while their senders wait, and serves what belongs to those dialects.
    Chat,
    /// Takes, lists and deletes sources of knowledge.
    KnowledgeManage,
    /// Serves the operator API, and manages webhooks.
    Admin,
}

impl Function {
    /// The name of its folder.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::MessageSubmit => "message-submit",
            Self::ConversationRead => "conversation-read",
            Self::IdentityVerify => "identity-verify",
            Self::Chat => "chat",
            Self::KnowledgeManage => "knowledge-manage",
            Self::Admin => "admin",
        }
    }
}

/// In whose words an answer is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Voice {
    /// A vendor's dialect.
    Dialect(Dialect),
    /// The operator API: Aiva's envelope.
    Operator,
}

impl Voice {
    /// The name in logs.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Dialect(dialect) => dialect.as_str(),
            Self::Operator => "operator",
        }
    }

    /// Whose words an unknown path is answered in (contract in detail, "Unknown route").
    pub(super) fn of_path(path: &str) -> Self {
        const ASYNTAI: [&str; 7] =
            ["chat", "websites", "sessions", "leads", "account", "knowledge", "webhooks"];
        let below = |prefix: &str| {
            path.strip_prefix(prefix).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
        };
        if below("/admin") {
            return Self::Operator;
        }
        Self::Dialect(if below("/v1/projects") {
            Dialect::Aivastark
        } else if below("/bot") {
            Dialect::Aerochat
        } else if path.starts_with("/api/session") || path.starts_with("/api/chat") {
            Dialect::Aksita
        } else if ASYNTAI.iter().any(|first| below(&format!("/api/v1/{first}"))) {
            Dialect::Asyntai
        } else {
            Dialect::Aiva
        })
    }
}

/// The methods that routes have. `HEAD` is answered wherever `GET` is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Verb {
    /// Reads.
    Get,
    /// Makes or does.
    Post,
    /// Replaces.
    Put,
    /// Changes in part.
    Patch,
    /// Removes.
    Delete,
}

impl Verb {
    /// The method on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Get => "GET",
            Self::Post => "POST",
            Self::Put => "PUT",
            Self::Patch => "PATCH",
            Self::Delete => "DELETE",
        }
    }

    fn takes(self, method: &Method) -> bool {
        method.as_str() == self.as_str() || (self == Self::Get && method == Method::HEAD)
    }
}

/// Who may call a route.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Access {
    /// Anyone.
    Open,
    /// Any live key.
    AnyKey,
    /// A key with this scope.
    Key(Scope),
    /// An operator who may: to read, any of the workspace; to change it, its owner. The edge checks it
    /// before the handler runs.
    Operator,
    /// Like [`Access::Operator`], at least with this role.
    Role(Role),
}

impl Route {
    /// The least role that may call it, where it is an operator's.
    pub fn role(&self) -> Option<Role> {
        match self.access {
            Access::Open | Access::AnyKey | Access::Key(_) => None,
            Access::Operator if self.verb == Verb::Get => Some(Role::Agent),
            Access::Operator => Some(Role::Owner),
            Access::Role(role) => Some(role),
        }
    }
}

/// A handler at work.
pub type Answering = Pin<Box<dyn Future<Output = Result<Reply, Failure>> + Send>>;

/// What answers a route: `|edge, call| Box::pin(module::verb(edge, call))`.
pub type Handler<P> = fn(Arc<Edge<P>>, Call) -> Answering;

/// The routes that one process serves, with their handlers.
pub struct RouteSet<P: Ports>(Vec<(Route, Handler<P>)>);

impl<P: Ports> RouteSet<P> {
    /// Serves nothing yet.
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Serves a route of the table.
    #[must_use]
    pub fn serve(mut self, route: Route, handler: Handler<P>) -> Self {
        self.0.push((route, handler));
        self
    }

    /// Serves what another set serves, too.
    #[must_use]
    pub fn with(mut self, other: Self) -> Self {
        self.0.extend(other.0);
        self
    }

    /// The routes that are served.
    pub fn routes(&self) -> impl Iterator<Item = &Route> {
        self.0.iter().map(|(route, _)| route)
    }

    pub(super) fn handler(&self, wanted: &Route) -> Option<Handler<P>> {
        self.0.iter().find(|(route, _)| route == wanted).map(|(_, handler)| *handler)
    }
}

impl<P: Ports> Default for RouteSet<P> {
    fn default() -> Self {
        Self::new()
    }
}

impl<P: Ports> fmt::Debug for RouteSet<P> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.routes()).finish()
    }
}

/// Parameters of a path, by name.
pub(super) type Params = Vec<(&'static str, String)>;

/// What a method and a path mean.
#[derive(Debug)]
pub(super) enum Found {
    /// A route, with the parameters of its path.
    Route(&'static Route, Params),
    /// The path is this route's, the method is not.
    WrongMethod { route: &'static Route, allow: String },
    /// No route.
    Nothing { voice: Voice },
}

/// Finds the route that a request means. Of several that match, the one with the fewest parameters.
pub(super) fn find<'r>(
    routes: impl Iterator<Item = &'static Route> + 'r,
    method: &Method,
    path: &str,
    query: &Query,
) -> Found {
    let nothing = Found::Nothing { voice: Voice::of_path(path) };
    let Some(segments) = segments(path) else { return nothing };
    let mut best: Option<(&'static Route, Matched)> = None;
    let (mut allowed, mut first) = (BTreeSet::new(), None);
    for route in routes {
        let Some(found) = route.paths.iter().find_map(|path| matched(path, &segments, query))
        else {
            continue;
        };
        first.get_or_insert(route);
        allowed.insert(route.verb);
        let better = best.as_ref().is_none_or(|(_, known)| found.rank() < known.rank());
        if route.verb.takes(method) && better {
            best = Some((route, found));
        }
    }
    match (best, first) {
        (Some((route, found)), _) => Found::Route(route, found.params),
        (None, Some(route)) => Found::WrongMethod { route, allow: allow(&allowed) },
        (None, None) => nothing,
    }
}

fn allow(verbs: &BTreeSet<Verb>) -> String {
    let names = verbs.iter().flat_map(|verb| match verb {
        Verb::Get => vec!["GET", "HEAD"],
        Verb::Post | Verb::Put | Verb::Patch | Verb::Delete => vec![verb.as_str()],
    });
    names.collect::<Vec<_>>().join(", ")
}

/// The decoded segments of a path; one slash at its end means nothing. `None` when a segment is empty
/// or no UTF-8.
fn segments(path: &str) -> Option<Vec<String>> {
    let inner = path.strip_prefix('/')?;
    let inner = inner.strip_suffix('/').unwrap_or(inner);
    inner
        .split('/')
        .map(|segment| {
            let text = percent_decode_str(segment).decode_utf8().ok()?;
            (!text.is_empty()).then(|| text.into_owned())
        })
        .collect()
}

/// How a path fits a request.
struct Matched {
    params: Params,
    by_query: bool,
}

impl Matched {
    /// The smaller, the more exactly is the route meant.
    fn rank(&self) -> (usize, bool) {
        (self.params.len(), !self.by_query)
    }
}

fn matched(path: &'static str, segments: &[String], query: &Query) -> Option<Matched> {
    let (pattern, asked) =
        path.split_once('?').map_or((path, None), |(path, name)| (path, Some(name)));
    if asked.is_some_and(|name| query.get(name).is_none()) {
        return None;
    }
    let by_query = asked.is_some();
    let mut wanted = pattern.split('/').skip(1);
    let mut params = Params::new();
    for segment in segments {
        let part = wanted.next()?;
        match part.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')) {
            Some(name) => params.push((name, segment.clone())),
            None if part == segment => {}
            None => return None,
        }
    }
    wanted.next().is_none().then_some(Matched { params, by_query })
}

#[cfg(test)]
mod tests {
    use super::*;

    const fn route(verb: Verb, paths: &'static [&'static str]) -> Route {
        let voice = Voice::Dialect(Dialect::Aiva);
        Route { function: Function::Admin, voice, verb, paths, access: Access::Open }
    }
    const TABLE: &[Route] = &[
        route(Verb::Get, &["/a/{id}", "/b/{id}"]),
        route(Verb::Get, &["/a/new"]),
        route(Verb::Post, &["/a/new"]),
        route(Verb::Get, &["/a/new?of"]),
    ];

    fn found(method: &Method, path: &str) -> Found {
        let (path, query) =
            path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query)));
        find(TABLE.iter(), method, path, &Query::parse(query))
    }

    #[test]
    fn the_route_with_the_fewest_parameters_is_meant() {
        assert!(matches!(found(&Method::GET, "/a/new/"), Found::Route(r, _) if *r == TABLE[1]));
        let Found::Route(route, params) = found(&Method::HEAD, "/b/x%2Fy%C3%A9/") else {
            panic!("not found")
        };
        assert_eq!(*route, TABLE[0]);
        assert_eq!(params, [("id", "x/yé".to_owned())]);
    }

    #[test]
    fn a_route_that_asks_for_a_parameter_is_meant_only_with_it() {
        for (path, wanted) in [("/a/new/?of=x", 3), ("/a/new?other", 1), ("/a/new", 1)] {
            let Found::Route(route, _) = found(&Method::GET, path) else { panic!("{path}") };
            assert_eq!(*route, TABLE[wanted], "{path}");
        }
    }

    #[test]
    fn a_wrong_method_is_told_the_right_ones() {
        let Found::WrongMethod { route, allow } = found(&Method::DELETE, "/a/new") else {
            panic!("found")
        };
        assert_eq!((route.path(), allow.as_str()), ("/a/{id}", "GET, HEAD, POST"));
    }

    #[test]
    fn a_path_that_is_empty_inside_or_no_text_is_no_route() {
        for path in ["/a//", "//a/new", "/a/%ff", "/", "*", "/a/new/x"] {
            assert!(matches!(found(&Method::GET, path), Found::Nothing { .. }), "{path}");
        }
    }

    #[test]
    fn an_unknown_path_is_answered_in_the_words_of_its_dialect() {
        let of = |path| Voice::of_path(path).as_str();
        assert_eq!(of("/v1/projects/p/sourcez"), "aivastark");
        assert_eq!(of("/bot/v1/x"), "aerochat");
        assert_eq!(of("/api/sessions"), "aksita");
        assert_eq!(of("/api/chat"), "aksita");
        assert_eq!(of("/api/v1/chat/x"), "asyntai");
        assert_eq!(of("/api/v1/knowledge/"), "asyntai");
        assert_eq!(of("/api/v1/conversations/a/b"), "aiva");
        assert_eq!(of("/api/v1/mess"), "aiva");
        assert_eq!(of("/robots.txt"), "aiva");
        assert_eq!(of("/admin/v1/nothing"), "operator");
    }
}
