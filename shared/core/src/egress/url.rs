//! The URL that an integrator gives us to call.
//!
//! The standard parser forgives much (it drops tabs, turns backslashes, decodes hosts, reads octal),
//! and other readers of the same text forgive differently. So the text is judged before it is
//! parsed, and the parsed host is judged after.

use std::fmt;
use std::net::IpAddr;

use url::{Host, Url};

use super::address::{RefusedKind, Verdict, carries_ipv4, verdict};

const MAX_URL_CHARS: usize = 2_048;
const MAX_NAME_CHARS: usize = 253;
const MAX_LABEL_CHARS: usize = 63;

/// Names that no public resolver will ever answer; cloud metadata names end in `internal`.
const LOCAL_SUFFIXES: [&str; 5] = ["localhost", "local", "localdomain", "internal", "home.arpa"];

/// What a deployment may call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EgressPolicy {
    /// Whether loopback may be called, over http too and on any port; the local deployment only.
    pub local: bool,
    /// The ports that may be called on public hosts.
    pub ports: Vec<u16>,
}

impl Default for EgressPolicy {
    fn default() -> Self {
        Self { local: false, ports: vec![443, 8443] }
    }
}

/// Why a URL can never be delivered to; `Display` reads on after the name of the field.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UrlProblem {
    /// There is no text.
    #[error("must not be empty")]
    Empty,
    /// More than 2,048 characters, as written or as normalised.
    #[error("must not be longer than 2048 characters")]
    TooLong,
    /// A control character, white space or a backslash, which parsers read differently.
    #[error("must not contain white space, control characters or backslashes")]
    ForbiddenCharacter,
    /// Not an absolute URL with a host.
    #[error("must be a URL of the form https://host/path")]
    Malformed,
    /// Another scheme, or http where it is not loopback in the local deployment.
    #[error("must use https")]
    NotHttps,
    /// A user name or password before the host.
    #[error("must not contain credentials")]
    Credentials,
    /// A percent sign in the host: an encoded host or an IPv6 zone.
    #[error("must not contain a percent sign in its host")]
    EncodedHost,
    /// A host that is no valid DNS name.
    #[error("must name a valid host")]
    InvalidHost,
    /// A name without a dot.
    #[error("must name a fully qualified host, not \"{0}\"")]
    SingleLabel(String),
    /// A name under a suffix that is never public.
    #[error("names a host that is not public (\"{0}\")")]
    LocalName(String),
    /// A literal address that is not public, however it was spelt.
    #[error("names {1} ({0})")]
    NonPublicAddress(IpAddr, RefusedKind),
    /// A name that leads, at the moment, to an address that is not public.
    #[error("names a host that resolves to {0}")]
    ResolvesTo(RefusedKind),
    /// A public IPv4 address in an unusual spelling.
    #[error("must write the address as {0}")]
    UnusualAddress(IpAddr),
    /// A port that the deployment does not call.
    #[error("must use port {}, not {port}", ports_in_words(.allowed))]
    Port {
        /// The port in the URL.
        port: u16,
        /// The ports that the deployment calls on public hosts.
        allowed: Vec<u16>,
    },
}

fn ports_in_words(ports: &[u16]) -> String {
    ports.iter().map(u16::to_string).collect::<Vec<_>>().join(" or ")
}

/// A URL that the policy allows: absolute, normalised, without credentials or fragment.
///
/// `Display` and `Debug` leave out the query, which often holds the integrator's secret.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CallbackUrl(Url);

impl CallbackUrl {
    /// Parses and judges a URL as its owner wrote it.
    ///
    /// # Errors
    /// When the URL could never be delivered to under this policy. A name that does not resolve is
    /// no problem here: names are vetted at every connect.
    pub fn parse(text: &str, policy: &EgressPolicy) -> Result<Self, UrlProblem> {
        check_text(text)?;
        let authority = authority(text)?;
        if authority.contains('@') {
            return Err(UrlProblem::Credentials);
        }
        if authority.contains('%') {
            return Err(UrlProblem::EncodedHost);
        }
        let mut url = Url::parse(text).map_err(|_| UrlProblem::Malformed)?;
        let place = check_host(&mut url, host_as_written(authority), policy)?;
        check_scheme(&url, place)?;
        check_port(&url, place, policy)?;
        url.set_fragment(None);
        if url.as_str().len() > MAX_URL_CHARS {
            return Err(UrlProblem::TooLong);
        }
        Ok(Self(url))
    }

    /// Returns the whole URL, the query included; for the request, never for a log.
    #[must_use]
    pub fn as_str(&self) -> &str {
        self.0.as_str()
    }

    /// Returns the host as it stands in the URL, an IPv6 address in brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.0.host_str().expect("a parsed URL with http or https has a host")
    }

    /// Returns the address when the host is a literal.
    #[must_use]
    pub fn literal(&self) -> Option<IpAddr> {
        match self.0.host()? {
            Host::Domain(_) => None,
            Host::Ipv4(ip) => Some(ip.into()),
            Host::Ipv6(ip) => Some(ip.into()),
        }
    }

    /// Returns the port, that of the scheme where none is written.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.0.port_or_known_default().expect("http and https have a port")
    }

    /// Returns the URL for logs and listings.
    #[must_use]
    pub fn without_query(&self) -> String {
        let mut url = self.0.clone();
        url.set_query(None);
        url.into()
    }
}

