//! How the AWS clients of a function are configured: no profile files, no metadata service, nothing
//! but the variables that Lambda sets.

use std::future::Future;
use std::sync::OnceLock;
use std::time::Duration;

use aws_credential_types::Credentials;
use aws_credential_types::provider::SharedCredentialsProvider;
use aws_smithy_http_client::Connector;
use aws_smithy_http_client::proxy::ProxyConfig;
use aws_smithy_http_client::tls::Provider;
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_runtime_api::client::behavior_version::BehaviorVersion;
use aws_smithy_runtime_api::client::http::{SharedHttpClient, SharedHttpConnector, http_client_fn};
use aws_types::SdkConfig;
use aws_types::region::Region;
use aws_types::sdk_config::{RetryConfig, TimeoutConfig};

use crate::config::{ConfigError, variable};

const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(4);
/// All tries of one call together, where somebody waits for an answer: two such calls fit into the 15
/// seconds of the shortest function.
const OPERATION_TIMEOUT: Duration = Duration::from_secs(6);
/// A warming call may take so long before the first request is let through without it.
const WARM_TIMEOUT: Duration = Duration::from_secs(3);

/// Reads region, credentials and an emulator's endpoint from the environment.
///
/// # Errors
/// When a variable that Lambda always sets is missing.
pub fn sdk_config() -> Result<SdkConfig, ConfigError> {
    configure(variable)
}

/// Like [`sdk_config`], for a function whose caller waits: all tries of one call end in time for an
/// answer that says so.
///
/// # Errors
/// As [`sdk_config`].
pub fn sdk_config_for_answers() -> Result<SdkConfig, ConfigError> {
    let config = sdk_config()?;
    Ok(config.to_builder().timeout_config(timeouts(Some(OPERATION_TIMEOUT))).build())
}

fn timeouts(of_operation: Option<Duration>) -> TimeoutConfig {
    let mut timeouts = TimeoutConfig::builder()
        .connect_timeout(CONNECT_TIMEOUT)
        .operation_attempt_timeout(ATTEMPT_TIMEOUT);
    timeouts.set_operation_timeout(of_operation);
    timeouts.build()
}

fn configure(variable: impl Fn(&str) -> Option<String>) -> Result<SdkConfig, ConfigError> {
    let get = |name: &'static str| variable(name).filter(|value| !value.is_empty());
    let required = |name: &'static str| get(name).ok_or(ConfigError::new(name, "must be set"));
    let credentials = Credentials::new(
        required("AWS_ACCESS_KEY_ID")?,
        required("AWS_SECRET_ACCESS_KEY")?,
        get("AWS_SESSION_TOKEN"),
        None,
        "environment",
    );
    // DynamoDB answers in milliseconds: the first retry should not wait a second.
    let retries = RetryConfig::standard()
        .with_max_attempts(4)
        .with_initial_backoff(Duration::from_millis(25))
        .with_max_backoff(Duration::from_secs(1));
    let mut builder = SdkConfig::builder()
        .behavior_version(BehaviorVersion::v2026_01_12())
        .region(Region::new(required("AWS_REGION")?))
        .credentials_provider(SharedCredentialsProvider::new(credentials))
        .retry_config(retries)
        .timeout_config(timeouts(None))
        .http_client(http_client());
    builder.set_endpoint_url(get("AWS_ENDPOINT_URL"));
    Ok(builder.build())
}

/// One pool of connections and one set of root certificates for all clients: each would otherwise
/// parse the whole set for itself. Everything else is as the SDK's default client has it.
fn http_client() -> SharedHttpClient {
    let connector: OnceLock<SharedHttpConnector> = OnceLock::new();
    http_client_fn(move |settings, components| {
        let made = connector.get_or_init(|| {
            let mut builder = Connector::builder().connector_settings(settings.clone());
            builder.set_sleep_impl(components.sleep_impl());
            let builder = builder.proxy_config(ProxyConfig::from_env());
            let tls = Provider::rustls(CryptoMode::AwsLc);
            SharedHttpConnector::new(builder.tls_provider(tls).build())
        });
        made.clone()
    })
}

/// Runs a cheap call during init, where the processor is not throttled yet, so that the first request
/// finds an open connection. Its outcome does not matter, and it never holds up the start for long.
pub async fn warm(call: impl Future<Output = ()>) {
    if tokio::time::timeout(WARM_TIMEOUT, call).await.is_err() {
        tracing::warn!("the connection was not warm in time");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_missing_credential_is_named() {
        let error = configure(|name| (name == "AWS_REGION").then(|| "eu-west-1".to_owned()));
        assert_eq!(error.unwrap_err().to_string(), "AWS_ACCESS_KEY_ID must be set");
    }

    #[test]
    fn an_emulators_endpoint_is_honoured() {
        let config = configure(|name| Some(format!("http://localhost/{name}"))).unwrap();
        assert_eq!(config.endpoint_url(), Some("http://localhost/AWS_ENDPOINT_URL"));
        let plain = configure(|name| (name != "AWS_ENDPOINT_URL").then(|| "x".to_owned()));
        assert_eq!(plain.unwrap().endpoint_url(), None);
    }
}
