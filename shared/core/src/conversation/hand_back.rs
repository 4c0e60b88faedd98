//! A conversation goes back to the agent.

use super::advance::{Decided, change};
use super::{Conversation, Owner};
use crate::app::App;
use crate::error::{Error, Result};
use crate::id::{ConversationId, WorkspaceId};
use crate::ports::{Clock, Ports};

/// Makes the agent the owner again: the next message is answered by it, earlier ones are not. Asked `again`
/// after a try that was not answered, it finds it done.
///
/// # Errors
/// [`Error::NotFound`] when the workspace has none with this id, [`Error::Conflict`] when no human owns
/// it.
pub async fn hand_back<P: Ports>(
    app: &App<P>,
    place: (WorkspaceId, ConversationId),
    again: bool,
) -> Result<Conversation> {
    change(app, place, app.now(), |conversation| {
        if conversation.owner == Owner::Ai {
            if again {
                return Ok(Decided::AsItIs);
            }
            return Err(Error::conflict("the conversation is not in human hands"));
        }
        conversation.give_to_ai();
        Ok(Decided::Changed)
    })
    .await
}
