//! The JSON of chat completions, as far as it is used.

use aiva_core::reply::{Consulted, ModelRequest, ToolSpec};
use aiva_core::wallet::{Usage as Tokens, UsageSource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::super::calls::object_schema;
use super::super::dialogue::Role;
use super::{OpenAiSettings, OutputLimitField};

/// The longest code of an error that is told.
const MAX_CODE_CHARS: usize = 64;

#[derive(Debug, Serialize)]
pub(super) struct Request<'a> {
    model: &'a str,
    messages: Vec<Message<'a>>,
    stream: bool,
    stream_options: StreamOptions,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Option::is_none")]
    max_completion_tokens: Option<u32>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tools: Vec<Tool<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_choice: Option<&'static str>,
}

#[derive(Debug, Default, Serialize)]
struct Message<'a> {
    role: &'static str,
    /// Null where there is nothing to say beside calls.
    content: Option<&'a str>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    tool_calls: Vec<ToolCall<'a>>,
    #[serde(skip_serializing_if = "Option::is_none")]
    tool_call_id: Option<&'a str>,
}

/// Tools and calls of them are functions: there is no other kind.
#[derive(Debug, Serialize)]
struct Tool<'a> {
    r#type: &'static str,
    function: Function<'a>,
}

#[derive(Debug, Serialize)]
struct Function<'a> {
    name: &'a str,
    description: &'a str,
    parameters: Value,
}

#[derive(Debug, Serialize)]
struct ToolCall<'a> {
    id: &'a str,
    r#type: &'static str,
    function: Called<'a>,
}

#[derive(Debug, Serialize)]
struct Called<'a> {
    name: &'a str,
    arguments: &'a str,
}

const FUNCTION: &str = "function";

impl<'a> From<&'a ToolSpec> for Tool<'a> {
    fn from(spec: &'a ToolSpec) -> Self {
        let (name, description) = (spec.name.as_str(), spec.description.as_str());
        let function = Function { name, description, parameters: object_schema(&spec.parameters) };
        Self { r#type: FUNCTION, function }
    }
}

/// The messages of a round: the model's calls, then an answer to each.
fn round(consulted: &Consulted) -> impl Iterator<Item = Message<'_>> {
    let calls = consulted.calls.iter().map(|(call, _)| ToolCall {
        id: &call.id,
        r#type: FUNCTION,
        function: Called { name: &call.tool, arguments: &call.arguments },
    });
    let asked = Message {
        role: "assistant",
        content: Some(consulted.text.as_str()).filter(|text| !text.is_empty()),
        tool_calls: calls.collect(),
        tool_call_id: None,
    };
    let answers = consulted.calls.iter().map(|(call, answer)| Message {
        role: "tool",
        content: Some(&answer.text),
        tool_calls: Vec::new(),
        tool_call_id: Some(&call.id),
    });
    std::iter::once(asked).chain(answers)
}

#[derive(Debug, Serialize)]
struct StreamOptions {
    include_usage: bool,
}

impl<'a> Request<'a> {
    pub(super) fn new(
        settings: &'a OpenAiSettings,
        request: &'a ModelRequest,
        turns: &'a [(Role, String)],
    ) -> Self {
        let said =
            |role, content: &'a str| Message { role, content: Some(content), ..Message::default() };
        let system = said("system", &request.system);
        let turns = turns.iter().map(|(role, content)| match role {
            Role::User => said("user", content),
            Role::Assistant => said("assistant", content),
        });
        // A round that was recorded before tools were switched off is left out with them.
        let (tools, rounds): (&[ToolSpec], &[Consulted]) =
            if settings.tools { (&request.tools, &request.rounds) } else { (&[], &[]) };
        let must_answer = !request.may_call && !tools.is_empty();
        let limit = Some(request.max_output_tokens);
        let (max_tokens, max_completion_tokens) = match settings.output_limit_field {
            OutputLimitField::MaxTokens => (limit, None),
            OutputLimitField::MaxCompletionTokens => (None, limit),
        };
        Self {
            model: &settings.model,
            messages: std::iter::once(system)
                .chain(turns)
                .chain(rounds.iter().flat_map(round))
                .collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens,
            max_completion_tokens,
            tools: tools.iter().map(Tool::from).collect(),
            tool_choice: must_answer.then_some("none"),
        }
    }
}

