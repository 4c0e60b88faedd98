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
    Err(reached(limit, clock))
}

fn reached(limit: u32, clock: &impl Clock) -> Error {
    let now = clock.now();
    Error::QuotaReached {
        quota: Quota::CharactersPerDay,
        limit,
        retry_after_seconds: seconds_until(time::next_day(now), now),
    }
}

/// How the reason ends of a source that a plan had no room for.
const TOMORROW: &str = "; try again tomorrow";

/// Why a source failed that has more characters than the plan takes.
pub(super) fn reason(characters: u64, limit: u32) -> String {
    format!("it has {characters} characters, and the plan takes {limit} a day{TOMORROW}")
}

/// Whether a source failed for that.
pub(super) fn is_refusal(reason: &str) -> bool {
    reason.ends_with(TOMORROW)
}

/// The refusal of a request whose source failed for that.
///
/// # Errors
/// When the store fails.
pub(super) async fn refusal(
    store: &impl WorkspaceStore,
    clock: &impl Clock,
    workspace: WorkspaceId,
) -> Result<Error> {
    let plan = workspace::find(store, workspace).await?.plan;
    Ok(reached(plan.terms().characters_per_day.unwrap_or(0), clock))
}
