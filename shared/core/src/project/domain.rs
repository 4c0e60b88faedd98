//! The host name of a project's website.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result};

/// A public host name in small letters, e.g. `shop.example.com`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Domain(String);

impl Domain {
    /// Reads a host name; `field` names it in the error. What is not ASCII is kept as its punycode.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none: an address, a number, a single word, a whole URL.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let refused = || Error::invalid(field, "must be a host name such as shop.example.com");
        let Ok(url::Host::Domain(name)) = url::Host::parse(text.trim()) else {
            return Err(refused());
        };
        let label = |label: &str| {
            let inside = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-';
            (1..=63).contains(&label.len())
                && label.bytes().all(inside)
                && !label.starts_with('-')
                && !label.ends_with('-')
        };
        let is_name = name.len() <= 253 && name.contains('.') && name.split('.').all(label);
        if is_name { Ok(Self(name)) } else { Err(refused()) }
    }

    /// The text.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Domain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_host_name_is_taken_and_nothing_else() {
        for (text, name) in [
            ("example.com", "example.com"),
            (" Shop.Example.COM ", "shop.example.com"),
            ("bücher.example", "xn--bcher-kva.example"),
        ] {
            assert_eq!(Domain::parse("domain", text).unwrap().as_str(), name);
        }
        for text in [
            "",
            "localhost",
            "https://example.com",
            "example.com/path",
            "example.com:443",
            "192.0.2.1",
            "[2001:db8::1]",
            "-a.example",
            "a..example",
            "a_b.example",
            "a b.example",
            &format!("{}.example", "x".repeat(64)),
        ] {
            assert!(Domain::parse("domain", text).is_err(), "{text:?}");
        }
    }
}