/// A chunk of a stream, or a whole answer.
#[derive(Debug, Deserialize)]
pub(super) struct Chunk {
    pub(super) choices: Option<Vec<Choice>>,
    pub(super) usage: Option<Usage>,
    pub(super) error: Option<Value>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Choice {
    delta: Option<Part>,
    message: Option<Part>,
    pub(super) finish_reason: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Part {
    content: Option<String>,
    tool_calls: Option<Vec<CallPart>>,
}

/// A call, or a piece of one: the pieces of one call have the same index, and only the first is sure
/// to have its id and name.
#[derive(Debug, Deserialize)]
pub(super) struct CallPart {
    pub(super) index: Option<usize>,
    pub(super) id: Option<String>,
    pub(super) function: Option<FunctionPart>,
}

#[derive(Debug, Deserialize)]
pub(super) struct FunctionPart {
    pub(super) name: Option<String>,
    pub(super) arguments: Option<Value>,
}

impl Choice {
    pub(super) fn text(&self) -> &str {
        let part = self.delta.as_ref().or(self.message.as_ref());
        part.and_then(|part| part.content.as_deref()).unwrap_or_default()
    }

    pub(super) fn calls(&self) -> &[CallPart] {
        let part = self.delta.as_ref().or(self.message.as_ref());
        part.and_then(|part| part.tool_calls.as_deref()).unwrap_or_default()
    }
}

#[derive(Debug, Clone, Copy, Deserialize)]
pub(super) struct Usage {
    prompt_tokens: Option<u64>,
    completion_tokens: Option<u64>,
}

impl Usage {
    /// The figures, if they can be true: there is always a prompt, and a text has tokens.
    pub(super) fn reported(self, text: &str) -> Option<Tokens> {
        let input_tokens = self.prompt_tokens.filter(|tokens| *tokens > 0)?;
        let output_tokens =
            self.completion_tokens.filter(|tokens| *tokens > 0 || text.is_empty())?;
        Some(Tokens { input_tokens, output_tokens, source: UsageSource::Reported })
    }
}

/// The type and code in an error's body, where they look like names.
pub(super) fn error_code(body: &[u8]) -> Option<String> {
    let body: Value = serde_json::from_slice(body).ok()?;
    code_of(body.get("error")?)
}

/// The type and code of an error, where they look like names.
pub(super) fn code_of(error: &Value) -> Option<String> {
    let names = ["type", "code"].into_iter().filter_map(|field| match error.get(field)? {
        Value::String(name) => Some(name.clone()),
        Value::Number(number) => Some(number.to_string()),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => None,
    });
    let is_name = |name: &String| {
        (1..=MAX_CODE_CHARS).contains(&name.len())
            && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
    };
    let names: Vec<_> = names.filter(is_name).collect();
    (!names.is_empty()).then(|| names.join(" "))
}

/// The HTTP status that an error inside a stream names, where it does.
pub(super) fn status_of(error: &Value) -> Option<u16> {
    let is = |field, name| error.get(field).and_then(Value::as_str) == Some(name);
    if is("type", "invalid_request_error") {
        return Some(400);
    }
    let code = error.get("code")?;
    let number = code.as_u64().or_else(|| code.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (400..=599).contains(status))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_names_are_told_of_an_error() {
        let code = |body: &str| error_code(body.as_bytes());
        let body =
            r#"{"error":{"message":"key sk-1 is wrong","type":"auth","code":"invalid_key"}}"#;
        assert_eq!(code(body).as_deref(), Some("auth invalid_key"));
        assert_eq!(
            code(r#"{"error":{"type":"the prompt was: hello","code":500}}"#).unwrap(),
            "500"
        );
        assert_eq!(code(r#"{"error":"hello"}"#), None);
        assert_eq!(code("<html>"), None);
    }

    #[test]
    fn usage_that_cannot_be_true_counts_as_missing() {
        let usage = |prompt_tokens, completion_tokens| Usage { prompt_tokens, completion_tokens };
        assert!(usage(Some(3), Some(1)).reported("a").is_some());
        assert!(usage(Some(3), Some(0)).reported("").is_some());
        assert!(usage(Some(3), Some(0)).reported("a").is_none());
        assert!(usage(Some(0), Some(1)).reported("a").is_none());
        assert!(usage(None, Some(1)).reported("a").is_none());
    }
}
