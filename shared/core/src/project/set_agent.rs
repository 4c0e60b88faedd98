//! Replacing a project's agent.

use std::ops::RangeInclusive;

use super::{Agent, Escalation, ModelSettings, Project};
use crate::error::{Error, Problem, Result};
use crate::ports::WorkspaceStore;

/// An agent as the operator wrote it; what is left out takes its default.
#[derive(Debug, Clone, Default)]
pub struct AgentDraft {
    /// Who the agent is and how it speaks: at most 8,000 characters.
    pub persona: Option<String>,
    /// How it greets: at most 1,000 characters.
    pub greeting: Option<String>,
    /// Whether it answers at all.
    pub ai_enabled: Option<bool>,
    /// Hands over after so many answers of low confidence in a row: 1–20.
    pub low_confidence_turns: Option<i64>,
    /// Hands over at these words: at most 50 of at most 100 characters.
    pub keywords: Vec<String>,
    /// Tokens of a prompt, within [`ModelSettings::INPUT_TOKENS`].
    pub max_input_tokens: Option<i64>,
    /// Tokens of a reply, within [`ModelSettings::OUTPUT_TOKENS`].
    pub max_output_tokens: Option<i64>,
}

const MAX_PERSONA_CHARS: usize = 8_000;
const MAX_GREETING_CHARS: usize = 1_000;
const MAX_KEYWORDS: usize = 50;
const MAX_KEYWORD_CHARS: usize = 100;
const LOW_CONFIDENCE_TURNS: RangeInclusive<u32> = 1..=20;

/// Replaces the agent whole and answers it.
///
/// # Errors
/// [`Error::Invalid`] with every field out of its bounds, [`Error::NotFound`] when the project is gone.
pub async fn set_agent(
    store: &impl WorkspaceStore,
    project: &Project,
    draft: AgentDraft,
) -> Result<Agent> {
    let agent = read(draft)?;
    if store.set_agent(project.workspace, project.id, &agent).await? {
        Ok(agent)
    } else {
        Err(Error::NotFound)
    }
}

fn read(draft: AgentDraft) -> Result<Agent> {
    let mut problems = Vec::new();
    let persona = prose("persona", draft.persona, MAX_PERSONA_CHARS, &mut problems);
    let greeting = prose("greeting", draft.greeting, MAX_GREETING_CHARS, &mut problems);
    let turns = "escalation.lowConfidenceTurns";
    let turns = bounded(turns, draft.low_confidence_turns, LOW_CONFIDENCE_TURNS, &mut problems);
    let keywords = keywords(&draft.keywords, &mut problems);
    let (input, output) = ("model.maxInputTokens", "model.maxOutputTokens");
    let input = bounded(input, draft.max_input_tokens, ModelSettings::INPUT_TOKENS, &mut problems);
    let output =
        bounded(output, draft.max_output_tokens, ModelSettings::OUTPUT_TOKENS, &mut problems);
    if !problems.is_empty() {
        return Err(Error::Invalid(problems));
    }
    let default = ModelSettings::default();
    Ok(Agent {
        persona,
        greeting,
        ai_enabled: draft.ai_enabled,
        escalation: Escalation {
            low_confidence_turns: turns.and_then(|turns| u8::try_from(turns).ok()),
            keywords,
        },
        model: ModelSettings {
            max_input_tokens: input.unwrap_or(default.max_input_tokens),
            max_output_tokens: output.unwrap_or(default.max_output_tokens),
        },
    })
}

fn prose(
    field: &'static str,
    text: Option<String>,
    max_chars: usize,
    problems: &mut Vec<Problem>,
) -> Option<String> {
    let text = text?.trim().to_owned();
    if text.chars().count() > max_chars {
        problems.push(Problem::new(field, format!("must be at most {max_chars} characters")));
    }
    (!text.is_empty()).then_some(text)
}

fn bounded(
    field: &'static str,
    value: Option<i64>,
    range: RangeInclusive<u32>,
    problems: &mut Vec<Problem>,
) -> Option<u32> {
    let value = value?;
    let bounded = u32::try_from(value).ok().filter(|number| range.contains(number));
    if bounded.is_none() {
        let (least, most) = (range.start(), range.end());
        let problem = format!("must be a whole number from {least} to {most}");
        problems.push(Problem::new(field, problem));
    }
    bounded
}

fn keywords(texts: &[String], problems: &mut Vec<Problem>) -> Vec<String> {
    let fits = |text: &str| {
        let length = text.chars().count();
        (1..=MAX_KEYWORD_CHARS).contains(&length) && !text.chars().any(char::is_control)
    };
    let trimmed: Vec<String> = texts.iter().map(|text| text.trim().to_owned()).collect();
    if trimmed.len() > MAX_KEYWORDS || !trimmed.iter().all(|text| fits(text)) {
        problems.push(Problem::new(
            "escalation.keywords",
            "must be at most 50 words of 1 to 100 characters",
        ));
    }
    trimmed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_left_out_takes_its_default() {
        assert_eq!(read(AgentDraft::default()).unwrap(), Agent::default());
    }

    #[test]
    fn every_field_out_of_its_bounds_is_named() {
        let draft = AgentDraft {
            persona: Some("p".repeat(8_001)),
            greeting: Some("g".repeat(1_001)),
            ai_enabled: None,
            low_confidence_turns: Some(21),
            keywords: vec!["k".into(); 51],
            max_input_tokens: Some(1),
            max_output_tokens: Some(-1),
        };
        let Err(Error::Invalid(problems)) = read(draft) else { panic!("must be refused") };
        let fields: Vec<&str> = problems.iter().map(|problem| problem.field.as_ref()).collect();
        assert_eq!(
            fields,
            [
                "persona",
                "greeting",
                "escalation.lowConfidenceTurns",
                "escalation.keywords",
                "model.maxInputTokens",
                "model.maxOutputTokens",
            ]
        );
    }

    #[test]
    fn the_bounds_themselves_are_taken() {
        let draft = AgentDraft {
            persona: Some("p".repeat(8_000)),
            keywords: vec![format!(" {} ", "k".repeat(100)); 50],
            low_confidence_turns: Some(20),
            max_output_tokens: Some(16),
            ..AgentDraft::default()
        };
        let agent = read(draft).unwrap();
        assert_eq!(agent.escalation.low_confidence_turns, Some(20));
        assert_eq!(agent.escalation.keywords[0].len(), 100);
        assert_eq!(agent.model.max_output_tokens, 16);
    }
}
