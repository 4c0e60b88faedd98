//! The questions, as they stand in `questions/*.jsonl`.

use serde::Deserialize;

use crate::Result;

/// A question, and how a passage is known that answers it.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Question {
    /// As a person asks it.
    pub question: String,
    /// Pages that answer it, each enough by itself; none where the documents do not answer it.
    #[serde(default)]
    pub pages: Vec<String>,
    /// What stands in the passage of such a page that answers it: lower case, straight quotes, words
    /// apart by one space.
    #[serde(default)]
    pub evidence: String,
}

impl Question {
    /// Reads a file of them, one in each line.
    ///
    /// # Errors
    /// When a line is none.
    pub fn read(lines: &str) -> Result<Vec<Self>> {
        let questions = lines.lines().map(serde_json::from_str);
        Ok(questions.collect::<serde_json::Result<_>>()?)
    }

    /// Whether the documents answer it.
    pub fn is_answerable(&self) -> bool {
        !self.pages.is_empty()
    }

    /// Whether a passage of this page answers it.
    pub fn is_answered_by(&self, page: Option<&str>, passage: &str) -> bool {
        let is_page = page.is_some_and(|page| self.pages.iter().any(|wanted| wanted == page));
        is_page && comparable(passage).contains(&self.evidence)
    }
}

/// A text as evidence is written: lower case, straight quotes, no marks of emphasis or code, words apart
/// by one space.
pub(crate) fn comparable(text: &str) -> String {
    let plain: String = text
        .chars()
        .filter(|c| !matches!(c, '`' | '*' | '\\'))
        .map(|c| match c {
            '‘' | '’' => '\'',
            '“' | '”' => '"',
            other => other,
        })
        .collect();
    plain.to_lowercase().split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passage_answers_by_its_page_and_its_words_together() {
        let lines = r#"{"question":"Why?","pages":["a.html"],"evidence":"it's \"so\""}"#;
        let question = Question::read(lines).unwrap().remove(0);
        let passage = "Because `It’s`\n **“so”**.";
        assert!(question.is_answered_by(Some("a.html"), passage));
        assert!(!question.is_answered_by(Some("b.html"), passage));
        assert!(!question.is_answered_by(None, passage));
        assert!(!question.is_answered_by(Some("a.html"), "Because."));
        assert!(!Question::read(r#"{"question":"Who?"}"#).unwrap()[0].is_answerable());
        assert!(Question::read(r#"{"question":"Who?","page":"a"}"#).is_err());
    }
}
