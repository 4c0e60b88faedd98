//! Amazon Bedrock, by its Converse operation: one request, one whole answer.

use aiva_core::ports::{Entropy, Model};
use aiva_core::reply::{Consulted, ModelCall, ModelError, ModelReply, ModelRequest};
use aiva_core::wallet::{Usage, UsageSource};
use aws_sdk_bedrockruntime::config::{Builder, timeout::TimeoutConfig};
use aws_sdk_bedrockruntime::error::{BuildError, ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::converse::ConverseOutput;
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock,
    TokenUsage, Tool, ToolConfiguration, ToolInputSchema, ToolResultBlock, ToolResultContentBlock,
    ToolResultStatus, ToolSpecification, ToolUseBlock,
};
use aws_sdk_bedrockruntime::{Client, config::retry::RetryConfig};
use serde_json::{Value, json};
use tokio::time::{Instant, timeout_at};

use super::attempt::{Failure, Fault, Patience, persist};
use super::calls::{Calls, object_schema};
use super::dialogue::{Role, dialogue};
use super::document::{document, value};
use super::marks::Marks;

/// The longest text taken, in bytes.
const MAX_TEXT_BYTES: usize = 256 * 1024;

/// A model of Amazon Bedrock.
#[derive(Debug, Clone)]
pub struct Bedrock<E> {
    client: Client,
    model: String,
    patience: Patience,
    entropy: E,
}

impl<E: Entropy> Bedrock<E> {
    /// Uses a client; `model` is a model id or the ARN of an inference profile. The client's own
    /// retries and timeouts are not used: the attempts are counted here.
    pub fn new(client: Client, model: impl Into<String>, patience: Patience, entropy: E) -> Self {
        Self { client, model: model.into(), patience, entropy }
    }

    async fn attempt(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
        deadline: Instant,
    ) -> Result<ModelReply, Failure> {
        let limits = InferenceConfiguration::builder()
            .max_tokens(i32::try_from(request.max_output_tokens).unwrap_or(i32::MAX))
            .build();
        let call = self
            .client
            .converse()
            .model_id(&self.model)
            .system(SystemContentBlock::Text(request.system.clone()))
            .set_messages(Some(messages(request)?))
            .inference_config(limits)
            .set_tool_config(tool_config(request)?)
            .customize()
            .config_override(own_attempts(&self.patience))
            .send();
        let output = whole(call, &self.patience, deadline).await?;
        answer(&output, request.passages.len(), on_delta)
    }
}

impl<E: Entropy> Model for Bedrock<E> {
    async fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        let run = |deadline| Box::pin(self.attempt(request, on_delta, deadline));
        persist(&self.patience, &self.entropy, run).await
    }
}

/// The client's own retries and timeouts are not used: attempts are counted here. A timeout that is not
/// said here would be the client's, which is set up for calls of milliseconds.
pub(super) fn own_attempts(patience: &Patience) -> Builder {
    let timeouts = TimeoutConfig::builder()
        .connect_timeout(patience.connect_timeout)
        .disable_operation_timeout()
        .disable_operation_attempt_timeout();
    Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build())
}

/// Waits for an answer that comes whole: nothing is seen of it while it is written.
pub(super) async fn whole<T, E: ProvideErrorMetadata>(
    call: impl Future<Output = Result<T, SdkError<E>>>,
    patience: &Patience,
    deadline: Instant,
) -> Result<T, Failure> {
    let silence = patience.first_byte_timeout + patience.idle_timeout;
    let answer = timeout_at(deadline.min(Instant::now() + silence), call).await;
    let answer = answer.map_err(|_| Failure::new(Fault::TimedOut, "no answer in time"))?;
    answer.map_err(|error| failure(&error))
}

/// Bedrock wants the user to begin.
fn messages(request: &ModelRequest) -> Result<Vec<Message>, Failure> {
    let turns = dialogue(request);
    let turns = turns.into_iter().skip_while(|(role, _)| *role == Role::Assistant);
    let messages = turns.map(|(role, text)| {
        let role = match role {
            Role::User => ConversationRole::User,
            Role::Assistant => ConversationRole::Assistant,
        };
        Message::builder().role(role).content(ContentBlock::Text(text)).build()
    });
    let rounds = request.rounds.iter().flat_map(round);
    let messages: Result<_, _> = messages.chain(rounds).collect();
    messages.map_err(|error| unfit(&error))
}

fn unfit(error: &BuildError) -> Failure {
    Failure::new(Fault::Refused, error.to_string())
}

