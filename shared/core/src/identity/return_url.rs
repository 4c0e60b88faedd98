//! Where the browser goes after a confirmation. Only the visitor's browser follows it, never we.

use url::{Host, Url};

use crate::egress::EgressPolicy;
use crate::error::{Error, Result};

/// An https URL, or one of this machine where the deployment is the local one; no credentials in it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ReturnUrl(Url);

impl ReturnUrl {
    /// The greatest length, in characters.
    pub const MAX_CHARS: usize = 2_048;

    /// Reads a URL; `field` names it in the error.
    ///
    /// # Errors
    /// [`Error::Invalid`] when a browser should not be sent there.
    pub fn parse(field: &'static str, text: &str, policy: &EgressPolicy) -> Result<Self> {
        let refused = |problem: &'static str| Error::invalid(field, problem);
        let odd = |c: char| c.is_control() || c.is_whitespace() || c == '\\';
        if text.chars().count() > Self::MAX_CHARS || text.chars().any(odd) {
            return Err(refused("must be a URL of at most 2048 characters"));
        }
        let url = Url::parse(text).map_err(|_| refused("must be an absolute URL"))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(refused("must not hold credentials"));
        }
        let here = policy.local && is_loopback(&url);
        if url.scheme() != "https" && !(here && url.scheme() == "http") {
            return Err(refused("must begin with https://"));
        }
        if !has_plain_host(&url) || url.as_str().len() > Self::MAX_CHARS {
            return Err(refused("must name a valid host"));
        }
        Ok(Self(url))
    }

    /// Reads what was parsed before.
    pub fn stored(text: &str) -> Option<Self> {
        Url::parse(text).ok().map(Self)
    }

    /// The URL, in ASCII.
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Scheme, host and port, in ASCII.
    pub fn origin(&self) -> String {
        self.0.origin().ascii_serialization()
    }
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(ip)) => ip.is_loopback(),
        Some(Host::Ipv6(ip)) => ip.is_loopback(),
        None => false,
    }
}

/// The host is written into a header of the page, where a comma or a semicolon would mean something.
fn has_plain_host(url: &Url) -> bool {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-._[]:".contains(c);
    url.host_str().is_some_and(|host| !host.is_empty() && host.chars().all(plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str, local: bool) -> Result<ReturnUrl> {
        ReturnUrl::parse("returnUrl", text, &EgressPolicy { local, ..EgressPolicy::default() })
    }

    #[test]
    fn a_browser_is_sent_to_https_alone() {
        for good in [
            "https://shop.example/x?y=1#z",
            "https://shop.example:9443",
            "https://münchen.example/",
        ] {
            assert!(parse(good, false).is_ok(), "{good}");
        }
        for bad in [
            "",
            "/relative",
            "//shop.example",
            "javascript:alert(1)",
            "data:text/html,x",
            "http://shop.example/",
            "http://localhost/",
            "https://user@shop.example/",
            "https://user:word@shop.example/",
            "https://shop.example/\r\nset-cookie: x",
            "https://shop.example\\@evil.example/",
            "https://a;b.example/",
            "https://a,b.example/",
            &format!("https://shop.example/{}", "x".repeat(2_048)),
        ] {
            assert!(parse(bad, false).is_err(), "{bad}");
        }
    }

    #[test]
    fn the_local_deployment_also_leads_to_this_machine() {
        for here in ["http://localhost:3000/done", "http://127.0.0.1:3000/", "http://[::1]:3000/"] {
            assert!(parse(here, true).is_ok(), "{here}");
            assert!(parse(here, false).is_err(), "{here}");
        }
        assert!(parse("http://shop.example/", true).is_err());
        assert_eq!(parse("http://[::1]:3000/a", true).unwrap().origin(), "http://[::1]:3000");
    }
}
