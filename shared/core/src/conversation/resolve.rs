//! A conversation is closed.

use super::advance::{Decided, What, change};
use super::{Conversation, ConversationStatus, Owner};
use crate::app::App;
use crate::error::Result;
use crate::id::{ConversationId, WorkspaceId};
use crate::ports::{Clock, Ports};

/// Closes a conversation and clears its owner. A visitor's next message opens it under the agent,
/// unless the workspace says otherwise. One that is closed stays as it is.
///
/// # Errors
/// [`crate::error::Error::NotFound`] when the workspace has none with this id.
pub async fn resolve<P: Ports>(
    app: &App<P>,
    place: (WorkspaceId, ConversationId),
) -> Result<Conversation> {
    change(app, place, app.now(), |conversation| {
        let resolved = conversation.status == ConversationStatus::Resolved;
        if resolved && conversation.owner == Owner::Ai {
            return Ok(Decided::AsItIs);
        }
        conversation.give_to_ai();
        conversation.status = ConversationStatus::Resolved;
        Ok(Decided::Told(What::Resolved))
    })
    .await
}
