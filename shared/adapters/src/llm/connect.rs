//! From the choice of a model to the model.

use aiva_core::error::{Error, Result};
use aiva_core::ports::Entropy;
use aiva_core::reply::ModelChoice;
use aws_types::SdkConfig;

use super::{Bedrock, Extractive, OpenAi, OpenAiSettings, Patience, Provider, Scripted};
use crate::secrets::secret_field;

impl<E: Entropy> Provider<E> {
    /// Makes the model that the settings name; `sdk` may be absent where the choice needs no AWS.
    ///
    /// # Errors
    /// [`Error::Invalid`], which names the setting, when its address is none or AWS is needed and
    /// absent; another when its secret cannot be read.
    pub async fn connect(
        choice: &ModelChoice,
        sdk: Option<&SdkConfig>,
        entropy: E,
    ) -> Result<Self> {
        let aws = || sdk.ok_or(Error::invalid("AIVA_MODEL", "needs credentials of AWS"));
        match choice {
            ModelChoice::Extractive => Ok(Self::Extractive(Extractive)),
            ModelChoice::Scripted => Ok(Self::Scripted(Scripted)),
            ModelChoice::Bedrock { model } => {
                let client = aws_sdk_bedrockruntime::Client::new(aws()?);
                Ok(Self::Bedrock(Bedrock::new(client, model, Patience::default(), entropy)))
            }
            ModelChoice::OpenAi(choice) => {
                let key = match &choice.secret {
                    Some(secret) => Some(secret_field(aws()?, secret, "apiKey").await?),
                    None => choice.api_key.clone(),
                };
                let no_url = || Error::invalid("AIVA_OPENAI_BASE_URL", "must be an HTTP URL");
                let base = choice.base_url.parse().map_err(|_| no_url())?;
                let settings = OpenAiSettings::new(base, key, &choice.model);
                let settings = settings.with_tools(choice.tools);
                let model = OpenAi::new(settings, entropy);
                Ok(Self::OpenAi(model.map_err(|_| no_url())?))
            }
        }
    }
}
