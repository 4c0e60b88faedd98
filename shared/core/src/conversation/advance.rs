//! What all changes by an operator have in common: read, decide, compare and set.

use jiff::Timestamp;

use super::{Advance, Advanced, Conversation};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ConversationId, WorkspaceId};
use crate::ports::{ConversationStore, Ports};

/// Reads and writes again after a lost race, so often at most.
pub(super) const MAX_ROUNDS: usize = 20;

/// Finds a conversation of a workspace by our id.
pub(super) async fn by_id<P: Ports>(
    app: &App<P>,
    (workspace, id): (WorkspaceId, ConversationId),
) -> Result<Conversation> {
    app.store.conversation_by_id(workspace, id).await?.ok_or(Error::NotFound)
}

/// Changes a conversation and answers it as it stands then. `decide` gets it as it stands now and says
/// whether there is anything to write.
pub(super) async fn change<P: Ports>(
    app: &App<P>,
    place: (WorkspaceId, ConversationId),
    now: Timestamp,
    decide: impl Fn(&mut Conversation) -> Result<Decided>,
) -> Result<Conversation> {
    let mut conversation = by_id(app, place).await?;
    for _ in 0..MAX_ROUNDS {
        if decide(&mut conversation)? == Decided::AsItIs {
            return Ok(conversation);
        }
        conversation.version += 1;
        conversation.updated_at = now;
        let advance = Advance { conversation, message: None, deliveries: Vec::new() };
        match app.store.advance(&advance).await? {
            Advanced::Stored => return Ok(advance.conversation),
            Advanced::Stale => {
                let reread = app.store.conversation(&advance.conversation.reference).await?;
                conversation = reread.ok_or(Error::NotFound)?;
            }
        }
    }
    Err(contended())
}

/// Whether a change has anything to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Decided {
    /// The conversation was changed.
    Changed,
    /// It stands already as it is wanted.
    AsItIs,
}

pub(super) fn contended() -> Error {
    Error::unavailable("the conversation is contended")
}
