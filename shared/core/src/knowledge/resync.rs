//! Fetching a source again.

use std::time::Duration;

use super::add::ask;
use super::source::{Origin, Source, SourceState};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::ports::{Clock, KnowledgeStore, Ports};
use crate::project::Project;

/// Asks for a source to be fetched again. What it said before answers until it is read.
///
/// # Errors
/// [`Error::NotFound`] when the project has no such source, [`Error::Conflict`] when there is nowhere to
/// fetch it from.
pub async fn resync<P: Ports>(app: &App<P>, project: &Project, source: SourceId) -> Result<Source> {
    let known = app.store.source(project.workspace, project.id, source).await?;
    let known = known.ok_or(Error::NotFound)?;
    match known.origin {
        Origin::Raw | Origin::File { .. } => {
            return Err(Error::conflict("this source was sent to us; delete it and send it anew"));
        }
        Origin::Url { .. } | Origin::Github { .. } | Origin::Drive { .. } => {}
    }
    let due = app.now() + Duration::from_millis(app.settings.outbox_grace_ms);
    if !app.store.requeue_source(&known, due).await? {
        return Err(Error::NotFound);
    }
    ask(app, &known, Some(known.id)).await;
    Ok(Source { state: SourceState::Queued, reason: None, updated_at: app.now(), ..known })
}
