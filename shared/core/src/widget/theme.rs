//! How a widget looks.

use serde_json::{Map, Value};

use crate::error::{Error, Result};

const MAX_BYTES: usize = 4_096;

/// What a widget's script reads its looks from: a JSON object of the owner's, at most 4 KiB. Its
/// meaning is the script's; nothing in it is trusted, wherever it is shown.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Theme(Map<String, Value>);

impl Theme {
    /// Reads a theme; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is no object, or too large.
    pub fn parse(field: &'static str, value: &Value) -> Result<Self> {
        let refused = || Error::invalid(field, "must be a JSON object of at most 4,096 bytes");
        let Value::Object(map) = value else { return Err(refused()) };
        if value.to_string().len() > MAX_BYTES {
            return Err(refused());
        }
        Ok(Self(map.clone()))
    }

    /// Its JSON.
    pub fn as_json(&self) -> &Map<String, Value> {
        &self.0
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn a_theme_is_a_small_object() {
        assert!(Theme::parse("theme", &json!({"colour": {"primary": "#123456"}})).is_ok());
        assert!(Theme::parse("theme", &json!("dark")).is_err());
        assert!(Theme::parse("theme", &json!({"x": "y".repeat(4_096)})).is_err());
    }
}
