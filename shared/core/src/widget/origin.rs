//! The sites that may show a widget.

use std::fmt;

use serde::{Deserialize, Serialize};
use url::{Host, Url};

use crate::error::{Error, Result};

/// Sites that one widget may be shown on.
pub const MAX_ORIGINS: usize = 50;

const MAX_CHARS: usize = 300;

/// A web origin as browsers write it in the header `Origin`: scheme, host and, where it is not the
/// scheme's own, port. One with http is loopback, for a page under development.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Origin(String);

impl Origin {
    /// Reads an origin; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when it is none, has a path, a wildcard or credentials, or is not secure.
    pub fn parse(field: &'static str, text: &str) -> Result<Self> {
        let refused = || {
            Error::invalid(
                field,
                "must hold origins of the form https://host or https://host:port \
                 (http only for localhost), without a path or a wildcard",
            )
        };
        let plain = |byte: u8| byte.is_ascii_graphic() && byte != b'\\' && byte != b'*';
        if text.len() > MAX_CHARS || !text.bytes().all(plain) {
            return Err(refused());
        }
        let url = Url::parse(text).map_err(|_| refused())?;
        let bare = url.path() == "/" && url.query().is_none() && url.fragment().is_none();
        let anonymous = url.username().is_empty() && url.password().is_none();
        let secure = match url.scheme() {
            "https" => true,
            "http" => url.host().is_some_and(|host| is_loopback(&host)),
            _ => false,
        };
        if !bare || !anonymous || !secure || text.contains('@') {
            return Err(refused());
        }
        Ok(Self(url.origin().ascii_serialization()))
    }

    /// Reads a list: each once, in the order given.
    ///
    /// # Errors
    /// As [`Origin::parse`], and above [`MAX_ORIGINS`].
    pub fn parse_all(field: &'static str, texts: &[String]) -> Result<Vec<Self>> {
        if texts.len() > MAX_ORIGINS {
            return Err(Error::invalid(field, format!("must be at most {MAX_ORIGINS}")));
        }
        let mut origins = Vec::with_capacity(texts.len());
        for text in texts {
            let origin = Self::parse(field, text)?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        Ok(origins)
    }

    /// The text, as the header `Origin` writes it.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn is_loopback(host: &Host<&str>) -> bool {
    match host {
        Host::Domain(name) => *name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Option<String> {
        Origin::parse("allowed_origins", text).ok().map(|origin| origin.to_string())
    }

    #[test]
    fn an_origin_is_kept_as_browsers_write_it() {
        for (written, kept) in [
            ("https://Shop.Example.com", "https://shop.example.com"),
            ("https://shop.example.com/", "https://shop.example.com"),
            ("https://shop.example.com:443", "https://shop.example.com"),
            ("https://shop.example.com:8443", "https://shop.example.com:8443"),
            ("http://localhost:3000", "http://localhost:3000"),
            ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
            ("http://[::1]", "http://[::1]"),
        ] {
            assert_eq!(read(written).as_deref(), Some(kept));
        }
    }

    #[test]
    fn what_is_no_secure_origin_is_refused() {
        for text in [
            "",
            "*",
            "null",
            "shop.example.com",
            "http://shop.example.com",
            "https://*.example.com",
            "https://shop.example.com/page",
            "https://shop.example.com?x",
            "https://shop.example.com/#x",
            "https://user@shop.example.com",
            "https://@shop.example.com",
            "ftp://shop.example.com",
            "data:text/plain,x",
            "https:\\\\shop.example.com",
            "https://shop.example.com ",
            "https://exämple.com",
        ] {
            assert_eq!(read(text), None, "{text:?}");
        }
        assert_eq!(read(&format!("https://{}.com", "a.".repeat(200))), None);
    }

    #[test]
    fn a_list_holds_each_origin_once_and_not_too_many() {
        let list = |texts: &[&str]| {
            let texts: Vec<String> = texts.iter().map(|text| (*text).to_owned()).collect();
            Origin::parse_all("allowed_origins", &texts).map(|origins| origins.len())
        };
        assert_eq!(list(&["https://a.example", "https://A.example/"]).unwrap(), 1);
        assert_eq!(list(&[]).unwrap(), 0);
        let many: Vec<String> = (0..51).map(|n| format!("https://s{n}.example")).collect();
        assert!(Origin::parse_all("allowed_origins", &many).is_err());
    }
}
