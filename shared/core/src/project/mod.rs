//! The project: one agent, with its persona, escalation rules and model settings.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{ProjectId, WorkspaceId};
use crate::knowledge::Published;
use crate::text::Label;
use crate::tool::Toolset;
use crate::webhook::Subscription;

mod bounds;
mod create;
mod domain;
mod find;
mod list;
mod number;
mod set_agent;

pub(crate) use bounds::EXCHANGE_TOKENS;
pub use bounds::{Bounds, MAX_CALLS, MAX_ROUNDS};
pub use create::create;
pub use domain::Domain;
pub use find::resolve;
pub use list::list;
pub use number::{meant, number_of, numbered, others};
pub use set_agent::{AgentDraft, set_agent};

/// One agent and its knowledge.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Project {
    /// The project.
    pub id: ProjectId,
    /// Whose it is.
    pub workspace: WorkspaceId,
    /// What people call it.
    pub name: Label,
    /// Its website, if it was told.
    pub domain: Option<Domain>,
    /// How the agent behaves.
    pub agent: Agent,
    /// Counts the changes of its knowledge; an index is good for one value.
    pub knowledge_version: u64,
    /// What it knows of its tools without reading them.
    pub tools: Toolset,
    /// Who is told what happens in it.
    pub webhooks: Vec<Subscription>,
    /// What is published of it.
    pub knowledge: Published,
    /// When it was made.
    pub created_at: Timestamp,
}

/// How the agent behaves (`PUT …/projects/{p}/agent` replaces it whole).
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Agent {
    /// Who the agent is and how it speaks.
    pub persona: Option<String>,
    /// How it greets.
    pub greeting: Option<String>,
    /// Whether it answers at all; `None` is yes.
    pub ai_enabled: Option<bool>,
    /// When it hands over to a human.
    pub escalation: Escalation,
    /// Bounds of the model.
    pub model: ModelSettings,
}

impl Agent {
    /// Whether the agent answers.
    pub fn is_enabled(&self) -> bool {
        self.ai_enabled.unwrap_or(true)
    }
}

/// When the agent hands over to a human.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Escalation {
    /// After so many answers of low confidence in a row.
    pub low_confidence_turns: Option<u8>,
    /// When a message has one of these words.
    pub keywords: Vec<String>,
}

/// Bounds of one generation; they make its worst case, which the wallet must cover.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct ModelSettings {
    /// Tokens the prompt may have, history and knowledge included.
    pub max_input_tokens: u32,
    /// Tokens the reply may have.
    pub max_output_tokens: u32,
}

impl ModelSettings {
    /// The smallest and greatest prompt, in tokens.
    pub const INPUT_TOKENS: std::ops::RangeInclusive<u32> = 1_024..=200_000;
    /// The smallest and greatest reply, in tokens.
    pub const OUTPUT_TOKENS: std::ops::RangeInclusive<u32> = 16..=16_384;
}

impl Default for ModelSettings {
    fn default() -> Self {
        Self { max_input_tokens: 8_192, max_output_tokens: 1_024 }
    }
}
