//! Settings of who turns texts into vectors.

use aiva_core::knowledge::{EmbeddingChoice, OpenAiEmbedding};
use secrecy::SecretString;

use super::ConfigError;
use super::model::DEFAULT_OPENAI_URL;

const DEFAULT_TITAN: &str = "amazon.titan-embed-text-v2:0";
/// Half of what Titan can do, for a hundredth of its accuracy.
const DEFAULT_TITAN_DIMENSIONS: usize = 512;
/// The longest vectors.
const MAX_DIMENSIONS: usize = 4_096;
const DIMENSIONS: &str = "AIVA_EMBEDDING_DIMENSIONS";

/// Reads who turns texts into vectors.
pub(super) fn parse_embedding(
    get: &impl Fn(&str) -> Option<String>,
) -> Result<EmbeddingChoice, ConfigError> {
    let model = get("AIVA_EMBEDDING_MODEL");
    match get("AIVA_EMBEDDINGS").as_deref() {
        None | Some("off") => Ok(EmbeddingChoice::Off),
        Some("bedrock") => Ok(EmbeddingChoice::Bedrock {
            model: model.unwrap_or_else(|| DEFAULT_TITAN.to_owned()),
            dimensions: dimensions(get)?.unwrap_or(DEFAULT_TITAN_DIMENSIONS),
        }),
        Some("openai") => {
            let missing = ConfigError::new("AIVA_EMBEDDING_MODEL", "must be set for this endpoint");
            // Whoever names another endpoint than that of the replies names its key too: a key is never
            // sent where it was not meant to go.
            let own = get("AIVA_EMBEDDING_BASE_URL");
            let fallback = |name: &str| if own.is_some() { None } else { get(name) };
            let (key, secret) = (get("AIVA_EMBEDDING_API_KEY"), get("AIVA_EMBEDDING_SECRET"));
            let (key, secret) = if key.is_some() || secret.is_some() {
                (key, secret)
            } else {
                (fallback("AIVA_OPENAI_API_KEY"), fallback("AIVA_OPENAI_SECRET"))
            };
            let base_url = own.clone().or_else(|| fallback("AIVA_OPENAI_BASE_URL"));
            Ok(EmbeddingChoice::OpenAi(OpenAiEmbedding {
                base_url: base_url.unwrap_or_else(|| DEFAULT_OPENAI_URL.to_owned()),
                model: model.ok_or(missing)?,
                dimensions: dimensions(get)?,
                api_key: key.map(SecretString::from),
                secret,
            }))
        }
        Some(_) => Err(ConfigError::new("AIVA_EMBEDDINGS", "must be off, openai or bedrock")),
    }
}

fn dimensions(get: &impl Fn(&str) -> Option<String>) -> Result<Option<usize>, ConfigError> {
    let Some(text) = get(DIMENSIONS) else { return Ok(None) };
    match text.trim().parse() {
        Ok(dimensions @ 1..=MAX_DIMENSIONS) => Ok(Some(dimensions)),
        _ => Err(ConfigError::new(DIMENSIONS, "must be from 1 to 4096")),
    }
}

#[cfg(test)]
mod tests {
    use secrecy::ExposeSecret;

    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<EmbeddingChoice, ConfigError> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        parse_embedding(&|name: &str| find(name).map(|(_, value)| (*value).to_owned()))
    }

    fn openai(more: &[(&str, &str)]) -> OpenAiEmbedding {
        let own = [("AIVA_EMBEDDINGS", "openai"), ("AIVA_EMBEDDING_MODEL", "m")];
        match read(&[&own, more].concat()).unwrap() {
            EmbeddingChoice::OpenAi(choice) => choice,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn nobody_is_asked_unless_somebody_is_named() {
        assert!(matches!(read(&[]), Ok(EmbeddingChoice::Off)));
        assert!(matches!(read(&[("AIVA_EMBEDDINGS", "off")]), Ok(EmbeddingChoice::Off)));
        let told = |variables: &[(&str, &str)]| read(variables).unwrap_err().to_string();
        assert!(told(&[("AIVA_EMBEDDINGS", "openai")]).starts_with("AIVA_EMBEDDING_MODEL must"));
        assert!(told(&[("AIVA_EMBEDDINGS", "on")]).starts_with("AIVA_EMBEDDINGS must be off,"));
        for length in ["0", "4097", "many"] {
            let told = told(&[("AIVA_EMBEDDINGS", "bedrock"), (DIMENSIONS, length)]);
            assert_eq!(told, "AIVA_EMBEDDING_DIMENSIONS must be from 1 to 4096");
        }
        match read(&[("AIVA_EMBEDDINGS", "bedrock")]).unwrap() {
            EmbeddingChoice::Bedrock { model, dimensions } => {
                assert_eq!((model.as_str(), dimensions), (DEFAULT_TITAN, 512));
            }
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn the_endpoint_of_the_replies_is_asked_with_its_key_and_another_never_gets_that_key() {
        let replies = [
            ("AIVA_OPENAI_BASE_URL", "http://replies/v1"),
            ("AIVA_OPENAI_API_KEY", "made-up-key"),
            ("AIVA_OPENAI_SECRET", "arn:made-up"),
        ];
        let key = |choice: &OpenAiEmbedding| {
            choice.api_key.as_ref().map(|key| key.expose_secret().to_owned())
        };
        let same = openai(&replies);
        assert_eq!((same.base_url.as_str(), same.dimensions), ("http://replies/v1", None));
        assert_eq!(key(&same).as_deref(), Some("made-up-key"));
        assert_eq!(same.secret.as_deref(), Some("arn:made-up"));
        assert!(!format!("{same:?}").contains("made-up-key"));

        let own = ("AIVA_EMBEDDING_BASE_URL", "http://vectors/v1");
        let other = openai(&[&replies[..], &[own, (DIMENSIONS, "256")]].concat());
        assert_eq!((other.base_url.as_str(), other.dimensions), ("http://vectors/v1", Some(256)));
        assert_eq!((key(&other), other.secret), (None, None));
        let keyed = openai(&[&replies[..], &[own, ("AIVA_EMBEDDING_API_KEY", "its-own")]].concat());
        assert_eq!((key(&keyed).as_deref(), keyed.secret), (Some("its-own"), None));
        assert_eq!(openai(&[]).base_url, DEFAULT_OPENAI_URL);
    }
}
