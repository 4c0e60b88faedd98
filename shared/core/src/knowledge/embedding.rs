//! Which model of embeddings a deployment asks, and what goes wrong with it.

use secrecy::SecretString;

use crate::error::Cause;

/// Who turns texts into vectors.
#[derive(Debug, Clone, Default)]
pub enum EmbeddingChoice {
    /// Nobody: passages are found by their words alone.
    #[default]
    Off,
    /// An OpenAI-compatible endpoint.
    OpenAi(OpenAiEmbedding),
    /// Amazon Bedrock, a model that speaks as Titan Text Embeddings V2 does.
    Bedrock {
        /// The model's id.
        model: String,
        /// The length of its vectors.
        dimensions: usize,
    },
}

/// An OpenAI-compatible endpoint of embeddings.
#[derive(Debug, Clone)]
pub struct OpenAiEmbedding {
    /// Its base, up to and including `/v1`: an HTTP URL.
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// The length that its vectors are asked to have; `None` leaves it to the model.
    pub dimensions: Option<usize>,
    /// The API key, if it was given in clear.
    pub api_key: Option<SecretString>,
    /// The ARN of the secret that holds the API key, if there is one; it goes before a clear one.
    pub secret: Option<String>,
}

impl EmbeddingChoice {
    /// Whether asking it takes credentials of AWS.
    pub fn needs_aws(&self) -> bool {
        match self {
            Self::Bedrock { .. } => true,
            Self::OpenAi(choice) => choice.secret.is_some(),
            Self::Off => false,
        }
    }
}

/// Why there are no vectors: the adapter has tried as often as makes sense for now.
#[derive(Debug, thiserror::Error)]
#[error("{cause}")]
pub struct EmbedError {
    /// Whether the same texts may have vectors later.
    pub passing: bool,
    /// For the log: never a text or a key.
    pub cause: Cause,
}
