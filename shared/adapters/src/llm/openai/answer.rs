//! An answer as it grows out of what the endpoint sends.

use std::fmt;

use aiva_core::reply::{ModelCall, ModelReply};
use aiva_core::wallet::Usage;
use serde_json::Value;

use super::super::attempt::{Failure, Fault};
use super::super::calls::Calls;
use super::super::marks::Marks;
use super::events::{Events, Shape};
use super::wire::{self, Chunk};

/// The longest text taken, in bytes.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// The answer of one attempt.
pub(super) struct Answer<'a> {
    events: Events,
    on_delta: &'a (dyn Fn(&str) + Send + Sync),
    marks: Marks,
    text: String,
    calls: Calls,
    usage: Option<wire::Usage>,
    /// The endpoint gave a reason to stop.
    finished: bool,
    /// The endpoint said that nothing more comes.
    over: bool,
    delivered: bool,
}

impl<'a> Answer<'a> {
    pub(super) fn new(passages: usize, on_delta: &'a (dyn Fn(&str) + Send + Sync)) -> Self {
        Self {
            events: Events::new(),
            on_delta,
            marks: Marks::new(passages),
            text: String::new(),
            calls: Calls::default(),
            usage: None,
            finished: false,
            over: false,
            delivered: false,
        }
    }

    /// Whether nothing more is to be read.
    pub(super) fn is_over(&self) -> bool {
        self.over
    }

    /// Takes bytes of the body.
    pub(super) fn take(&mut self, bytes: &[u8]) -> Result<(), Failure> {
        let messages = self.events.take(bytes).map_err(|failure| self.failed(failure))?;
        messages.iter().try_for_each(|message| self.message(message))
    }

    /// The body ended.
    pub(super) fn finish(mut self) -> Result<ModelReply, Failure> {
        for message in self.events.finish() {
            self.message(&message)?;
        }
        match self.events.shape() {
            Shape::Unknown => Err(Failure::new(Fault::Unreadable, "an empty answer")),
            Shape::Stream if !self.over && !self.finished => {
                Err(self.failed(Failure::new(Fault::Unavailable, "the stream ended early")))
            }
            Shape::Stream | Shape::Document => Ok(self.reply()),
        }
    }

    /// The body broke off. An answer that had come to its end is good all the same.
    pub(super) fn broken(self, failure: Failure) -> Result<ModelReply, Failure> {
        if self.finished && self.events.shape() == Shape::Stream {
            Ok(self.reply())
        } else {
            Err(self.failed(failure))
        }
    }

    fn reply(mut self) -> ModelReply {
        let usage = self.reported();
        let mut rest = String::new();
        let (cited, stance) = self.marks.finish(&mut rest);
        if !rest.is_empty() {
            (self.on_delta)(&rest);
            self.text.push_str(&rest);
        }
        let (text, calls) = (self.text.trim().to_owned(), self.calls.finish());
        ModelReply { text, stance, usage, cited, calls }
    }

    fn reported(&self) -> Option<Usage> {
        self.usage.and_then(|usage| usage.reported(&self.text))
    }

    fn failed(&self, failure: Failure) -> Failure {
        Failure { usage: self.reported(), delivered: self.delivered, ..failure }
    }

    fn message(&mut self, message: &[u8]) -> Result<(), Failure> {
        if self.over {
            return Ok(());
        }
        if message.trim_ascii() == b"[DONE]" {
            self.over = true;
            return Ok(());
        }
        let Ok(chunk) = serde_json::from_slice::<Chunk>(message) else {
            return Err(self.failed(Failure::new(Fault::Unreadable, "not a chat completion")));
        };
        // Some endpoints repeat the count with every chunk; the last one is the whole.
        self.usage = chunk.usage.or(self.usage);
        if let Some(error) = chunk.error {
            let fault = wire::status_of(&error).map_or(Fault::Unavailable, Fault::of_status);
            let code = wire::code_of(&error).unwrap_or_default();
            return Err(self.failed(Failure::new(fault, format!("an error in the answer {code}"))));
        }
        let Some(choice) = chunk.choices.as_ref().and_then(|choices| choices.first()) else {
            let is_whole = self.events.shape() == Shape::Document;
            let failure = Failure::new(Fault::Unreadable, "an answer without a choice");
            return if is_whole { Err(self.failed(failure)) } else { Ok(()) };
        };
        self.finished |= choice.finish_reason.is_some();
        for part in choice.calls() {
            self.calls.take(part.index, &call_of(part));
        }
        self.text_came(choice.text())
    }

    fn text_came(&mut self, piece: &str) -> Result<(), Failure> {
        if self.text.len() + piece.len() > MAX_TEXT_BYTES {
            return Err(self.failed(Failure::new(Fault::TooLong, "more text than is taken")));
        }
        let shown_before = self.text.len();
        self.marks.feed(piece, &mut self.text);
        let shown = &self.text[shown_before..];
        if !shown.is_empty() {
            (self.on_delta)(shown);
            self.delivered = true;
        }
        Ok(())
    }
}

/// Arguments are a text with JSON in it; some endpoints send the JSON itself.
fn call_of(part: &wire::CallPart) -> ModelCall {
    let function = part.function.as_ref();
    let arguments = function.and_then(|function| function.arguments.as_ref());
    ModelCall {
        id: part.id.clone().unwrap_or_default(),
        tool: function.and_then(|function| function.name.clone()).unwrap_or_default(),
        arguments: match arguments {
            None | Some(Value::Null) => String::new(),
            Some(Value::String(text)) => text.clone(),
            Some(value) => value.to_string(),
        },
    }
}

impl fmt::Debug for Answer<'_> {
    /// The text is nobody's business in a log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Answer").field("bytes", &self.text.len()).finish_non_exhaustive()
    }
}
