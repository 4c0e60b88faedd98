//! Lists: `{data, next_cursor, has_more}`, with sealed cursors.

use aiva_core::id::WorkspaceId;
use aiva_core::page::{CursorScope, Limit, Page};
use aiva_core::ports::Ports;
use http::StatusCode;
use serde::Serialize;

use crate::http::{Asked, Call, Edge, Failure, Reply};

pub(super) const DEFAULT_ITEMS: u16 = 50;
pub(super) const MAX_ITEMS: u16 = 200;

#[derive(Serialize)]
struct Items<R> {
    data: Vec<R>,
    next_cursor: Option<String>,
    has_more: bool,
}

/// Reads `limit` (1 to 200, else `items`) and `cursor`.
pub(super) async fn asked<'a, P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    (workspace, list): (WorkspaceId, &'a str),
    items: u16,
) -> Result<Asked<'a>, Failure> {
    let limit = Limit::parse(call.query.get("limit"), items, MAX_ITEMS)?;
    let cursor = call.query.get("cursor").filter(|cursor| !cursor.is_empty());
    Ok(Asked::read(edge, CursorScope { workspace, list }, limit, cursor).await?)
}

/// Answers a page, each item as its row.
pub(super) async fn reply<P: Ports, T, R: Serialize>(
    asked: &Asked<'_>,
    edge: &Edge<P>,
    page: Page<T>,
    row: fn(T) -> R,
) -> Result<Reply, Failure> {
    let Page { items: data, next } = page.map(row);
    let next_cursor = asked.seal(edge, next).await?;
    let has_more = next_cursor.is_some();
    Reply::json(StatusCode::OK, &Items { data, next_cursor, has_more })
}