impl fmt::Display for CallbackUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.without_query())
    }
}

impl fmt::Debug for CallbackUrl {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "CallbackUrl({self})")
    }
}

/// Where an accepted host lies.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    Public,
    Loopback,
}

fn check_text(text: &str) -> Result<(), UrlProblem> {
    if text.is_empty() {
        return Err(UrlProblem::Empty);
    }
    // In bytes first: no character is longer than four.
    if text.len() > 4 * MAX_URL_CHARS || text.chars().count() > MAX_URL_CHARS {
        return Err(UrlProblem::TooLong);
    }
    if text.chars().any(|c| c.is_control() || c.is_whitespace() || c == '\\') {
        return Err(UrlProblem::ForbiddenCharacter);
    }
    Ok(())
}

/// The text between `//` and the path, as written.
fn authority(text: &str) -> Result<&str, UrlProblem> {
    let (scheme, rest) = text.split_once(':').ok_or(UrlProblem::Malformed)?;
    if !scheme.eq_ignore_ascii_case("https") && !scheme.eq_ignore_ascii_case("http") {
        return Err(UrlProblem::NotHttps);
    }
    let rest = rest.strip_prefix("//").ok_or(UrlProblem::Malformed)?;
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    if authority.is_empty() { Err(UrlProblem::Malformed) } else { Ok(authority) }
}

fn host_as_written(authority: &str) -> &str {
    if authority.starts_with('[') {
        authority.split_inclusive(']').next().unwrap_or_default()
    } else {
        authority.split(':').next().unwrap_or_default()
    }
}

fn check_host(url: &mut Url, written: &str, policy: &EgressPolicy) -> Result<Place, UrlProblem> {
    match url.host().ok_or(UrlProblem::Malformed)? {
        Host::Ipv4(ip) => {
            let place = check_address(ip.into(), policy)?;
            if written == ip.to_string() {
                Ok(place)
            } else {
                Err(UrlProblem::UnusualAddress(ip.into()))
            }
        }
        Host::Ipv6(ip) => {
            let place = check_address(ip.into(), policy)?;
            if carries_ipv4(ip) {
                return Err(UrlProblem::NonPublicAddress(ip.into(), RefusedKind::Ipv4InIpv6));
            }
            Ok(place)
        }
        Host::Domain(_) if policy.local && written.eq_ignore_ascii_case("localhost") => {
            Ok(Place::Loopback)
        }
        Host::Domain(name) => {
            let bare = name.strip_suffix('.').unwrap_or(name).to_owned();
            check_name(&bare)?;
            // One spelling for one endpoint, and a certificate has no dot at its end.
            url.set_host(Some(&bare)).map_err(|_| UrlProblem::InvalidHost)?;
            Ok(Place::Public)
        }
    }
}

fn check_address(ip: IpAddr, policy: &EgressPolicy) -> Result<Place, UrlProblem> {
    match verdict(ip) {
        Verdict::Public => Ok(Place::Public),
        Verdict::Loopback if policy.local => Ok(Place::Loopback),
        Verdict::Loopback => Err(UrlProblem::NonPublicAddress(ip, RefusedKind::Loopback)),
        Verdict::Refused(kind) => Err(UrlProblem::NonPublicAddress(ip, kind)),
    }
}

fn check_name(name: &str) -> Result<(), UrlProblem> {
    let is_label = |label: &str| {
        !label.is_empty()
            && label.len() <= MAX_LABEL_CHARS
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    if name.len() > MAX_NAME_CHARS || !name.split('.').all(is_label) {
        return Err(UrlProblem::InvalidHost);
    }
    let is_under = |suffix: &str| {
        name.strip_suffix(suffix).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'))
    };
    if LOCAL_SUFFIXES.iter().any(|suffix| is_under(suffix)) {
        return Err(UrlProblem::LocalName(name.to_owned()));
    }
    if !name.contains('.') {
        return Err(UrlProblem::SingleLabel(name.to_owned()));
    }
    Ok(())
}

fn check_scheme(url: &Url, place: Place) -> Result<(), UrlProblem> {
    match (url.scheme(), place) {
        ("https", _) | ("http", Place::Loopback) => Ok(()),
        _ => Err(UrlProblem::NotHttps),
    }
}

fn check_port(url: &Url, place: Place, policy: &EgressPolicy) -> Result<(), UrlProblem> {
    let port = url.port_or_known_default().ok_or(UrlProblem::Malformed)?;
    let allowed = match place {
        Place::Public => policy.ports.contains(&port),
        Place::Loopback => true,
    };
    if allowed && port != 0 {
        Ok(())
    } else {
        Err(UrlProblem::Port { port, allowed: policy.ports.clone() })
    }
}

#[cfg(test)]
#[path = "url_tests.rs"]
mod tests;