/// The messages of a round: the model's calls, then the answers to them.
fn round(consulted: &Consulted) -> [Result<Message, BuildError>; 2] {
    let said = Some(consulted.text.clone()).filter(|text| !text.is_empty());
    let mut asked = Message::builder().role(ConversationRole::Assistant);
    asked = said.into_iter().fold(asked, |asked, text| asked.content(ContentBlock::Text(text)));
    let mut answered = Message::builder().role(ConversationRole::User);
    for (call, answer) in &consulted.calls {
        let arguments = serde_json::from_str(&call.arguments).unwrap_or(Value::Null);
        // Arguments that are no object would be refused; their answer says what was wrong.
        let arguments = Some(arguments).filter(Value::is_object).unwrap_or_else(|| json!({}));
        let status =
            if answer.failed { ToolResultStatus::Error } else { ToolResultStatus::Success };
        let made = ToolUseBlock::builder().tool_use_id(&call.id).name(&call.tool);
        let told = ToolResultBlock::builder().tool_use_id(&call.id).status(status);
        let told = told.content(ToolResultContentBlock::Text(answer.text.clone()));
        let blocks = (made.input(document(&arguments)).build(), told.build());
        match blocks {
            (Ok(made), Ok(told)) => {
                asked = asked.content(ContentBlock::ToolUse(made));
                answered = answered.content(ContentBlock::ToolResult(told));
            }
            (Err(error), _) | (_, Err(error)) => return [Err(error), answered.build()],
        }
    }
    [asked.build(), answered.build()]
}

/// The tools stay named in the last round too: Bedrock wants them wherever calls stand in the
/// conversation. What it calls then is left undone.
fn tool_config(request: &ModelRequest) -> Result<Option<ToolConfiguration>, Failure> {
    if request.tools.is_empty() {
        return Ok(None);
    }
    let mut config = ToolConfiguration::builder();
    for tool in &request.tools {
        let schema = ToolInputSchema::Json(document(&object_schema(&tool.parameters)));
        let spec = ToolSpecification::builder().name(&tool.name).description(&tool.description);
        let spec = spec.input_schema(schema).build().map_err(|error| unfit(&error))?;
        config = config.tools(Tool::ToolSpec(spec));
    }
    config.build().map(Some).map_err(|error| unfit(&error))
}

fn answer(
    output: &ConverseOutput,
    passages: usize,
    on_delta: &(dyn Fn(&str) + Send + Sync),
) -> Result<ModelReply, Failure> {
    let usage = output.usage().and_then(reported);
    let blocks = output.output().and_then(|output| output.as_message().ok());
    let blocks = blocks.map(Message::content).unwrap_or_default();
    let (mut marks, mut text) = (Marks::new(passages), String::new());
    for block in blocks.iter().filter_map(|block| block.as_text().ok()) {
        if text.len() + block.len() > MAX_TEXT_BYTES {
            let failure = Failure::new(Fault::TooLong, "more text than is taken");
            return Err(Failure { usage, ..failure });
        }
        marks.feed(block, &mut text);
    }
    let mut calls = Calls::default();
    for (number, block) in blocks.iter().filter_map(|block| block.as_tool_use().ok()).enumerate() {
        let (id, tool) = (block.tool_use_id().to_owned(), block.name().to_owned());
        let arguments = value(block.input()).to_string();
        calls.take(Some(number), &ModelCall { id, tool, arguments });
    }
    let (cited, stance) = marks.finish(&mut text);
    let text = text.trim().to_owned();
    if !text.is_empty() {
        on_delta(&text);
    }
    Ok(ModelReply { text, stance, usage, cited, calls: calls.finish() })
}

fn reported(usage: &TokenUsage) -> Option<Usage> {
    Some(Usage {
        input_tokens: u64::try_from(usage.input_tokens()).ok().filter(|tokens| *tokens > 0)?,
        output_tokens: u64::try_from(usage.output_tokens()).ok()?,
        source: UsageSource::Reported,
    })
}

/// The code of an error is told, its message is not: it may quote the request.
fn failure<E: ProvideErrorMetadata>(error: &SdkError<E>) -> Failure {
    match error {
        SdkError::TimeoutError(_) => Failure::new(Fault::TimedOut, "no connection in time"),
        SdkError::DispatchFailure(dispatch) if dispatch.is_timeout() => {
            Failure::new(Fault::TimedOut, "no connection in time")
        }
        SdkError::DispatchFailure(dispatch) if dispatch.is_user() => {
            Failure::new(Fault::Refused, "the request could not be sent")
        }
        SdkError::DispatchFailure(_) => Failure::new(Fault::Unavailable, "no connection"),
        SdkError::ServiceError(service) => {
            let status = service.raw().status().as_u16();
            let code = service.err().code().unwrap_or("no code");
            Failure::new(Fault::of_status(status), format!("status {status}, {code}"))
        }
        SdkError::ResponseError(_) => {
            Failure::new(Fault::Unreadable, "the answer could not be read")
        }
        SdkError::ConstructionFailure(_) => {
            Failure::new(Fault::Refused, "the request could not be built")
        }
        _ => Failure::new(Fault::Unavailable, "an unknown failure"),
    }
}
