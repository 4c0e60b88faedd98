//! The bounds of one generation, and what the most expensive one within them costs.

use super::{Agent, Project};
use crate::money::{MicroCredits, Rates};
use crate::reply::tokens;

/// Rounds of calls in one generation at most; one more time the model is asked for its answer.
pub const MAX_ROUNDS: u8 = 4;
/// Calls in one generation at most.
pub const MAX_CALLS: usize = 8;
/// Tokens of a persona that fit into what the operator set; what is longer comes on top.
const PERSONA_TOKENS: u64 = 512;
/// Tokens that a prompt may have on top for calls and what the tools answered.
pub(crate) const EXCHANGE_TOKENS: u32 = 8_192;

/// What one generation may use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bounds {
    /// Tokens of each prompt.
    pub max_input_tokens: u32,
    /// Tokens of each answer of the model.
    pub max_output_tokens: u32,
    /// How often the model may be asked: once, and once more for every round of calls.
    pub model_calls: u8,
}

impl Bounds {
    /// What the most expensive generation within them costs.
    pub fn worst_case(&self, rates: &Rates) -> MicroCredits {
        let times = u64::from(self.model_calls.max(1));
        let (input, output) = (u64::from(self.max_input_tokens), u64::from(self.max_output_tokens));
        rates.charge(input * times, output * times)
    }
}

/// Tokens of a long persona that do not fit into what the operator set.
fn on_top(agent: &Agent) -> u32 {
    let persona = agent.persona.as_deref().map_or(0, tokens::estimate);
    u32::try_from(persona.saturating_sub(PERSONA_TOKENS)).unwrap_or(u32::MAX)
}

impl Project {
    /// The bounds of a generation whose message alone needs a prompt of so many tokens. Two things come on
    /// top of what the operator set: what a persona has beyond 512 tokens, so that it is sent whole and
    /// leaves the knowledge its room; and tools, their definitions and room for what they answer.
    pub fn bounds(&self, needed_tokens: u32) -> Bounds {
        let settings = &self.agent.model;
        let prompt = settings.max_input_tokens.max(needed_tokens);
        let (for_tools, model_calls) = match self.tools.count {
            0 => (0, 1),
            _ => (self.tools.tokens.saturating_add(EXCHANGE_TOKENS), MAX_ROUNDS + 1),
        };
        Bounds {
            max_input_tokens: prompt.saturating_add(for_tools).saturating_add(on_top(&self.agent)),
            max_output_tokens: settings.max_output_tokens,
            model_calls,
        }
    }
}
