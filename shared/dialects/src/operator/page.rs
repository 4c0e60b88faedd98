//! Lists: `{items, nextCursor?}`, newest first, with sealed cursors.

use aiva_core::id::WorkspaceId;
use aiva_core::page::{CursorScope, Limit, Page};
use aiva_core::ports::Ports;
use http::StatusCode;
use serde::Serialize;

use crate::http::{Asked, Call, Edge, Failure, Reply};

const DEFAULT_ITEMS: u16 = 50;
const MAX_ITEMS: u16 = 200;

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Items<R> {
    items: Vec<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

/// Reads `limit` and `cursor`.
pub(super) async fn asked<'a, P: Ports>(
    edge: &Edge<P>,
    call: &Call,
    workspace: WorkspaceId,
    list: &'a str,
) -> Result<Asked<'a>, Failure> {
    let limit = Limit::parse(call.query.get("limit"), DEFAULT_ITEMS, MAX_ITEMS)?;
    let scope = CursorScope { workspace, list };
    Ok(Asked::read(edge, scope, limit, call.query.get("cursor")).await?)
}

/// The first page of a list, whatever was asked for.
pub(super) fn beginning(workspace: WorkspaceId, list: &str) -> Asked<'_> {
    Asked::beginning(CursorScope { workspace, list }, Limit::of(DEFAULT_ITEMS))
}

/// Answers a page, each item as its row.
pub(super) async fn reply<P: Ports, T, R: Serialize>(
    asked: &Asked<'_>,
    edge: &Edge<P>,
    page: Page<T>,
    row: impl FnMut(T) -> R,
) -> Result<Reply, Failure> {
    let Page { items, next } = page.map(row);
    let next_cursor = asked.seal(edge, next).await?;
    Reply::success(StatusCode::OK, &Items { items, next_cursor })
}
