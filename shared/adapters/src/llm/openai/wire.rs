//! The JSON of chat completions, as far as it is used.

use aiva_core::reply::ModelRequest;
use aiva_core::wallet::{Usage as Tokens, UsageSource};
use serde::{Deserialize, Serialize};
use serde_json::Value;

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
}

#[derive(Debug, Serialize)]
struct Message<'a> {
    role: &'static str,
    content: &'a str,
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
        let system = Message { role: "system", content: &request.system };
        let turns = turns.iter().map(|(role, content)| match role {
            Role::User => Message { role: "user", content },
            Role::Assistant => Message { role: "assistant", content },
        });
        let limit = Some(request.max_output_tokens);
        let (max_tokens, max_completion_tokens) = match settings.output_limit_field {
            OutputLimitField::MaxTokens => (limit, None),
            OutputLimitField::MaxCompletionTokens => (None, limit),
        };
        Self {
            model: &settings.model,
            messages: std::iter::once(system).chain(turns).collect(),
            stream: true,
            stream_options: StreamOptions { include_usage: true },
            max_tokens,
            max_completion_tokens,
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
}

impl Choice {
    pub(super) fn text(&self) -> &str {
        let part = self.delta.as_ref().or(self.message.as_ref());
        part.and_then(|part| part.content.as_deref()).unwrap_or_default()
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
