//! Listing the conversations in which somebody told how to be reached.

use super::Conversation;
use crate::error::Result;
use crate::id::{ProjectId, WorkspaceId};
use crate::page::Limit;
use crate::ports::ConversationStore;

/// Lists the leads of some projects, newest conversation first.
///
/// # Errors
/// When the store fails.
pub async fn leads(
    store: &impl ConversationStore,
    workspace: WorkspaceId,
    projects: &[ProjectId],
    limit: Limit,
) -> Result<Vec<Conversation>> {
    store.leads_before(workspace, projects, None, limit.get()).await
}
