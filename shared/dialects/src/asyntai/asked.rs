//! What requests ask for alike: a website, or all of them.

use aiva_core::error::{Error, Result};
use aiva_core::key::Caller;
use aiva_core::ports::Ports;
use aiva_core::project::{self, Project};
use serde_json::Value;

use crate::http::{Call, Edge, Failure};

/// The number in the query's `website_id`, if it has one.
fn number(call: &Call) -> Result<Option<u32>> {
    call.query.get("website_id").map(|text| digits("website_id", text)).transpose()
}

/// The project that the query's `website_id` names, or the key's own.
pub(super) async fn website<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
) -> Result<Project, Failure> {
    Ok(project::meant(&edge.app.store, &caller.key, number(call)?).await?)
}

/// The project that the query's `website_id` names, if it names one.
pub(super) async fn website_if_named<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
) -> Result<Option<Project>, Failure> {
    match number(call)? {
        None => Ok(None),
        named => Ok(Some(project::meant(&edge.app.store, &caller.key, named).await?)),
    }
}

/// The project that the query's `website_id` names, or all that the key sees.
pub(super) async fn websites<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
) -> Result<Vec<Project>, Failure> {
    if let Some(named) = website_if_named(edge, call, caller).await? {
        return Ok(vec![named]);
    }
    let all = project::numbered(&edge.app.store, &caller.key).await?;
    Ok(all.into_iter().map(|(_, project)| project).collect())
}

/// A website's number, as a number or as digits.
pub(super) fn website_id(field: &'static str, value: &Value) -> Result<u32> {
    match value {
        Value::String(text) => digits(field, text),
        Value::Null | Value::Bool(_) | Value::Number(_) | Value::Array(_) | Value::Object(_) => {
            let number = value.as_u64().and_then(|number| u32::try_from(number).ok());
            number.ok_or_else(|| Error::invalid(field, "must be the number of a website"))
        }
    }
}

fn digits(field: &'static str, text: &str) -> Result<u32> {
    text.parse().map_err(|_| Error::invalid(field, "must be the number of a website"))
}
