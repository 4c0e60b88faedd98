//! Typed settings, read from the environment once.

use std::fmt;
use std::time::Duration;

use aiva_core::app::{self, IdentitySettings};
use aiva_core::delivery::RetrySchedule;
use aiva_core::egress::EgressPolicy;
use aiva_core::knowledge::{EmbeddingChoice, KnowledgeSettings};
use aiva_core::payment::{PaymentSettings, Provider};
use aiva_core::reply::ModelChoice;
use aiva_core::webhook::Render;
use secrecy::SecretString;

mod embedding;
mod knowledge;
mod model;

use embedding::parse_embedding;
use knowledge::{parse_index_bytes, parse_knowledge};
use model::parse_model;

/// How long the queues are trusted on AWS before the sweep sends again, in milliseconds.
const OUTBOX_GRACE_MS: u64 = 60_000;
/// How long a request waits for its reply, in milliseconds: API Gateway waits for 30 s, and before and
/// after it something is to be done.
const ANSWER_WITHIN_MS: u64 = 27_000;
/// How long a reply may take that was begun for a request, in milliseconds: a little less than the function
/// may take. A stream waits as long; behind API Gateway it waits no longer than any request.
const WRITE_WITHIN_MS: u64 = 85_000;
const DEFAULT_BRAND: &str = "Assistify";
const DEFAULT_STRIPE_URL: &str = "https://api.stripe.com";
/// A mailed link may not live longer than a day, in seconds.
const MAX_LINK_SECONDS: u64 = 86_400;
/// A verification may not hold longer than ten years, in seconds.
const MAX_VERIFIED_SECONDS: u64 = 315_360_000;
/// A callback may not wait longer than this, in milliseconds.
const MAX_CALLBACK_TIMEOUT_MS: u64 = 30_000;

/// A setting is missing or cannot be read. It names the variable and never shows its value.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ConfigError {
    variable: &'static str,
    problem: &'static str,
}

impl ConfigError {
    /// Names a variable and its problem, completing the sentence that begins with the name.
    pub const fn new(variable: &'static str, problem: &'static str) -> Self {
        Self { variable, problem }
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.variable, self.problem)
    }
}

impl std::error::Error for ConfigError {}

/// Reads one variable of the process's environment.
#[expect(clippy::disallowed_methods, reason = "the one place that reads the environment")]
pub fn variable(name: &str) -> Option<String> {
    std::env::var(name).ok()
}

/// The settings of one deployment. What a function does not need may be absent.
#[derive(Debug, Clone)]
pub struct Config {
    /// The table's name.
    pub table: Option<String>,
    /// The queue of replies to generate.
    pub generation_queue_url: Option<String>,
    /// The queue of deliveries.
    pub delivery_queue_url: Option<String>,
    /// The queue of knowledge to take in.
    pub ingestion_queue_url: Option<String>,
    /// The bucket of large things.
    pub bucket: Option<String>,
    /// How GitHub and Google Drive are read.
    pub knowledge: KnowledgeSettings,
    /// The ARN of GitHub's token.
    pub github_secret: Option<String>,
    /// The ARN of Google Drive's key.
    pub drive_secret: Option<String>,
    /// Memory for indices, in bytes.
    pub index_bytes: usize,
    /// The ARN of the key ring.
    pub keyring_secret: Option<String>,
    /// The ARN of the operator's token.
    pub operator_secret: Option<String>,
    /// The brand in callbacks.
    pub brand: String,
    /// Who writes the replies.
    pub model: ModelChoice,
    /// Who turns texts into vectors.
    pub embedding: EmbeddingChoice,
    /// When a failed callback is tried again.
    pub callback_retries: RetrySchedule,
    /// How long one callback may take.
    pub callback_timeout: Duration,
    /// Which callbacks may be called.
    pub egress: EgressPolicy,
    /// How end users prove who they are.
    pub identity: IdentitySettings,
    /// The address that mail comes from.
    pub mail_from: Option<String>,
    /// How payments are collected.
    pub payments: PaymentSettings,
    /// Where Stripe is, and our secrets there.
    pub stripe: StripeChoice,
    /// Whether answers go out as they come (behind a function URL), not whole (behind API Gateway).
    pub stream_answers: bool,
    /// A tracing filter.
    pub log: String,
}

