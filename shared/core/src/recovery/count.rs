//! Counting what was missed.

use super::Window;
use crate::error::Result;
use crate::id::WorkspaceId;
use crate::page::Limit;
use crate::ports::RecoveryStore;

/// How much was missed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Missed {
    /// Events.
    pub count: u64,
    /// Whether there may be more: the window holds too much to be counted in one request.
    pub is_minimum: bool,
}

const PAGE: Limit = Limit::of(200);
/// Pages that are read to count, at most.
const MAX_PAGES: usize = 50;

/// Counts the missed events of a window, as far as 10,000 deliveries go.
///
/// # Errors
/// When the store fails.
pub async fn count(
    store: &impl RecoveryStore,
    workspace: WorkspaceId,
    window: &Window,
) -> Result<Missed> {
    let (mut count, mut position) = (0, None);
    for _ in 0..MAX_PAGES {
        let page = store.candidates(workspace, window, position.as_deref(), PAGE).await?;
        let missed = page.items.iter().filter(|candidate| candidate.is_missed()).count();
        count += u64::try_from(missed).unwrap_or(u64::MAX);
        position = page.next;
        if position.is_none() {
            return Ok(Missed { count, is_minimum: false });
        }
    }
    Ok(Missed { count, is_minimum: true })
}
