//! What becomes of a message.

use super::{SkipReason, SubmitCommand};
use crate::conversation::{self, ConversationStatus, HandoffReason, Owner};
use crate::ports::Situation;

/// What becomes of a message, given how things stand.
#[derive(Debug, Clone, Copy)]
pub(super) enum Fate {
    Generate,
    Skip(SkipReason),
    Handoff(HandoffReason),
}

pub(super) fn fate(command: &SubmitCommand, current: &Situation) -> Fate {
    let (workspace, agent) = (&current.workspace, &current.project.agent);
    if let Some(conversation) = &current.conversation {
        if matches!(conversation.owner, Owner::Human { .. }) {
            return Fate::Skip(SkipReason::HumanOwned);
        }
        if conversation.status == ConversationStatus::Resolved && !workspace.reopen_on_message {
            return Fate::Skip(SkipReason::ConversationResolved);
        }
    }
    if !agent.is_enabled() {
        return Fate::Skip(SkipReason::AiDisabled);
    }
    conversation::asked_for(&agent.escalation, command.content.as_str())
        .map_or(Fate::Generate, Fate::Handoff)
}