/// Stripe, where payments are collected by it.
#[derive(Debug, Clone)]
pub struct StripeChoice {
    /// The base of its API.
    pub base_url: String,
    /// The ARN of the secret that holds `secretKey` and `webhookSecret`, if there is one.
    pub secret: Option<String>,
    /// The secret key, if it was given in clear.
    pub secret_key: Option<SecretString>,
    /// What its webhook signs with, if it was given in clear.
    pub webhook_secret: Option<SecretString>,
}

impl Config {
    /// Reads the process's environment.
    ///
    /// # Errors
    /// When a variable that is set cannot be read.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(variable)
    }

    /// Reads the settings from any source of variables; an empty one counts as absent.
    ///
    /// # Errors
    /// When a variable that is set cannot be read.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let get = |name: &str| variable(name).filter(|value| !value.trim().is_empty());
        let on = |name: &'static str| flag(name, get(name).as_deref());
        let local = on("AIVA_LOCAL_CALLBACKS")?;
        let mut egress = EgressPolicy { local, ..EgressPolicy::default() };
        if let Some(ports) = get("AIVA_CALLBACK_PORTS") {
            egress.ports = parse_ports(&ports)?;
        }
        Ok(Self {
            table: get("AIVA_TABLE"),
            generation_queue_url: get("AIVA_GENERATION_QUEUE_URL"),
            delivery_queue_url: get("AIVA_DELIVERY_QUEUE_URL"),
            ingestion_queue_url: get("AIVA_INGESTION_QUEUE_URL"),
            bucket: get("AIVA_BUCKET"),
            knowledge: parse_knowledge(&get),
            github_secret: get("AIVA_GITHUB_SECRET"),
            drive_secret: get("AIVA_DRIVE_SECRET"),
            index_bytes: parse_index_bytes(get("AIVA_INDEX_MEBIBYTES").as_deref())?,
            keyring_secret: get("AIVA_KEYRING_SECRET"),
            operator_secret: get("AIVA_OPERATOR_SECRET"),
            brand: get("AIVA_BRAND").unwrap_or_else(|| DEFAULT_BRAND.to_owned()),
            model: parse_model(&get)?,
            embedding: parse_embedding(&get)?,
            callback_retries: parse_retries(get("AIVA_CALLBACK_RETRY_SECONDS").as_deref())?,
            callback_timeout: parse_timeout(get("AIVA_CALLBACK_TIMEOUT_MS").as_deref())?,
            egress,
            identity: parse_identity(&get)?,
            mail_from: get("AIVA_MAIL_FROM"),
            payments: parse_payments(&get)?,
            stripe: StripeChoice {
                base_url: get("AIVA_STRIPE_URL").unwrap_or_else(|| DEFAULT_STRIPE_URL.to_owned()),
                secret: get("AIVA_STRIPE_SECRET"),
                secret_key: get("AIVA_STRIPE_SECRET_KEY").map(SecretString::from),
                webhook_secret: get("AIVA_STRIPE_WEBHOOK_SECRET").map(SecretString::from),
            },
            stream_answers: on("AIVA_STREAM_ANSWERS")?,
            log: get("AIVA_LOG").unwrap_or_else(|| "info".to_owned()),
        })
    }

    /// The table's name.
    ///
    /// # Errors
    /// When it is not set.
    pub fn table(&self) -> Result<&str, ConfigError> {
        required("AIVA_TABLE", self.table.as_ref())
    }

    /// The URL of the generation queue.
    ///
    /// # Errors
    /// When it is not set.
    pub fn generation_queue_url(&self) -> Result<&str, ConfigError> {
        required("AIVA_GENERATION_QUEUE_URL", self.generation_queue_url.as_ref())
    }

    /// The URL of the delivery queue.
    ///
    /// # Errors
    /// When it is not set.
    pub fn delivery_queue_url(&self) -> Result<&str, ConfigError> {
        required("AIVA_DELIVERY_QUEUE_URL", self.delivery_queue_url.as_ref())
    }

    /// The URL of the ingestion queue.
    ///
    /// # Errors
    /// When it is not set.
    pub fn ingestion_queue_url(&self) -> Result<&str, ConfigError> {
        required("AIVA_INGESTION_QUEUE_URL", self.ingestion_queue_url.as_ref())
    }

    /// The bucket.
    ///
    /// # Errors
    /// When it is not set.
    pub fn bucket(&self) -> Result<&str, ConfigError> {
        required("AIVA_BUCKET", self.bucket.as_ref())
    }

    /// The ARN of the key ring.
    ///
    /// # Errors
    /// When it is not set.
    pub fn keyring_secret(&self) -> Result<&str, ConfigError> {
        required("AIVA_KEYRING_SECRET", self.keyring_secret.as_ref())
    }

    /// The ARN of the operator's token.
    ///
    /// # Errors
    /// When it is not set.
    pub fn operator_secret(&self) -> Result<&str, ConfigError> {
        required("AIVA_OPERATOR_SECRET", self.operator_secret.as_ref())
    }

    /// Where this deployment is reached.
    ///
    /// # Errors
    /// When it is not set.
    pub fn public_url(&self) -> Result<&str, ConfigError> {
        required("AIVA_PUBLIC_URL", self.identity.public_url.as_ref())
    }

    /// What the domain's rules depend on.
    pub fn settings(&self, render: Render) -> app::Settings {
        app::Settings {
            powered_by: self.brand.clone(),
            egress: self.egress.clone(),
            outbox_grace_ms: OUTBOX_GRACE_MS,
            answer_within_ms: ANSWER_WITHIN_MS,
            stream_within_ms: if self.stream_answers { WRITE_WITHIN_MS } else { ANSWER_WITHIN_MS },
            write_within_ms: WRITE_WITHIN_MS,
            identity: self.identity.clone(),
            payments: self.payments.clone(),
            render,
            knowledge: self.knowledge.clone(),
        }
    }
}

