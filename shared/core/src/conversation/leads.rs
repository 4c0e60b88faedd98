//! Listing the conversations in which somebody told how to be reached.

use super::Conversation;
use crate::error::Result;
use crate::id::{ProjectId, WorkspaceId};
use crate::page::Limit;
use crate::ports::ConversationStore;

/// Lists a project's leads, newest conversation first.
///
/// # Errors
/// When the store fails.
pub async fn leads(
    store: &impl ConversationStore,
    (workspace, project): (WorkspaceId, ProjectId),
    limit: Limit,
) -> Result<Vec<Conversation>> {
    store.leads_before(workspace, project, None, limit.get()).await
}
