//! Calls of tools, as every model asks for them.

use aiva_core::reply::ModelCall;
use serde_json::{Map, Value};

/// Calls of one answer that are taken; more are left out.
const MAX_CALLS: usize = 32;
/// The longest arguments of one call, in bytes; what is cut off is no JSON any more, and is refused.
const MAX_ARGUMENT_BYTES: usize = 64 * 1024;
/// The longest id and name, in bytes.
const MAX_NAME_BYTES: usize = 256;

/// Calls as they grow out of their pieces.
#[derive(Debug, Default)]
pub(super) struct Calls {
    calls: Vec<(usize, ModelCall)>,
}

impl Calls {
    /// Takes a piece of the call with this number; `None` is the next one where it has an id, else the
    /// last one.
    pub(super) fn take(&mut self, number: Option<usize>, piece: &ModelCall) {
        let last = self.calls.last().map(|(number, _)| *number);
        let number = number.unwrap_or_else(|| match last {
            Some(last) if piece.id.is_empty() => last,
            Some(last) => last.saturating_add(1),
            None => 0,
        });
        let known = self.calls.iter().position(|(at, _)| *at == number);
        if known.is_none() && self.calls.len() >= MAX_CALLS {
            return;
        }
        let at = known.unwrap_or_else(|| {
            let (id, tool, arguments) = Default::default();
            self.calls.push((number, ModelCall { id, tool, arguments }));
            self.calls.len() - 1
        });
        if let Some((_, call)) = self.calls.get_mut(at) {
            // Some endpoints repeat id and name with every piece.
            if call.id.is_empty() {
                append(&mut call.id, &piece.id, MAX_NAME_BYTES);
            }
            if call.tool.is_empty() {
                append(&mut call.tool, &piece.tool, MAX_NAME_BYTES);
            }
            append(&mut call.arguments, &piece.arguments, MAX_ARGUMENT_BYTES);
        }
    }

    /// The calls, each with an id of its own.
    pub(super) fn finish(self) -> Vec<ModelCall> {
        let named = self.calls.into_iter().filter(|(_, call)| !call.tool.is_empty());
        let numbered = named.enumerate().map(|(at, (_, call))| match call.id.as_str() {
            "" => ModelCall { id: format!("call_{at}"), ..call },
            _ => call,
        });
        numbered.collect()
    }
}

fn append(text: &mut String, piece: &str, most: usize) {
    let room = most.saturating_sub(text.len());
    let end = (0..=room.min(piece.len())).rev().find(|end| piece.is_char_boundary(*end));
    text.push_str(&piece[..end.unwrap_or(0)]);
}

/// A schema as the endpoints want it: of an object, said in so many words.
pub(super) fn object_schema(parameters: &Value) -> Value {
    let mut schema = parameters.as_object().cloned().unwrap_or_default();
    schema.entry("type").or_insert_with(|| Value::String("object".to_owned()));
    schema.entry("properties").or_insert_with(|| Value::Object(Map::new()));
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn piece(id: &str, tool: &str, arguments: &str) -> ModelCall {
        ModelCall { id: id.into(), tool: tool.into(), arguments: arguments.into() }
    }

    #[test]
    fn pieces_become_calls_with_or_without_numbers() {
        let mut numbered = Calls::default();
        for (number, part) in [
            (0, piece("a", "one", "")),
            (1, piece("b", "two", "{")),
            (0, piece("", "", "{\"x\":")),
            (1, piece("b", "two", "}")),
            (0, piece("", "", "1}")),
        ] {
            numbered.take(Some(number), &part);
        }
        let expected = [piece("a", "one", "{\"x\":1}"), piece("b", "two", "{}")];
        assert_eq!(numbered.finish(), expected);
        let mut bare = Calls::default();
        for part in [piece("a", "one", "{"), piece("", "", "}"), piece("b", "two", "{}")] {
            bare.take(None, &part);
        }
        assert_eq!(bare.finish(), [piece("a", "one", "{}"), piece("b", "two", "{}")]);
    }

    #[test]
    fn what_is_too_much_is_cut_and_what_has_no_name_is_no_call() {
        let mut calls = Calls::default();
        for number in 0..100 {
            calls.take(Some(number), &piece("", "t", &"é".repeat(MAX_ARGUMENT_BYTES)));
        }
        calls.take(Some(0), &piece("", "", "more"));
        let calls = calls.finish();
        assert_eq!((calls.len(), calls[0].arguments.len()), (MAX_CALLS, MAX_ARGUMENT_BYTES));
        assert_ne!(calls[0].id, calls[1].id);
        let mut nameless = Calls::default();
        nameless.take(None, &piece("a", "", "{}"));
        assert!(nameless.finish().is_empty());
    }
}
