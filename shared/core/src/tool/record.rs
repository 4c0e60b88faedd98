//! What is written down of the calls of one generation, so that whoever takes it over repeats none.

use crate::conversation::ConversationRef;
use crate::id::ToolCallId;
use crate::reply::ModelCall;
use crate::wallet::Usage;

/// One round: what the model said and asked for, and how far its calls have come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedRound {
    /// Its number in the generation, from 0.
    pub number: u8,
    /// What the model said beside its calls.
    pub text: String,
    /// The tokens that the model used for it.
    pub usage: Usage,
    /// The calls, in the order of the model.
    pub calls: Vec<RecordedCall>,
}

/// One call that the model asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RecordedCall {
    /// Its id, for the tool.
    pub id: ToolCallId,
    /// What the model wrote.
    pub call: ModelCall,
    /// Whether the tool is a personal one.
    pub personal: bool,
    /// How far it has come.
    pub state: CallState,
}

/// How far a call has come.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum CallState {
    /// It was not sent.
    Planned,
    /// It may have been sent, and nothing is known of its outcome.
    Started,
    /// This is what the model is told.
    Answered(ToolAnswer),
}

/// What the model is told of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolAnswer {
    /// The tool's answer, or what went wrong.
    pub text: String,
    /// Whether it went wrong.
    pub failed: bool,
}

impl ToolAnswer {
    /// What went wrong.
    pub(crate) fn failure(text: impl Into<String>) -> Self {
        Self { text: text.into(), failed: true }
    }
}

/// Names a call of a generation, and the claim under which it is made.
#[derive(Debug, Clone, Copy)]
pub struct CallPlace<'a> {
    /// The conversation.
    pub reference: &'a ConversationRef,
    /// The visitor's message that the generation answers.
    pub seq: u64,
    /// The fencing token of the claim.
    pub fence: u64,
    /// The round.
    pub round: u8,
    /// The call's place in it, from 0.
    pub index: u8,
}

/// What came of the wish to start a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StartedCall {
    /// It may be sent now, once.
    Yes,
    /// It was started before, or is answered.
    Before,
    /// Another worker holds the lease.
    LostLease,
}
