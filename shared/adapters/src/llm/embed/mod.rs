//! Models of embeddings: texts become vectors. Texts and keys never stand in an error or a log line.

#[cfg(feature = "bedrock")]
mod bedrock;
#[cfg(all(feature = "bedrock", feature = "secrets"))]
mod connect;
mod openai;

use aiva_core::knowledge::EmbedError;
use aiva_core::ports::{Embedder, Entropy};

use super::attempt::{Failure, Fault};

#[cfg(feature = "bedrock")]
pub use self::bedrock::TitanEmbedder;
pub use self::openai::{OpenAiEmbedder, OpenAiEmbedderSettings};

/// The longest vector that is taken.
const MAX_DIMENSIONS: usize = 4_096;

/// The model of embeddings of a process.
pub enum Embeddings<E> {
    /// None: passages are found by their words alone.
    Off,
    /// Any endpoint that speaks OpenAI's embeddings.
    OpenAi(OpenAiEmbedder<E>),
    /// Amazon Bedrock.
    #[cfg(feature = "bedrock")]
    Bedrock(TitanEmbedder<E>),
}

impl<E: Entropy> Embedder for Embeddings<E> {
    fn identity(&self) -> Option<&str> {
        match self {
            Self::Off => None,
            Self::OpenAi(model) => model.identity(),
            #[cfg(feature = "bedrock")]
            Self::Bedrock(model) => model.identity(),
        }
    }

    fn dimensions(&self) -> usize {
        match self {
            Self::Off => 0,
            Self::OpenAi(model) => model.dimensions(),
            #[cfg(feature = "bedrock")]
            Self::Bedrock(model) => model.dimensions(),
        }
    }

    async fn embed(&self, texts: &[String]) -> Result<Vec<Vec<f32>>, EmbedError> {
        match self {
            Self::Off => Err(EmbedError { passing: false, cause: "there is no model".into() }),
            Self::OpenAi(model) => model.embed(texts).await,
            #[cfg(feature = "bedrock")]
            Self::Bedrock(model) => model.embed(texts).await,
        }
    }
}

/// What a failure means to whoever wanted vectors.
fn given_up(failure: Failure) -> EmbedError {
    EmbedError { passing: failure.fault.is_passing(), cause: failure.cause.into() }
}

/// Whether this is a vector, of the length that was asked for. A model that makes others will go on
/// making them.
fn checked(numbers: &[f32], wanted: Option<usize>) -> Result<(), Failure> {
    let length = numbers.len();
    if length == 0 || !numbers.iter().all(|number| number.is_finite()) {
        return Err(Failure::new(Fault::Unreadable, "a vector without numbers"));
    }
    if length > MAX_DIMENSIONS || wanted.is_some_and(|wanted| wanted != length) {
        let cause = format!("vectors of {length} numbers, which is not what was asked for");
        return Err(Failure::new(Fault::Refused, cause));
    }
    Ok(())
}
