//! How much knowledge a plan takes in a day.

use crate::error::{Error, Quota, Result};
use crate::id::WorkspaceId;
use crate::key::seconds_until;
use crate::ports::{Clock, KnowledgeStore, WorkspaceStore};
use crate::time;
use crate::workspace;

/// Takes so many characters off what the workspace's plan allows today (UTC), or refuses. To be called
/// before the text is stored: a crash in between costs the characters, never the limit.
///
/// # Errors
/// [`Error::QuotaReached`] when the day has not so many left.
pub async fn take_characters(
    store: &(impl KnowledgeStore + WorkspaceStore),
    clock: &impl Clock,
    workspace: WorkspaceId,
    characters: u64,
) -> Result<()> {
    let plan = workspace::find(store, workspace).await?.plan;
    let Some(limit) = plan.terms().characters_per_day else { return Ok(()) };
    let now = clock.now();
    if store.count_characters(workspace, now, characters, limit).await? {
        return Ok(());
    }
    Err(Error::QuotaReached {
        quota: Quota::CharactersPerDay,
        limit,
        retry_after_seconds: seconds_until(time::next_day(now), now),
    })
}
