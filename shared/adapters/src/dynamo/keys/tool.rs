//! Keys of tools, and of their calls.

use aiva_core::conversation::ConversationRef;
use aiva_core::id::{ProjectId, WorkspaceId};
use aiva_core::tool::ToolName;

use super::{Key, LAST, MAX_SEQ, Span, place, thread};

/// A tool of a project.
pub(in crate::dynamo) fn tool(workspace: WorkspaceId, project: ProjectId, name: &ToolName) -> Key {
    Key::new(format!("{}#F", place(workspace, project)), name.as_str())
}

/// A project's tools.
pub(in crate::dynamo) fn tools(workspace: WorkspaceId, project: ProjectId) -> Span {
    Span::whole(format!("{}#F", place(workspace, project)))
}

/// A call of a tool, for the reply to the message with this number.
pub(in crate::dynamo) fn tool_call(
    reference: &ConversationRef,
    seq: u64,
    round: u8,
    index: u8,
) -> Key {
    Key::new(thread(reference), format!("Q#{seq:010}#{round:02}#{index:02}"))
}

/// The calls for the reply to a message.
pub(in crate::dynamo) fn tool_calls(reference: &ConversationRef, seq: u64) -> Span {
    let low = format!("Q#{:010}#", seq.min(MAX_SEQ));
    Span { partition: thread(reference), high: format!("{low}{LAST}"), low, prefix: "Q#" }
}

/// The round of a call, and its place there.
pub(in crate::dynamo) fn parse_tool_call(key: &Key) -> Option<(u8, u8)> {
    let (round, index) = key.sort.strip_prefix("Q#")?.split_once('#')?.1.split_once('#')?;
    Some((round.parse().ok()?, index.parse().ok()?))
}
