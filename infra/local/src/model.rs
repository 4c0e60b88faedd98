//! Who writes the replies, by the settings.

use aiva_adapters::llm::{
    Bedrock, Extractive, OpenAi, OpenAiSettings, Patience, Provider, Scripted,
};
use aiva_kit::aws;
use aiva_kit::clock::OsEntropy;
use aiva_kit::config::{ConfigError, ModelChoice};

use crate::error::StartError;

/// Makes the model that the settings name.
pub(crate) fn choose(choice: &ModelChoice) -> Result<Provider<OsEntropy>, StartError> {
    match choice {
        ModelChoice::Extractive => Ok(Provider::Extractive(Extractive)),
        ModelChoice::Scripted => Ok(Provider::Scripted(Scripted)),
        ModelChoice::Bedrock { model } => {
            let client = aws_sdk_bedrockruntime::Client::new(&aws::sdk_config()?);
            let patience = Patience::default();
            Ok(Provider::Bedrock(Bedrock::new(client, model, patience, OsEntropy)))
        }
        ModelChoice::OpenAi(choice) => {
            let problem = ConfigError::new("AIVA_OPENAI_BASE_URL", "must be an HTTP URL");
            let base = choice.base_url.parse().map_err(|_| problem.clone())?;
            let settings = OpenAiSettings::new(base, choice.api_key.clone(), &choice.model);
            let model =
                OpenAi::new(settings.with_tools(choice.tools), OsEntropy).map_err(|_| problem)?;
            Ok(Provider::OpenAi(model))
        }
    }
}
