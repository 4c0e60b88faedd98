//! Amazon Bedrock, by its Converse operation: one request, one whole answer.

use aiva_core::ports::{Entropy, Model};
use aiva_core::reply::{ModelError, ModelReply, ModelRequest};
use aiva_core::wallet::{Usage, UsageSource};
use aws_sdk_bedrockruntime::config::{Builder, timeout::TimeoutConfig};
use aws_sdk_bedrockruntime::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_bedrockruntime::operation::converse::{ConverseError, ConverseOutput};
use aws_sdk_bedrockruntime::types::{
    ContentBlock, ConversationRole, InferenceConfiguration, Message, SystemContentBlock, TokenUsage,
};
use aws_sdk_bedrockruntime::{Client, config::retry::RetryConfig};
use tokio::time::{Instant, timeout_at};

use super::attempt::{Failure, Fault, Patience, persist};
use super::dialogue::{Role, dialogue};
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
        let timeouts = TimeoutConfig::builder().connect_timeout(self.patience.connect_timeout);
        let own =
            Builder::new().retry_config(RetryConfig::disabled()).timeout_config(timeouts.build());
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
            .customize()
            .config_override(own)
            .send();
        // The whole answer comes at once: nothing is seen of it while it is written.
        let silence = self.patience.first_byte_timeout + self.patience.idle_timeout;
        let limit = deadline.min(Instant::now() + silence);
        let output = timeout_at(limit, call)
            .await
            .map_err(|_| Failure::new(Fault::TimedOut, "no answer in time"))?
            .map_err(|error| failure(&error))?;
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
    let messages: Result<_, _> = messages.collect();
    messages.map_err(|error| Failure::new(Fault::Refused, error.to_string()))
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
    let cited = marks.finish(&mut text);
    let text = text.trim().to_owned();
    if !text.is_empty() {
        on_delta(&text);
    }
    Ok(ModelReply { text, usage, cited })
}

fn reported(usage: &TokenUsage) -> Option<Usage> {
    Some(Usage {
        input_tokens: u64::try_from(usage.input_tokens()).ok().filter(|tokens| *tokens > 0)?,
        output_tokens: u64::try_from(usage.output_tokens()).ok()?,
        source: UsageSource::Reported,
    })
}

/// The code of an error is told, its message is not: it may quote the request.
fn failure(error: &SdkError<ConverseError>) -> Failure {
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
