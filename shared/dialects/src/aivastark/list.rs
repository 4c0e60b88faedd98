//! Lists: `{data, next_cursor, has_more}`, with sealed cursors.

use std::str::FromStr;

use aiva_core::error::{Error, Result};
use aiva_core::id::WorkspaceId;
use aiva_core::page::{self, CursorScope, Limit, Page};
use aiva_core::ports::Ports;
use http::StatusCode;
use serde::Serialize;

use crate::http::{Call, Edge, Failure, Reply};

const DEFAULT_ITEMS: u16 = 50;
pub(super) const MAX_ITEMS: u16 = 200;

/// The page that a request asks for.
#[derive(Debug)]
pub(super) struct Asked<'a> {
    scope: CursorScope<'a>,
    /// How many items.
    pub(super) limit: Limit,
    position: Option<String>,
}

#[derive(Serialize)]
struct Items<R> {
    data: Vec<R>,
    next_cursor: Option<String>,
    has_more: bool,
}

impl<'a> Asked<'a> {
    /// Reads `limit` (1 to 200, else 50) and `cursor`.
    pub(super) async fn read<P: Ports>(
        edge: &Edge<P>,
        call: &Call,
        workspace: WorkspaceId,
        list: &'a str,
    ) -> Result<Self, Failure> {
        Self::read_or(edge, call, (workspace, list), DEFAULT_ITEMS).await
    }

    /// Like [`Asked::read`], with another number of items where none is asked for.
    pub(super) async fn read_or<P: Ports>(
        edge: &Edge<P>,
        call: &Call,
        (workspace, list): (WorkspaceId, &'a str),
        items: u16,
    ) -> Result<Self, Failure> {
        let limit = Limit::parse(call.query.get("limit"), items, MAX_ITEMS)?;
        let scope = CursorScope { workspace, list };
        let position = match call.query.get("cursor").filter(|cursor| !cursor.is_empty()) {
            Some(cursor) => Some(page::open(&edge.app.vault, scope, cursor).await?),
            None => None,
        };
        Ok(Self { scope, limit, position })
    }

    /// The position as what the list is ordered by.
    pub(super) fn position<T: FromStr>(&self) -> Result<Option<T>> {
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
        let Page { items: data, next } = page.map(row);
        let next_cursor = self.seal(edge, next).await?;
        let has_more = next_cursor.is_some();
        Reply::json(StatusCode::OK, &Items { data, next_cursor, has_more })
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
