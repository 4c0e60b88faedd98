//! Tools, and what is written down of their calls.

use std::future::Future;

use crate::conversation::ConversationRef;
use crate::error::Result;
use crate::id::{ProjectId, WorkspaceId};
use crate::tool::{
    CallPlace, RecordedRound, StartedCall, Tool, ToolAnswer, ToolChange, ToolChanged, ToolName,
};

/// Tools of projects.
pub trait ToolStore: Send + Sync + 'static {
    /// Reads a tool.
    fn tool(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
        name: &ToolName,
    ) -> impl Future<Output = Result<Option<Tool>>> + Send;

    /// Reads all tools of a project, by name.
    fn tools(
        &self,
        workspace: WorkspaceId,
        project: ProjectId,
    ) -> impl Future<Output = Result<Vec<Tool>>> + Send;

    /// Makes, replaces or deletes a tool as it was read, and counts it in its project.
    fn change_tool(&self, change: &ToolChange) -> impl Future<Output = Result<ToolChanged>> + Send;

    /// Reads the rounds that were recorded for the reply to a message, in their order.
    fn tool_rounds(
        &self,
        reference: &ConversationRef,
        seq: u64,
    ) -> impl Future<Output = Result<Vec<RecordedRound>>> + Send;

    /// Records a round under the claim's fence; `false` when the lease was lost. `place` names its
    /// first call. A call that is written as started may be sent once this is stored.
    fn record_round(
        &self,
        place: CallPlace<'_>,
        round: &RecordedRound,
    ) -> impl Future<Output = Result<bool>> + Send;

    /// Marks a call as started, under the claim's fence. `again` allows one that was started before.
    fn start_call(
        &self,
        place: CallPlace<'_>,
        again: bool,
    ) -> impl Future<Output = Result<StartedCall>> + Send;

    /// Records what came of a call. It is true whoever holds the lease by now.
    fn answer_call(
        &self,
        place: CallPlace<'_>,
        answer: &ToolAnswer,
    ) -> impl Future<Output = Result<()>> + Send;
}
