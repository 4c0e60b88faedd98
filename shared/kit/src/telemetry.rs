//! Logs: JSON lines on Lambda, compact lines on standard error elsewhere.

use tracing_subscriber::EnvFilter;

use crate::config::ConfigError;

/// Starts logging as JSON on standard output, one object a line.
///
/// # Errors
/// When the filter cannot be read.
pub fn json(filter: &str) -> Result<(), ConfigError> {
    let subscriber = tracing_subscriber::fmt()
        .json()
        .flatten_event(true)
        .with_current_span(true)
        .with_span_list(false)
        .with_env_filter(parse(filter)?)
        .finish();
    install(subscriber);
    Ok(())
}

/// Starts logging for people on standard error.
///
/// # Errors
/// When the filter cannot be read.
pub fn human(filter: &str) -> Result<(), ConfigError> {
    let subscriber = tracing_subscriber::fmt()
        .compact()
        .with_writer(std::io::stderr)
        .with_env_filter(parse(filter)?)
        .finish();
    install(subscriber);
    Ok(())
}

fn parse(filter: &str) -> Result<EnvFilter, ConfigError> {
    EnvFilter::try_new(filter).map_err(|_| ConfigError::new("AIVA_LOG", "must be a tracing filter"))
}

/// A process has one subscriber; the first one stays.
fn install(subscriber: impl tracing::Subscriber + Send + Sync) {
    if tracing::subscriber::set_global_default(subscriber).is_err() {
        tracing::debug!("logging had been started before");
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_bad_filter_is_an_error_that_names_its_variable() {
        let error = human("aiva=loud").unwrap_err();
        assert_eq!(error.to_string(), "AIVA_LOG must be a tracing filter");
    }
}
