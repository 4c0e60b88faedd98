//! Settings of who writes the replies.

use aiva_core::reply::{ModelChoice, OpenAiChoice};
use secrecy::SecretString;

use super::{ConfigError, flag};

/// Where an OpenAI-compatible endpoint is when nobody says it.
pub(super) const DEFAULT_OPENAI_URL: &str = "https://api.openai.com/v1";

/// Reads who writes the replies.
pub(super) fn parse_model(
    get: &impl Fn(&str) -> Option<String>,
) -> Result<ModelChoice, ConfigError> {
    match get("AIVA_MODEL").as_deref() {
        None | Some("extractive") => Ok(ModelChoice::Extractive),
        Some("scripted") => Ok(ModelChoice::Scripted),
        Some("bedrock") => get("AIVA_BEDROCK_MODEL")
            .map(|model| ModelChoice::Bedrock { model })
            .ok_or(ConfigError::new("AIVA_BEDROCK_MODEL", "must be set for this model")),
        Some("openai") => Ok(ModelChoice::OpenAi(OpenAiChoice {
            base_url: get("AIVA_OPENAI_BASE_URL").unwrap_or_else(|| DEFAULT_OPENAI_URL.to_owned()),
            model: get("AIVA_OPENAI_MODEL")
                .ok_or(ConfigError::new("AIVA_OPENAI_MODEL", "must be set for this model"))?,
            api_key: get("AIVA_OPENAI_API_KEY").map(SecretString::from),
            secret: get("AIVA_OPENAI_SECRET"),
            tools: flag("AIVA_OPENAI_TOOLS", get("AIVA_OPENAI_TOOLS").as_deref().or(Some("true")))?,
        })),
        Some(_) => {
            let problem = "must be extractive, openai, bedrock or scripted";
            Err(ConfigError::new("AIVA_MODEL", problem))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_openai_compatible_endpoint_is_offered_tools_unless_that_is_switched_off() {
        let tools = |value: &'static str| -> Result<bool, ConfigError> {
            let get = |name: &str| match name {
                "AIVA_MODEL" => Some("openai"),
                "AIVA_OPENAI_MODEL" => Some("m"),
                "AIVA_OPENAI_TOOLS" => Some(value).filter(|value| !value.is_empty()),
                _ => None,
            };
            match parse_model(&|name: &str| get(name).map(str::to_owned))? {
                ModelChoice::OpenAi(choice) => Ok::<_, ConfigError>(choice.tools),
                other => panic!("{other:?}"),
            }
        };
        assert_eq!([tools(""), tools("true"), tools("false")], [Ok(true), Ok(true), Ok(false)]);
        let error = tools("hunter2").unwrap_err().to_string();
        assert_eq!(error, "AIVA_OPENAI_TOOLS must be true or false");
    }
}
