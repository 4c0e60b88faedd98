//! The page of a list that a request asks for, with sealed cursors; each dialect has its own envelope.

use std::str::FromStr;

use aiva_core::error::{Error, Result};
use aiva_core::page::{self, CursorScope, Limit};
use aiva_core::ports::Ports;

use super::Edge;

/// The page that a request asks for.
#[derive(Debug)]
pub struct Asked<'a> {
    scope: CursorScope<'a>,
    /// How many items.
    pub limit: Limit,
    /// Where to go on.
    pub position: Option<String>,
}

impl<'a> Asked<'a> {
    /// Opens the cursor that was sent, if one was.
    ///
    /// # Errors
    /// [`Error::Invalid`] for a cursor of another list, or none of ours.
    pub async fn read<P: Ports>(
        edge: &Edge<P>,
        scope: CursorScope<'a>,
        limit: Limit,
        cursor: Option<&str>,
    ) -> Result<Self> {
        let position = match cursor {
            Some(cursor) => Some(page::open(&edge.app.vault, scope, cursor).await?),
            None => None,
        };
        Ok(Self { scope, limit, position })
    }

    /// The first page of a list, whatever was asked for.
    pub fn beginning(scope: CursorScope<'a>, limit: Limit) -> Self {
        Self { scope, limit, position: None }
    }

    /// The position as what the list is ordered by; `None` at the beginning.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none.
    pub fn before<T: FromStr>(&self) -> Result<Option<T>> {
        let Some(position) = &self.position else { return Ok(None) };
        position
            .parse()
            .map(Some)
            .map_err(|_| Error::invalid("cursor", "is not a cursor of this list"))
    }

    /// Seals a position of this list into a cursor.
    ///
    /// # Errors
    /// When the key ring cannot be read.
    pub async fn seal<P: Ports>(
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
