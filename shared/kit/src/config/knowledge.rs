//! Settings of where knowledge comes from, and of the memory that its indices have.

use aiva_core::knowledge::{DriveAccess, GithubAccess, KnowledgeSettings};

use super::ConfigError;

const DEFAULT_GITHUB_URL: &str = "https://api.github.com";
const DEFAULT_DRIVE_URL: &str = "https://www.googleapis.com";
/// Memory for indices where nothing is said: 100,000 passages fit into it.
const DEFAULT_INDEX_MEBIBYTES: usize = 64;

/// Reads where knowledge may come from.
pub(super) fn parse_knowledge(get: &impl Fn(&str) -> Option<String>) -> KnowledgeSettings {
    let base = |name: &str, default: &str| {
        get(name).unwrap_or_else(|| default.to_owned()).trim().trim_end_matches('/').to_owned()
    };
    // A function that only takes sources knows that their keys exist, not what they are.
    let is_set = |value: &str, arn: &str| get(value).or_else(|| get(arn)).is_some();
    KnowledgeSettings {
        github: is_set("AIVA_GITHUB_TOKEN", "AIVA_GITHUB_SECRET").then(|| GithubAccess {
            base_url: base("AIVA_GITHUB_BASE_URL", DEFAULT_GITHUB_URL),
            token: get("AIVA_GITHUB_TOKEN").map(Into::into),
        }),
        drive: is_set("AIVA_DRIVE_KEY", "AIVA_DRIVE_SECRET").then(|| DriveAccess {
            base_url: base("AIVA_DRIVE_BASE_URL", DEFAULT_DRIVE_URL),
            key: get("AIVA_DRIVE_KEY").map(Into::into),
        }),
    }
}

/// Reads the memory for indices.
pub(super) fn parse_index_bytes(text: Option<&str>) -> Result<usize, ConfigError> {
    let Some(text) = text else { return Ok(DEFAULT_INDEX_MEBIBYTES * 1024 * 1024) };
    match text.trim().parse::<usize>() {
        Ok(mebibytes @ 1..=8_192) => Ok(mebibytes * 1024 * 1024),
        _ => Err(ConfigError::new("AIVA_INDEX_MEBIBYTES", "must be from 1 to 8192")),
    }
}
