//! What a generation has said, used and learnt so far, over all its rounds.

use super::escalate::Wish;
use super::generate::Outcome;
use super::rounds::Scene;
use super::{Confidence, Grounds, ModelError, ModelReply, ModelRequest, Stance, tokens, unknown};
use crate::knowledge::Passage;
use crate::project::{EXCHANGE_TOKENS, MAX_CALLS, MAX_ROUNDS};
use crate::wallet::{Usage, UsageSource};

/// Calls of one answer of the model that are looked at; a longer list is cut.
pub(super) const MAX_CALLS_A_ROUND: usize = 16;
/// Room for a tool's answer below which it is not worth calling, in tokens.
const MIN_ANSWER_TOKENS: u64 = 64;
/// What was answered, and what it rests on.
pub(super) struct Replied {
    pub(super) text: String,
    /// Indices into `passages`.
    pub(super) cited: Vec<usize>,
    pub(super) passages: Vec<Passage>,
    pub(super) usage: Usage,
    pub(super) private: bool,
    /// How sure it is.
    pub(super) confidence: Confidence,
    /// Whether the reader went before its end.
    pub(super) cut: bool,
    pub(super) wish: Option<Wish>,
}

/// How far a generation has come.
pub(super) struct Talk {
    pub(super) used: Usage,
    texts: Vec<String>,
    cited: Vec<usize>,
    stance: Stance,
    pub(super) calls: usize,
    /// Tokens left for calls and answers.
    pub(super) exchange_left: u64,
    pub(super) private: bool,
    pub(super) informed: bool,
    pub(super) wish: Option<Wish>,
}

impl Talk {
    pub(super) fn new(private: bool) -> Self {
        Self {
            used: Usage { input_tokens: 0, output_tokens: 0, source: UsageSource::Reported },
            texts: Vec::new(),
            cited: Vec::new(),
            stance: Stance::default(),
            calls: 0,
            exchange_left: u64::from(EXCHANGE_TOKENS),
            private,
            informed: false,
            wish: None,
        }
    }

    pub(super) fn may_call(&self, round: u8) -> bool {
        round < MAX_ROUNDS && self.calls < MAX_CALLS
    }

    pub(super) fn has_text(&self) -> bool {
        !self.texts.is_empty()
    }

    pub(super) fn count(&mut self, usage: Usage) {
        self.used.input_tokens += usage.input_tokens;
        self.used.output_tokens += usage.output_tokens;
        if usage.source == UsageSource::Estimated {
            self.used.source = UsageSource::Estimated;
        }
    }

    pub(super) fn cite(&mut self, cited: &[usize]) {
        let new = cited.iter().filter(|index| !self.cited.contains(index)).copied();
        let new: Vec<usize> = new.collect();
        self.cited.extend(new);
    }

    pub(super) fn say(&mut self, text: &str) {
        if !text.trim().is_empty() {
            self.texts.push(text.trim().to_owned());
        }
    }

    pub(super) fn hear(&mut self, reply: &ModelReply) {
        self.cite(&reply.cited);
        self.say(&reply.text);
        self.stance = reply.stance;
    }

    /// Whether the calls of an answer and a little of what the tools say fit the next prompt.
    pub(super) fn has_room(&self, reply: &ModelReply) -> bool {
        let calls = reply.calls.iter().take(MAX_CALLS_A_ROUND);
        let calls = calls.map(|call| call.tokens() + tokens::PER_TURN + MIN_ANSWER_TOKENS);
        tokens::estimate(&reply.text) + calls.sum::<u64>() <= self.exchange_left
    }

    pub(super) fn failed(mut self, scene: &Scene<'_>, error: ModelError) -> Outcome {
        let ModelError { reason, cause, usage } = error;
        tracing::warn!(message_id = %scene.owed.message.id, reason, %cause, "generation failed");
        usage.into_iter().for_each(|usage| self.count(usage));
        let used = self.used.input_tokens + self.used.output_tokens > 0;
        Outcome::Failed { reason, usage: used.then_some(self.used) }
    }

    /// The reply. An answer that rests on too little is withdrawn: what is said instead cites nothing.
    pub(super) fn end(self, request: ModelRequest) -> Replied {
        let ModelRequest { passages, told, question, .. } = request;
        let mut text = self.texts.join("\n\n");
        let mut cited = self.cited;
        let rests_on: Vec<&Passage> = cited.iter().filter_map(|at| passages.get(*at)).collect();
        let (stance, informed) = (self.stance, self.informed);
        let grounds = Grounds {
            stance,
            text: &text,
            question: &question,
            cited: &rests_on,
            told: &told,
            informed,
        };
        let confidence = Confidence::of(&grounds);
        if self.wish.is_none() && grounds.is_to_be_withdrawn() {
            text = unknown(&question).to_owned();
            cited = Vec::new();
        }
        Replied {
            text,
            confidence,
            cut: stance == Stance::Cut,
            cited,
            passages,
            usage: self.used,
            private: self.private,
            wish: self.wish,
        }
    }
}
