//! The reply: prompt, model, settlement.

use serde_json::Value;

use crate::conversation::{Conversation, ConversationRef, Owner};
use crate::delivery::Delivery;
use crate::error::Cause;
use crate::id::MessageId;
use crate::knowledge::Passage;
use crate::message::{Message, Sender};
use crate::text::ExternalId;
use crate::tool::{self, ToolAnswer};
use crate::wallet::{Hold, LedgerEntry, Usage};

mod choice;
mod confidence;
mod escalate;
mod generate;
mod listen;
mod prompt;
mod recall;
mod rounds;
mod settle;
mod talk;
pub mod tokens;
mod unknown;

pub use choice::{ModelChoice, OpenAiChoice};
pub use confidence::{Confidence, Grounds, LOW_CONFIDENCE};
pub use generate::{Generated, GenerationSettings, Means, generate};
pub use listen::{Listener, Listening};
pub(crate) use listen::{both, first, together};
pub use prompt::{Asked, compose};
pub(crate) use settle::announce;
pub use unknown::unknown;

/// What a model is asked.
#[derive(Debug, Clone, Default)]
pub struct ModelRequest {
    /// Rules, persona and fenced passages, ready to send.
    pub system: String,
    /// What was said before, oldest first, within the token bound.
    pub history: Vec<Turn>,
    /// What the end user says now.
    pub question: String,
    /// The passages that stand in `system`, in the order of their numbers from 1.
    pub passages: Vec<Passage>,
    /// What `system` says beside them of the company and of the person who asks.
    pub told: String,
    /// What the model may do beside answering.
    pub tools: Vec<ToolSpec>,
    /// What it did so far for this answer, oldest first.
    pub rounds: Vec<Consulted>,
    /// Whether it may do any of it now; otherwise it has to answer.
    pub may_call: bool,
    /// Tokens the reply may have.
    pub max_output_tokens: u32,
}

/// A tool as a model is offered it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ToolSpec {
    /// Its name.
    pub name: String,
    /// What it does.
    pub description: String,
    /// The JSON Schema of its arguments.
    pub parameters: Value,
}

impl ToolSpec {
    fn tokens(&self) -> u64 {
        let parameters = self.parameters.to_string();
        tool::definition_tokens(&self.name, &self.description, &parameters)
    }
}

/// A call that a model asks for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ModelCall {
    /// The model's own id for it.
    pub id: String,
    /// The tool.
    pub tool: String,
    /// The arguments as the model wrote them: JSON, if it did well.
    pub arguments: String,
}

impl ModelCall {
    /// Our own, pessimistic count of it, in tokens.
    pub(crate) fn tokens(&self) -> u64 {
        tokens::estimate(&self.tool) + tokens::estimate(&self.arguments) + tokens::PER_TURN
    }
}

/// One round of calls: what the model said and asked for, and what it was told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Consulted {
    /// What it said beside the calls.
    pub text: String,
    /// The calls with their answers.
    pub calls: Vec<(ModelCall, ToolAnswer)>,
}

impl Consulted {
    fn tokens(&self) -> u64 {
        let calls = self.calls.iter();
        let calls = calls.map(|(call, answer)| {
            call.tokens() + tokens::estimate(&answer.text) + tokens::PER_TURN
        });
        tokens::estimate(&self.text) + calls.sum::<u64>()
    }
}

impl ModelRequest {
    /// Our own, pessimistic count of the prompt, in tokens.
    pub fn estimated_input_tokens(&self) -> u64 {
        let turns = self.history.iter().map(|turn| tokens::estimate(&turn.text) + tokens::PER_TURN);
        let rounds = self.rounds.iter().map(Consulted::tokens);
        tokens::estimate(&self.system)
            + tokens::estimate(&self.question)
            + tokens::PER_TURN
            + turns.sum::<u64>()
            + self.tools.iter().map(ToolSpec::tokens).sum::<u64>()
            + rounds.sum::<u64>()
    }
}

/// One turn of the history.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Turn {
    /// Who said it.
    pub sender: Sender,
    /// What was said.
    pub text: String,
}

/// What kind of answer a model gives. It is never how sure the model is: that is weighed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Stance {
    /// It states something, out of passages that it has read.
    #[default]
    States,
    /// It quotes the passage that shares most words with the question; nobody has read it.
    Quotes,
    /// It says that it does not know.
    Unknown,
    /// It greets, thanks or asks back, and states nothing.
    Courtesy,
    /// It was broken off when its listener went.
    Cut,
}

/// What a model answered.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ModelReply {
    /// The text for the end user.
    pub text: String,
    /// What kind of answer it is.
    pub stance: Stance,
    /// Tokens as the endpoint reported them; `None` where it reported none.
    pub usage: Option<Usage>,
    /// Which passages it rests on, as indices into [`ModelRequest::passages`].
    pub cited: Vec<usize>,
    /// What the model wants done before it goes on.
    pub calls: Vec<ModelCall>,
}

/// Why a reply will never come: the adapter has tried as often as is safe.
#[derive(Debug, thiserror::Error)]
#[error("{reason}")]
pub struct ModelError {
    /// In words the integrator may read.
    pub reason: &'static str,
    /// For the log.
    pub cause: Cause,
    /// Tokens that were used all the same, where the endpoint said so.
    pub usage: Option<Usage>,
}

/// Everything the end of one generation writes, in one transaction, by the holder of the lease.
#[derive(Debug, Clone)]
pub struct Settlement {
    /// The conversation's rows.
    pub reference: ConversationRef,
    /// The number of the visitor's message.
    pub seq: u64,
    /// The visitor's message.
    pub message: MessageId,
    /// The fencing token of the claim.
    pub fence: u64,
    /// How it ended.
    pub ending: Ending,
    /// The conversation as it will stand; `version` is one more than was read.
    pub conversation: Conversation,
    /// The agent's message, if there is one.
    pub reply: Option<Message>,
    /// What was held; all of it is released, and `charge` taken.
    pub hold: Hold,
    /// The end user whose cap was held, if named.
    pub user: Option<ExternalId>,
    /// The ledger row (its amount is negative); `None` when nothing is charged.
    pub charge: Option<LedgerEntry>,
    /// Events on their way, with the moment the sweep may take each that the queue lost it.
    pub deliveries: Vec<(Delivery, jiff::Timestamp)>,
}

impl Settlement {
    /// Whether this very reply hands the conversation to a human: no reply is stored where one had it.
    pub fn hands_over(&self) -> bool {
        self.ending == Ending::Replied && matches!(self.conversation.owner, Owner::Human { .. })
    }
}

/// How a generation ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Ending {
    /// The agent replied.
    Replied,
    /// A human took over first; nothing was said.
    Suppressed,
    /// It failed for good.
    Failed,
}

/// What came of a [`Settlement`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Settled {
    /// All of it is stored.
    Stored,
    /// Another worker holds the lease, or it is settled already; nothing is stored.
    LostLease,
    /// The conversation moved on since it was read; nothing is stored.
    Stale,
}
