//! The inbox: the conversations of all projects of a workspace in one list.

use crate::conversation::{self, Conversation, ConversationFilter};
use crate::error::Result;
use crate::id::{ConversationId, WorkspaceId};
use crate::page::{Limit, Page};
use crate::ports::{ConversationStore, WorkspaceStore};

/// Lists a workspace's conversations by the time they were made, newest first.
///
/// # Errors
/// When the store fails.
pub async fn inbox(
    store: &(impl WorkspaceStore + ConversationStore),
    workspace: WorkspaceId,
    filter: &ConversationFilter,
    before: Option<ConversationId>,
    limit: Limit,
) -> Result<Page<Conversation>> {
    let mut items = Vec::new();
    let mut looked_to: Option<ConversationId> = None;
    for project in store.projects(workspace).await? {
        let place = (workspace, project.id);
        let page = conversation::list(store, place, filter, before, limit).await?;
        // A project that has more was looked at down to here, and others may have older ones already.
        let end = page.next.and_then(|position| position.parse().ok());
        looked_to = looked_to.max(end);
        items.extend(page.items);
    }
    Ok(merged(items, |conversation| conversation.id, looked_to, limit))
}

/// The newest of all, as far down as every project was looked at.
fn merged<T, I: Ord + Copy + ToString>(
    mut items: Vec<T>,
    id: impl Fn(&T) -> I,
    looked_to: Option<I>,
    limit: Limit,
) -> Page<T> {
    items.retain(|item| looked_to.is_none_or(|end| id(item) >= end));
    items.sort_by_key(|item| std::cmp::Reverse(id(item)));
    let more = items.len() > limit.get();
    items.truncate(limit.get());
    let next = if more { items.last().map(&id) } else { looked_to };
    Page { items, next: next.map(|position| position.to_string()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn page(items: &[u32], looked_to: Option<u32>, limit: u16) -> (Vec<u32>, Option<String>) {
        let page = merged(items.to_vec(), |item| *item, looked_to, Limit::of(limit));
        (page.items, page.next)
    }

    #[test]
    fn nothing_older_than_what_every_project_showed_is_listed() {
        // One project showed 9 and 7 and has more, the other showed 8 and 2 and has no more.
        assert_eq!(page(&[9, 7, 8, 2], Some(7), 50), (vec![9, 8, 7], Some("7".into())));
        assert_eq!(page(&[9, 7, 8, 2], Some(7), 2), (vec![9, 8], Some("8".into())));
        assert_eq!(page(&[9, 7, 8, 2], None, 50), (vec![9, 8, 7, 2], None));
        assert_eq!(page(&[], Some(7), 50), (vec![], Some("7".into())));
    }
}
