//! Which model a deployment asks.

use secrecy::SecretString;

/// Who writes the replies.
#[derive(Debug, Clone)]
pub enum ModelChoice {
    /// No model: the best passage answers.
    Extractive,
    /// An OpenAI-compatible endpoint.
    OpenAi(OpenAiChoice),
    /// Amazon Bedrock.
    Bedrock {
        /// A model id or an inference profile.
        model: String,
    },
    /// A script (tests).
    Scripted,
}

/// An OpenAI-compatible endpoint.
#[derive(Debug, Clone)]
pub struct OpenAiChoice {
    /// Its base, up to and including `/v1`: an HTTP URL.
    pub base_url: String,
    /// The model's name.
    pub model: String,
    /// The API key, if it was given in clear.
    pub api_key: Option<SecretString>,
    /// The ARN of the secret that holds the API key, if there is one; it goes before a clear one.
    pub secret: Option<String>,
    /// Whether it is offered tools; some endpoints refuse requests that have any.
    pub tools: bool,
}

impl ModelChoice {
    /// Whether asking it takes credentials of AWS.
    pub fn needs_aws(&self) -> bool {
        match self {
            Self::Bedrock { .. } => true,
            Self::OpenAi(choice) => choice.secret.is_some(),
            Self::Extractive | Self::Scripted => false,
        }
    }
}
