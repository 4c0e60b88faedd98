//! Entries of the request log.

use aiva_core::error::{Error, Result};
use aiva_core::id::RequestId;
use aiva_core::request_log::RequestLogEntry;
use serde::{Deserialize, Serialize};

use super::Millis;

/// An entry: `k` is the key, `m` the method, `r` the route, `s` the status, `c` the error code, `d` the
/// milliseconds it took.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct RequestRow {
    id: RequestId,
    k: String,
    a: Millis,
    m: String,
    r: String,
    s: u16,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    c: Option<String>,
    d: u64,
}

impl From<&RequestLogEntry> for RequestRow {
    fn from(entry: &RequestLogEntry) -> Self {
        Self {
            id: entry.id,
            k: entry.key.to_string(),
            a: entry.at.into(),
            m: entry.method.clone(),
            r: entry.route.clone(),
            s: entry.status,
            c: entry.code.clone(),
            d: entry.duration_ms,
        }
    }
}

impl TryFrom<RequestRow> for RequestLogEntry {
    type Error = Error;

    fn try_from(row: RequestRow) -> Result<Self> {
        Ok(Self {
            id: row.id,
            key: row.k.parse().map_err(Error::internal)?,
            at: row.a.moment()?,
            method: row.m,
            route: row.r,
            status: row.s,
            code: row.c,
            duration_ms: row.d,
        })
    }
}
