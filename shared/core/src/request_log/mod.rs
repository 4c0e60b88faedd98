//! The log of authenticated requests: what was asked and how it ended, never what was said.

use jiff::Timestamp;

use crate::id::RequestId;
use crate::key::KeyId;

/// One authenticated request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RequestLogEntry {
    /// The id that the response carried.
    pub id: RequestId,
    /// The key that called.
    pub key: KeyId,
    /// When it came.
    pub at: Timestamp,
    /// The method.
    pub method: String,
    /// The route's pattern, not the path with its ids.
    pub route: String,
    /// The status that was answered.
    pub status: u16,
    /// The error code that was answered.
    pub code: Option<String>,
    /// How long it took, in milliseconds.
    pub duration_ms: u64,
}

/// Which entries are wanted; `None` is any.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct RequestFilter {
    /// Only with these statuses.
    pub status: Option<StatusFilter>,
    /// Only with this error code.
    pub code: Option<String>,
    /// Only of this key.
    pub key: Option<KeyId>,
    /// Only with this method.
    pub method: Option<String>,
    /// Only of this route, by its pattern.
    pub route: Option<String>,
    /// Only from this moment on.
    pub since: Option<Timestamp>,
    /// Only before this moment.
    pub until: Option<Timestamp>,
}

/// One status, or a class of them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StatusFilter {
    /// This one.
    One(u16),
    /// All that begin with this digit.
    Class(u16),
}

impl StatusFilter {
    /// Reads `404` or `4xx`.
    pub fn parse(text: &str) -> Option<Self> {
        if let Some(class) = text.strip_suffix("xx") {
            return class.parse().ok().filter(|class| (1..=5).contains(class)).map(Self::Class);
        }
        text.parse().ok().filter(|status| (100..=599).contains(status)).map(Self::One)
    }

    fn takes(self, status: u16) -> bool {
        match self {
            Self::One(wanted) => status == wanted,
            Self::Class(class) => status / 100 == class,
        }
    }
}

impl RequestFilter {
    /// Whether an entry is wanted; its time is the list's business.
    pub fn takes(&self, entry: &RequestLogEntry) -> bool {
        self.status.is_none_or(|wanted| wanted.takes(entry.status))
            && self.code.as_ref().is_none_or(|code| entry.code.as_ref() == Some(code))
            && self.key.is_none_or(|key| entry.key == key)
            && self.method.as_ref().is_none_or(|method| entry.method.eq_ignore_ascii_case(method))
            && self.route.as_ref().is_none_or(|route| entry.route == *route)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_status_is_one_or_a_class() {
        assert_eq!(StatusFilter::parse("404"), Some(StatusFilter::One(404)));
        assert_eq!(StatusFilter::parse("5xx"), Some(StatusFilter::Class(5)));
        for bad in ["", "xx", "9xx", "44", "600", "4x", "-1", "4XX"] {
            assert_eq!(StatusFilter::parse(bad), None, "{bad:?}");
        }
        assert!(StatusFilter::Class(4).takes(429) && !StatusFilter::Class(4).takes(500));
    }
}
