//! Answers without a model: the best passage, in its own sentences, with its source named; and where
//! no passage covers the question or is near it, an honest word that the answer is not known.

mod prose;
mod select;
mod words;

use aiva_core::knowledge::Passage;
use aiva_core::ports::Model;
use aiva_core::reply::{Confidence, ModelError, ModelReply, ModelRequest, Stance, tokens, unknown};
use aiva_core::wallet::{Usage, UsageSource};

const GREETING: &str = "Hello! How can I help you?";
const THANKS: &str = "You're welcome!";

/// Tokens of the answer that are kept for naming its source, at most.
const MAX_SOURCE_TOKENS: u64 = 200;

/// The model that is none.
#[derive(Debug, Clone, Copy, Default)]
pub struct Extractive;

impl Model for Extractive {
    async fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let reply = answer(request);
        on_delta(&reply.text);
        Ok(reply)
    }
}

fn answer(request: &ModelRequest) -> ModelReply {
    let limit = u64::from(request.max_output_tokens);
    let question = &request.question;
    let (stance, text, used) = match (small_talk(question), best(&request.passages)) {
        (Some(text), _) => (Stance::Courtesy, text.to_owned(), None),
        (None, Some((index, passage))) => {
            (Stance::Quotes, quote(question, passage, limit), Some((index, passage)))
        }
        (None, None) => (Stance::Unknown, unknown(question).to_owned(), None),
    };
    let text = tokens::truncate(&text, limit).to_owned();
    let read = used.map_or(0, |(_, passage)| tokens::estimate(&passage.text));
    let usage = Usage {
        input_tokens: tokens::estimate(&request.question) + read,
        output_tokens: tokens::estimate(&text),
        source: UsageSource::Estimated,
    };
    let cited = used.map(|(index, _)| index).into_iter().collect();
    ModelReply { text, stance, usage: Some(usage), cited, calls: Vec::new() }
}

/// The passage that fits the question best, the better ranked of equals, if it is likely to answer it.
fn best(passages: &[Passage]) -> Option<(usize, &Passage)> {
    let weighed = passages.iter().enumerate().rev();
    let best = weighed.max_by_key(|(_, passage)| Confidence::of_quote(passage));
    best.filter(|(_, passage)| !Confidence::of_quote(passage).is_low())
}

/// The sentences that answer, and where they stand.
fn quote(question: &str, passage: &Passage, limit: u64) -> String {
    let mut source = format!("\n\nSource: {}", passage.title);
    if let Some(url) = &passage.url {
        source.push_str(&format!(" ({url})"));
    }
    if tokens::estimate(&source) > MAX_SOURCE_TOKENS.min(limit / 2) {
        source.clear();
    }
    let units = prose::units(&passage.text);
    let mut chosen = select::select(question, &units);
    loop {
        let answer = select::join(&units, &chosen);
        let fits = tokens::estimate(&answer) + tokens::estimate(&source) <= limit;
        if fits || chosen.len() <= 1 {
            let room = limit.saturating_sub(tokens::estimate(&source));
            return format!("{}{source}", tokens::truncate(&answer, room));
        }
        chosen.pop();
    }
}

/// A polite answer to a message that asks nothing.
fn small_talk(message: &str) -> Option<&'static str> {
    const GREETINGS: [&str; 9] =
        ["hello", "hi", "hey", "hallo", "good", "morning", "afternoon", "evening", "there"];
    const GRATITUDE: [&str; 12] = [
        "thanks", "thank", "you", "very", "so", "much", "a", "lot", "great", "ok", "bye", "goodbye",
    ];
    let words = words::words(message);
    let all_of = |list: &[&str]| words.iter().all(|word| list.contains(&word.as_str()));
    if words.is_empty() || words.len() > 6 {
        None
    } else if all_of(&GRATITUDE) && words.iter().any(|word| word.starts_with("thank")) {
        Some(THANKS)
    } else if all_of(&GREETINGS) && words.iter().any(|word| GREETINGS[..4].contains(&word.as_str()))
    {
        Some(GREETING)
    } else {
        None
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_small_talk_is_taken_for_small_talk() {
        assert_eq!(small_talk("Hi there!"), Some(GREETING));
        assert_eq!(small_talk("Good morning, hello"), Some(GREETING));
        assert_eq!(small_talk("ok thank you so much :)"), Some(THANKS));
        for question in ["hi, where is my order?", "good there", "you", "?", "a lot", ""] {
            assert_eq!(small_talk(question), None, "{question}");
        }
    }
}
