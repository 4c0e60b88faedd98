//! The `Retry-After` header (RFC 9110, 10.2.3).

use std::time::Duration;

use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimeParser;

const MAX_RETRY_AFTER: Duration = Duration::from_secs(86_400);

/// Reads the header's value, seconds or a date; a date that has passed asks for no wait.
pub(super) fn parse(value: &str, now: Timestamp) -> Option<Duration> {
    let value = value.trim();
    if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) {
        // Only a number too large for 64 bits fails to parse here.
        let wait = value.parse().map_or(MAX_RETRY_AFTER, Duration::from_secs);
        return Some(wait.min(MAX_RETRY_AFTER));
    }
    let at = DateTimeParser::new().parse_timestamp(value).ok()?;
    let wait = Duration::try_from(at.duration_since(now)).unwrap_or(Duration::ZERO);
    Some(wait.min(MAX_RETRY_AFTER))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parsed(value: &str) -> Option<u64> {
        let now = "2026-11-20T12:00:00Z".parse().unwrap();
        parse(value, now).map(|wait| wait.as_secs())
    }

    #[test]
    fn seconds_and_dates_are_read_and_bounded() {
        assert_eq!(parsed("0"), Some(0));
        assert_eq!(parsed(" 120 "), Some(120));
        assert_eq!(parsed("99999999999999999999999"), Some(86_400));
        assert_eq!(parsed("Fri, 20 Nov 2026 12:02:00 GMT"), Some(120));
        assert_eq!(parsed("Fri, 20 Nov 2026 11:00:00 GMT"), Some(0));
        assert_eq!(parsed("Wed, 20 Nov 2126 11:00:00 GMT"), Some(86_400));
    }

    #[test]
    fn nonsense_is_ignored() {
        for value in ["", "-5", "1.5", "soon", "5 minutes", "Fri, 20 Nov", "٣"] {
            assert_eq!(parsed(value), None, "{value}");
        }
    }
}
