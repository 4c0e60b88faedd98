//! What requests ask for alike: a website, and how many rows.

use aiva_core::error::{Error, Result};
use aiva_core::key::Caller;
use aiva_core::page::Limit;
use aiva_core::ports::Ports;
use aiva_core::project::{self, Project};
use serde_json::Value;

use crate::http::{Call, Edge, Failure};

/// The `limit` of the query; one above the most is cut.
pub(super) fn limit(call: &Call, default: u16, most: u16) -> Result<Limit> {
    let Some(text) = call.query.get("limit") else { return Ok(Limit::of(default)) };
    let asked = text.parse::<u64>().ok().filter(|number| *number > 0);
    let asked = asked.ok_or_else(|| Error::invalid("limit", "must be a whole number from 1"))?;
    Ok(Limit::of(u16::try_from(asked).unwrap_or(most).min(most)))
}

/// The project that the query's `website_id` names, or the key's own.
pub(super) async fn website<P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    caller: &Caller,
) -> Result<Project, Failure> {
    let number = match call.query.get("website_id") {
        Some(text) => Some(digits("website_id", text)?),
        None => None,
    };
    Ok(project::meant(&edge.app.store, &caller.key, number).await?)
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
