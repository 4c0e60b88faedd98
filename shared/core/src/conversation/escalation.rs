//! When a message goes to a human at once.

use super::wish;
use crate::project::Escalation;

/// Why a conversation was handed to a human.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum HandoffReason {
    /// The message has a word of [`Escalation::keywords`].
    Keyword,
    /// The end user asked for a human.
    UserRequest,
    /// So many answers in a row rested on nothing ([`Escalation::low_confidence_turns`]).
    LowConfidence,
    /// The model decided it and gave no reason of its own.
    Agent,
}

impl HandoffReason {
    /// The reason on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Keyword => "keyword",
            Self::UserRequest => "user_request",
            Self::LowConfidence => "low_confidence",
            Self::Agent => "agent_decision",
        }
    }
}

/// Whether a message asks for a human: by a keyword of the agent's, or by an explicit wish.
pub(crate) fn asked_for(rules: &Escalation, said: &str) -> Option<HandoffReason> {
    if has_keyword(&rules.keywords, said) {
        Some(HandoffReason::Keyword)
    } else if wish::is_for_human(said) {
        Some(HandoffReason::UserRequest)
    } else {
        None
    }
}

/// Whether a keyword stands in the text: whole words, any case, any space or punctuation between.
fn has_keyword(keywords: &[String], said: &str) -> bool {
    if keywords.is_empty() {
        return false;
    }
    let said = words(said);
    keywords.iter().map(|keyword| words(keyword)).any(|keyword| {
        !keyword.is_empty() && said.windows(keyword.len()).any(|window| window == keyword)
    })
}

fn words(text: &str) -> Vec<String> {
    let words = text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty());
    words.map(str::to_lowercase).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn with(keywords: &[&str]) -> Escalation {
        let keywords = keywords.iter().map(|&word| word.to_owned()).collect();
        Escalation { keywords, ..Escalation::default() }
    }

    #[test]
    fn a_keyword_is_found_as_whole_words_in_any_case() {
        let rules = with(&["Lawyer", "chargeback now", "Übergabe", "!?"]);
        for said in ["I'll call my LAWYER!", "a chargeback, now.", "bitte ÜBERGABE", "lawyer"] {
            assert_eq!(asked_for(&rules, said), Some(HandoffReason::Keyword), "{said}");
        }
        for said in ["lawyers cost money", "a chargeback is now", "!?", "übergaben", "now"] {
            assert_eq!(asked_for(&rules, said), None, "{said}");
        }
    }

    #[test]
    fn without_keywords_only_a_wish_counts() {
        assert_eq!(asked_for(&with(&[]), "What does it cost?"), None);
        let wish = asked_for(&with(&[]), "I want to talk to a human");
        assert_eq!(wish, Some(HandoffReason::UserRequest));
    }
}
