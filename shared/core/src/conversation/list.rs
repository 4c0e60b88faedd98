//! Listing conversations, newest first.

use super::{Conversation, ConversationStatus, Owner, Source};
use crate::error::Result;
use crate::id::{ConversationId, ProjectId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::ports::ConversationStore;
use crate::text::ExternalId;

/// Which conversations are wanted; `None` is any.
#[derive(Debug, Clone, Default)]
pub struct ConversationFilter {
    /// Open or resolved.
    pub status: Option<ConversationStatus>,
    /// Only those a human owns (`true`) or the agent owns (`false`).
    pub human: Option<bool>,
    /// Only those where the person chats here.
    pub source: Option<Source>,
    /// Only those this end user last wrote in.
    pub user: Option<ExternalId>,
}

impl ConversationFilter {
    fn wants(&self, conversation: &Conversation) -> bool {
        let human = matches!(conversation.owner, Owner::Human { .. });
        self.status.is_none_or(|status| status == conversation.status)
            && self.human.is_none_or(|wanted| wanted == human)
            && self.source.is_none_or(|source| source == conversation.source)
            && self.user.as_ref().is_none_or(|user| conversation.last_user.as_ref() == Some(user))
    }
}

/// Rows looked at for one page at most: a rare filter answers a short page and a cursor, not a scan.
const MAX_ROUNDS: usize = 10;

/// Lists a project's conversations by the time they were made, newest first.
///
/// # Errors
/// When the store fails.
pub async fn list(
    store: &impl ConversationStore,
    place: (WorkspaceId, ProjectId),
    filter: &ConversationFilter,
    before: Option<ConversationId>,
    limit: Limit,
) -> Result<Page<Conversation>> {
    let mut items = Vec::new();
    let mut position = before;
    for _ in 0..MAX_ROUNDS {
        let wanted = limit.get() - items.len();
        let projects = &[place.1];
        let batch = store.conversations_before(place.0, projects, position, wanted).await?;
        let full = batch.len() >= wanted;
        position = batch.last().map(|conversation| conversation.id).or(position);
        items.extend(batch.into_iter().filter(|conversation| filter.wants(conversation)));
        if !full {
            return Ok(Page { items, next: None });
        }
        if items.len() >= limit.get() {
            break;
        }
    }
    Ok(Page { items, next: position.map(|id| id.to_string()) })
}

/// Rows of a batch of [`recent`].
const BATCH_ROWS: usize = 100;
/// Rows among which [`recent`] looks for the last activity, at least.
const RECENT_ROWS: usize = 200;
/// Rows that [`recent`] looks at, at most.
const MAX_RECENT_ROWS: usize = 1_000;

/// Lists the conversations of some projects in which something was said, by their last activity, newest
/// first. Lists are kept by the time of making: the last activity is that of the newest 200 conversations,
/// or of up to 1,000 where fewer pass.
///
/// # Errors
/// When the store fails.
pub async fn recent(
    store: &impl ConversationStore,
    workspace: WorkspaceId,
    projects: &[ProjectId],
    filter: &ConversationFilter,
    limit: Limit,
) -> Result<Vec<Conversation>> {
    let (mut found, mut position, mut seen) = (Vec::new(), None, 0);
    while seen < RECENT_ROWS || (found.len() < limit.get() && seen < MAX_RECENT_ROWS) {
        let batch = store.conversations_before(workspace, projects, position, BATCH_ROWS).await?;
        let full = batch.len() >= BATCH_ROWS;
        seen += batch.len();
        position = batch.last().map(|conversation| conversation.id).or(position);
        found.extend(batch.into_iter().filter(|known| known.seq > 0 && filter.wants(known)));
        if !full {
            break;
        }
    }
    found.sort_by_key(|conversation| std::cmp::Reverse((conversation.said_at, conversation.id)));
    found.truncate(limit.get());
    Ok(found)
}
