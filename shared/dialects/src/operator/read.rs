//! What all handlers read alike: the things a path names, and fields that change something.

use aiva_core::change::Change;
use aiva_core::error::{Error, Result};
use aiva_core::ports::Ports;
use aiva_core::project::{self, Project};
use aiva_core::workspace::{self, Workspace};
use serde_json::Value;

use crate::http::{Call, Edge, Failure, Fields};

/// The workspace that the path names.
pub(super) async fn workspace<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<Workspace, Failure> {
    Ok(workspace::find(&edge.app.store, id(call, "workspace")?).await?)
}

/// The project that the path names, in the workspace that it names.
pub(super) async fn project<P: Ports>(edge: &Edge<P>, call: &Call) -> Result<Project, Failure> {
    let workspace = id(call, "workspace")?;
    Ok(project::resolve(&edge.app.store, workspace, call.param("project")).await?)
}

/// An id in the path; one that is none names nothing.
pub(super) fn id<T: std::str::FromStr>(call: &Call, name: &str) -> Result<T> {
    call.param(name).parse().map_err(|_| Error::NotFound)
}

/// The value as a whole number of either sign.
pub(super) fn whole(field: &'static str, value: &Value) -> Result<i64> {
    value.as_i64().ok_or_else(|| Error::invalid(field, "must be a whole number"))
}

/// A field that tells null from absence.
pub(super) fn change<T>(
    fields: &mut Fields,
    name: &'static str,
    parse: impl FnOnce(&'static str, &Value) -> Result<T>,
) -> Option<Change<T>> {
    if fields.is_null(name) {
        return Some(Change::Clear);
    }
    match fields.has(name) {
        true => fields.required(name, parse).map(Change::Set),
        false => Some(Change::Keep),
    }
}

/// A filter of the query: absent or empty is any, an unknown name is refused.
pub(super) fn filter<T>(
    call: &Call,
    name: &'static str,
    parse: impl FnOnce(&str) -> Option<T>,
) -> Result<Option<T>> {
    let Some(text) = call.query.get(name).filter(|text| !text.is_empty()) else {
        return Ok(None);
    };
    parse(text).map(Some).ok_or_else(|| Error::invalid(name, "is not a known value"))
}