fn parse_identity(get: &impl Fn(&str) -> Option<String>) -> Result<IdentitySettings, ConfigError> {
    let seconds = |name: &'static str, default: u64, most: u64| match get(name) {
        None => Ok(default),
        Some(text) => {
            let number = text.trim().parse().ok().filter(|number| (1..=most).contains(number));
            number.ok_or(ConfigError::new(
                name,
                "must be a whole number of seconds within its bounds",
            ))
        }
    };
    let public_url =
        get("AIVA_PUBLIC_URL").map(|text| text.trim().trim_end_matches('/').to_owned());
    let web = |url: &String| url.starts_with("https://") || url.starts_with("http://");
    if public_url.as_ref().is_some_and(|url| !web(url) || url.contains(char::is_whitespace)) {
        return Err(ConfigError::new("AIVA_PUBLIC_URL", "must begin with https://"));
    }
    let default = IdentitySettings::default();
    Ok(IdentitySettings {
        public_url,
        link_seconds: seconds("AIVA_MAGIC_LINK_SECONDS", default.link_seconds, MAX_LINK_SECONDS)?,
        verified_seconds: seconds(
            "AIVA_VERIFIED_SECONDS",
            default.verified_seconds,
            MAX_VERIFIED_SECONDS,
        )?,
    })
}

fn parse_payments(get: &impl Fn(&str) -> Option<String>) -> Result<PaymentSettings, ConfigError> {
    let default = PaymentSettings::default();
    let provider = match get("AIVA_PAYMENTS").as_deref() {
        None | Some("manual") => Provider::Manual,
        Some("stripe") => Provider::Stripe,
        Some(_) => return Err(ConfigError::new("AIVA_PAYMENTS", "must be manual or stripe")),
    };
    let keys = [get("AIVA_STRIPE_SECRET"), get("AIVA_STRIPE_SECRET_KEY")];
    if provider == Provider::Stripe && keys.iter().all(Option::is_none) {
        return Err(ConfigError::new("AIVA_STRIPE_SECRET", "must be set where Stripe collects"));
    }
    let currency = get("AIVA_PAYMENT_CURRENCY").unwrap_or(default.currency).to_ascii_lowercase();
    if currency.len() != 3 || !currency.bytes().all(|letter| letter.is_ascii_lowercase()) {
        return Err(ConfigError::new("AIVA_PAYMENT_CURRENCY", "must be a code such as usd"));
    }
    let name = "AIVA_MICROCREDITS_PER_MINOR_UNIT";
    let microcredits_per_minor_unit = match get(name) {
        None => default.microcredits_per_minor_unit,
        Some(text) => text
            .trim()
            .parse()
            .ok()
            .filter(|number| *number > 0)
            .ok_or(ConfigError::new(name, "must be a whole number above 0"))?,
    };
    Ok(PaymentSettings { provider, currency, microcredits_per_minor_unit })
}

fn required<'a>(name: &'static str, value: Option<&'a String>) -> Result<&'a str, ConfigError> {
    value.map(String::as_str).ok_or(ConfigError::new(name, "must be set"))
}

fn flag(name: &'static str, value: Option<&str>) -> Result<bool, ConfigError> {
    match value {
        Some("true" | "1") => Ok(true),
        // A deployment template writes something longer than "true" on purpose where this must stay off.
        Some(other) if other.ends_with("true") => Ok(false),
        None | Some("false" | "0") => Ok(false),
        Some(_) => Err(ConfigError::new(name, "must be true or false")),
    }
}

