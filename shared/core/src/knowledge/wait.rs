//! Waiting until a source is read, for dialects whose callers expect to hear what became of it.

use std::time::Duration;

use super::quota;
use super::remove::remove;
use super::source::{Source, SourceState};
use crate::app::App;
use crate::error::{Error, Result};
use crate::ports::{Desk, KnowledgeStore, Ports};
use crate::project::Project;

/// The first wait and the longest between two looks.
const LOOKS: std::ops::RangeInclusive<Duration> =
    Duration::from_millis(100)..=Duration::from_secs(1);

/// Waits until a source is ready and its passages are counted, as long as a request may; then it is
/// answered as it stands. One that failed is removed again, for its sender is told at once.
///
/// # Errors
/// [`Error::Invalid`] for `field` with the reason why it cannot be read, [`Error::QuotaReached`] when
/// it has more than the plan takes today, [`Error::NotFound`] when somebody deleted it meanwhile.
pub async fn wait<P: Ports>(
    app: &App<P>,
    desk: &P::Desk,
    project: &Project,
    (mut source, field): (Source, &'static str),
) -> Result<Source> {
    let most = Duration::from_millis(app.settings.answer_within_ms);
    let (mut waited, mut pause) = (Duration::ZERO, *LOOKS.start());
    loop {
        match source.state {
            SourceState::Ready if source.chunks.is_some() => return Ok(source),
            SourceState::Failed => return Err(refused(app, project, &source, field).await?),
            // A small text answers before it is in an index.
            SourceState::Ready
            | SourceState::Queued
            | SourceState::Fetching
            | SourceState::Indexing => {}
        }
        if waited >= most {
            return Ok(source);
        }
        desk.pause(pause).await;
        waited += pause;
        pause = (pause * 2).min(*LOOKS.end());
        let found = app.store.source(project.workspace, project.id, source.id).await?;
        source = found.ok_or(Error::NotFound)?;
    }
}

async fn refused<P: Ports>(
    app: &App<P>,
    project: &Project,
    source: &Source,
    field: &'static str,
) -> Result<Error> {
    match remove(app, project, source.id).await {
        Ok(()) | Err(Error::NotFound) => {}
        Err(error) => return Err(error),
    }
    let reason = source.reason.clone().unwrap_or_else(|| "for an unknown reason".to_owned());
    if quota::is_refusal(&reason) {
        return quota::refusal(&app.store, app, source.workspace).await;
    }
    Ok(Error::invalid(field, format!("cannot be taken: {reason}")))
}
