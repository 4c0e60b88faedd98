//! The one action that every model may take: handing the conversation to a human.

use serde_json::{Value, json};

use super::{ModelCall, ToolSpec};
use crate::conversation::HandoffReason;
use crate::tool::ToolName;

/// What is said where the model says nothing itself.
pub(super) const FAREWELL: &str =
    "I'm handing you over to a colleague, who will take it from here.";

const MAX_REASON_CHARS: usize = 200;
const MAX_SUMMARY_CHARS: usize = 500;

/// The model's wish for a human.
pub(super) struct Wish {
    pub(super) reason: String,
    pub(super) summary: Option<String>,
}

/// The action as it is offered.
pub(super) fn spec() -> ToolSpec {
    ToolSpec {
        name: ToolName::ESCALATE.to_owned(),
        description:
            "Hands the conversation to a human colleague. Use it when the customer asks for \
            one or needs one. What you say beside it is sent to the customer."
                .to_owned(),
        parameters: json!({
            "type": "object",
            "properties": {
                "reason": { "type": "string", "description": "why, in a few words" },
                "summary": { "type": "string", "description": "what the colleague should know" }
            },
            "required": ["reason"]
        }),
    }
}

/// The wish among the calls of a model; arguments that cannot be read take nothing from it.
pub(super) fn wished(calls: &[ModelCall]) -> Option<Wish> {
    let call = calls.iter().find(|call| call.tool == ToolName::ESCALATE)?;
    let arguments: Value = serde_json::from_str(&call.arguments).unwrap_or_default();
    let said = |name: &str, most: usize| {
        let text = arguments.get(name).and_then(Value::as_str).unwrap_or_default();
        let line = text.split_whitespace().collect::<Vec<_>>().join(" ");
        let plain = line.chars().filter(|character| !character.is_control());
        Some(plain.take(most).collect::<String>()).filter(|text| !text.is_empty())
    };
    let reason = said("reason", MAX_REASON_CHARS);
    Some(Wish {
        reason: reason.unwrap_or_else(|| HandoffReason::Agent.as_str().to_owned()),
        summary: said("summary", MAX_SUMMARY_CHARS),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn wish(arguments: &str) -> Option<(String, Option<String>)> {
        let call = |tool: &str, arguments: &str| ModelCall {
            id: "1".into(),
            tool: tool.into(),
            arguments: arguments.into(),
        };
        let calls = [call("order_status", "{}"), call(ToolName::ESCALATE, arguments)];
        assert!(wished(&calls[..1]).is_none());
        wished(&calls).map(|wish| (wish.reason, wish.summary))
    }

    #[test]
    fn a_wish_is_read_in_bounds_and_counts_however_it_is_written() {
        let both = wish(r#"{"reason": " angry\n customer ", "summary": "Wants money back."}"#);
        assert_eq!(both, Some(("angry customer".into(), Some("Wants money back.".into()))));
        for vague in ["", "{", "[]", r#"{"reason": 4}"#, r#"{"reason": " "}"#] {
            assert_eq!(wish(vague), Some(("agent_decision".into(), None)), "{vague}");
        }
        let long = wish(&format!(r#"{{"reason": "{}"}}"#, "r".repeat(900))).unwrap();
        assert_eq!(long.0.len(), MAX_REASON_CHARS);
    }
}