fn parse_ports(text: &str) -> Result<Vec<u16>, ConfigError> {
    let ports: Option<Vec<u16>> =
        text.split(',').map(|port| port.trim().parse().ok().filter(|port| *port != 0)).collect();
    match ports {
        Some(ports) if ports.len() <= 16 => Ok(ports),
        _ => Err(ConfigError::new("AIVA_CALLBACK_PORTS", "must list 1 to 16 ports")),
    }
}

fn parse_retries(text: Option<&str>) -> Result<RetrySchedule, ConfigError> {
    let Some(text) = text else { return Ok(RetrySchedule::default()) };
    RetrySchedule::parse(text).map_err(|_| {
        let problem = "must list at most 50 whole numbers of seconds up to 604800";
        ConfigError::new("AIVA_CALLBACK_RETRY_SECONDS", problem)
    })
}

fn parse_timeout(text: Option<&str>) -> Result<Duration, ConfigError> {
    let Some(text) = text else { return Ok(Duration::from_secs(5)) };
    match text.trim().parse::<u64>() {
        Ok(millis) if (1..=MAX_CALLBACK_TIMEOUT_MS).contains(&millis) => {
            Ok(Duration::from_millis(millis))
        }
        _ => Err(ConfigError::new("AIVA_CALLBACK_TIMEOUT_MS", "must be from 1 to 30000")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let find = |name: &str| variables.iter().find(|(key, _)| *key == name);
        Config::read(|name| find(name).map(|(_, value)| (*value).to_owned()))
    }

    #[test]
    fn an_empty_environment_gives_the_defaults_and_names_what_is_missing() {
        let config = read(&[("AIVA_TABLE", " ")]).unwrap();
        assert_eq!(config.brand, "Assistify");
        assert_eq!(config.callback_timeout, Duration::from_secs(5));
        assert_eq!(config.egress, EgressPolicy::default());
        assert!(matches!(config.model, ModelChoice::Extractive));
        assert_eq!(config.table().unwrap_err().to_string(), "AIVA_TABLE must be set");
    }

    #[test]
    fn a_bad_value_is_named_and_never_shown() {
        let bad = [
            ("AIVA_CALLBACK_PORTS", "443,hunter2"),
            ("AIVA_CALLBACK_TIMEOUT_MS", "hunter2"),
            ("AIVA_CALLBACK_RETRY_SECONDS", "5,hunter2"),
            ("AIVA_MODEL", "hunter2"),
            ("AIVA_LOCAL_CALLBACKS", "hunter2"),
            ("AIVA_PUBLIC_URL", "ftp://hunter2"),
            ("AIVA_MAGIC_LINK_SECONDS", "hunter2"),
            ("AIVA_VERIFIED_SECONDS", "hunter2"),
            ("AIVA_PAYMENTS", "hunter2"),
            ("AIVA_PAYMENT_CURRENCY", "hunter2"),
            ("AIVA_MICROCREDITS_PER_MINOR_UNIT", "hunter2"),
            ("AIVA_INDEX_MEBIBYTES", "hunter2"),
            ("AIVA_EMBEDDINGS", "hunter2"),
        ];
        for (name, value) in bad {
            let error = read(&[(name, value)]).unwrap_err();
            assert!(error.to_string().starts_with(name), "{error}");
            assert!(
                !error.to_string().contains("hunter2") && !format!("{error:?}").contains(value)
            );
        }
    }

    #[test]
    fn an_api_key_never_shows_in_debug_output() {
        let config = read(&[
            ("AIVA_MODEL", "openai"),
            ("AIVA_OPENAI_MODEL", "m"),
            ("AIVA_OPENAI_API_KEY", "sk-hunter2"),
            ("AIVA_STRIPE_SECRET_KEY", "sk-hunter2"),
            ("AIVA_STRIPE_WEBHOOK_SECRET", "hunter2"),
        ])
        .unwrap();
        assert!(!format!("{config:?}").contains("hunter2"));
    }

    #[test]
    fn only_the_plain_word_opens_loopback_callbacks() {
        assert!(read(&[("AIVA_LOCAL_CALLBACKS", "true")]).unwrap().egress.local);
        assert!(!read(&[("AIVA_LOCAL_CALLBACKS", "123456789012true")]).unwrap().egress.local);
        assert!(!read(&[]).unwrap().egress.local);
    }
}
