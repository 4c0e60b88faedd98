//! Lists: `{items, nextCursor?}`, newest first, with sealed cursors.

use std::str::FromStr;

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::page::{self, CursorScope, Limit, Page};
use aiva_core::ports::Ports;
use http::StatusCode;
use serde::Serialize;

use crate::http::{Call, Edge, Failure, Reply};

const DEFAULT_ITEMS: u16 = 50;
const MAX_ITEMS: u16 = 200;

/// The page that a request asks for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    scope: CursorScope<'a>,
    /// How many items.
    pub(super) limit: Limit,
    /// Where to go on.
    pub(super) position: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Items<R> {
    items: Vec<R>,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_cursor: Option<String>,
}

impl<'a> Asked<'a> {
    /// Reads `limit` and `cursor`.
    pub(super) async fn read<P: Ports>(
        edge: &Edge<P>,
        call: &Call,
        workspace: WorkspaceId,
        list: &'a str,
    ) -> Result<Self, Failure> {
        let limit = Limit::parse(call.query.get("limit"), DEFAULT_ITEMS, MAX_ITEMS)?;
        let scope = CursorScope { workspace, list };
        let position = match call.query.get("cursor") {
            Some(cursor) => Some(page::open(&edge.app.vault, scope, cursor).await?),
            None => None,
        };
        Ok(Self { scope, limit, position })
    }

    /// The first page of a list, whatever was asked for.
    pub(super) fn beginning(workspace: WorkspaceId, list: &'a str) -> Self {
        let limit = Limit::of(DEFAULT_ITEMS);
        Self { scope: CursorScope { workspace, list }, limit, position: None }
    }

    /// The position as what the list is ordered by.
    pub(super) fn before<T: FromStr>(&self) -> Result<Option<T>> {
        let Some(position) = &self.position else { return Ok(None) };
        position
            .parse()
            .map(Some)
            .map_err(|_| Error::invalid("cursor", "is not a cursor of this list"))
    }

    /// Answers a page, each item as its row.
    pub(super) async fn reply<P: Ports, T, R: Serialize>(
        &self,
        edge: &Edge<P>,
        page: Page<T>,
        row: fn(T) -> R,
    ) -> Result<Reply, Failure> {
        let Page { items, next } = page.map(row);
        let next_cursor = self.seal(edge, next).await?;
        Reply::success(StatusCode::OK, &Items { items, next_cursor })
    }

    /// Seals a position of this list into a cursor.
    pub(super) async fn seal<P: Ports>(
        &self,
        edge: &Edge<P>,
        position: Option<String>,
    ) -> Result<Option<String>> {
        match position {
            Some(position) => Ok(Some(page::seal(&edge.app.vault, self.scope, &position).await?)),
            None => Ok(None),
        }
    }
}
