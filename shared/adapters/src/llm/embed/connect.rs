//! From the choice of a model of embeddings to the model.

use aiva_core::error::{Error, Result};
use aiva_core::knowledge::EmbeddingChoice;
use aiva_core::ports::Entropy;
use aws_types::SdkConfig;

use super::super::attempt::Patience;
use super::{Embeddings, OpenAiEmbedder, OpenAiEmbedderSettings, TitanEmbedder};
use crate::secrets::secret_field;

impl<E: Entropy> Embeddings<E> {
    /// Makes the model that the settings name; `sdk` may be absent where the choice needs no AWS.
    ///
    /// # Errors
    /// [`Error::Invalid`], which names the setting, when its address is none or AWS is needed and
    /// absent; another when its secret cannot be read.
    pub async fn connect(
        choice: &EmbeddingChoice,
        sdk: Option<&SdkConfig>,
        entropy: E,
    ) -> Result<Self> {
        let aws = || sdk.ok_or(Error::invalid("AIVA_EMBEDDINGS", "needs credentials of AWS"));
        match choice {
            EmbeddingChoice::Off => Ok(Self::Off),
            EmbeddingChoice::Bedrock { model, dimensions } => {
                let client = aws_sdk_bedrockruntime::Client::new(aws()?);
                let patience = Patience::default();
                let model = TitanEmbedder::new(client, model, *dimensions, patience, entropy);
                Ok(Self::Bedrock(model))
            }
            EmbeddingChoice::OpenAi(choice) => {
                let api_key = match &choice.secret {
                    Some(secret) => Some(secret_field(aws()?, secret, "apiKey").await?),
                    None => choice.api_key.clone(),
                };
                let no_url = || Error::invalid("AIVA_EMBEDDING_BASE_URL", "must be an HTTP URL");
                let settings = OpenAiEmbedderSettings {
                    base_url: choice.base_url.parse().map_err(|_| no_url())?,
                    api_key,
                    model: choice.model.clone(),
                    dimensions: choice.dimensions,
                    patience: Patience::default(),
                };
                let model = OpenAiEmbedder::new(settings, entropy);
                Ok(Self::OpenAi(model.map_err(|_| no_url())?))
            }
        }
    }
}
