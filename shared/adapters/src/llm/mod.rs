//! Language models and models of embeddings, and what stands in for them. Which of them a process uses
//! is decided when it starts; prompts, texts and keys never stand in an error or a log line.

mod attempt;
#[cfg(feature = "bedrock")]
mod bedrock;
mod calls;
#[cfg(all(feature = "bedrock", feature = "secrets"))]
mod connect;
mod dialogue;
#[cfg(feature = "bedrock")]
mod document;
mod embed;
mod extractive;
mod marks;
mod openai;
mod scripted;

use aiva_core::ports::{Entropy, Model};
use aiva_core::reply::{ModelError, ModelReply, ModelRequest};

pub use self::attempt::Patience;
#[cfg(feature = "bedrock")]
pub use self::bedrock::Bedrock;
#[cfg(feature = "bedrock")]
pub use self::embed::TitanEmbedder;
pub use self::embed::{Embeddings, OpenAiEmbedder, OpenAiEmbedderSettings};
pub use self::extractive::Extractive;
pub use self::openai::{OpenAi, OpenAiSettings, OutputLimitField};
pub use self::scripted::Scripted;

/// The model of a process.
pub enum Provider<E> {
    /// No model: the best passage answers in its own sentences.
    Extractive(Extractive),
    /// Any endpoint that speaks OpenAI's chat completions.
    OpenAi(OpenAi<E>),
    /// Amazon Bedrock.
    #[cfg(feature = "bedrock")]
    Bedrock(Bedrock<E>),
    /// Answers that the question itself dictates, for tests.
    Scripted(Scripted),
}

impl<E: Entropy> Model for Provider<E> {
    async fn reply(
        &self,
        request: &ModelRequest,
        on_delta: &(dyn Fn(&str) + Send + Sync),
    ) -> Result<ModelReply, ModelError> {
        match self {
            Self::Extractive(model) => model.reply(request, on_delta).await,
            Self::OpenAi(model) => model.reply(request, on_delta).await,
            #[cfg(feature = "bedrock")]
            Self::Bedrock(model) => model.reply(request, on_delta).await,
            Self::Scripted(model) => model.reply(request, on_delta).await,
        }
    }
}
