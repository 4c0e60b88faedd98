//! Removing a source.

use std::time::Duration;

use super::add::ask;
use super::source::Origin;
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::SourceId;
use crate::key::ApiKey;
use crate::ports::{Clock, KnowledgeStore, Objects, Ports};
use crate::project::{self, Project};

/// Removes a source; it answers nothing from the next message on.
///
/// # Errors
/// [`Error::NotFound`] when the project has no such source.
pub async fn remove<P: Ports>(app: &App<P>, project: &Project, source: SourceId) -> Result<()> {
    let (workspace, id) = (project.workspace, project.id);
    let known = app.store.source(workspace, id, source).await?.ok_or(Error::NotFound)?;
    let due = app.now() + Duration::from_millis(app.settings.outbox_grace_ms);
    if !app.store.delete_source(workspace, id, source, due).await? {
        return Err(Error::NotFound);
    }
    let upload = match &known.origin {
        Origin::File { object, .. } => Some(object),
        Origin::Raw | Origin::Url { .. } | Origin::Github { .. } | Origin::Drive { .. } => None,
    };
    for object in upload.into_iter().chain(&known.content) {
        if let Err(error) = app.objects.delete(object).await {
            tracing::warn!(source_id = %source, %error, "an object of a deleted source stays");
        }
    }
    ask(app, &known, None).await;
    Ok(())
}

/// Removes a source from a key's own project, or else from that of the others the key sees which has it.
///
/// # Errors
/// [`Error::NotFound`] when none has it.
pub async fn remove_anywhere<P: Ports>(app: &App<P>, key: &ApiKey, source: SourceId) -> Result<()> {
    let own = project::meant(&app.store, key, None).await?;
    match remove(app, &own, source).await {
        Err(Error::NotFound) => {}
        removed => return removed,
    }
    for project in project::others(&app.store, key).await? {
        match remove(app, &project, source).await {
            Err(Error::NotFound) => {}
            removed => return removed,
        }
    }
    Err(Error::NotFound)
}
