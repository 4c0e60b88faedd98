//! Tools, and the calls of one generation.

use aiva_core::error::{Error, Result};
use aiva_core::id::{ProjectId, ToolCallId, WorkspaceId};
use aiva_core::reply::ModelCall;
use aiva_core::tool::{Access, CallState, RecordedCall, RecordedRound, Tool, ToolAnswer, ToolName};
use aiva_core::wallet::{Usage, UsageSource};
use serde::{Deserialize, Serialize};

use super::Millis;

/// A tool: `d` is its description, `p` the schema of its arguments as text, `u` its endpoint, `s` its
/// sealed secret, `a` for whom it is, `r` whether a call may be repeated. Its name is its sort key.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct ToolRow {
    d: String,
    p: String,
    u: String,
    s: String,
    a: Access,
    #[serde(default)]
    r: bool,
    ca: Millis,
    ua: Millis,
}

impl From<&Tool> for ToolRow {
    fn from(tool: &Tool) -> Self {
        Self {
            d: tool.description.clone(),
            p: tool.parameters.clone(),
            u: tool.url.clone(),
            s: tool.sealed_secret.clone(),
            a: tool.access,
            r: tool.repeatable,
            ca: tool.created_at.into(),
            ua: tool.updated_at.into(),
        }
    }
}

impl ToolRow {
    /// The tool that stands under this name.
    pub(in crate::dynamo) fn named(
        self,
        (workspace, project): (WorkspaceId, ProjectId),
        name: &str,
    ) -> Result<Tool> {
        Ok(Tool {
            workspace,
            project,
            name: ToolName::parse(name)
                .map_err(|_| Error::internal("a stored tool has no name"))?,
            description: self.d,
            parameters: self.p,
            url: self.u,
            sealed_secret: self.s,
            access: self.a,
            repeatable: self.r,
            created_at: self.ca.moment()?,
            updated_at: self.ua.moment()?,
        })
    }
}

/// A call: `id` is its id, `m` the model's own, `t` the tool, `a` the arguments as the model wrote
/// them, `p` whether the tool is personal, `f` the fence under which it was started, `r` the answer and
/// `e` whether that is a failure. The first of a round holds what the model said, `x`, and its usage.
#[derive(Debug, Serialize, Deserialize)]
pub(in crate::dynamo) struct CallRow {
    pub(in crate::dynamo) id: ToolCallId,
    m: String,
    t: String,
    a: String,
    p: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    f: Option<u64>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    r: Option<String>,
    #[serde(default)]
    e: bool,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    x: Option<RoundRow>,
}

/// What a round has beside its calls: the text, tokens in and out, and who counted them.
#[derive(Debug, Serialize, Deserialize)]
struct RoundRow {
    t: String,
    i: u64,
    o: u64,
    s: UsageSource,
}

impl CallRow {
    /// The call of a round in this place, recorded under this fence.
    pub(in crate::dynamo) fn new(round: &RecordedRound, index: usize, fence: u64) -> Option<Self> {
        let call = round.calls.get(index)?;
        let (f, r, e) = match &call.state {
            CallState::Planned => (None, None, false),
            CallState::Started => (Some(fence), None, false),
            CallState::Answered(answer) => (None, Some(answer.text.clone()), answer.failed),
        };
        let x = (index == 0).then(|| RoundRow {
            t: round.text.clone(),
            i: round.usage.input_tokens,
            o: round.usage.output_tokens,
            s: round.usage.source,
        });
        Some(Self {
            id: call.id,
            m: call.call.id.clone(),
            t: call.call.tool.clone(),
            a: call.call.arguments.clone(),
            p: call.personal,
            f,
            r,
            e,
            x,
        })
    }

    /// What the first call of a round says of it.
    pub(in crate::dynamo) fn round(&self, number: u8) -> Option<RecordedRound> {
        let round = self.x.as_ref()?;
        let usage = Usage { input_tokens: round.i, output_tokens: round.o, source: round.s };
        Some(RecordedRound { number, text: round.t.clone(), usage, calls: Vec::new() })
    }
}

impl From<CallRow> for RecordedCall {
    fn from(row: CallRow) -> Self {
        let state = match (row.r, row.f) {
            (Some(text), _) => CallState::Answered(ToolAnswer { text, failed: row.e }),
            (None, Some(_)) => CallState::Started,
            (None, None) => CallState::Planned,
        };
        let call = ModelCall { id: row.m, tool: row.t, arguments: row.a };
        Self { id: row.id, call, personal: row.p, state }
    }
}
